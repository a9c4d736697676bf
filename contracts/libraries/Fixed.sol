// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Fixed-point units and the three rounding words
/// @notice `floor` is towards minus infinity, `ceil` towards plus infinity, `trunc` towards zero, for either sign.
library Fixed {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant RAY = 1e27;
    uint256 internal constant PPM = 1e6;
    uint256 internal constant BPS = 1e4;

    /// @notice floor(a * b / d) with a 512-bit product.
    function mulDivFloor(uint256 a, uint256 b, uint256 d) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(a, b, d);
    }

    /// @notice ceil(a * b / d) with a 512-bit product.
    function mulDivCeil(uint256 a, uint256 b, uint256 d) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDivUp(a, b, d);
    }

    /// @notice ceil(a / d); d is not zero.
    function divCeil(uint256 a, uint256 d) internal pure returns (uint256 q) {
        assembly ("memory-safe") {
            q := add(div(a, d), iszero(iszero(mod(a, d))))
        }
    }

    /// @notice floor(a / d) of a signed dividend: -1 / 2 = -1; d is not zero and below 2^255.
    function divFloor(int256 a, uint256 d) internal pure returns (int256 q) {
        assembly ("memory-safe") {
            q := sub(sdiv(a, d), slt(smod(a, d), 0))
        }
    }

    /// @notice floor(a * b / d) of a signed factor: -1 * 1 / 2 = -1.
    function mulDivFloor(int256 a, uint256 b, uint256 d) internal pure returns (int256) {
        unchecked {
            return a >= 0 ? int256(mulDivFloor(uint256(a), b, d)) : -int256(mulDivCeil(uint256(-a), b, d));
        }
    }

    /// @notice ceil(a * b / d) of a signed factor: -1 * 1 / 2 = 0.
    function mulDivCeil(int256 a, uint256 b, uint256 d) internal pure returns (int256) {
        unchecked {
            return a >= 0 ? int256(mulDivCeil(uint256(a), b, d)) : -int256(mulDivFloor(uint256(-a), b, d));
        }
    }

    /// @notice trunc(a * b / d) of a signed factor.
    function mulDivTrunc(int256 a, uint256 b, uint256 d) internal pure returns (int256) {
        return a >= 0 ? int256(mulDivFloor(uint256(a), b, d)) : -int256(mulDivFloor(uint256(-a), b, d));
    }

    /// @notice |a|.
    function abs(int256 a) internal pure returns (uint256) {
        return FixedPointMathLib.abs(a);
    }

    /// @notice The smaller of two signed values.
    function min(int256 a, int256 b) internal pure returns (int256) {
        return FixedPointMathLib.min(a, b);
    }

    /// @notice The larger of two signed values.
    function max(int256 a, int256 b) internal pure returns (int256) {
        return FixedPointMathLib.max(a, b);
    }
}
