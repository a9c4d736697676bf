// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Market} from "../types/Market.sol";
import {Brackets, MarketConfig} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MultiplierMath} from "./MultiplierMath.sol";

/// @title Margin brackets
/// @notice Requirement over position value n: each bracket's rate applies to the part of n inside it, so the requirement is
/// continuous, convex and non-decreasing, and 0 at 0. Example: 1 % to 100,000 then 2 %: 150,000 requires 2,000.
/// @dev Values are below 2^200 and rates do not fall from bracket to bracket, so the sums need no overflow checks.
library MarginMath {
    uint256 private constant QUOTE = 1e18;
    uint256 private constant PERCENT = 100;

    /// @notice Maintenance margin of a position value, quote WAD, ceil.
    function maintenance(Brackets memory b, uint256 value) internal pure returns (uint256) {
        unchecked {
            uint256 sum = value * b.maintenance1;
            if (value <= b.limit1 * QUOTE) return Fixed.divCeil(sum, Fixed.BPS);
            sum += _above(value, b.limit1) * (b.maintenance2 - b.maintenance1);
            sum += _above(value, b.limit2) * (b.maintenance3 - b.maintenance2);
            sum += _above(value, b.limit3) * (b.maintenance4 - b.maintenance3);
            return Fixed.divCeil(sum, Fixed.BPS);
        }
    }

    /// @notice Initial margin of a position value before multipliers, quote WAD, ceil.
    function initial(Brackets memory b, uint256 value) internal pure returns (uint256) {
        unchecked {
            uint256 sum = value * b.initial1;
            if (value <= b.limit1 * QUOTE) return Fixed.divCeil(sum, Fixed.BPS);
            sum += _above(value, b.limit1) * (b.initial2 - b.initial1);
            sum += _above(value, b.limit2) * (b.initial3 - b.initial2);
            sum += _above(value, b.limit3) * (b.initial4 - b.initial3);
            return Fixed.divCeil(sum, Fixed.BPS);
        }
    }

    /// @notice Requirements of a position of `size` with their multipliers, quote WAD, ceil; no more than its value is ever asked for, and
    /// then the maintenance keeps its proportion.
    /// @param whole false leaves the initial margin at 0, whose multiplier costs more than the rest.
    function requirements(
        Market memory m,
        MarketConfig memory c,
        int256 size,
        bool whole
    ) internal pure returns (uint256 initial_, uint256 maintenance_) {
        unchecked {
            uint256 value = Fixed.divCeil(Fixed.abs(size) * m.price.index, Fixed.WAD);
            uint256 plain = initial(c.brackets, value);
            uint256 most = value * MultiplierMath.ONE;
            uint256 ramp = m.ramp;
            if (whole) {
                uint256 multiplier = MultiplierMath.initial(m, c);
                // What is maintained is asked of whoever comes new, too.
                if (multiplier < ramp) multiplier = ramp;
                initial_ = plain * multiplier;
                initial_ = initial_ > most ? value : Fixed.divCeil(initial_, MultiplierMath.ONE);
            }
            if (plain * ramp > most) ramp = most / plain;
            maintenance_ = Fixed.divCeil(maintenance(c.brackets, value) * ramp, MultiplierMath.ONE);
        }
    }

    /// @notice Part of a requirement that nets between opposite positions, signed like `size`, trunc.
    function common(uint256 requirement, uint256 hedgePercent, int256 size) internal pure returns (int256) {
        unchecked {
            int256 part = int256((requirement * hedgePercent) / PERCENT);
            return size > 0 ? part : -part;
        }
    }

    /// @notice A ramp that takes back by how much new brackets ask for more than old ones, at the value where that is most, floor: the
    /// ratio of two such sums is largest at an end of a bracket or far beyond the last one.
    function damped(uint256 ramp, Brackets memory old, Brackets memory new_) internal pure returns (uint256 least) {
        least = ramp;
        uint32[7] memory ends = [1, old.limit1, old.limit2, old.limit3, new_.limit1, new_.limit2, new_.limit3];
        for (uint256 i; i < 7; ++i) {
            uint256 value = ends[i] * QUOTE;
            uint256 scaled = (ramp * maintenance(old, value)) / maintenance(new_, value);
            if (scaled < least) least = scaled;
        }
        uint256 far = (ramp * old.maintenance4) / new_.maintenance4;
        if (far < least) least = far;
    }

    /// @dev The part of a value above a limit given in whole quote units.
    function _above(uint256 value, uint256 limit) private pure returns (uint256) {
        unchecked {
            return value > limit * QUOTE ? value - limit * QUOTE : 0;
        }
    }
}
