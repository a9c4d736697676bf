// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Escrow, EscrowClaim, EscrowOutcome} from "../types/Escrow.sol";
import {Health} from "../types/Health.sol";
import {Market, Price} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Action} from "../types/Validity.sol";
import {MarginLedger} from "../margin/MarginLedger.sol";

/// @title Read access to the core's storage
/// @notice As stored, except where IKeelViews says now: then funding is accrued up to now, in memory only.
abstract contract KeelViews is MarginLedger {
    /// @notice See IKeelViews.
    function marketCount() external view returns (uint16) {
        return markets_;
    }

    /// @notice See IKeelViews.
    function booked() external view returns (uint256) {
        return bookedTokens;
    }

    /// @notice See IKeelViews.
    function insurance() external view returns (uint256 assets, uint256 shares, address vault) {
        return (insuranceAssets, insuranceShares, insuranceVault);
    }

    /// @notice See IKeelViews.
    function collateralContract() external view returns (address) {
        return collateral;
    }

    /// @notice See IKeelViews.
    function priceOf(uint16 market) external view returns (Price memory price) {
        markets[market].price.load(price);
    }

    /// @notice See IKeelViews.
    function marketOf(uint16 market) external view returns (Market memory m) {
        if (configs[market].status() == 0) revert MarketUnknown(market);
        markets[market].load(m);
    }

    /// @notice See IKeelViews.
    function marketNow(uint16 market) external view returns (Market memory m) {
        MarketConfig memory c;
        _project(market, m, c);
    }

    /// @notice See IKeelViews.
    function escrowOf(uint16 market) external view returns (Escrow memory) {
        return escrows[market];
    }

    /// @notice See IKeelViews.
    function escrowClaimOf(
        AccountId account,
        uint16 market
    ) external view returns (EscrowClaim memory claim, EscrowOutcome outcome) {
        claim = escrowClaims[account][market];
        outcome = escrowOutcomes[market][claim.period];
    }

    /// @notice See IKeelViews.
    function accountOf(AccountId account) external view returns (Account memory) {
        return accounts[account];
    }

    /// @notice See IKeelViews.
    function positionOf(AccountId account, uint16 market) external view returns (Position memory) {
        return positions[account][market];
    }

    /// @notice See IKeelViews.
    function isOperator(AccountId account, address operator) external view returns (bool) {
        return operators[account][operator];
    }

    /// @notice See IKeelViews.
    function healthOf(AccountId account) external view returns (Health memory) {
        return _healthOf(account, accounts[account], Action.AddMargin);
    }

    /// @notice See IKeelViews.
    function healthFor(AccountId account, Action action) external view returns (Health memory) {
        return _healthOf(account, accounts[account], action);
    }
}
