// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {FundingInput, FundingRates, IFundingModel} from "../interfaces/IFundingModel.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {ModelState} from "./ModelState.sol";
import {Paths} from "./Paths.sol";
import {Stability} from "./Stability.sol";

/// @dev Parameters of the adaptive model. Rates are WAD per 8 h.
struct AdaptiveParams {
    /// Rise of the rate per hour, per unit of imbalance.
    uint256 increase;
    /// Fall of the rate per hour, whatever the imbalance.
    uint256 decrease;
    /// Imbalance above which the rate rises, and below which it falls, WAD; between them it rests.
    uint256 increaseThreshold;
    uint256 decreaseThreshold;
    /// Least and most that the crowded side pays.
    uint256 rateMin;
    uint256 rateMax;
    /// Standard deviation of the rate, and time constant of its slow mean, seconds.
    uint256 deviation;
    uint256 meanSeconds;
}

/// @title Funding that adapts until the sides balance
/// @notice With the imbalance d = |L - S| / (L + S): while the rate points at the larger side it rises by d * increase where
/// d > increaseThreshold, falls by `decrease` to zero where d < decreaseThreshold, rests between; while it points at the
/// smaller side it moves over by d * increase. Charged is the rate, its size clamped to rateMin .. rateMax; at zero it points
/// at the larger side. Source: GMX v2, which charges the last rate for the whole gap; here the path is integrated exactly.
/// It hunts: the rate moves on until the imbalance has turned. With a decreaseThreshold a slightly larger side can pay less.
/// Example (90 % a year per 3 h, 60 against 40): 6 % a year after one hour, the cap of 90 % after 15.
/// @custom:halt nothing to halt: stateless.
contract AdaptiveFunding is IFundingModel {
    int256 private constant WAD = 1e18;

    /// @dev A step, mirrored so that the larger side is the long one: the path runs at `speed` from `start` and stops at
    /// `low` or `high`, FINE units; `least` is what is charged at least, none in a balanced market at zero.
    struct Step {
        int256 side;
        int256 least;
        int256 start;
        int256 speed;
        int256 low;
        int256 high;
    }

    /// @dev Where the parameters are kept, as code: one cold account instead of a cold slot each.
    address private immutable PARAMS;

    /// @param p parameters; every one is checked against its bounds. The rate takes an hour at least to its cap.
    constructor(AdaptiveParams memory p) {
        Stability.within("rateMax", p.rateMax, 0.000001e18, 0.1e18);
        Stability.within("rateMin", p.rateMin, 0, p.rateMax);
        Stability.within("increase", p.increase, 0, p.rateMax);
        Stability.within("decrease", p.decrease, 0, p.rateMax);
        Stability.within("increaseThreshold", p.increaseThreshold, 0, 1e18);
        Stability.within("decreaseThreshold", p.decreaseThreshold, 0, p.increaseThreshold);
        Stability.within("deviation", p.deviation, 0.000001e18, 0.01e18);
        Stability.within("meanSeconds", p.meanSeconds, 1 hours, 90 days);
        PARAMS = SSTORE2.write(abi.encode(p));
    }

    /// @notice The parameters of this instance.
    function params() public view returns (AdaptiveParams memory) {
        return abi.decode(SSTORE2.read(PARAMS), (AdaptiveParams));
    }

    /// @inheritdoc IFundingModel
    /// @dev The rate starts at zero: an adapting rate has no place where it has always rested.
    function initialState(FundingInput calldata) external pure returns (bytes32) {
        return ModelState.encode(0, 0, 0);
    }

    /// @inheritdoc IFundingModel
    function accrue(FundingInput calldata input) external view returns (bytes32, int256 integral, int256 deviation) {
        AdaptiveParams memory p = params();
        (int256 value, int256 mean, ) = ModelState.decode(input.state);
        Step memory s = _step(p, input, value);
        int256 before = _charged(s, s.start);
        (value, integral) = _integrate(s, input.elapsed);
        integral = Paths.toIntegral(integral * s.side);
        int256 rate = _charged(s, value);
        mean = ModelState.slowMean(mean, before, rate, input.elapsed, p.meanSeconds);
        deviation = ModelState.deviation(rate, mean, p.deviation);
        return (ModelState.encode(value * s.side, mean, 0), integral, deviation);
    }

    /// @inheritdoc IFundingModel
    function rates(FundingInput calldata input) external view returns (FundingRates memory r) {
        AdaptiveParams memory p = params();
        (int256 value, int256 mean, ) = ModelState.decode(input.state);
        Step memory s = _step(p, input, value);
        r.current = _charged(s, s.start);
        int256 settled =
            s.speed == 0
                ? s.start
                : s.speed > 0
                    ? s.high
                    : s.low;
        r.target = _charged(s, settled);
        (r.fast, r.slow) = (r.current, mean);
    }

    /// @inheritdoc IFundingModel
    function caps() external view returns (uint256 longsPay, uint256 shortsPay) {
        AdaptiveParams memory p = params();
        return (p.rateMax, p.rateMax);
    }

    /// @dev Which way the rate moves. A path that would cross zero without rising beyond it stops there.
    function _step(
        AdaptiveParams memory p,
        FundingInput calldata input,
        int256 value
    ) private pure returns (Step memory s) {
        int256 most = int256(p.rateMax) * Paths.FINE_PER_WAD;
        int256 skew = int256(input.longInterest) - int256(input.shortInterest);
        s.side = skew < 0 || (skew == 0 && value < 0) ? int256(-1) : int256(1);
        (s.start, s.low, s.high) = (value * s.side, -most, most);
        if (skew != 0 || value != 0) s.least = int256(p.rateMin) * Paths.FINE_PER_WAD;
        if (skew == 0) return s;
        int256 imbalance = (skew * s.side * WAD) / int256(input.longInterest + input.shortInterest);
        int256 rise = (int256(p.increase) * Paths.FINE_PER_WAD * imbalance) / WAD;
        if (imbalance > int256(p.increaseThreshold)) {
            s.speed = rise;
        } else if (s.start < 0) {
            (s.speed, s.high) = (rise, 0);
        } else if (imbalance < int256(p.decreaseThreshold)) {
            (s.speed, s.low) = (-int256(p.decrease) * Paths.FINE_PER_WAD, 0);
        }
    }

    /// @dev End of the path and integral of what is charged along it: the path clamped to the caps, less the path clamped to
    /// the least rate, plus the least rate with the path's sign.
    function _integrate(Step memory s, uint256 elapsed) private pure returns (int256, int256) {
        int256 least = s.least;
        (int256 end, int256 area) = Paths.line(s.start, s.speed, elapsed, s.low, s.high);
        if (least == 0) return (end, area);
        (, int256 inner) = Paths.line(s.start, s.speed, elapsed, Fixed.max(s.low, -least), Fixed.min(s.high, least));
        area += least * int256(elapsed) - inner;
        if (s.start < 0) area -= _twice(least, s, elapsed);
        return (end, area);
    }

    /// @dev Twice the least rate over the time spent below zero.
    function _twice(int256 least, Step memory s, uint256 elapsed) private pure returns (int256) {
        int256 time = int256(elapsed);
        if (s.start + (s.speed * time) / 1 hours <= 0) return 2 * least * time;
        return (2 * least * -s.start * 1 hours) / s.speed;
    }

    /// @dev The rate charged at a point of the path, unmirrored, WAD, trunc.
    function _charged(Step memory s, int256 value) private pure returns (int256) {
        int256 rate = value < 0 ? -Fixed.max(-value, s.least) : Fixed.max(value, s.least);
        return (rate * s.side) / Paths.FINE_PER_WAD;
    }
}
