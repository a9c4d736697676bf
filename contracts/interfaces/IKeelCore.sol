// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {Health} from "../types/Health.sol";
import {Settlement} from "../types/Settlement.sol";
import {Action} from "../types/Validity.sol";

/// @title What traders, keepers and bots call
/// @notice Tokens are in token units at the boundary; everything else is WAD. Positive size is long. Accounts belong to the
/// address inside their id; anyone may add margin to any account, only the owner and operators may trade or withdraw.
interface IKeelCore {
    /// @notice Add settlement tokens to an account. Never blocked. Anyone may pay.
    /// @param tokens token units, exactly what must arrive: a token that takes a fee on transfer reverts.
    function deposit(AccountId account, uint256 tokens) external;

    /// @notice Take settlement tokens out. Owner: to anyone; operator: to the owner only.
    /// @dev What remains must cover the initial margin without counting unrealised profit, at the worse of index and TWAP.
    /// Without positions no price is needed. The balance does not go below zero, whatever other collateral there is.
    function withdraw(AccountId account, uint256 tokens, address to) external;

    /// @notice Revert unless what the account has, as stored, could be what a withdrawal left: no market of it is closed, and it covers the initial
    /// margin without unrealised profit, at the worse of index and TWAP.
    function checkWithdrawal(AccountId account) external view;

    /// @notice Let `operator` trade for the account and withdraw to its owner. Owner only.
    function setOperator(AccountId account, address operator, bool allowed) external;

    /// @notice Buy (positive) or sell (negative) `size` base on the curve, at the worse of index and TWAP, at once.
    /// @dev A trade that grows the position or changes its side needs initial margin after it; one that only shrinks it must
    /// leave the account healthy. A trade that moves the net position away from zero stops at the band; a reduction may go on
    /// to the curve's hard limit, so that nobody is locked in.
    /// @param size base WAD, not zero.
    /// @param limitPrice worst average price before fees, WAD: most for a buy, least for a sale.
    /// @param deadline last block time at which the trade may fill, seconds.
    /// @return cost quote paid before fees, negative = received; rounded against the trader.
    /// @return fee quote WAD, ceil.
    function trade(
        AccountId account,
        uint16 market,
        int256 size,
        uint256 limitPrice,
        uint256 deadline
    ) external returns (int256 cost, uint256 fee);

    /// @notice `updatePrice` and `trade` in one pass: cheaper than the two.
    /// @param size base WAD, not zero.
    /// @param limitPrice as in `trade`, against the fill at the new price.
    /// @param deadline last block time at which the trade may fill, seconds.
    /// @return cost quote paid before fees, negative = received; rounded against the trader.
    /// @return fee quote WAD, ceil.
    function updateAndTrade(
        AccountId account,
        uint16 market,
        int256 size,
        uint256 limitPrice,
        uint256 deadline
    ) external returns (int256 cost, uint256 fee);

    /// @notice Settle a position's funding into its account's balance. For the core's own parts, which emit what was settled.
    /// @param action what the market must allow; for a liquidation, every market of the account.
    /// @return settled what was settled.
    /// @return health of the account after, for a liquidation only.
    function settle(
        AccountId account,
        uint16 market,
        Action action
    ) external returns (Settlement memory settled, Health memory health);

    /// @notice Accrue a market's funding up to now. Anyone, any time; once or a thousand times is the same.
    function accrue(uint16 market) external;

    /// @notice Credit an account with its claim on a stretch of suspect prices that has ended. Anyone, any time; a touch of the
    /// position does it too.
    /// @return credit quote WAD.
    function claimFunding(AccountId account, uint16 market) external returns (uint256 credit);

    /// @notice Accrue at the old price, then store what the oracle says. Anyone; once per block, a second call does nothing.
    function updatePrice(uint16 market) external;
}
