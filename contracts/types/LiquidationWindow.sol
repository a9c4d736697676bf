// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What liquidations have pushed through a market's curve lately. One slot.
struct LiquidationWindow {
    /// Quote WAD at the index when it was pushed; falls to zero at an even pace, see LiquidationMath.
    uint128 pushed;
    /// Time up to which it has fallen, seconds.
    uint64 at;
}
