// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What is known of a rollup's sequencer; what nobody knows counts as down.
enum Sequencer {
    Down,
    Grace,
    Up
}

/// @title Whether the sequencer of a rollup works
/// @notice While it does not, and for a while after, prices that look fresh are not what traders could act on. It may revert:
/// the reader then takes the sequencer for down.
interface ISequencerGate {
    /// @notice State of the sequencer now.
    /// @return Down; Grace = up, but only lately; or Up.
    function state() external view returns (Sequencer);
}
