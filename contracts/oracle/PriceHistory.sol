// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IOracleHub} from "../interfaces/IOracleHub.sol";

/// @title Time-weighted accumulator ring
/// @notice The sample price is constant between updates, so its time integral is piecewise linear and an average over any
/// window inside the history is exact. Updates closer than `SPACING` share an observation: the average then interpolates
/// inside that stretch and stays between the smallest and largest sample.
library PriceHistory {
    /// @dev One slot: 32 + 128 = 160 bits.
    struct Observation {
        uint32 at;
        uint128 cumulative;
    }

    /// @dev Two slots: (32 + 88 + 128) + (96 + 16 + 16 + 88) bits.
    struct Head {
        /// Last update, seconds; the sample in force since; the time integral up to it.
        uint32 at;
        uint88 sample;
        uint128 cumulative;
        /// Annualised variance, WAD; next ring slot to write; observations written, at most `SIZE`; last index.
        uint96 variance;
        uint16 next;
        uint16 count;
        uint88 index;
    }

    struct State {
        Head head;
        Observation[256] ring;
    }

    uint256 internal constant SIZE = 256;
    /// @dev 256 observations of at least 8 s cover 2,040 s: both the 5 and the 30 minute window.
    uint256 internal constant SPACING = 8 seconds;

    /// @notice Close the stretch since the last update and put `sample` in force; the caller stores the head.
    function push(State storage self, Head memory head, uint88 sample) internal {
        uint32 now_ = uint32(block.timestamp);
        head.cumulative = uint128(_cumulativeNow(head));
        (head.at, head.sample) = (now_, sample);
        uint256 next = head.next;
        if (head.count != 0 && now_ - self.ring[(next + SIZE - 1) % SIZE].at < SPACING) return;
        self.ring[next] = Observation(now_, head.cumulative);
        head.next = uint16((next + 1) % SIZE);
        if (head.count < SIZE) ++head.count;
    }

    /// @notice Average of the samples over the window that ends now, WAD, floor.
    function average(State storage self, Head memory head, uint256 windowSeconds) internal view returns (uint256) {
        uint256 covered = coverage(self, head);
        if (covered < windowSeconds) revert IOracleHub.HistoryTooShort(windowSeconds, covered);
        uint256 before = _cumulativeAt(self, head, block.timestamp - windowSeconds);
        return (_cumulativeNow(head) - before) / windowSeconds;
    }

    /// @notice Seconds of history that end now.
    function coverage(State storage self, Head memory head) internal view returns (uint256) {
        return head.count == 0 ? 0 : block.timestamp - _at(self, head, 0).at;
    }

    function _cumulativeNow(Head memory head) private view returns (uint256) {
        return head.at == 0 ? 0 : uint256(head.cumulative) + uint256(head.sample) * (block.timestamp - head.at);
    }

    /// @dev The observation `place` steps after the oldest.
    function _at(State storage self, Head memory head, uint256 place) private view returns (Observation memory) {
        uint256 oldest = head.count < SIZE ? 0 : head.next;
        return self.ring[(oldest + place) % SIZE];
    }

    /// @dev Along the line between the observations around `time`. Updates come at an even pace, so the first guess is
    /// proportional to time and the next one beside it; only then halves, which bounds the reads to 10.
    function _cumulativeAt(State storage self, Head memory head, uint256 time) private view returns (uint256) {
        (uint256 low, uint256 high) = (0, head.count);
        Observation memory before = _at(self, head, 0);
        Observation memory after_ = Observation(uint32(block.timestamp), uint128(_cumulativeNow(head)));
        for (uint256 probes; high - low > 1; ++probes) {
            uint256 place = (low + high) / 2;
            if (probes < 2 && after_.at > before.at) {
                place = low + (time - before.at) * (high - low) / (after_.at - before.at);
                place = place <= low ? low + 1 : place >= high ? high - 1 : place;
            }
            Observation memory middle = _at(self, head, place);
            if (middle.at <= time) (low, before) = (place, middle);
            else (high, after_) = (place, middle);
        }
        if (after_.at == before.at) return before.cumulative;
        uint256 rise = after_.cumulative - before.cumulative;
        return before.cumulative + rise * (time - before.at) / (after_.at - before.at);
    }
}
