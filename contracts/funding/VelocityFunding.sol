// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {FundingInput, FundingRates, IFundingModel} from "../interfaces/IFundingModel.sol";
import {ModelState} from "./ModelState.sol";
import {Paths} from "./Paths.sol";
import {Stability} from "./Stability.sol";

/// @dev Parameters of the velocity model. Rates are WAD per 8 h.
struct VelocityParams {
    /// Change of the rate per day at full skew.
    uint256 velocity;
    /// Net position that counts as full skew, base WAD.
    uint256 skewScale;
    /// Part of full skew below which the rate rests (or only leaks), WAD.
    uint256 deadband;
    /// Time constant with which the rate leaks to zero, seconds; 0: none.
    uint256 leakSeconds;
    /// Most that longs pay, most that shorts pay; the widest bound, 10 %, is the nearest to none.
    uint256 capLongsPay;
    uint256 capShortsPay;
    /// Standard deviation of the rate, and time constant of its slow mean, seconds.
    uint256 deviation;
    uint256 meanSeconds;
}

/// @title Funding whose rate drifts with the skew
/// @notice dr/dt = velocity * clamp(skew / skewScale, -1, 1) - r / leak, |r| capped; integrated exactly: a trapezoid without
/// leak, an exponential with it. Source: Synthetix (its dead band: BFP market); leak and cap against winding up are ours.
/// Without leak the rate never comes to rest while arbitrage answers it late; it rings.
/// Example: skew 300 of 10,000 and 2.5 % a day per day: the daily rate rises by 0.00075 a day; after 8 h it is 2.5 bp a day and
/// a long unit at 2,000 has paid 0.08333.
/// @custom:halt nothing to halt: stateless.
contract VelocityFunding is IFundingModel {
    int256 private constant WAD = 1e18;
    int256 private constant HOURS_PER_DAY = 24;

    /// @dev Where the parameters are kept, as code: one cold account instead of a cold slot each.
    address private immutable PARAMS;

    /// @param p parameters; every one is checked against its bounds. The rate takes an hour at least to a cap.
    constructor(VelocityParams memory p) {
        Stability.within("capLongsPay", p.capLongsPay, 0.0001e18, 0.1e18);
        Stability.within("capShortsPay", p.capShortsPay, 0.0001e18, 0.1e18);
        uint256 cap = p.capLongsPay < p.capShortsPay ? p.capLongsPay : p.capShortsPay;
        Stability.within("velocity", p.velocity, 0, cap * uint256(HOURS_PER_DAY));
        Stability.within("skewScale", p.skewScale, 1, 2 ** 112);
        Stability.within("deadband", p.deadband, 0, 0.99e18);
        if (p.leakSeconds != 0) Stability.within("leakSeconds", p.leakSeconds, 1 minutes, 90 days);
        Stability.within("deviation", p.deviation, 0.000001e18, 0.01e18);
        Stability.within("meanSeconds", p.meanSeconds, 1 hours, 90 days);
        PARAMS = SSTORE2.write(abi.encode(p));
    }

    /// @notice The parameters of this instance.
    function params() public view returns (VelocityParams memory) {
        return abi.decode(SSTORE2.read(PARAMS), (VelocityParams));
    }

    /// @inheritdoc IFundingModel
    /// @dev The rate starts at zero: a drift has no place where it has always rested.
    function initialState(FundingInput calldata) external pure returns (bytes32) {
        return ModelState.encode(0, 0, 0);
    }

    /// @inheritdoc IFundingModel
    function accrue(FundingInput calldata input) external view returns (bytes32, int256 integral, int256 deviation) {
        VelocityParams memory p = params();
        (int256 value, int256 mean, ) = ModelState.decode(input.state);
        int256 before = value / Paths.FINE_PER_WAD;
        (value, integral) = _advance(p, input, value);
        integral = Paths.toIntegral(integral);
        int256 rate = value / Paths.FINE_PER_WAD;
        mean = ModelState.slowMean(mean, before, rate, input.elapsed, p.meanSeconds);
        deviation = ModelState.deviation(rate, mean, p.deviation);
        return (ModelState.encode(value, mean, 0), integral, deviation);
    }

    /// @inheritdoc IFundingModel
    /// @dev Without leak the rate settles at a cap, or where it is.
    function rates(FundingInput calldata input) external view returns (FundingRates memory r) {
        VelocityParams memory p = params();
        (int256 value, int256 mean, ) = ModelState.decode(input.state);
        int256 speed = _speed(p, input);
        (int256 low, int256 high) = _bounds(p);
        int256 goal =
            speed > 0
                ? high
                : speed < 0
                    ? low
                    : value;
        if (p.leakSeconds != 0) {
            goal = _goal(p, speed);
            if (goal > high) goal = high;
            if (goal < low) goal = low;
        }
        r.current = value / Paths.FINE_PER_WAD;
        r.target = goal / Paths.FINE_PER_WAD;
        (r.fast, r.slow) = (r.current, mean);
    }

    /// @inheritdoc IFundingModel
    function caps() external view returns (uint256 longsPay, uint256 shortsPay) {
        VelocityParams memory p = params();
        return (p.capLongsPay, p.capShortsPay);
    }

    /// @dev Rate at the end and integral of it, FINE units.
    function _advance(
        VelocityParams memory p,
        FundingInput calldata input,
        int256 value
    ) private pure returns (int256, int256) {
        int256 speed = _speed(p, input);
        (int256 low, int256 high) = _bounds(p);
        if (p.leakSeconds == 0) return Paths.line(value, speed, input.elapsed, low, high);
        return Paths.spring(value, _goal(p, speed), p.leakSeconds, input.elapsed, low, high);
    }

    /// @dev FINE units per hour, trunc.
    function _speed(VelocityParams memory p, FundingInput calldata input) private pure returns (int256) {
        int256 skew = int256(input.longInterest) - int256(input.shortInterest);
        int256 share = (skew * WAD) / int256(p.skewScale);
        if (share > WAD) share = WAD;
        if (share < -WAD) share = -WAD;
        if (share < int256(p.deadband) && share > -int256(p.deadband)) return 0;
        return (int256(p.velocity) * Paths.FINE_PER_WAD * share) / WAD / HOURS_PER_DAY;
    }

    /// @dev Where the leak balances the drift, FINE units, trunc.
    function _goal(VelocityParams memory p, int256 speed) private pure returns (int256) {
        return (speed * int256(p.leakSeconds)) / 1 hours;
    }

    function _bounds(VelocityParams memory p) private pure returns (int256 low, int256 high) {
        return (-int256(p.capShortsPay) * Paths.FINE_PER_WAD, int256(p.capLongsPay) * Paths.FINE_PER_WAD);
    }
}
