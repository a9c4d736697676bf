// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What can be done with a market; columns of the action matrix.
enum Action {
    AddMargin,
    Reduce,
    Open,
    Withdraw,
    Liquidate,
    PoolDeposit,
    PoolRedeem
}

/// @dev How good a price is, best first. `Stale10` and `Stale60` are named after the default limits.
enum Validity {
    Valid,
    Stale10,
    ShortTwap,
    Stale60,
    Uncertain,
    Volatile,
    SequencerGrace,
    Invalid
}
