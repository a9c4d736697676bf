// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Escrow, EscrowClaim, EscrowOutcome} from "../types/Escrow.sol";
import {LiquidationBook} from "../types/LiquidationBook.sol";
import {MarketLinks} from "../types/MarketConfig.sol";
import {IKeelErrors} from "../interfaces/IKeelErrors.sol";
import {IKeelEvents} from "../interfaces/IKeelEvents.sol";
import {ConfigWords} from "./ConfigStore.sol";
import {MarketWords} from "./MarketStore.sol";

/// @title Storage and token boundary, shared by the core and its extension
/// @notice Both contracts inherit this one first and the core adds no storage of its own, so their layouts agree; the slots of
/// the access manager and of the guardian's restrictions follow, in the extension. Buckets (account balances, pool cash, escrow reserves,
/// funding clearing, insurance) are WAD; their sum is `bookedTokens * TOKEN_SCALE` at every moment.
abstract contract KeelStorage is ReentrancyGuardTransient, IKeelErrors, IKeelEvents {
    /* CONSTANTS */

    uint8 internal constant STATUS_OPEN = 1;
    uint8 internal constant STATUS_REDUCE_ONLY = 2;
    uint8 internal constant STATUS_CLOSED = 3;
    uint8 internal constant STATUS_RESOLVING = 4;
    uint8 internal constant STATUS_SHUT = 5;
    /// @dev Sizes stay below 2^110 so that eight of them on one side fit the interest sums with room to spare.
    uint256 internal constant MAX_SIZE = 2 ** 110 - 1;
    /// @dev What one call brings in stays far inside int128 for accounts and int104 for pools, quote WAD.
    uint256 internal constant MAX_AMOUNT = 2 ** 100;

    /* IMMUTABLES */

    /// @notice The settlement token.
    address public immutable TOKEN;
    /// @notice WAD per token unit.
    uint256 public immutable TOKEN_SCALE;

    /* STORAGE */

    /// @dev Tokens in less tokens out, token units; number of markets.
    uint128 internal bookedTokens;
    uint16 internal markets_;
    /// @dev Insurance assets, quote WAD, and shares, 24 decimals.
    uint128 internal insuranceAssets;
    uint128 internal insuranceShares;
    address internal insuranceVault;
    /// @dev Keeps what accounts have besides the settlement token; zero = nothing is taken.
    address internal collateral;
    mapping(uint16 id => MarketWords) internal markets;
    mapping(uint16 id => ConfigWords) internal configs;
    mapping(uint16 id => MarketLinks) internal links;
    mapping(AccountId id => Account) internal accounts;
    mapping(AccountId id => mapping(uint16 market => Position)) internal positions;
    mapping(AccountId id => mapping(address operator => bool)) internal operators;
    mapping(uint16 market => Escrow) internal escrows;
    mapping(uint16 market => mapping(uint256 period => EscrowOutcome)) internal escrowOutcomes;
    mapping(AccountId id => mapping(uint16 market => EscrowClaim)) internal escrowClaims;
    mapping(uint16 market => LiquidationBook) internal liquidationBooks;
    /// @dev Where an account with other collateral was last in debt.
    mapping(AccountId id => uint16 market) internal debtMarkets;

    constructor(address token) {
        (bool known, bytes memory answer) = token.staticcall(abi.encodeWithSignature("decimals()"));
        if (!known || answer.length < 32) revert TokenUnsupported(0);
        uint256 decimals = abi.decode(answer, (uint256));
        if (decimals > 18) revert TokenUnsupported(uint8(decimals > 255 ? 255 : decimals));
        TOKEN = token;
        TOKEN_SCALE = 10 ** (18 - decimals);
    }

    /* TOKEN BOUNDARY */

    /// @dev Book tokens that came in and check that they did. Returns their WAD value, exact.
    function _bookIn(uint256 tokens) internal returns (uint256 amount) {
        amount = _toAmount(tokens);
        bookedTokens += uint128(tokens);
        _checkTokens();
    }

    /// @dev WAD value of token units, exact; zero and what no account could hold are refused.
    function _toAmount(uint256 tokens) internal view returns (uint256) {
        if (tokens == 0) revert ZeroAmount();
        if (tokens > MAX_AMOUNT / TOKEN_SCALE) revert AmountOutOfRange(tokens, MAX_AMOUNT / TOKEN_SCALE);
        return tokens * TOKEN_SCALE;
    }

    /// @dev Pay tokens out and check that what is left covers what is owed.
    function _payOut(address to, uint256 tokens) internal {
        if (to == address(0) || to == address(this)) revert RecipientInvalid(to);
        if (tokens > bookedTokens) revert TokensMissing(bookedTokens, tokens);
        bookedTokens -= uint128(tokens);
        SafeTransferLib.safeTransfer(TOKEN, to, tokens);
        _checkTokens();
    }

    function _checkTokens() private view {
        uint256 held = SafeTransferLib.balanceOf(TOKEN, address(this));
        if (held < bookedTokens) revert TokensMissing(held, bookedTokens);
    }
}
