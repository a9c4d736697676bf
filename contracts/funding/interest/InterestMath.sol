// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInterestSource} from "../../interfaces/IInterestSource.sol";

/// @title The interest component of a funding rate
/// @notice i = clamp(i0 * (1 + beta * max(0, sigma / sigma0 - 1)), -iMax, iMax), i0 fixed or sampled from a source.
/// Rates are WAD per 8 h; a sample is kept in 1e-12 per 8 h, 40 bits. Example: 1 bp at 60 %, beta 0.5, sigma0 60 % gives
/// 1.5 bp at 120 % and 3 bp at 300 %; 0.05 % a year is 4.5662e-7 per 8 h.
library InterestMath {
    /// @dev 8-hour periods in a year of 365 days.
    int256 private constant PERIODS = 1095;
    int256 private constant WAD_PER_SAMPLE = 1e6;
    int256 private constant WAD = 1e18;
    uint256 private constant STIPEND = 100_000;

    /// @notice Interest at a volatility, trunc.
    /// @param base i0. @param beta WAD. @param baseSigma sigma0, WAD. @param most iMax, below 2^63. @param sigma WAD, below 2^70.
    function adjusted(
        int256 base,
        uint256 beta,
        uint256 baseSigma,
        uint256 most,
        uint256 sigma
    ) internal pure returns (int256 i) {
        assembly ("memory-safe") {
            i := base
            if gt(sigma, baseSigma) {
                let excess := div(mul(sub(sigma, baseSigma), WAD), baseSigma)
                i := add(i, sdiv(mul(i, div(mul(beta, excess), WAD)), WAD))
            }
            if sgt(i, most) {
                i := most
            }
            if slt(i, sub(0, most)) {
                i := sub(0, most)
            }
        }
    }

    /// @notice What a source says now, per 8 h in 1e-12 units, trunc; the last sample if it fails or says nonsense.
    /// @param source zero: none, the sample is 0.
    /// @param last sample before.
    function sample(address source, int256 last) internal view returns (int256) {
        if (source == address(0)) return 0;
        bytes memory question = abi.encodeCall(IInterestSource.annualRate, ());
        bool answered;
        int256 annual;
        // At most one word is copied: a source that answers with a bomb of data costs no more than one that does not.
        assembly ("memory-safe") {
            answered := staticcall(STIPEND, source, add(question, 0x20), mload(question), 0x00, 0x20)
            answered := and(answered, gt(returndatasize(), 0x1f))
            annual := mload(0x00)
        }
        if (!answered) return last;
        if (annual > 100 * WAD || annual < -100 * WAD) return last;
        return annual / PERIODS / WAD_PER_SAMPLE;
    }

    /// @notice i0 of a sample, WAD per 8 h.
    function fromSample(int256 sample_) internal pure returns (int256) {
        unchecked {
            return sample_ * WAD_PER_SAMPLE;
        }
    }
}
