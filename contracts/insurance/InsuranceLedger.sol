// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IKeelPool} from "../interfaces/IKeelPool.sol";
import {KeelStorage} from "../core/KeelStorage.sol";
import {AccountId, AccountIdLib} from "../types/AccountId.sol";
import {Health} from "../types/Health.sol";
import {Action} from "../types/Validity.sol";
import {IKeelViews} from "../interfaces/IKeelViews.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {PoolMath} from "../pool/PoolMath.sol";

/// @title Insurance assets and their shares
/// @notice Same share formula as the pool's, on what fees, penalties and dust have left after bad debt. What came in before
/// the first staker belongs to the virtual shares, that is to the protocol.
abstract contract InsuranceLedger is KeelStorage, IKeelPool {
    /// @inheritdoc IKeelPool
    function insuranceDeposit(uint256 tokens, uint256 wanted) external nonReentrant returns (uint256 shares) {
        _onlyVault();
        uint256 higher = _sellingWorth(Action.PoolDeposit);
        uint256 amount = _bookIn(tokens);
        shares = PoolMath.sharesFor(amount, higher, insuranceShares);
        if (wanted != 0 && wanted <= shares) shares = wanted;
        if (shares == 0 || wanted > shares) revert DustAmount(tokens);
        uint256 supply = insuranceShares + shares;
        if (supply > type(uint128).max) revert AmountOutOfRange(tokens, MAX_AMOUNT / TOKEN_SCALE);
        insuranceAssets += uint128(amount);
        insuranceShares = uint128(supply);
        emit InsuranceDeposited(tokens, shares);
    }

    /// @inheritdoc IKeelPool
    function insuranceRedeem(uint256 shares, address to) external nonReentrant returns (uint256 tokens) {
        _onlyVault();
        (uint256 lower, , uint256 tied) = _worth(Action.PoolRedeem);
        tokens = _tokensFor(shares, lower);
        if (tokens == 0) revert DustAmount(shares);
        uint256 amount = tokens * TOKEN_SCALE;
        if (lower < amount + tied || insuranceAssets < amount) revert InsuranceTied(amount, tied);
        insuranceAssets -= uint128(amount);
        insuranceShares -= uint128(shares);
        emit InsuranceRedeemed(tokens, shares);
        _payOut(to, tokens);
    }

    /// @inheritdoc IKeelPool
    function previewInsuranceDeposit(uint256 tokens) external view returns (uint256) {
        uint256 higher = _sellingWorth(Action.AddMargin);
        return PoolMath.sharesFor(_toAmount(tokens), higher, insuranceShares);
    }

    /// @inheritdoc IKeelPool
    function previewInsuranceMint(uint256 shares) external view returns (uint256) {
        uint256 higher = _sellingWorth(Action.AddMargin);
        return Fixed.mulDivCeil(PoolMath.assetsToMint(shares, higher, insuranceShares), 1, TOKEN_SCALE);
    }

    /// @inheritdoc IKeelPool
    function previewInsuranceRedeem(uint256 shares) external view returns (uint256) {
        (uint256 lower, , ) = _worth(Action.AddMargin);
        return _tokensFor(shares, lower);
    }

    /// @inheritdoc IKeelPool
    function insuranceEquity() external view returns (uint256 lower, uint256 higher) {
        int256 better;
        (lower, better, ) = _worth(Action.AddMargin);
        higher = uint256(Fixed.max(0, better));
    }

    /// @dev What new shares are sold at: below zero there is nothing to price.
    function _sellingWorth(Action action) private view returns (uint256) {
        (, int256 higher, ) = _worth(action);
        if (higher < 0) revert NoEquity(higher);
        return uint256(higher);
    }

    function _tokensFor(uint256 shares, uint256 lower) private view returns (uint256) {
        if (shares > insuranceShares) revert DustAmount(shares);
        return PoolMath.assetsFor(shares, lower, insuranceShares) / TOKEN_SCALE;
    }

    /// @dev Assets with the insurance's own positions at the worse and at the better of index and TWAP, the lower at least 0,
    /// and the margin that those positions tie. Without positions no price is needed.
    function _worth(Action action) private view returns (uint256 lower, int256 higher, uint256 tied) {
        (lower, higher) = (insuranceAssets, int256(uint256(insuranceAssets)));
        AccountId id = AccountIdLib.from(address(this), 0);
        if (accounts[id].markets == 0) return (lower, higher, 0);
        Health memory h = IKeelViews(address(this)).healthFor(id, action);
        lower = uint256(Fixed.max(0, higher + h.equityWorse));
        higher += Fixed.max(h.equity, h.equityBetter);
        tied = h.maintenance;
    }

    function _onlyVault() private view {
        if (msg.sender != insuranceVault) revert NotVault(msg.sender);
    }
}
