// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {AccountId} from "../types/AccountId.sol";
import {EscrowClaim} from "../types/Escrow.sol";
import {Window} from "../types/LiquidationBook.sol";
import {Resolution, Stage} from "../types/Resolution.sol";
import {ICollateral} from "../interfaces/ICollateral.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MarketSet} from "../margin/MarketSet.sol";
import {Filling} from "../market/Filling.sol";
import {PoolMath} from "../pool/PoolMath.sol";
import {LiquidationMath} from "./LiquidationMath.sol";

/// @title Who pays what an account cannot
/// @notice Insurance, as far as it reaches; then the pool of the market where the debt showed, up to its cap of a day; the rest the pool
/// advances, and the market's winners give it back out of their profits (see Resolutions). What is beyond those stays with the pool.
abstract contract Waterfall is Filling {
    using MarketSet for uint128;

    /// @dev An account that ends without positions and below zero: what a sale of its other collateral can bring stays its debt until then.
    function _coverShortfall(Touch memory t) internal {
        uint256 shortfall = t.position.size != 0 || !_last(t) ? 0 : _unbacked(t);
        if (shortfall == 0) return;
        t.account.balance += SafeCastLib.toInt120(int256(shortfall));
        // Who leaves a debt behind leaves its claim to who pays.
        EscrowClaim storage claim = escrowClaims[t.id][t.marketId];
        if (claim.period != 0) claim.forfeited = true;
        _pay(t, shortfall, true);
    }

    /// @dev What the account owes beyond what a sale of its other collateral can bring, quote WAD. No more waits: a crumb of collateral must not
    /// keep a debt from being known.
    function _unbacked(Touch memory t) internal view returns (uint256 debt) {
        if (t.account.balance >= 0) return 0;
        debt = uint256(-int256(t.account.balance));
        if (t.account.collateral == 0) return debt;
        uint256 backed = ICollateral(collateral).proceedsOf(t.id, t.account.collateral);
        return debt > backed ? debt - backed : 0;
    }

    /// @dev Whether the account has no other position.
    function _last(Touch memory t) internal pure returns (bool) {
        return t.account.markets.remove(t.marketId) == 0;
    }

    /// @dev What the insurance's own account gained or lost goes to the insurance.
    function _sweep(Touch memory t) internal returns (int256 result) {
        result = t.account.balance;
        t.account.balance = 0;
        if (result >= 0) t.toInsurance += uint256(result);
        else _pay(t, uint256(-result), false);
    }

    /// @dev What a market's pool has paid of a day's cap, quote WAD.
    function _losses(Touch memory t) internal view returns (uint256 lost, uint256 cap) {
        int256 equity = Fixed.max(0, PoolMath.equityOf(t.market, t.config));
        cap = (uint256(equity) * links[t.marketId].lossCapPpm) / Fixed.PPM;
        Window memory w = liquidationBooks[t.marketId].losses;
        lost = LiquidationMath.fallen(w.amount, cap, block.timestamp - w.at, 1 days);
    }

    /// @dev What this call brings the insurance pays, too, before the pool does.
    /// @param told whether to tell also what the insurance pays alone, which for itself is no bad debt.
    function _pay(Touch memory t, uint256 amount, bool told) private {
        uint256 insured = insuranceAssets + t.toInsurance;
        uint256 fromInsurance = amount < insured ? amount : insured;
        insuranceAssets = SafeCastLib.toUint128(insured - fromInsurance);
        t.toInsurance = 0;
        uint256 rest = amount - fromInsurance;
        uint256 fromPool = _fromPool(t, rest);
        if (told || rest != 0) emit BadDebtCovered(AccountId.unwrap(t.id), t.marketId, fromInsurance, fromPool);
        t.market.cash -= SafeCastLib.toInt128(int256(rest));
        if (rest != fromPool) _leaveDeficit(t, rest - fromPool);
    }

    function _fromPool(Touch memory t, uint256 rest) private returns (uint256 fromPool) {
        if (rest == 0) return 0;
        (uint256 lost, uint256 cap) = _losses(t);
        uint256 room = cap > lost ? cap - lost : 0;
        fromPool = rest < room ? rest : room;
        liquidationBooks[t.marketId].losses = Window(SafeCastLib.toUint128(lost + fromPool), uint64(block.timestamp));
    }

    /// @dev A shut market counts its pool's own cash at the end; what comes while a cut is being taken waits.
    function _leaveDeficit(Touch memory t, uint256 amount) private {
        emit DeficitLeft(AccountId.unwrap(t.id), t.marketId, amount);
        Resolution storage r = liquidationBooks[t.marketId].resolution;
        if (r.stage == Stage.Counting) {
            r.deficit += amount;
        } else {
            r.waiting += amount;
            if (r.stage == Stage.None && t.config.status != STATUS_SHUT) _begin(t, r);
        }
    }

    /// @dev Begin to share out what waits, at the present index; the touched position as in `t`.
    function _begin(Touch memory t, Resolution storage r) internal {
        (r.number, r.stage, r.price) = (r.number + 1, Stage.Counting, t.market.price.index);
        (r.longLeft, r.shortLeft, r.profits) = (t.market.longInterest, t.market.shortInterest, 0);
        (r.deficit, r.waiting) = (r.waiting, 0);
        uint8 before = configs[t.marketId].status();
        if (before < STATUS_RESOLVING) r.before = before;
        liquidationBooks[t.marketId].held = true;
        configs[t.marketId].setStatus(STATUS_RESOLVING);
        emit MarketStatusSet(t.marketId, STATUS_RESOLVING, address(0), 0);
        emit ResolutionBegun(t.marketId, r.number, r.price);
    }
}
