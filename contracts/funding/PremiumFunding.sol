// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {FundingInput, FundingRates, IFundingModel} from "../interfaces/IFundingModel.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Decay} from "./Decay.sol";
import {InterestMath} from "./interest/InterestMath.sol";
import {ModelState} from "./ModelState.sol";
import {Paths} from "./Paths.sol";
import {PremiumMath, PremiumParams, Smoothing} from "./PremiumMath.sol";
import {Stability} from "./Stability.sol";

/// @title Funding as BitMEX and Binance charge it, and as its literal scaled form
/// @notice See PremiumMath for the formulas, Smoothing for the modes, ModelState for the state: its value is the average
/// premium (Exponential), the rate (Slew) or the sum of the interval's samples (Interval, WeightedInterval).
/// @custom:halt nothing to halt: stateless.
contract PremiumFunding is IFundingModel {
    /// @dev A time over which everything the rate depends on is constant; WAD and seconds.
    struct Spell {
        int256 premium;
        int256 interest;
        uint256 since;
        uint256 elapsed;
    }

    /// @dev Where the parameters are kept, as code: one cold account instead of a cold slot each.
    address private immutable PARAMS;

    /// @param p parameters; every one is checked against its bounds.
    constructor(PremiumParams memory p) {
        Stability.within("interestMax", p.interestMax, p.interest, 0.01e18);
        Stability.within("interestBeta", p.interestBeta, 0, 10e18);
        Stability.within("baseSigma", p.baseSigma, 0.01e18, 10e18);
        Stability.within("deadzone", p.deadzone, 0, 0.01e18);
        Stability.within("premiumFactor", p.premiumFactor, 0, 10e18);
        Stability.within("premiumMax", p.premiumMax, 0.001e18, 1e18);
        Stability.within("scaling", p.scaling, 0, 10e18);
        Stability.within("capLongsPay", p.capLongsPay, p.interestMax, 0.1e18);
        Stability.within("capShortsPay", p.capShortsPay, p.interestMax, 0.1e18);
        Stability.within("smoothingSeconds", p.smoothingSeconds, 1 minutes, 30 days);
        Stability.within("offsetSeconds", p.offsetSeconds, 0, p.smoothingSeconds - 1);
        Stability.within("deviation", p.deviation, 0.000001e18, 0.01e18);
        Stability.within("meanSeconds", p.meanSeconds, 1 hours, 90 days);
        Stability.within("gain", p.gain, 0.001e18, 1000e18);
        uint256 slope = p.scaling == 0 ? p.premiumFactor : p.scaling;
        if (p.smoothing < Smoothing.Interval) Stability.checkRolling(p.gain, slope);
        else Stability.checkHeld(p.gain, slope, p.smoothingSeconds);
        PARAMS = SSTORE2.write(abi.encode(p));
    }

    /// @notice The parameters of this instance.
    function params() public view returns (PremiumParams memory) {
        return abi.decode(SSTORE2.read(PARAMS), (PremiumParams));
    }

    /// @inheritdoc IFundingModel
    function initialState(FundingInput calldata input) external view returns (bytes32) {
        PremiumParams memory p = params();
        int256 sample = InterestMath.sample(p.interestSource, 0);
        Spell memory s = _spell(p, input, sample);
        int256 rate = PremiumMath.rateOf(p, s.premium, s.interest);
        int256 value;
        if (p.smoothing == Smoothing.Exponential) value = s.premium * Paths.FINE_PER_WAD;
        else if (p.smoothing == Smoothing.Slew) value = rate * Paths.FINE_PER_WAD;
        else if (p.smoothing >= Smoothing.Interval) value = s.premium * PremiumMath.weight(p, 0, _position(p, s.since));
        return ModelState.encode(value, rate, sample);
    }

    /// @inheritdoc IFundingModel
    function accrue(FundingInput calldata input) external view returns (bytes32, int256 integral, int256 deviation) {
        PremiumParams memory p = params();
        (int256 value, int256 mean, int256 sample) = ModelState.decode(input.state);
        Spell memory s = _spell(p, input, sample);
        int256 before = _telling(p, s, _rate(p, s, value, 0), mean, 0);
        (value, integral) = _advance(p, s, value);
        integral = Paths.toIntegral(integral);
        int256 rate = _telling(p, s, _rate(p, s, value, s.elapsed), mean, s.elapsed);
        mean = ModelState.slowMean(mean, before, rate, s.elapsed, p.meanSeconds);
        deviation = ModelState.deviation(rate, mean, p.deviation);
        return (ModelState.encode(value, mean, InterestMath.sample(p.interestSource, sample)), integral, deviation);
    }

    /// @inheritdoc IFundingModel
    function rates(FundingInput calldata input) external view returns (FundingRates memory r) {
        PremiumParams memory p = params();
        (int256 value, int256 mean, int256 sample) = ModelState.decode(input.state);
        Spell memory s = _spell(p, input, sample);
        r.interest = s.interest;
        r.current = _rate(p, s, value, 0);
        r.target = PremiumMath.rateOf(p, s.premium, s.interest);
        (r.fast, r.slow) = (r.current, mean);
    }

    /// @inheritdoc IFundingModel
    function caps() external view returns (uint256 longsPay, uint256 shortsPay) {
        PremiumParams memory p = params();
        return (p.capLongsPay, p.capShortsPay);
    }

    /// @dev Value at the end and integral of the rate, FINE * seconds.
    function _advance(PremiumParams memory p, Spell memory s, int256 value) private pure returns (int256, int256 area) {
        if (p.smoothing >= Smoothing.Interval) return _pay(p, s, value);
        int256 unit = Paths.FINE_PER_WAD;
        if (p.smoothing == Smoothing.Exponential) {
            area = PremiumMath.springArea(p, value, s.premium, s.interest, s.elapsed);
            int256 decay = Decay.factor(s.elapsed, p.smoothingSeconds);
            return (s.premium * unit + ((value - s.premium * unit) * decay) / Decay.ONE, area);
        }
        int256 goal = PremiumMath.rateOf(p, s.premium, s.interest) * unit;
        if (p.smoothing == Smoothing.Spot) return (0, goal * int256(s.elapsed));
        int256 speed = (int256(p.capLongsPay + p.capShortsPay) * unit * 1 hours) / int256(p.smoothingSeconds);
        if (goal > value) return Paths.line(value, speed, s.elapsed, -type(int128).max, goal);
        return Paths.line(value, -speed, s.elapsed, goal, type(int128).max);
    }

    /// @dev Intervals that end inside the spell pay at their ends: the first on what was sampled before and now, whole ones
    /// after it on the premium alone.
    function _pay(PremiumParams memory p, Spell memory s, int256 sum) private pure returns (int256, int256 area) {
        uint256 interval = p.smoothingSeconds;
        uint256 start = _position(p, s.since);
        uint256 end = start + s.elapsed;
        if (end < interval) return (sum + s.premium * PremiumMath.weight(p, start, end), 0);
        sum += s.premium * PremiumMath.weight(p, start, interval);
        area = PremiumMath.rateOf(p, sum / PremiumMath.weight(p, 0, interval), s.interest);
        area += PremiumMath.rateOf(p, s.premium, s.interest) * int256(end / interval - 1);
        area *= int256(interval) * Paths.FINE_PER_WAD;
        return (s.premium * PremiumMath.weight(p, 0, end % interval), area);
    }

    /// @dev Rate `after_` seconds into the spell: of the average, of the interval so far, or the slewed one.
    function _rate(PremiumParams memory p, Spell memory s, int256 value, uint256 after_) private pure returns (int256) {
        if (p.smoothing == Smoothing.Slew) return value / Paths.FINE_PER_WAD;
        int256 premium = s.premium;
        if (p.smoothing == Smoothing.Exponential) premium = value / Paths.FINE_PER_WAD;
        if (p.smoothing >= Smoothing.Interval) {
            int256 sampled = PremiumMath.weight(p, 0, _position(p, s.since + after_));
            if (sampled != 0) premium = value / sampled;
        }
        return PremiumMath.rateOf(p, premium, s.interest);
    }

    /// @dev The rate as far as it tells of stress: an interval's average counts as far as the interval has gone, or a single sample
    /// at its beginning would look like a spike.
    function _telling(
        PremiumParams memory p,
        Spell memory s,
        int256 rate,
        int256 mean,
        uint256 after_
    ) private pure returns (int256) {
        if (p.smoothing < Smoothing.Interval) return rate;
        uint256 gone = _position(p, s.since + after_);
        return mean + ((rate - mean) * int256(gone)) / int256(p.smoothingSeconds);
    }

    /// @dev Seconds since the interval began.
    function _position(PremiumParams memory p, uint256 at) private pure returns (uint256) {
        return (at + p.smoothingSeconds - p.offsetSeconds) % p.smoothingSeconds;
    }

    /// @param sample last sample of the interest source.
    function _spell(
        PremiumParams memory p,
        FundingInput calldata input,
        int256 sample
    ) private pure returns (Spell memory s) {
        int256 most = int256(p.premiumMax);
        s.premium = Fixed.max(-most, Fixed.min(most, input.premium));
        int256 base = p.interestSource == address(0) ? int256(p.interest) : InterestMath.fromSample(sample);
        s.interest = InterestMath.adjusted(base, p.interestBeta, p.baseSigma, p.interestMax, input.sigma);
        (s.since, s.elapsed) = (input.since, input.elapsed);
    }
}
