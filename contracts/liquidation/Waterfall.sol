// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {AccountId} from "../types/AccountId.sol";
import {EscrowClaim} from "../types/Escrow.sol";
import {Filling} from "../market/Filling.sol";
import {MarketSet} from "../margin/MarketSet.sol";

/// @title Who pays what an account cannot
/// @notice Insurance first, as far as it reaches, then the pool of the market where the debt showed.
abstract contract Waterfall is Filling {
    using MarketSet for uint128;

    /// @dev An account that ends without positions and below zero.
    function _coverShortfall(Touch memory t) internal {
        bool last = t.position.size == 0 && t.account.markets.remove(t.marketId) == 0;
        if (!last || t.account.balance >= 0) return;
        uint256 shortfall = uint256(-int256(t.account.balance));
        t.account.balance = 0;
        (uint256 fromInsurance, uint256 fromPool) = _pay(t, shortfall);
        // Who leaves a debt behind leaves its claim to who pays.
        EscrowClaim storage claim = escrowClaims[t.id][t.marketId];
        if (claim.period != 0) claim.forfeited = true;
        emit BadDebtCovered(AccountId.unwrap(t.id), t.marketId, fromInsurance, fromPool);
    }

    /// @dev What the insurance's own account gained or lost goes to the insurance.
    function _sweep(Touch memory t) internal returns (int256 result) {
        result = t.account.balance;
        t.account.balance = 0;
        if (result >= 0) {
            t.toInsurance += uint256(result);
        } else {
            (uint256 fromInsurance, uint256 fromPool) = _pay(t, uint256(-result));
            if (fromPool != 0) emit BadDebtCovered(AccountId.unwrap(t.id), t.marketId, fromInsurance, fromPool);
        }
    }

    /// @dev What this call brings the insurance pays, too, before the pool does.
    function _pay(Touch memory t, uint256 amount) private returns (uint256 fromInsurance, uint256 fromPool) {
        uint256 insured = insuranceAssets + t.toInsurance;
        fromInsurance = amount < insured ? amount : insured;
        fromPool = amount - fromInsurance;
        insuranceAssets = SafeCastLib.toUint128(insured - fromInsurance);
        t.toInsurance = 0;
        t.market.cash -= SafeCastLib.toInt128(int256(fromPool));
    }
}
