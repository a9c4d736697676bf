// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IOracleHub} from "../interfaces/IOracleHub.sol";

/// @title Time-weighted accumulator ring
/// @notice The sample price is constant between updates, so its time integral is piecewise linear and an average over any
/// window inside the history is exact. Updates closer than `SPACING` share an observation: the average then interpolates
/// inside that stretch and stays between the smallest and largest sample.
/// @dev Times fit 32 bits and samples 88, so the integral stays below 2^120: no sum here overflows.
library PriceHistory {
    /// @dev One slot: 32 + 128 = 160 bits.
    struct Observation {
        uint32 at;
        uint128 cumulative;
    }

    /// @dev Two slots: (32 + 88 + 128) + (72 + 88 + 32 + 16 + 16 + 16) bits.
    struct Head {
        /// Last update, seconds; the sample in force since; the time integral up to it.
        uint32 at;
        uint88 sample;
        uint128 cumulative;
        /// Annualised variance, WAD, and the index it was last updated with.
        uint72 variance;
        uint88 index;
        /// Time of the newest observation and its distance from the one before.
        uint32 observedAt;
        uint16 paceSeconds;
        /// Next ring slot to write; observations written, at most `SIZE`.
        uint16 next;
        uint16 count;
    }

    struct State {
        uint256 headLow;
        uint256 headHigh;
        Observation[256] ring;
    }

    uint256 internal constant SIZE = 256;
    /// @dev 256 observations of at least 8 s cover 2,040 s: both the 5 and the 30 minute window.
    uint256 internal constant SPACING = 8 seconds;

    /// @notice Working copy of the head, unpacked by hand: one load per word.
    function loadHead(State storage self) internal view returns (Head memory head) {
        uint256 word = self.headLow;
        (head.at, head.sample, head.cumulative) = (uint32(word), uint88(word >> 32), uint128(word >> 120));
        word = self.headHigh;
        (head.variance, head.index, head.observedAt) = (uint72(word), uint88(word >> 72), uint32(word >> 160));
        (head.paceSeconds, head.next, head.count) = (uint16(word >> 192), uint16(word >> 208), uint16(word >> 224));
    }

    /// @notice Store a head.
    function storeHead(State storage self, Head memory head) internal {
        self.headLow = uint256(head.at) | (uint256(head.sample) << 32) | (uint256(head.cumulative) << 120);
        self.headHigh =
            uint256(head.variance) |
            (uint256(head.index) << 72) |
            (uint256(head.observedAt) << 160) |
            (uint256(head.paceSeconds) << 192) |
            (uint256(head.next) << 208) |
            (uint256(head.count) << 224);
    }

    /// @notice Close the stretch since the last update and put `sample` in force; the caller stores the head.
    function push(State storage self, Head memory head, uint88 sample) internal {
        unchecked {
            head.cumulative = uint128(_cumulativeNow(head));
            (head.at, head.sample) = (uint32(block.timestamp), sample);
            uint256 pace = block.timestamp - head.observedAt;
            if (head.count != 0 && pace < SPACING) return;
            self.ring[head.next] = Observation(head.at, head.cumulative);
            head.paceSeconds = pace < type(uint16).max ? uint16(pace) : type(uint16).max;
            head.observedAt = head.at;
            head.next = uint16((head.next + 1) % SIZE);
            if (head.count < SIZE) ++head.count;
        }
    }

    /// @notice Average of the samples over the window that ends now, WAD, floor.
    function average(State storage self, Head memory head, uint256 windowSeconds) internal view returns (uint256) {
        unchecked {
            if (!covers(self, head, windowSeconds)) {
                uint256 covered = head.count == 0 ? 0 : block.timestamp - _oldestAt(self, head);
                revert IOracleHub.HistoryTooShort(windowSeconds, covered);
            }
            uint256 before = _cumulativeAt(self, head, block.timestamp - windowSeconds);
            return (_cumulativeNow(head) - before) / windowSeconds;
        }
    }

    /// @notice Whether the history reaches back over the window that ends now.
    /// @dev Observations are at least `SPACING` apart, so enough of them cover it unseen.
    function covers(State storage self, Head memory head, uint256 windowSeconds) internal view returns (bool) {
        unchecked {
            if (head.count == 0) return false;
            if ((uint256(head.count) - 1) * SPACING >= windowSeconds) return true;
            return block.timestamp - _oldestAt(self, head) >= windowSeconds;
        }
    }

    function _cumulativeNow(Head memory head) private view returns (uint256) {
        unchecked {
            return uint256(head.cumulative) + uint256(head.sample) * (block.timestamp - head.at);
        }
    }

    function _oldestAt(State storage self, Head memory head) private view returns (uint256 at) {
        (at, ) = _at(self, head, 0);
    }

    /// @dev The observation `place` steps after the oldest.
    function _at(State storage self, Head memory head, uint256 place) private view returns (uint256, uint256) {
        unchecked {
            uint256 oldest = head.count < SIZE ? 0 : head.next;
            Observation storage o = self.ring[(oldest + place) % SIZE];
            return (o.at, o.cumulative);
        }
    }

    /// @dev Along the line between the observations around `time`. Updates come at an even pace, so the first guess counts back
    /// from the newest and the next one lies beside it; only then halves, which bounds the reads to 10.
    function _cumulativeAt(State storage self, Head memory head, uint256 time) private view returns (uint256) {
        unchecked {
            (uint256 low, uint256 high) = (0, head.count);
            (uint256 from, uint256 sum) = (0, 0);
            (uint256 to, uint256 sumTo) = (block.timestamp, _cumulativeNow(head));
            uint256 place = _guess(head, time);
            for (uint256 probes = 1; high - low > 1; ++probes) {
                (uint256 at, uint256 cumulative) = _at(self, head, place);
                if (at <= time) (low, from, sum, place) = (place, at, cumulative, place + 1);
                else (high, to, sumTo, place) = (place, at, cumulative, place - 1);
                if (probes > 1 || place <= low || place >= high) place = (low + high) / 2;
            }
            if (from == 0) (from, sum) = _at(self, head, low);
            return to == from ? sum : sum + ((sumTo - sum) * (time - from)) / (to - from);
        }
    }

    /// @dev Place of the last observation at or before `time` if all came at the last one's pace; inside 1 .. count - 1.
    function _guess(Head memory head, uint256 time) private pure returns (uint256) {
        unchecked {
            uint256 newest = uint256(head.count) - 1;
            if (time >= head.observedAt || head.paceSeconds == 0) return newest;
            uint256 back = (head.observedAt - time + head.paceSeconds - 1) / head.paceSeconds;
            return back >= newest ? 1 : newest - back;
        }
    }
}
