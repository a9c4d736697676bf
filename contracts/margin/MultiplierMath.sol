// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {PoolMath} from "../pool/PoolMath.sol";

/// @title Multipliers of margin, 1e-6 (1e6 = one)
/// @notice volMult = clamp(sigma / sigma0, 1, 4), fundingMult = 1 + 0.25 * clamp(|z| - 2, 0, 4), oiMult = 1 + clamp(2 v - 1, 0, 1)
/// with v the larger side's value over what the pool may face. Their product counts at once for new risk. For maintenance a ramp counts, and
/// nothing else: with time it follows the product, down at once, up by a tenth an hour at most. Inside a block it stays, so that a
/// rule alone never liquidates there, whoever trades. Mission rows 93 and 94.
library MultiplierMath {
    uint256 internal constant ONE = 1e6;
    uint256 private constant MAX_VOLATILITY = 4e6;
    /// @dev ln(1.1) per hour, 1e-9 a second: however often a market is touched, an hour adds a tenth at most.
    uint256 private constant RAMP_PER_SECOND = 26_475;
    /// @dev Stress comes in eighths of a deviation, at most 32: a quarter per deviation is a thirty-second per eighth.
    uint256 private constant STRESS_UNITS = 32;

    /// @notice Multiplier of the initial margin, 1 to 16, floor.
    function initial(Market memory m, MarketConfig memory c) internal pure returns (uint256) {
        unchecked {
            uint256 product = volatility(m.price.sigma, c.baseSigmaBps) * (STRESS_UNITS + m.stress);
            return (product * crowding(m, c)) / (STRESS_UNITS * ONE);
        }
    }

    /// @notice clamp(sigma / sigma0, 1, 4), floor.
    /// @param sigma annualised volatility, 1e-6.
    /// @param baseSigmaBps volatility at which the multiplier is one, bps.
    function volatility(uint256 sigma, uint256 baseSigmaBps) internal pure returns (uint256) {
        uint256 ratio = (sigma * Fixed.BPS) / baseSigmaBps;
        if (ratio <= ONE) return ONE;
        return ratio < MAX_VOLATILITY ? ratio : MAX_VOLATILITY;
    }

    /// @notice One up to half of what one side may hold, then rising to two: brackets are walked round with many accounts, this is not.
    function crowding(Market memory m, MarketConfig memory c) internal pure returns (uint256) {
        uint256 side = m.longInterest > m.shortInterest ? m.longInterest : m.shortInterest;
        if (side == 0) return ONE;
        unchecked {
            uint256 used = PoolMath.utilization(m.price.index, int256(side), PoolMath.equityOf(m, c), c.maxSidePpm);
            if (2 * used <= Fixed.WAD) return ONE;
            return used < Fixed.WAD ? (2 * used) / (Fixed.WAD / ONE) : 2 * ONE;
        }
    }

    /// @notice A ramp after `elapsed` seconds, at least one: at `target` if that is lower, else on its way there.
    function ramped(uint256 ramp, uint256 target, uint256 elapsed) internal pure returns (uint256) {
        if (target <= ramp) return target;
        unchecked {
            uint256 step = (ramp * elapsed * RAMP_PER_SECOND) / 1e9;
            // However low brackets that rose have set it, and however often it is touched: it arrives.
            if (step == 0) step = 1;
            return target - ramp > step ? ramp + step : target;
        }
    }
}
