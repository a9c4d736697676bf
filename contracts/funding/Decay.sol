// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Exponential decay that can be cut into a thousand short steps
/// @notice `expWad` and `lnWad` are right to 1e-18 of one, which is much of the decay of one second at a time constant of a
/// month (4e-7). For short steps a series is right to 1e-17 of the decay itself. Factors have 30 decimals. trunc.
library Decay {
    int256 internal constant ONE = 1e30;
    int256 private constant ONE_PER_WAD = 1e12;

    /// @notice exp(-elapsed / tau), 30 decimals.
    /// @dev 1 - x (1 - x/2 (1 - x/3 (...))) up to x^7.
    /// @param elapsed seconds, below 2^32. @param tau time constant, seconds, above 0.
    function factor(uint256 elapsed, uint256 tau) internal pure returns (int256 left) {
        unchecked {
            int256 x = (int256(elapsed) * ONE) / int256(tau);
            if (x >= ONE / 64) return FixedPointMathLib.expWad(-(x / ONE_PER_WAD)) * ONE_PER_WAD;
            // Unrolled: every trade decays three layers. Nothing below zero, nothing near 2^255.
            assembly ("memory-safe") {
                left := sub(ONE, div(x, 7))
                left := sub(ONE, div(mul(x, left), 6000000000000000000000000000000))
                left := sub(ONE, div(mul(x, left), 5000000000000000000000000000000))
                left := sub(ONE, div(mul(x, left), 4000000000000000000000000000000))
                left := sub(ONE, div(mul(x, left), 3000000000000000000000000000000))
                left := sub(ONE, div(mul(x, left), 2000000000000000000000000000000))
                left := sub(ONE, div(mul(x, left), ONE))
            }
        }
    }

    /// @notice Seconds, 30 decimals, until `gap` has decayed to `left`: tau * ln(gap / left).
    /// @dev ln(gap / left) = 2 artanh(z), z = (gap - left) / (gap + left).
    /// @param gap at least `left`, below 2^128. @param left above 0. @param tau time constant, seconds.
    function duration(int256 gap, int256 left, uint256 tau) internal pure returns (int256) {
        unchecked {
            int256 z = ((gap - left) * ONE) / (gap + left);
            if (z >= ONE / 128) return int256(tau) * FixedPointMathLib.lnWad((gap * 1e18) / left) * ONE_PER_WAD;
            int256 square = (z * z) / ONE;
            int256 series = ONE / 3 + (square * (ONE / 5 + square / 7)) / ONE;
            return (2 * int256(tau) * z * (ONE + (square * series) / ONE)) / ONE;
        }
    }
}
