// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Annualised EWMA volatility of clamped index returns
/// @notice var <- var * x + (r^2 * year / dt) * (1 - x), x = exp(-dt / tau), r the log return clamped to +-10 %.
/// tau = 24 h / ln 2, a half-life of one day, as in the RiskMetrics family with time instead of sample weights.
/// @dev Prices are below 2^88, the clamped return below 2^57, variances below 2^67, a year below 2^25: no product overflows.
library Volatility {
    uint256 internal constant YEAR = 365 days;
    /// @dev 86,400 / ln 2 = 124,649.
    uint256 internal constant TAU = 124_649 seconds;
    int256 internal constant MAX_RETURN = 0.1e18;
    /// @dev (1,000 % a year)^2, the top of what is reported.
    uint256 internal constant MAX_VARIANCE = 100e18;

    /// @notice Variance after one more return, WAD, floor.
    /// @param elapsed seconds since the last one, above 0.
    function update(
        uint256 variance,
        uint256 priceBefore,
        uint256 priceAfter,
        uint256 elapsed
    ) internal pure returns (uint256) {
        unchecked {
            int256 r = FixedPointMathLib.lnWad(int256((priceAfter * Fixed.WAD) / priceBefore));
            r = Fixed.max(-MAX_RETURN, Fixed.min(r, MAX_RETURN));
            uint256 realised = ((uint256(r * r) / Fixed.WAD) * YEAR) / elapsed;
            uint256 keep = uint256(FixedPointMathLib.expWad(-int256((elapsed * Fixed.WAD) / TAU)));
            uint256 next = (variance * keep + realised * (Fixed.WAD - keep)) / Fixed.WAD;
            return next < MAX_VARIANCE ? next : MAX_VARIANCE;
        }
    }

    /// @notice Volatility of a variance, 1e-9 units, floor.
    function sigma(uint256 variance) internal pure returns (uint40) {
        return uint40(FixedPointMathLib.sqrt(variance * Fixed.WAD) / 1e9);
    }
}
