// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Paths} from "./Paths.sol";

/// @dev How the premium becomes a rate over time.
enum Smoothing {
    /// The rate follows the premium at once.
    Spot,
    /// The premium is averaged exponentially, `seconds` the time constant; the rate follows the average.
    Exponential,
    /// The rate follows the premium at limited speed: from cap to cap in `seconds`.
    Slew,
    /// The premium is averaged over intervals of `seconds`; each pays once, at its end.
    Interval,
    /// The same, later samples weighing more (1, 2, ..., n).
    WeightedInterval
}

/// @dev Parameters of the premium model. Rates are WAD per 8 h.
struct PremiumParams {
    /// Interest at or below the base volatility (`i0`), unless a source is given.
    uint256 interest;
    /// Highest interest, either sign (`iMax`).
    uint256 interestMax;
    /// Growth of interest per unit of relative excess volatility, WAD (`beta`).
    uint256 interestBeta;
    /// Base volatility, annualised, WAD (`sigma0`).
    uint256 baseSigma;
    /// Source of the interest; zero: fixed.
    address interestSource;
    /// Half-width of the dead zone around the interest (`d`).
    uint256 deadzone;
    /// Premium per 8 h that becomes rate per 8 h, WAD (`kappa`).
    uint256 premiumFactor;
    /// Largest premium that counts, WAD.
    uint256 premiumMax;
    /// 0, or the literal form: rate = (premium + interest) * scaling, WAD, no dead zone.
    uint256 scaling;
    /// Most that longs pay, most that shorts pay (`cap+`, `cap-`).
    uint256 capLongsPay;
    uint256 capShortsPay;
    Smoothing smoothing;
    /// What the smoothing says; intervals start at midnight UTC plus `offsetSeconds`.
    uint256 smoothingSeconds;
    uint256 offsetSeconds;
    /// Standard deviation of the rate, and time constant of its slow mean, seconds.
    uint256 deviation;
    uint256 meanSeconds;
    /// Arbitrage gain for which the set must be stable, per hour, WAD (see Stability).
    uint256 gain;
}

/// @title Funding from the premium, as exchanges charge it
/// @notice Rates per 8 h, p the premium, clamped to premiumMax, i the interest:
///
///     dampened  F(p) = clamp(i + deadzone_d(kappa * p - i), -cap-, cap+)      = P + clamp(i - P, -d, d) with kappa = 1
///     literal   F(p) = clamp((p + i) * scaling, -cap-, cap+)
///
/// Sources: BitMEX and Binance (mission rows 8, 14, 15), the literal form with its scaling factor (rows 51, 52).
/// Examples: i 1 bp, d 5 bp: p = 2, 4, 8, -3, -6 bp give 1, 1, 3, 1, -1 bp; p 1.3333 %, i 2 bp, scaling 1e-6: 1.353333e-8.
library PremiumMath {
    int256 private constant WAD = 1e18;

    /// @notice F of a premium and an interest, both WAD; trunc.
    function rateOf(PremiumParams memory p, int256 premium, int256 interest) internal pure returns (int256 rate) {
        unchecked {
            if (p.scaling != 0) {
                rate = ((premium + interest) * int256(p.scaling)) / WAD;
            } else {
                int256 excess = (premium * int256(p.premiumFactor)) / WAD - interest;
                int256 d = int256(p.deadzone);
                rate = interest;
                if (excess > d) rate += excess - d;
                else if (excess < -d) rate += excess + d;
            }
            if (rate > int256(p.capLongsPay)) return int256(p.capLongsPay);
            if (rate < -int256(p.capShortsPay)) return -int256(p.capShortsPay);
        }
    }

    /// @notice Integral of F along an average premium that is drawn from `average` to `premium`, FINE * seconds.
    /// @dev F is a sum of clamps of one exponential: clamp of the whole, less the clamp to the dead zone.
    /// @param average FINE units. @param premium WAD. @param interest WAD.
    function springArea(
        PremiumParams memory p,
        int256 average,
        int256 premium,
        int256 interest,
        uint256 elapsed
    ) internal pure returns (int256 area) {
        unchecked {
            int256 unit = Paths.FINE_PER_WAD;
            int256 goal = premium * unit;
            int256 i = interest * unit;
            int256 low = -int256(p.capShortsPay) * unit;
            int256 high = int256(p.capLongsPay) * unit;
            uint256 tau = p.smoothingSeconds;
            if (p.scaling != 0) {
                int256 s = int256(p.scaling);
                (, area) = Paths.spring(((average + i) * s) / WAD, ((goal + i) * s) / WAD, tau, elapsed, low, high);
                return area;
            }
            int256 d = int256(p.deadzone) * unit;
            average = (average * int256(p.premiumFactor)) / WAD - i;
            goal = (goal * int256(p.premiumFactor)) / WAD - i;
            (, area) = Paths.spring(average, goal, tau, elapsed, low - i - d, high - i + d);
            (, int256 damped) = Paths.spring(average, goal, tau, elapsed, -d, d);
            area += i * int256(elapsed) - damped;
        }
    }

    /// @notice Weight of the time from `start` to `end` inside an interval: seconds, or seconds^2 where later samples weigh
    /// more.
    function weight(PremiumParams memory p, uint256 start, uint256 end) internal pure returns (int256) {
        unchecked {
            return int256(p.smoothing == Smoothing.WeightedInterval ? end * end - start * start : end - start);
        }
    }
}
