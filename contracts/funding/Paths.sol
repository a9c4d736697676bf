// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Decay} from "./Decay.sol";

/// @title Exact integrals of a clamped value that moves along a line or an exponential
/// @notice A rate that depends on time only through one of these paths has an integral in closed form, so cutting the time
/// into pieces changes nothing but rounding, across the clamps and across zero too. Values are in FINE units (1e-28 per
/// 8 h), areas in FINE * seconds; values below 2^98 in size, speeds and times below 2^96 and 2^32, so nothing here overflows.
/// trunc.
library Paths {
    /// @dev Finer than WAD so that a thousand short steps lose nothing visible, even of a rate that hardly moves.
    int256 internal constant FINE_PER_WAD = 1e10;
    int256 private constant HOUR = 1 hours;
    int256 private constant FINE_PER_RAY = 10;
    int256 private constant EIGHT_HOURS = 8 hours;

    /// @notice A value that moves at constant speed: z(t) = start + speed * t.
    /// @dev The area of the line, or of `high` less the triangle that the line leaves below it, plus the triangle below `low`.
    /// @param start value at the start; it may lie outside the clamps.
    /// @param speed FINE units per hour, either sign.
    /// @param elapsed seconds.
    /// @param low lower clamp. @param high upper clamp, at least `low`.
    /// @return end clamped value at the end.
    /// @return area integral of the clamped value.
    function line(
        int256 start,
        int256 speed,
        uint256 elapsed,
        int256 low,
        int256 high
    ) internal pure returns (int256 end, int256 area) {
        unchecked {
            if (speed < 0) {
                (end, area) = line(-start, -speed, elapsed, -high, -low);
                return (-end, -area);
            }
            int256 time = int256(elapsed);
            end = start + (speed * time) / HOUR;
            if (start >= high) return (high, high * time);
            if (end <= low) return (low, low * time);
            if (end > high) (end, area) = (high, high * time - _triangle(high - start, speed));
            else area = start * time + (speed * time * time) / (2 * HOUR);
            if (start < low) area += _triangle(low - start, speed);
        }
    }

    /// @notice A value drawn to a goal: z(t) = goal + (start - goal) * exp(-t / tau).
    /// @dev The area of the exponential, or of `low` plus the excess over it until it is met, less the excess over `high`.
    /// @param start value at the start; it may lie outside the clamps, as may the goal.
    /// @param goal where it goes.
    /// @param tau time constant, seconds, above 0.
    /// @param elapsed seconds.
    /// @param low lower clamp. @param high upper clamp, at least `low`.
    /// @return end clamped value at the end.
    /// @return area integral of the clamped value.
    function spring(
        int256 start,
        int256 goal,
        uint256 tau,
        uint256 elapsed,
        int256 low,
        int256 high
    ) internal pure returns (int256 end, int256 area) {
        unchecked {
            if (goal > start) {
                (end, area) = spring(-start, -goal, tau, elapsed, -high, -low);
                return (-end, -area);
            }
            int256 time = int256(elapsed);
            if (start <= low) return (low, low * time);
            if (goal >= high) return (high, high * time);
            int256 gap = start - goal;
            int256 decay = Decay.factor(elapsed, tau);
            end = goal + (gap * decay) / Decay.ONE;
            if (end >= high) return (high, high * time);
            if (end < low) (end, area) = (low, low * time + _excess(gap, low - goal, tau));
            else area = goal * time + (gap * int256(tau) * (Decay.ONE - decay)) / Decay.ONE;
            if (start > high) area -= _excess(gap, high - goal, tau);
        }
    }

    /// @notice FINE * seconds to RAY * 8 hours, trunc.
    function toIntegral(int256 area) internal pure returns (int256) {
        unchecked {
            return area / (FINE_PER_RAY * EIGHT_HOURS);
        }
    }

    /// @dev Area of the triangle that a line cuts off: height^2 / (2 * speed).
    function _triangle(int256 height, int256 speed) private pure returns (int256) {
        unchecked {
            return (height * height * (HOUR / 2)) / speed;
        }
    }

    /// @dev Area of an exponential over a clamp until the clamp is met.
    /// @param gap from the goal at the start. @param left from the goal at the clamp, above 0.
    function _excess(int256 gap, int256 left, uint256 tau) private pure returns (int256) {
        unchecked {
            return int256(tau) * (gap - left) - (left * Decay.duration(gap, left, tau)) / Decay.ONE;
        }
    }
}
