// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ISequencerGate, Sequencer} from "../interfaces/ISequencerGate.sol";

/// @title Sequencer state from a Chainlink uptime feed
/// @notice The feed answers 0 while the sequencer works and 1 while it does not; `startedAt` is when that began. `updatedAt`
/// is not read: some feeds refresh it, which would begin the grace again and again. A `startedAt` of zero is a round that has
/// not begun, a later one than now a clock that is wrong: both count as down. One gate serves all markets of a chain.
/// @custom:halt nothing to halt: read-only.
contract SequencerGate is ISequencerGate {
    /// @notice A grace of zero, or of more than a day.
    error GraceOutOfBounds(uint256 given, uint256 low, uint256 high);

    uint256 internal constant MAX_GRACE = 1 days;

    /// @notice The uptime feed that is read.
    IAggregatorV3 public immutable FEED;
    /// @notice How long after its return a sequencer is in grace, seconds.
    uint256 public immutable GRACE;

    /// @param feed uptime feed; it must let this contract read, which some feeds grant address by address.
    /// @param graceSeconds time that traders get to act after an outage before others may act on them, 1 to 86,400.
    constructor(IAggregatorV3 feed, uint256 graceSeconds) {
        if (graceSeconds == 0 || graceSeconds > MAX_GRACE) revert GraceOutOfBounds(graceSeconds, 1, MAX_GRACE);
        FEED = feed;
        GRACE = graceSeconds;
        feed.latestRoundData();
    }

    /// @inheritdoc ISequencerGate
    function state() external view returns (Sequencer) {
        (, int256 answer, uint256 startedAt, , ) = FEED.latestRoundData();
        if (answer != 0 || startedAt == 0 || startedAt > block.timestamp) return Sequencer.Down;
        return block.timestamp - startedAt <= GRACE ? Sequencer.Grace : Sequencer.Up;
    }
}
