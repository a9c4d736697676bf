// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Fill} from "../types/Fill.sol";
import {Settlement} from "../types/Settlement.sol";
import {Price} from "../types/Market.sol";
import {MarketConfig, MarketLinks} from "../types/MarketConfig.sol";

/// @title Events of the core
/// @notice Enough to rebuild every balance, position and market, to the wei. Amounts are quote WAD, sizes base WAD, unless
/// said otherwise; account is the account id.
interface IKeelEvents {
    /// @notice Tokens came into an account. `tokens` in token units.
    /// @param payer whose tokens came in.
    event Deposited(uint256 indexed account, address indexed payer, uint256 tokens);
    /// @notice Tokens left an account. `tokens` in token units.
    event Withdrawn(uint256 indexed account, address indexed to, uint256 tokens);
    /// @notice An operator was authorised or dismissed.
    event OperatorSet(uint256 indexed account, address indexed operator, bool allowed);
    /// @notice A trade filled.
    /// @param settled funding before the fill.
    /// @param fill what it did to the position.
    /// @param fee taker fee and deviation surcharge.
    /// @param insuranceFee part of `fee` that went to insurance; the rest went to the pool.
    event Traded(
        uint256 indexed account,
        uint16 indexed market,
        Settlement settled,
        Fill fill,
        uint256 fee,
        uint256 insuranceFee
    );
    /// @notice The funding rate moved more than two standard deviations away from its own slow mean.
    /// @param stress distance beyond the two, in eighths of a standard deviation.
    event FundingSpiked(uint16 indexed market, uint8 stress);
    /// @notice Funding accrued up to now outside a trade or liquidation, or a model starts from the given state. The pool received
    /// floor(net position * perBase / RAY) from the traders.
    /// @param fundingState state of the market's funding model after, opaque.
    /// @param perBase what a long of one base paid, RAY quote: positive added to the index of longs, negative to that of shorts.
    event FundingAccrued(uint16 indexed market, bytes32 fundingState, int256 perBase);
    /// @notice Funding accrued at a suspect price: into the escrow, not into the live indices.
    /// @param perBase what a long of one base would have paid, RAY quote, as in FundingAccrued.
    event FundingEscrowed(uint16 indexed market, int256 perBase);
    /// @notice A position settled its part of the escrow, before a trade or liquidation.
    /// @param paid left the account for the reserve, quote WAD, ceil, the surplus included.
    /// @param received waits, quote WAD, floor.
    /// @param surplus part of `paid` that its size tier added.
    event EscrowHeld(uint256 indexed account, uint16 indexed market, uint256 paid, uint256 received, uint256 surplus);
    /// @notice A good price ended a stretch of suspect ones.
    /// @param confirmed true: the pair joined the live indices and the pool took its part; false: it ended here.
    /// @param longsPaid what longs paid in it, RAY quote per base.
    /// @param shortsPaid what shorts paid.
    /// @param poolDue what the pool received or paid, quote WAD.
    event EscrowClosed(uint16 indexed market, bool confirmed, uint256 longsPaid, uint256 shortsPaid, int256 poolDue);
    /// @notice A claim on an ended stretch went to the account's balance.
    /// @param forfeited true: to the insurance, because the account went bankrupt after it had paid in.
    /// @param credit quote WAD: what was received if it was confirmed, what was paid if it was rejected.
    event EscrowReleased(uint256 indexed account, uint16 indexed market, bool forfeited, uint256 credit);
    /// @notice A price was taken; `price.at` shows whether a usable one was found.
    event PriceStored(uint16 indexed market, Price price);
    /// @notice A position was reduced by a keeper.
    /// @param tier 1 trim, 2 deleverage, 3 close.
    /// @param settled funding before the fill.
    /// @param fill what it did to the position.
    /// @param penalty charged to the account.
    /// @param reward part of the penalty credited to the keeper; the rest went to insurance.
    event Liquidated(
        uint256 indexed account,
        uint16 indexed market,
        address indexed keeper,
        uint8 tier,
        Settlement settled,
        Fill fill,
        uint256 penalty,
        uint256 reward
    );
    /// @notice The insurance took a part of a position over at the index.
    /// @param keeper who called.
    /// @param tier 1 trim, 2 deleverage, 3 close.
    /// @param settled funding before the fill.
    /// @param fill what it did to the position; at the index.
    /// @param penalty charged to the account; what the curve would have taken is in it.
    /// @param reward part of the penalty credited to the keeper; the rest went to insurance.
    event Absorbed(
        uint256 indexed account,
        uint16 indexed market,
        address indexed keeper,
        uint8 tier,
        Settlement settled,
        Fill fill,
        uint256 penalty,
        uint256 reward
    );
    /// @notice The insurance's own account took a position over, just before the event of who lost it, or closed a piece of one.
    /// @param settled its funding before the fill.
    /// @param result what its balance brought the insurance; negative: cost.
    event BackstopFilled(uint16 indexed market, Settlement settled, Fill fill, int256 result);
    /// @notice An account ended below zero; insurance paid first, then the pool.
    /// @param fromInsurance part that the insurance had.
    /// @param fromPool the rest, out of the market's pool cash.
    event BadDebtCovered(uint256 indexed account, uint16 indexed market, uint256 fromInsurance, uint256 fromPool);
    /// @notice What neither insurance nor pool may pay, of an account that ended below zero: the pool advanced it, the market's winners
    /// give it back as far as their profits reach.
    /// @param amount quote WAD.
    event DeficitLeft(uint256 indexed account, uint16 indexed market, uint256 amount);
    /// @notice A market shares out a loss, or ends. Profits count at `price`.
    /// @param number of the resolution, from 1.
    event ResolutionBegun(uint16 indexed market, uint256 number, uint256 price);
    /// @notice Every position was counted: the profits give `cut` in all, each in proportion.
    /// @param number of the resolution.
    /// @param socialised part of the deficit beyond all profits; it stays with the pool.
    event ResolutionCounted(uint16 indexed market, uint256 number, uint256 profits, uint256 cut, uint256 socialised);
    /// @notice A position was counted.
    /// @param settled funding before.
    /// @param profit what counts of it, 0 for a loss.
    event PositionCounted(uint256 indexed account, uint16 indexed market, Settlement settled, uint256 profit);
    /// @notice An account gave its part of the cut, out of its unrealised profit.
    /// @param settled funding before.
    /// @param amount quote WAD, ceil.
    event ProfitCut(uint256 indexed account, uint16 indexed market, Settlement settled, uint256 amount);
    /// @notice A position of a shut market ended at the market's last price, after it was counted or cut.
    /// @param fill at that price.
    event PositionShut(uint256 indexed account, uint16 indexed market, Fill fill);
    /// @notice A resolution is over; the market is reduce-only, or shut for good.
    /// @param number of the resolution.
    event ResolutionEnded(uint16 indexed market, uint256 number);
    /// @notice The pool grew. `tokens` in token units.
    event PoolDeposited(uint16 indexed market, uint256 tokens, uint256 shares);
    /// @notice The pool shrank. `tokens` in token units.
    /// @param charge exit value that the shallower curve would have given to traders, kept by the pool.
    event PoolRedeemed(uint16 indexed market, uint256 tokens, uint256 shares, uint256 charge);
    /// @notice What the last share of a pool left behind went to insurance.
    /// @param amount quote WAD.
    event PoolRestSwept(uint16 indexed market, uint256 amount);
    /// @notice The insurance grew. `tokens` in token units.
    event InsuranceDeposited(uint256 tokens, uint256 shares);
    /// @notice The insurance shrank. `tokens` in token units.
    event InsuranceRedeemed(uint256 tokens, uint256 shares);
    /// @notice Rounding dust of funding went to insurance after the last position closed.
    /// @param amount quote WAD.
    event FundingDustSwept(uint16 indexed market, uint256 amount);
    /// @notice A market was listed or its parameters changed.
    event MarketConfigured(uint16 indexed market, MarketConfig config, MarketLinks links);
    /// @notice A market's status was set.
    /// @param status as in MarketConfig.
    /// @param by who called: the guardian, governance, or whoever lifted a restriction; zero: a loss that the market had to share out.
    /// @param until from when on anyone may lift it, seconds; 0 = it stands until governance changes it.
    event MarketStatusSet(uint16 indexed market, uint8 status, address indexed by, uint256 until);
    /// @notice The contract that keeps other collateral was set.
    event CollateralSet(address collateral);
    /// @notice The insurance vault was set.
    event InsuranceVaultSet(address vault);
}
