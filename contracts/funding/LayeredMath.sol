// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @dev Parameters of the layered model, each below 2^64. Rates are WAD per 8 h.
struct LayeredParams {
    /// Interest at or below the base volatility (`i0`).
    uint256 interest;
    /// Highest interest (`iMax`).
    uint256 interestMax;
    /// Growth of interest per unit of relative excess volatility, WAD (`beta`).
    uint256 interestBeta;
    /// Base volatility, annualised, WAD (`sigma0`).
    uint256 baseSigma;
    /// Half-width of the dead zone around the interest (`d`).
    uint256 deadzone;
    /// Scale of the convexity (`xc`).
    uint256 convexity;
    /// Premium per 8 h that becomes rate per 8 h, WAD (`kappa`).
    uint256 premiumFactor;
    /// Rate added at the kink (`k0`) and, beyond it, at full utilization (`k1`).
    uint256 kinkRate;
    uint256 slopeRate;
    /// Utilization at the kink, WAD, inside 0 .. 1 (`u*`).
    uint256 kink;
    /// Most that longs pay, most that shorts pay (`cap+`, `cap-`).
    uint256 capLongsPay;
    uint256 capShortsPay;
    /// Weight of the slow layer, WAD, at most 1; the fast layer weighs the rest.
    uint256 slowWeight;
    /// Time constants, seconds.
    uint256 fastSeconds;
    uint256 slowSeconds;
    uint256 skewSeconds;
}

