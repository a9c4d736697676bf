// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccountId} from "./AccountId.sol";
import {Resolution, ResolutionMark} from "./Resolution.sol";

/// @dev An amount that is added to, and falls to zero at an even pace, see LiquidationMath. One slot.
struct Window {
    /// Quote WAD.
    uint128 amount;
    /// Time up to which it has fallen, seconds.
    uint64 at;
}

/// @dev What only liquidations keep of a market.
struct LiquidationBook {
    /// Value pushed through the curve, at the index when it was pushed; empties in five minutes.
    Window pushed;
    /// What the pool paid for debts; forgotten in a day.
    Window losses;
    /// The present or last resolution, and who has been through it.
    Resolution resolution;
    mapping(AccountId id => ResolutionMark) marks;
    /// Whether a resolution made the market reduce-only, until governance reopens it.
    bool held;
}
