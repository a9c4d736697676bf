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

    /// @dev Two slots of head, then the ring.
    struct State {
        /// Last update, seconds, the sample in force since, and the time integral up to it. 32 + 88 + 128 = 248 bits.
        uint32 at;
        uint88 sample;
        uint128 cumulative;
        /// Annualised variance, WAD; next ring slot to write; observations written so far, at most `SIZE`; last index.
        uint96 variance;
        uint16 next;
        uint16 count;
        uint88 index;
        Observation[256] ring;
    }

    uint256 internal constant SIZE = 256;
    /// @dev 256 observations of at least 8 s cover 2,040 s: both the 5 and the 30 minute window.
    uint256 internal constant SPACING = 8 seconds;

    /// @notice Close the stretch since the last update and put `sample` in force.
    function push(State storage self, uint88 sample) internal {
        uint32 now_ = uint32(block.timestamp);
        uint128 cumulative = _cumulativeNow(self);
        bool first = self.at == 0;
        (self.at, self.sample, self.cumulative) = (now_, sample, cumulative);
        uint16 next = self.next;
        if (!first && now_ - self.ring[(next + SIZE - 1) % SIZE].at < SPACING) return;
        self.ring[next] = Observation(now_, cumulative);
        self.next = uint16((next + 1) % SIZE);
        if (self.count < SIZE) ++self.count;
    }

    /// @notice Average of the samples over the window that ends now, WAD, floor.
    function average(State storage self, uint256 windowSeconds) internal view returns (uint256) {
        uint256 start = block.timestamp - windowSeconds;
        uint256 count = self.count;
        uint256 oldest = count < SIZE ? 0 : self.next;
        uint256 oldestAt = count == 0 ? block.timestamp : self.ring[oldest].at;
        if (oldestAt > start) revert IOracleHub.HistoryTooShort(windowSeconds, block.timestamp - oldestAt);
        return (_cumulativeNow(self) - _cumulativeAt(self, start, oldest, count)) / windowSeconds;
    }

    /// @notice Seconds of history that end now.
    function coverage(State storage self) internal view returns (uint256) {
        uint256 count = self.count;
        return count == 0 ? 0 : block.timestamp - self.ring[count < SIZE ? 0 : self.next].at;
    }

    function _cumulativeNow(State storage self) private view returns (uint128) {
        return self.at == 0 ? 0 : self.cumulative + uint128(self.sample) * uint128(block.timestamp - self.at);
    }

    /// @dev Binary search for the last observation at or before `time`, then along the line to the next one.
    function _cumulativeAt(State storage self, uint256 time, uint256 oldest, uint256 count)
        private
        view
        returns (uint256)
    {
        uint256 low;
        uint256 high = count - 1;
        while (low < high) {
            uint256 middle = (low + high + 1) / 2;
            if (self.ring[(oldest + middle) % SIZE].at <= time) low = middle;
            else high = middle - 1;
        }
        Observation memory before = self.ring[(oldest + low) % SIZE];
        if (before.at == time) return before.cumulative;
        (uint256 afterAt, uint256 afterCumulative) = low == count - 1
            ? (block.timestamp, uint256(_cumulativeNow(self)))
            : (uint256(self.ring[(oldest + low + 1) % SIZE].at), self.ring[(oldest + low + 1) % SIZE].cumulative);
        uint256 slope = afterCumulative - before.cumulative;
        return before.cumulative + slope * (time - before.at) / (afterAt - before.at);
    }
}
