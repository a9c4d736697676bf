// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {CollateralKind, CollateralTerms} from "../types/CollateralTerms.sol";
import {Price} from "../types/Market.sol";
import {IPriceKeeper} from "./IPriceKeeper.sol";

/// @title Collateral besides the settlement token
/// @notice Kinds are listed by governance, each with its own oracle hub, haircut, cap and depeg guard. Profit, loss, fees and funding are in the
/// settlement token all the same; a debt in it is backed by what this contract keeps, and when that debt grows large or the account
/// unhealthy, anyone buys the collateral at a discount, for settlement tokens that go into the account. Amounts of collateral are token
/// units of its own, values quote WAD. A token that takes fees or rebases reverts or cannot be withdrawn whole; no other kind suffers.
interface ICollateral is IPriceKeeper {
    /// @notice A kind was listed, or its terms changed.
    /// @param token of the kind.
    /// @param terms now.
    event CollateralListed(uint16 indexed kind, address indexed token, CollateralTerms terms);
    /// @notice A kind's price was taken.
    /// @param price as stored.
    event CollateralPriced(uint16 indexed kind, Price price);
    /// @notice An account has more of a kind. `tokens` in token units.
    /// @param by who paid.
    event CollateralDeposited(uint256 indexed account, uint16 indexed kind, address indexed by, uint256 tokens);
    /// @notice An account has less of a kind. `tokens` in token units.
    event CollateralWithdrawn(uint256 indexed account, uint16 indexed kind, address indexed to, uint256 tokens);
    /// @notice Collateral of an account was sold.
    /// @param kind which.
    /// @param buyer who paid.
    /// @param tokens token units sold.
    /// @param cost settlement tokens that went into the account, token units.
    /// @param discountBps of the sale, bps.
    event CollateralSold(
        uint256 indexed account,
        uint16 indexed kind,
        address indexed buyer,
        uint256 tokens,
        uint256 cost,
        uint256 discountBps
    );

    /// @notice `caller` is neither the owner nor an operator of the account, or an operator who pays somebody else.
    error NotAuthorized(address caller, uint256 account);
    /// @notice No kind has this id.
    error KindUnknown(uint16 kind);
    /// @notice All eight kinds are listed, or the token is one already, or the settlement token.
    error KindRefused(address token);
    /// @notice A zero amount does nothing.
    error ZeroAmount();
    /// @notice All accounts together would have more than the cap, token units.
    /// @param wanted what they would have.
    error CapExceeded(uint256 wanted, uint256 cap);
    /// @notice The price lies below the floor of the kind, WAD.
    error PegLost(uint256 price, uint256 floor);
    /// @notice The account, or the contract, has fewer tokens of the kind, token units.
    /// @param held what there is.
    /// @param wanted what was asked for, or should be there.
    error TokensMissing(uint256 held, uint256 wanted);
    /// @notice The account is healthy, and its debt small.
    /// @param debt of its balance, quote WAD.
    /// @param allowed part of what its collateral counts for, quote WAD, floor.
    error NothingToSell(uint256 debt, uint256 allowed);
    /// @notice The sale would cost more settlement tokens than the buyer allows.
    /// @param maxCost what he allows, token units.
    error CostTooHigh(uint256 cost, uint256 maxCost);
    /// @notice A term lies outside its bounds.
    error TermOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);

    /// @notice Number of listed kinds; ids count from 1.
    function kindCount() external view returns (uint16);

    /// @notice A listed kind.
    function kindOf(uint16 kind) external view returns (CollateralKind memory);

    /// @notice What an account has of a kind, token units.
    function heldOf(AccountId account, uint16 kind) external view returns (uint256 tokens);

    /// @notice What an account's collateral counts for, quote WAD, floor, haircuts taken. A price that is not good counts for nothing new, and as
    /// last stored for liquidation: no feed that breaks shields or kills an account.
    /// @param kinds those that the core notes for the account; others are not looked at.
    /// @return value at the index.
    /// @return worse for new risk and withdrawals: at the worse of index and TWAP, nothing below the floor.
    /// @return better for liquidation: a doubtful or volatile price moved in the account's favour.
    function valueOf(
        AccountId account,
        uint8 kinds
    ) external view returns (uint256 value, uint256 worse, uint256 better);

    /// @notice Settlement tokens that a sale of all an account's collateral could bring now, at the least discount and the stored prices,
    /// quote WAD, floor.
    /// @param kinds as in `valueOf`.
    function proceedsOf(AccountId account, uint8 kinds) external view returns (uint256 amount);

    /// @notice Settlement tokens that a sale may bring an account now, and at what discount; see `buy`. Reverts where none is allowed.
    /// @return amount quote WAD.
    /// @return discountBps of the kind, bps.
    function saleOf(AccountId account, uint16 kind) external view returns (uint256 amount, uint256 discountBps);

    /// @notice Take the kind's price from its hub. Anyone; once per block, a second call does nothing.
    function updatePrice(uint16 kind) external;

    /// @notice Add collateral to an account. Owner and operators, who pay. Needs a valid price above the floor.
    /// @param kind which.
    /// @param tokens token units, exactly what must arrive.
    function deposit(AccountId account, uint16 kind, uint256 tokens) external;

    /// @notice Take collateral out. Owner: to anyone; operator: to the owner only. What stays must cover the initial margin as in
    /// IKeelCore.withdraw; without positions and debt no price is needed.
    /// @param kind which.
    /// @param tokens token units.
    function withdraw(AccountId account, uint16 kind, uint256 tokens, address to) external;

    /// @notice Buy collateral of an account that is unhealthy, or whose debt is more than a hundredth of what its collateral counts for. Anyone;
    /// needs a valid price, taken now.
    /// @dev At the better of index and TWAP less the discount. An unhealthy account sells until it is healthy, because it then counts what the
    /// haircut took, and owes nothing; at most until its settlement balance carries its positions alone. An indebted one until it owes nothing. Where the last collateral leaves a debt and there is no position, insurance and
    /// pool cover it.
    /// @param kind which.
    /// @param tokens most token units to buy; what the account needs to sell may be less.
    /// @param maxCost most settlement tokens to pay, token units.
    /// @param to who gets the collateral.
    /// @return bought token units.
    /// @return cost settlement tokens, token units, ceil.
    function buy(
        AccountId account,
        uint16 kind,
        uint256 tokens,
        uint256 maxCost,
        address to
    ) external returns (uint256 bought, uint256 cost);

    /// @notice List a kind. Restricted.
    /// @param token of the kind, at most 18 decimals.
    /// @param terms within their bounds.
    /// @return kind its id.
    function listKind(address token, CollateralTerms calldata terms) external returns (uint16 kind);

    /// @notice Replace a kind's terms. Restricted. A lower cap only stops deposits.
    function setTerms(uint16 kind, CollateralTerms calldata terms) external;
}
