// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {FundingInput, FundingRates, IFundingModel} from "../interfaces/IFundingModel.sol";
import {InterestMath} from "./interest/InterestMath.sol";
import {LayeredMath, LayeredParams, LayeredWords} from "./LayeredMath.sol";
import {Stability} from "./Stability.sol";

/// @title Keel's default funding model
/// @notice See LayeredMath for the formulas. State: three signed 72-bit layers (fast, slow, skew) in 1e-22 per 8 h,
/// and the last sample of an interest source, 40 bits in 1e-12 per 8 h.
/// @custom:halt nothing to halt: stateless.
contract LayeredFunding is IFundingModel {
    // What LayeredWords says.
    uint256 private immutable INTEREST;
    uint256 private immutable PREMIUM;
    uint256 private immutable SKEW;
    uint256 private immutable BOUNDS;
    uint256 private immutable GAIN;
    address private immutable INTEREST_SOURCE;

    /// @param p parameters; every one is checked against its bounds.
    constructor(LayeredParams memory p) {
        Stability.within("interestMax", p.interestMax, p.interest, 0.01e18);
        Stability.within("interestBeta", p.interestBeta, 0, 10e18);
        Stability.within("baseSigma", p.baseSigma, 0.01e18, 10e18);
        Stability.within("deadzone", p.deadzone, 0, 0.01e18);
        Stability.within("convexity", p.convexity, 0.0001e18, 1e18);
        Stability.within("premiumFactor", p.premiumFactor, 0, 10e18);
        Stability.within("kink", p.kink, 0.01e18, 0.99e18);
        Stability.within("kinkRate", p.kinkRate, 0, 0.1e18);
        Stability.within("slopeRate", p.slopeRate, 0, 0.1e18);
        uint256 headroom = p.kinkRate + p.slopeRate;
        Stability.within("capLongsPay", p.capLongsPay, headroom + p.interestMax, 0.1e18);
        Stability.within("capShortsPay", p.capShortsPay, headroom, 0.1e18);
        Stability.within("slowWeight", p.slowWeight, 0, 1e18);
        Stability.within("fastSeconds", p.fastSeconds, 1 minutes, 30 days);
        Stability.within("slowSeconds", p.slowSeconds, p.fastSeconds, 30 days);
        Stability.within("skewSeconds", p.skewSeconds, 1 minutes, 30 days);
        Stability.within("deviation", p.deviation, 0.000001e18, 0.01e18);
        Stability.within("gain", p.gain, 0.001e18, 1000e18);
        Stability.checkRolling(p.gain, LayeredMath.steepest(p));
        LayeredWords memory w = LayeredMath.pack(p);
        (INTEREST, PREMIUM, SKEW, BOUNDS) = (w.interest, w.premium, w.skew, w.bounds);
        (GAIN, INTEREST_SOURCE) = (p.gain, p.interestSource);
    }

    /// @notice The parameters of this instance.
    function params() public view returns (LayeredParams memory p) {
        p = LayeredMath.unpack(LayeredWords(INTEREST, PREMIUM, SKEW, BOUNDS));
        (p.gain, p.interestSource) = (GAIN, INTEREST_SOURCE);
    }

    /// @inheritdoc IFundingModel
    function initialState(FundingInput calldata input) external view returns (bytes32) {
        int256 sample = InterestMath.sample(INTEREST_SOURCE, 0);
        int256 base = LayeredMath.fromRate(_premiumTarget(input, _interest(input, sample)));
        int256 skew = LayeredMath.fromRate(LayeredMath.skewTarget(SKEW, input.utilization));
        return _encode(base, base, skew, sample);
    }

    /// @inheritdoc IFundingModel
    function accrue(
        FundingInput calldata input
    ) external view returns (bytes32 state, int256 integral, int256 deviation) {
        (int256 fast, int256 slow, int256 skew, int256 sample) = _layers(input.state);
        int256 goal = _premiumTarget(input, _interest(input, sample));
        int256 slowArea;
        (fast, integral) = LayeredMath.relax(fast, goal, input.elapsed, uint32(PREMIUM >> 192));
        (slow, slowArea) = LayeredMath.relax(slow, goal, input.elapsed, PREMIUM >> 224);
        deviation = LayeredMath.deviation(BOUNDS, fast, slow);
        integral = LayeredMath.weigh(BOUNDS, integral, slowArea);
        goal = LayeredMath.skewTarget(SKEW, input.utilization);
        (skew, slowArea) = LayeredMath.relax(skew, goal, input.elapsed, SKEW >> 192);
        unchecked {
            integral = LayeredMath.toIntegral(integral + slowArea);
        }
        if (INTEREST_SOURCE != address(0)) sample = InterestMath.sample(INTEREST_SOURCE, sample);
        state = _encode(fast, slow, skew, sample);
    }

    /// @inheritdoc IFundingModel
    function rates(FundingInput calldata input) external view returns (FundingRates memory r) {
        (int256 fast, int256 slow, int256 skew, int256 sample) = _layers(input.state);
        r.current = LayeredMath.toRate(LayeredMath.weigh(BOUNDS, fast, slow) + skew);
        r.interest = _interest(input, sample);
        r.target = _premiumTarget(input, r.interest) + LayeredMath.skewTarget(SKEW, input.utilization);
        (r.fast, r.slow) = (LayeredMath.toRate(fast), LayeredMath.toRate(slow));
    }

    /// @inheritdoc IFundingModel
    function caps() external view returns (uint256 longsPay, uint256 shortsPay) {
        LayeredParams memory p = params();
        return (p.capLongsPay, p.capShortsPay);
    }

    /// @dev What a state holds: the layers in 1e-22 per 8 h, the sample in 1e-12 per 8 h.
    /// @return fast follows the target of the premium with time constant `fastSeconds`.
    /// @return slow the same with `slowSeconds`.
    /// @return skew follows the target of the utilization with `skewSeconds`.
    /// @return sample last sample of the interest source.
    function _layers(bytes32 state) private pure returns (int256 fast, int256 slow, int256 skew, int256 sample) {
        assembly ("memory-safe") {
            fast := signextend(8, state)
            slow := signextend(8, shr(72, state))
            skew := signextend(8, shr(144, state))
            sample := sar(216, state)
        }
    }

    function _encode(int256 fast, int256 slow, int256 skew, int256 sample) private pure returns (bytes32 state) {
        assembly ("memory-safe") {
            let mask := 0xffffffffffffffffff
            state := or(or(and(fast, mask), shl(72, and(slow, mask))), or(shl(144, and(skew, mask)), shl(216, sample)))
        }
    }

    function _interest(FundingInput calldata input, int256 sample) private view returns (int256) {
        int256 base =
            INTEREST_SOURCE == address(0) ? int256(uint256(uint64(INTEREST))) : InterestMath.fromSample(sample);
        return LayeredMath.interest(INTEREST, base, input.sigma);
    }

    function _premiumTarget(FundingInput calldata input, int256 interest) private view returns (int256) {
        return LayeredMath.premiumTarget(PREMIUM, BOUNDS, input.premium, interest);
    }
}
