// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Price} from "../types/Market.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";

/// @title What collateral counts for, and what it sells for
/// @notice Prices WAD quote per whole token; amounts in token units of `unit` to the whole. Amounts are below 2^128, prices below 2^88.
library CollateralMath {
    /// @dev Time over which a higher haircut reaches maintenance: the rule cannot liquidate by itself.
    uint256 internal constant HAIRCUT_RAMP = 7 days;

    /// @notice Haircut of maintenance, bps, floor: a lower one counts at once.
    /// @param before haircut that it comes from, bps.
    /// @param target haircut that it goes to, bps.
    /// @param elapsed since it began, seconds.
    function haircut(uint256 before, uint256 target, uint256 elapsed) internal pure returns (uint256) {
        if (target <= before || elapsed >= HAIRCUT_RAMP) return target;
        return before + ((target - before) * elapsed) / HAIRCUT_RAMP;
    }

    /// @notice Value of an amount after a haircut, quote WAD, floor.
    function valueOf(uint256 tokens, uint256 unit, uint256 price, uint256 haircutBps) internal pure returns (uint256) {
        return (tokens * price * (Fixed.BPS - haircutBps)) / (unit * Fixed.BPS);
    }

    /// @notice The prices that count, none above the ceiling: the index; for new risk the worse of TWAP and index less its spread, 0 below the
    /// floor; for liquidation, where the index is in doubt, the better of TWAP and index plus its spread, but not the TWAP of a grace
    /// period, which still stands where it stood before the outage.
    function prices(
        Price memory p,
        uint256 floor,
        uint256 ceiling
    ) internal pure returns (uint256 plain, uint256 worse, uint256 better) {
        uint256 doubt = Fixed.divCeil(uint256(p.index) * p.spreadBps, Fixed.BPS);
        plain = p.index;
        worse = p.index - doubt < p.twap ? p.index - doubt : p.twap;
        if (worse < floor) worse = 0;
        better = plain;
        if (p.flags & (ValidityLadder.UNCERTAIN | ValidityLadder.VOLATILE) != 0) {
            better += doubt;
            if (p.twap > better && p.flags & ValidityLadder.SEQUENCER_GRACE == 0) better = p.twap;
        }
        if (plain > ceiling) plain = ceiling;
        if (worse > ceiling) worse = ceiling;
        if (better > ceiling) better = ceiling;
    }

    /// @notice The price of a sale before its discount: the better of index and TWAP, so that a dip of either is not sold at.
    function fairOf(Price memory p) internal pure returns (uint256) {
        return p.index > p.twap ? p.index : p.twap;
    }

    /// @notice Settlement tokens that an unhealthy account needs, quote WAD, ceil: each brings `(haircut - discount) / (1 - discount)` of equity
    /// more than what is sold counted for. At least the debt; at most what lets the balance carry everything alone.
    /// @param missing equity below maintenance.
    /// @param debt of its balance.
    /// @param counted what its collateral counts for.
    function healing(
        uint256 missing,
        uint256 debt,
        uint256 counted,
        uint256 discountBps,
        uint256 haircutBps
    ) internal pure returns (uint256 amount) {
        amount = missing + counted;
        if (discountBps < haircutBps) {
            uint256 heals = Fixed.mulDivCeil(missing, Fixed.BPS - discountBps, haircutBps - discountBps);
            if (heals < amount) amount = heals;
        }
        if (amount < debt) amount = debt;
    }

    /// @notice Discount of a sale, bps: grows as the margin ratio (WAD) falls from 1 to 0, from the least one to the haircut, never above it, so
    /// that what an account counts for does not fall by a sale.
    function discount(uint256 leastBps, uint256 haircutBps, uint256 ratio) internal pure returns (uint256) {
        uint256 grown = ratio < Fixed.WAD ? (haircutBps * (Fixed.WAD - ratio)) / Fixed.WAD : 0;
        if (grown < leastBps) grown = leastBps;
        return grown < haircutBps ? grown : haircutBps;
    }
}
