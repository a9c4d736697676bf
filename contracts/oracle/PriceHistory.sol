// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Time-weighted accumulator ring
/// @notice The sample is constant between updates, so its time integral is piecewise linear and an average over any window inside the
/// history is exact, whatever the pace of updates. Each entry is a stretch of time that ends where the next one begins; the last
/// stretch is still open, and its sample is the caller's. Updates closer than `SPACING` share a stretch: the average then goes on
/// in a straight line inside it, and stays between the smallest and largest sample.
/// @dev Times fit 32 bits and samples 88, so the integral stays below 2^120: no sum here overflows. A stretch knows its own
/// length and average, so that one load places a time in it.
library PriceHistory {
    /// @dev Working copy of the head, one slot: 120 + 72 + 16 + 16 + 8 + 8 = 240 bits, low bits first.
    struct Head {
        /// Time integral up to the last update.
        uint256 cumulative;
        /// Annualised variance of the index, WAD.
        uint256 variance;
        /// Length of the newest stretch and of the one before, seconds, at most 65,535.
        uint256 length;
        uint256 pace;
        /// Next ring slot to write; stretches kept, at most 255.
        uint256 next;
        uint256 count;
    }

    /// @dev A stretch is one slot, low bits first: where it ends, seconds (32 bits); how long it is, seconds, at most 65,535 (16); the
    /// average of its samples, WAD, floor (88); the time integral of all samples up to its end (120).
    struct State {
        uint256 head;
        uint256[256] ring;
    }

    uint256 private constant KEPT = 255;
    uint256 private constant MAX_LENGTH = type(uint16).max;
    /// @dev 255 stretches of at least 8 s cover 2,040 s: both the 5 and the 30 minute window.
    uint256 internal constant SPACING = 8 seconds;

    /// @notice Working copy of the head.
    function loadHead(State storage self) internal view returns (Head memory head) {
        uint256 word = self.head;
        (head.cumulative, head.variance) = (uint120(word), uint72(word >> 120));
        (head.length, head.pace) = (uint16(word >> 192), uint16(word >> 208));
        (head.next, head.count) = (uint8(word >> 224), uint8(word >> 232));
    }

    /// @notice Close the stretch that began at the last update, and store the head.
    /// @param since time of the last update, seconds, before now.
    /// @param sample in force since then, WAD.
    function push(State storage self, Head memory head, uint256 since, uint256 sample) internal {
        unchecked {
            uint256 length = block.timestamp - since;
            uint256 slot = head.next;
            head.cumulative += sample * length;
            if (head.count != 0 && head.length < SPACING) {
                slot = uint8(slot - 1);
                sample = (_averageOf(self.ring[slot]) * head.length + sample * length) / (head.length + length);
                length += head.length;
            } else {
                head.pace = head.length;
                head.next = uint8(slot + 1);
                if (head.count < KEPT) ++head.count;
            }
            head.length = length < MAX_LENGTH ? length : MAX_LENGTH;
            self.ring[slot] = block.timestamp | (head.length << 32) | (sample << 48) | (head.cumulative << 136);
            self.head =
                head.cumulative |
                (head.variance << 120) |
                (head.length << 192) |
                (head.pace << 208) |
                (head.next << 224) |
                (head.count << 232);
        }
    }

    /// @notice Average of the samples over the window that ends now, WAD, floor.
    /// @param since time of the last update, seconds.
    /// @param sample in force since then, WAD.
    function average(
        State storage self,
        Head memory head,
        uint256 since,
        uint256 sample,
        uint256 windowSeconds
    ) internal view returns (uint256) {
        unchecked {
            uint256 start = block.timestamp - windowSeconds;
            if (start >= since) return sample;
            uint256 sum = head.cumulative + sample * (block.timestamp - since);
            return (sum - _cumulativeAt(self, head, since, start)) / windowSeconds;
        }
    }

    /// @notice How far back the history reaches, seconds, capped at `enough`: that much is seen without a load once there are
    /// enough stretches, each of which is at least `SPACING` long but the newest.
    /// @param since time of the last update, seconds; 0 = never.
    function reach(
        State storage self,
        Head memory head,
        uint256 since,
        uint256 enough
    ) internal view returns (uint256 age) {
        if (since == 0) return 0;
        unchecked {
            age = block.timestamp - since;
            if (age < enough && head.count != 0) {
                if ((head.count - 1) * SPACING >= enough) return enough;
                uint256 oldest = _at(self, head, 0);
                age = block.timestamp - _endOf(oldest) + _lengthOf(oldest);
            }
            return age < enough ? age : enough;
        }
    }

    /// @dev Integral up to a time inside the kept stretches. Updates come at an even pace, so the first guess counts back from the
    /// newest and the next one lies beside it; only then halves, which bounds the loads to 10.
    function _cumulativeAt(
        State storage self,
        Head memory head,
        uint256 since,
        uint256 time
    ) private view returns (uint256) {
        unchecked {
            (uint256 low, uint256 high) = (0, head.count - 1);
            uint256 place = _guess(head, since, time);
            for (uint256 probes = 1; ; ++probes) {
                uint256 s = _at(self, head, place);
                uint256 beside;
                if (_endOf(s) > time) {
                    bool inside = _endOf(s) - _lengthOf(s) <= time || place == low;
                    if (inside) return (s >> 136) - _averageOf(s) * (_endOf(s) - time);
                    (high, beside) = (place, place - 1);
                } else {
                    low = beside = place + 1;
                }
                place = probes == 1 ? beside : (low + high) / 2;
            }
            // Unreachable: the last place left is inside.
            return 0;
        }
    }

    /// @dev Place of the stretch around `time` if all were as long as the one before the newest.
    function _guess(Head memory head, uint256 since, uint256 time) private pure returns (uint256) {
        unchecked {
            uint256 newest = head.count - 1;
            if (time + head.length >= since || head.pace == 0) return newest;
            uint256 back = (since - head.length - time + head.pace - 1) / head.pace;
            return back > newest ? 0 : newest - back;
        }
    }

    /// @dev The stretch `place` steps after the oldest.
    function _at(State storage self, Head memory head, uint256 place) private view returns (uint256) {
        unchecked {
            return self.ring[uint8(head.next - head.count + place)];
        }
    }

    function _endOf(uint256 stretch) private pure returns (uint256) {
        return uint32(stretch);
    }

    function _lengthOf(uint256 stretch) private pure returns (uint256) {
        return uint16(stretch >> 32);
    }

    function _averageOf(uint256 stretch) private pure returns (uint256) {
        return uint88(stretch >> 48);
    }
}
