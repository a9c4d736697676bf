// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Fixed} from "../libraries/Fixed.sol";

/// @title Constant product anchored to the index
/// @notice With depth `D` and net trader position `q` (both base WAD, long positive) and index `P` (WAD):
///
///     value  V(q) = P * D * q / (D - q)        quote the traders together would receive by closing q
///     mark        = P * (D / (D - q))^2        marginal price
///     premium     = (D / (D - q))^2 - 1
///
/// Example: P = 10, D = 100, q = 0: 600 quote buy 37.5 base at 16 on average; the mark ends at 25.6.
/// @dev Requires q < D. D and |q| below 2^112, P below 2^88: every product below fits where it is not 512 bits wide.
library Curve {
    /// @dev Where the curve ends for reductions and liquidations: |q| <= 3/4 D, a mark of 16 or 0.33 times the index.
    uint256 internal constant HARD_SKEW_PPM = 750_000;

    /// @notice The net position takes the whole base reserve or more.
    error ReserveEmpty(uint256 depth, int256 skew);
    /// @notice The sale would need more quote than the curve holds, P * D.
    /// @param value V(q) that the sale asks for, quote WAD, negative.
    error QuoteExhausted(uint256 index, uint256 depth, int256 value);

    /// @notice ceil(V(q)), quote WAD.
    function valueCeil(uint256 index, uint256 depth, int256 skew) internal pure returns (int256) {
        if (skew == 0) return 0;
        unchecked {
            return Fixed.mulDivCeil(int256(index) * skew, depth, _reserve(depth, skew) * Fixed.WAD);
        }
    }

    /// @notice floor(V(q)), quote WAD.
    function valueFloor(uint256 index, uint256 depth, int256 skew) internal pure returns (int256) {
        if (skew == 0) return 0;
        unchecked {
            return Fixed.mulDivFloor(int256(index) * skew, depth, _reserve(depth, skew) * Fixed.WAD);
        }
    }

    /// @notice Quote to pay for moving the net position from `skew` to `skew + size`; negative = received.
    /// @dev ceil(V(q + d)) - floor(V(q)): never below the exact cost, at most 2 wei above it, whichever the sign, so
    /// that no closed path of trades gains. At most one wei above the ceil of the exact difference.
    function cost(uint256 index, uint256 depth, int256 skew, int256 size) internal pure returns (int256) {
        unchecked {
            return valueCeil(index, depth, skew + size) - valueFloor(index, depth, skew);
        }
    }

    /// @notice Largest base size that costs at most `quote` (negative `quote`: smallest sale that yields at least it).
    /// @dev Inverse of `cost`: with v = floor(V(q)) + quote, q' = floor(v * D / (P * D + v)).
    function sizeFor(uint256 index, uint256 depth, int256 skew, int256 quote) internal pure returns (int256) {
        int256 value = valueFloor(index, depth, skew) + quote;
        uint256 scaled = Fixed.abs(value) * Fixed.WAD;
        if (value >= 0) return int256(Fixed.mulDivFloor(scaled, depth, index * depth + scaled)) - skew;
        if (scaled >= index * depth) revert QuoteExhausted(index, depth, value);
        return -int256(Fixed.mulDivCeil(scaled, depth, index * depth - scaled)) - skew;
    }

    /// @notice Marginal price, WAD, floor.
    function mark(uint256 index, uint256 depth, int256 skew) internal pure returns (uint256) {
        uint256 reserve = _reserve(depth, skew);
        return Fixed.mulDivFloor(index, depth * depth, reserve * reserve);
    }

    /// @notice mark / index - 1, WAD, trunc.
    function premium(uint256 depth, int256 skew) internal pure returns (int256) {
        if (skew == 0) return 0;
        uint256 reserve = _reserve(depth, skew);
        unchecked {
            uint256 square = reserve * reserve;
            if (skew > 0) return int256(Fixed.mulDivFloor(Fixed.WAD, depth * depth - square, square));
            return -int256(Fixed.mulDivFloor(Fixed.WAD, square - depth * depth, square));
        }
    }

    /// @dev Base reserve D - q; reverts where the curve has none left.
    function _reserve(uint256 depth, int256 skew) private pure returns (uint256) {
        unchecked {
            int256 reserve = int256(depth) - skew;
            if (reserve <= 0) revert ReserveEmpty(depth, skew);
            return uint256(reserve);
        }
    }
}
