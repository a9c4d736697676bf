// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Annualised EWMA volatility of clamped index returns
/// @notice var <- var * x + (r^2 * year / dt) * (1 - x), x = exp(-dt / tau), r the size of the return over the middle of the two prices, at most 10 %
/// (below 0.1 % of itself from the log return).
/// tau = 24 h / ln 2, a half-life of one day, as in the RiskMetrics family with time instead of sample weights.
/// @dev Prices are below 2^88, the clamped return below 2^57, variances below 2^67, a year below 2^25: no product overflows.
library Volatility {
    uint256 internal constant YEAR = 365 days;
    /// @dev 86,400 / ln 2 = 124,649.
    uint256 internal constant TAU = 124_649 seconds;
    uint256 internal constant MAX_RETURN = 0.1e18;
    /// @dev (1,000 % a year)^2, the top of what is reported.
    uint256 internal constant MAX_VARIANCE = 100e18;

    /// @notice Variance after one more return, WAD, floor.
    /// @param elapsed seconds since the last one, above 0.
    function update(
        uint256 variance_,
        uint256 priceBefore,
        uint256 priceAfter,
        uint256 elapsed
    ) internal pure returns (uint256) {
        unchecked {
            uint256 gap = priceAfter > priceBefore ? priceAfter - priceBefore : priceBefore - priceAfter;
            uint256 r = (2 * gap * Fixed.WAD) / (priceAfter + priceBefore);
            if (r > MAX_RETURN) r = MAX_RETURN;
            uint256 realised = (((r * r) / Fixed.WAD) * YEAR) / elapsed;
            uint256 keep = uint256(FixedPointMathLib.expWad(-int256((elapsed * Fixed.WAD) / TAU)));
            uint256 next = (variance_ * keep + realised * (Fixed.WAD - keep)) / Fixed.WAD;
            return next < MAX_VARIANCE ? next : MAX_VARIANCE;
        }
    }

    /// @notice Variance of a volatility in 1e-6 units, WAD, exact.
    function variance(uint256 sigma_) internal pure returns (uint256) {
        unchecked {
            return sigma_ * sigma_ * 1e6;
        }
    }

    /// @notice Volatility of a variance, 1e-6 units, floor.
    function sigma(uint256 variance_) internal pure returns (uint256) {
        return FixedPointMathLib.sqrt(variance_ * Fixed.WAD) / 1e12;
    }
}
