// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What touching a position did before anything else: the market's funding accrued, the position's was settled.
struct Settlement {
    /// State of the market's funding model after, opaque.
    bytes32 fundingState;
    /// What a long of one base paid since the market was touched last, RAY quote; negative: received.
    int256 perBase;
    /// What the position paid, quote WAD, ceil, the surplus included.
    uint256 paid;
    /// What it received, quote WAD, floor.
    uint256 received;
    /// Part of `paid` that its size tier added; it went to insurance.
    uint256 surplus;
}