/// @title Layered funding: leaky integrators over a non-linear target
/// @notice Rates per 8 h, p the premium, u utilization with the sign of the net position, sigma the volatility:
///
///     interest  i = min(i0 * (1 + beta * max(0, sigma / sigma0 - 1)), iMax)
///     premium   b = clamp(i + C(deadzone_d(kappa * p - i)), -(cap- - k0 - k1), cap+ - k0 - k1)
///               C(z) = sign(z) * xc * (exp(min(|z|, 3 xc) / xc) - 1)
///     skew      s = sign(u) * (k0 * |u| / u*  below the kink,  k0 + k1 * (|u| - u*) / (1 - u*)  up to |u| = 1)
///     layers    fast -> b with tau 1 h, slow -> b with tau 12 h, skew -> s with tau 24 h
///     rate      r = (1 - w) * fast + w * slow + skew
///
/// Parameters are below 2^64 (checked by LayeredFunding), sigma below 2^70, premium and utilization below 2^128, layers below
/// 2^80, times below 2^32: no product comes near 2^255, so nothing here needs overflow checks.
/// Targets are bounded one by one, so every layer and the rate stay inside the caps at every moment, and r settles at b + s.
/// Vectors: i0 1 bp, d 5 bp, xc 100 bp, kappa 1: p = 20, 56, 100, 200 bp give b = 16.03, 65.87, 157.0, 596.9 bp.
library LayeredMath {
    /// @dev Layers are kept finer than WAD so that a thousand short steps lose nothing visible.
    int256 internal constant LAYER = 1e22;
    int256 private constant LAYER_PER_WAD = 1e4;
    int256 private constant RAY_PER_LAYER = 1e5;
    int256 private constant EIGHT_HOURS = 8 hours;
    int256 private constant WAD = 1e18;

    /// @notice Interest, WAD per 8 h, floor.
    function interest(LayeredParams memory p, uint256 sigma) internal pure returns (int256) {
        unchecked {
            uint256 grown = p.interest;
            if (sigma > p.baseSigma) {
                uint256 excess = ((sigma - p.baseSigma) * Fixed.WAD) / p.baseSigma;
                grown += (grown * ((p.interestBeta * excess) / Fixed.WAD)) / Fixed.WAD;
            }
            return int256(grown < p.interestMax ? grown : p.interestMax);
        }
    }

    /// @notice C(deadzone_d(e)): zero inside the dead zone, exponential outside; WAD, trunc. Odd and non-decreasing.
    function convex(LayeredParams memory p, int256 e) internal pure returns (int256) {
        uint256 size = Fixed.abs(e);
        if (size <= p.deadzone) return 0;
        unchecked {
            uint256 scale = p.convexity;
            uint256 z = size - p.deadzone;
            if (z > 3 * scale) z = 3 * scale;
            int256 grown = FixedPointMathLib.expWad(int256((z * Fixed.WAD) / scale)) - WAD;
            int256 bent = (int256(scale) * grown) / WAD;
            return e < 0 ? -bent : bent;
        }
    }

    /// @notice Target of the fast and slow layers, WAD per 8 h.
    /// @dev premium below 2^128 in size: the curve ends at 16 times the index.
    function premiumTarget(LayeredParams memory p, int256 premium, uint256 sigma) internal pure returns (int256) {
        unchecked {
            int256 i = interest(p, sigma);
            int256 b = i + convex(p, (premium * int256(p.premiumFactor)) / WAD - i);
            int256 headroom = int256(p.kinkRate + p.slopeRate);
            int256 top = int256(p.capLongsPay) - headroom;
            int256 bottom = headroom - int256(p.capShortsPay);
            return
                b > top
                    ? top
                    : b < bottom
                        ? bottom
                        : b;
        }
    }

    /// @notice Target of the skew layer, WAD per 8 h, trunc.
    function skewTarget(LayeredParams memory p, int256 utilization) internal pure returns (int256) {
        unchecked {
            uint256 u = Fixed.abs(utilization);
            if (u > Fixed.WAD) u = Fixed.WAD;
            uint256 k =
                u <= p.kink
                    ? (p.kinkRate * u) / p.kink
                    : p.kinkRate + (p.slopeRate * (u - p.kink)) / (Fixed.WAD - p.kink);
            return utilization < 0 ? -int256(k) : int256(k);
        }
    }

    /// @notice One layer after `elapsed`, and its integral.
    /// @dev e(t) = g + (e - g) * x, x = exp(-t/tau); integral = g * t + (e - g) * tau * (1 - x). trunc.
    /// Layers are below 2^80 and times below 2^32, so nothing here comes near 2^255.
    /// @param layer_ value at the start, LAYER units.
    /// @param goal target, WAD.
    /// @return end value at the end, LAYER units.
    /// @return area integral, LAYER * seconds.
    function relax(
        int256 layer_,
        int256 goal,
        uint256 elapsed,
        uint256 tau
    ) internal pure returns (int256 end, int256 area) {
        unchecked {
            int256 goalFine = goal * LAYER_PER_WAD;
            int256 decay = FixedPointMathLib.expWad(-int256((elapsed * Fixed.WAD) / tau));
            int256 gap = layer_ - goalFine;
            end = goalFine + (gap * decay) / WAD;
            area = goalFine * int256(elapsed) + (gap * int256(tau) * (WAD - decay)) / WAD;
        }
    }

    /// @notice Weighted sum of the layers, in the units of the layers, trunc.
    function weigh(LayeredParams memory p, int256 fast, int256 slow, int256 skew) internal pure returns (int256) {
        unchecked {
            int256 w = int256(p.slowWeight);
            return (fast * (WAD - w) + slow * w) / WAD + skew;
        }
    }

    /// @notice LAYER * seconds to RAY * 8 hours, trunc.
    function toIntegral(int256 area) internal pure returns (int256) {
        unchecked {
            return (area * RAY_PER_LAYER) / EIGHT_HOURS;
        }
    }

    /// @notice LAYER units to WAD, trunc.
    function toRate(int256 layer_) internal pure returns (int256) {
        return layer_ / LAYER_PER_WAD;
    }

    /// @notice WAD to LAYER units.
    function fromRate(int256 rate_) internal pure returns (int256) {
        unchecked {
            return rate_ * LAYER_PER_WAD;
        }
    }
}
