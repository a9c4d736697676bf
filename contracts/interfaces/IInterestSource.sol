// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Where a funding model's interest comes from, if not from a fixed parameter
/// @notice Trusted like a parameter, but bounded: a model clamps what it reads, samples it once per accrual, uses the sample
/// for the time *after* it, and keeps the last one when the source fails.
interface IInterestSource {
    /// @notice Interest of holding the quote against the base: WAD per year, simple, either sign.
    function annualRate() external view returns (int256);
}
