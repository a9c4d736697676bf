// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title State word of the reference models: 128 + 64 + 40 bits from the low end
/// @notice The moving value (FINE units, or a sum of samples), the slow mean of the rate (WAD per 8 h) and the last sample of
/// an interest source (1e-12 per 8 h).
library ModelState {
    int256 private constant WAD = 1e18;

    /// @notice Pack. Every model bounds what it packs far inside the widths.
    function encode(int256 value, int256 mean, int256 sample) internal pure returns (bytes32) {
        return
            bytes32(
                uint256(uint128(int128(value))) |
                    (uint256(uint64(int64(mean))) << 128) |
                    (uint256(uint40(int40(sample))) << 192)
            );
    }

    /// @notice Unpack.
    function decode(bytes32 state) internal pure returns (int256 value, int256 mean, int256 sample) {
        uint256 word = uint256(state);
        return (int128(uint128(word)), int64(uint64(word >> 128)), int40(uint40(word >> 192)));
    }

    /// @notice Slow mean of the rate after `elapsed`: drawn to the middle of the rates at both ends, trunc.
    /// @dev Only shown and used as a measure of stress, never charged: it may depend on how often a market is touched.
    /// @param mean WAD. @param before rate at the start, WAD. @param afterwards rate at the end, WAD. @param elapsed seconds.
    /// @param tau seconds.
    function slowMean(
        int256 mean,
        int256 before,
        int256 afterwards,
        uint256 elapsed,
        uint256 tau
    ) internal pure returns (int256) {
        unchecked {
            int256 middle = (before + afterwards) / 2;
            return middle + ((mean - middle) * FixedPointMathLib.expWad(-int256((elapsed * 1e18) / tau))) / WAD;
        }
    }

    /// @notice (rate - mean) / unit, WAD, trunc.
    function deviation(int256 rate, int256 mean, uint256 unit) internal pure returns (int256) {
        unchecked {
            return ((rate - mean) * WAD) / int256(unit);
        }
    }
}
