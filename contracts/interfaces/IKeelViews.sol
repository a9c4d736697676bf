// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Escrow, EscrowClaim, EscrowOutcome} from "../types/Escrow.sol";
import {Health} from "../types/Health.sol";
import {Action} from "../types/Validity.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig, MarketLinks} from "../types/MarketConfig.sol";

/// @title What anyone can read from the core
/// @notice Amounts are quote WAD and sizes base WAD unless said otherwise. No view needs a valid price: it shows
/// the stored one.
interface IKeelViews {
    /// @notice The settlement token.
    function TOKEN() external view returns (address);

    /// @notice WAD per token unit: 1e12 for six decimals.
    function TOKEN_SCALE() external view returns (uint256);

    /// @notice The access manager.
    function authority() external view returns (address);

    /// @notice Number of listed markets.
    function marketCount() external view returns (uint16);

    /// @notice Tokens the core owes in all, token units: transfers in less transfers out.
    function booked() external view returns (uint256);

    /// @notice Insurance assets (quote WAD), its shares (24 decimals) and its vault.
    function insurance() external view returns (uint256 assets, uint256 shares, address vault);

    /// @notice A market as stored, not accrued.
    function marketOf(uint16 market) external view returns (Market memory);

    /// @notice A market as it would be if touched now: funding accrued, price as stored.
    function marketNow(uint16 market) external view returns (Market memory);

    /// @notice Funding of the market's last or open stretch of suspect prices, as stored.
    function escrowOf(uint16 market) external view returns (Escrow memory);

    /// @notice What an account has in a market's escrow.
    /// @return claim as stored; period 0 = none.
    /// @return outcome what became of its period.
    function escrowClaimOf(
        AccountId account,
        uint16 market
    ) external view returns (EscrowClaim memory claim, EscrowOutcome outcome);

    /// @notice Parameters of a market.
    function configOf(uint16 market) external view returns (MarketConfig memory config, MarketLinks memory links);

    /// @notice Balance and markets of an account, as stored.
    function accountOf(AccountId account) external view returns (Account memory);

    /// @notice A position as stored, funding not settled.
    function positionOf(AccountId account, uint16 market) external view returns (Position memory);

    /// @notice Whether `operator` may act for the account.
    function isOperator(AccountId account, address operator) external view returns (bool);

    /// @notice Equity and requirements of an account now, pending funding settled.
    function healthOf(AccountId account) external view returns (Health memory);

    /// @notice The same; reverts where the price of one of its markets does not allow the action. For a liquidation, which does not go
    /// by it, the initial margin is left at 0.
    function healthFor(AccountId account, Action action) external view returns (Health memory);
}
