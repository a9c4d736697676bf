// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Roles of the access manager
/// @notice Ids used when the deployment wires selectors to roles.
library Roles {
    /// @dev Lists markets, sets parameters and feeds, reopens markets; held by the timelock. Cannot touch balances, cannot
    /// change the core's code, cannot set a parameter outside its bounds.
    uint64 internal constant GOVERNOR = 1;
    /// @dev Makes a market reduce-only. Cannot block reductions, margin or liquidations, cannot loosen anything.
    uint64 internal constant GUARDIAN = 2;
}
