// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Brackets} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Margin brackets
/// @notice Requirement over position value n: each bracket's rate applies to the part of n inside it, so the requirement is
/// continuous, convex and non-decreasing, and 0 at 0. Example: 1 % to 100,000 then 2 %: 150,000 requires 2,000.
library MarginMath {
    /// @dev Highest volatility multiplier of the initial margin, WAD.
    uint256 internal constant MAX_VOLATILITY_MULTIPLIER = 4e18;
    uint256 private constant QUOTE = 1e18;

    /// @notice Maintenance margin of a position value, quote WAD, ceil.
    function maintenance(Brackets memory b, uint256 value) internal pure returns (uint256) {
        return _marginal(
            b, value, [uint256(b.maintenance1), b.maintenance2, b.maintenance3, b.maintenance4]
        );
    }

    /// @notice Initial margin of a position value before multipliers, quote WAD, ceil.
    function initial(Brackets memory b, uint256 value) internal pure returns (uint256) {
        return _marginal(b, value, [uint256(b.initial1), b.initial2, b.initial3, b.initial4]);
    }

    /// @notice Initial margin multiplier clamp(sigma / sigma0, 1, 4), WAD, floor.
    /// @param sigma annualised volatility, 1e-9.
    /// @param baseSigmaBps volatility at which the multiplier is one, bps.
    function volatilityMultiplier(uint256 sigma, uint256 baseSigmaBps) internal pure returns (uint256) {
        uint256 ratio = sigma * 1e13 / baseSigmaBps;
        if (ratio <= Fixed.WAD) return Fixed.WAD;
        return ratio < MAX_VOLATILITY_MULTIPLIER ? ratio : MAX_VOLATILITY_MULTIPLIER;
    }

    function _marginal(Brackets memory b, uint256 value, uint256[4] memory bps) private pure returns (uint256) {
        uint256 sum = value * bps[0];
        if (value > b.limit1 * QUOTE) sum += (value - b.limit1 * QUOTE) * (bps[1] - bps[0]);
        if (value > b.limit2 * QUOTE) sum += (value - b.limit2 * QUOTE) * (bps[2] - bps[1]);
        if (value > b.limit3 * QUOTE) sum += (value - b.limit3 * QUOTE) * (bps[3] - bps[2]);
        return (sum + Fixed.BPS - 1) / Fixed.BPS;
    }
}
