// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IKeelPool} from "../interfaces/IKeelPool.sol";
import {KeelStorage} from "../core/KeelStorage.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {PoolMath} from "../pool/PoolMath.sol";

/// @title Insurance assets and their shares
/// @notice Same share formula as the pool's, on what fees, penalties and dust have left after bad debt. What came in before
/// the first staker belongs to the virtual shares, that is to the protocol.
abstract contract InsuranceLedger is KeelStorage, IKeelPool {
    /// @inheritdoc IKeelPool
    function insuranceDeposit(uint256 tokens, uint256 wanted) external nonReentrant returns (uint256 shares) {
        _onlyVault();
        uint256 amount = _bookIn(tokens);
        shares = PoolMath.sharesFor(amount, insuranceAssets, insuranceShares);
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
        tokens = previewInsuranceRedeem(shares);
        if (tokens == 0) revert DustAmount(shares);
        insuranceAssets -= uint128(tokens * TOKEN_SCALE);
        insuranceShares -= uint128(shares);
        emit InsuranceRedeemed(tokens, shares);
        _payOut(to, tokens);
    }

    /// @inheritdoc IKeelPool
    function previewInsuranceDeposit(uint256 tokens) external view returns (uint256) {
        return PoolMath.sharesFor(_toAmount(tokens), insuranceAssets, insuranceShares);
    }

    /// @inheritdoc IKeelPool
    function previewInsuranceMint(uint256 shares) external view returns (uint256) {
        return Fixed.mulDivCeil(PoolMath.assetsToMint(shares, insuranceAssets, insuranceShares), 1, TOKEN_SCALE);
    }

    /// @inheritdoc IKeelPool
    function previewInsuranceRedeem(uint256 shares) public view returns (uint256) {
        if (shares > insuranceShares) revert DustAmount(shares);
        return PoolMath.assetsFor(shares, insuranceAssets, insuranceShares) / TOKEN_SCALE;
    }

    function _onlyVault() private view {
        if (msg.sender != insuranceVault) revert NotVault(msg.sender);
    }
}
