// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Brackets} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Margin brackets
/// @notice Requirement over position value n: each bracket's rate applies to the part of n inside it, so the requirement is
/// continuous, convex and non-decreasing, and 0 at 0. Example: 1 % to 100,000 then 2 %: 150,000 requires 2,000.
/// @dev Values are below 2^200 and rates do not fall from bracket to bracket, so the sums need no overflow checks.
library MarginMath {
    /// @dev Highest volatility multiplier of the initial margin, WAD.
    uint256 internal constant MAX_VOLATILITY_MULTIPLIER = 4e18;
    uint256 private constant QUOTE = 1e18;

    /// @notice Maintenance margin of a position value, quote WAD, ceil.
    function maintenance(Brackets memory b, uint256 value) internal pure returns (uint256) {
        unchecked {
            uint256 sum = value * b.maintenance1;
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
            sum += _above(value, b.limit1) * (b.initial2 - b.initial1);
            sum += _above(value, b.limit2) * (b.initial3 - b.initial2);
            sum += _above(value, b.limit3) * (b.initial4 - b.initial3);
            return Fixed.divCeil(sum, Fixed.BPS);
        }
    }

    /// @notice Initial margin multiplier clamp(sigma / sigma0, 1, 4), WAD, floor.
    /// @param sigma annualised volatility, 1e-6.
    /// @param baseSigmaBps volatility at which the multiplier is one, bps.
    function volatilityMultiplier(uint256 sigma, uint256 baseSigmaBps) internal pure returns (uint256) {
        uint256 ratio = (sigma * 1e16) / baseSigmaBps;
        if (ratio <= Fixed.WAD) return Fixed.WAD;
        return ratio < MAX_VOLATILITY_MULTIPLIER ? ratio : MAX_VOLATILITY_MULTIPLIER;
    }

    /// @dev The part of a value above a limit given in whole quote units.
    function _above(uint256 value, uint256 limit) private pure returns (uint256) {
        unchecked {
            return value > limit * QUOTE ? value - limit * QUOTE : 0;
        }
    }
}
