// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Decay} from "../funding/Decay.sol";
import {LayeredMath, LayeredParams, LayeredWords} from "../funding/LayeredMath.sol";
import {Paths} from "../funding/Paths.sol";

/// @title Pure libraries of funding, callable: for differential tests against the Python twin
/// @notice Every function passes its arguments on unchecked; units and rounding are the library's.
/// @custom:halt nothing to halt: a test double.
contract FundingHarness {
    /// @notice See LayeredMath.
    function layeredTargets(
        LayeredParams calldata p,
        int256 premium,
        int256 utilization,
        uint256 sigma
    ) external pure returns (int256 interest, int256 base, int256 skew) {
        LayeredWords memory w = LayeredMath.pack(p);
        interest = LayeredMath.interest(w.interest, int256(p.interest), sigma);
        base = LayeredMath.premiumTarget(w.premium, w.bounds, premium, interest);
        skew = LayeredMath.skewTarget(w.skew, utilization);
    }

    /// @notice See LayeredMath.
    function layeredRelax(
        int256 layer,
        int256 goal,
        uint256 elapsed,
        uint256 tau
    ) external pure returns (int256, int256) {
        return LayeredMath.relax(layer, goal, elapsed, tau);
    }

    /// @notice See Decay.
    function decay(uint256 elapsed, uint256 tau) external pure returns (int256) {
        return Decay.factor(elapsed, tau);
    }

    /// @notice See Decay.
    function decayDuration(int256 gap, int256 left, uint256 tau) external pure returns (int256) {
        return Decay.duration(gap, left, tau);
    }

    /// @notice See Paths.
    function pathLine(
        int256 start,
        int256 speed,
        uint256 elapsed,
        int256 low,
        int256 high
    ) external pure returns (int256, int256) {
        return Paths.line(start, speed, elapsed, low, high);
    }

    /// @notice See Paths.
    function pathSpring(
        int256 start,
        int256 goal,
        uint256 tau,
        uint256 elapsed,
        int256 low,
        int256 high
    ) external pure returns (int256, int256) {
        return Paths.spring(start, goal, tau, elapsed, low, high);
    }
}
