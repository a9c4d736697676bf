// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Decay} from "./Decay.sol";
import {InterestMath} from "./interest/InterestMath.sol";

/// @dev Parameters of the layered model, each below 2^64. Rates are WAD per 8 h.
struct LayeredParams {
    /// Interest at or below the base volatility (`i0`), unless a source is given.
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
    /// Standard deviation of the rate: the unit of its distance from the slow layer.
    uint256 deviation;
    /// Arbitrage gain for which the set must be stable, per hour, WAD (see Stability).
    uint256 gain;
    /// Source of the interest; zero: fixed.
    address interestSource;
}

/// @dev Parameters packed for the hot path, low bits first, 64 bits each unless said otherwise.
struct LayeredWords {
    /// interest, interestMax, interestBeta, baseSigma.
    uint256 interest;
    /// deadzone, convexity, premiumFactor, fastSeconds (32), slowSeconds (32).
    uint256 premium;
    /// kinkRate, slopeRate, kink, skewSeconds.
    uint256 skew;
    /// Most that the premium's target pays from longs, and from shorts: the caps less kinkRate + slopeRate; slowWeight, deviation.
    uint256 bounds;
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
/// 2^72, times below 2^32: no product comes near 2^255, so nothing here needs overflow checks.
/// Targets are bounded one by one, so every layer and the rate stay inside the caps at every moment, and r settles at b + s.
/// Vectors: i0 1 bp, d 5 bp, xc 100 bp, kappa 1: p = 20, 56, 100, 200 bp give b = 16.03, 65.87, 157.0, 596.9 bp.
/// @dev On the path of every trade, so parameters come packed, four words by the step that needs them, and the arithmetic is in
/// assembly: Solidity's own checks of divisors and its struct copies cost more than the formulas.
library LayeredMath {
    /// @dev Layers are kept finer than WAD so that a thousand short steps lose nothing visible.
    int256 internal constant LAYER = 1e22;
    int256 private constant LAYER_PER_WAD = 1e4;
    int256 private constant RAY_PER_LAYER = 1e5;
    int256 private constant EIGHT_HOURS = 8 hours;
    int256 private constant WAD = 1e18;
    /// @dev D * P / (2 * E * maxExposure): 50 quote of depth per quote of equity, maxExposure 1, as shipped.
    uint256 private constant UTILIZATION_PER_PREMIUM = 25;
    uint256 private constant MASK = 0xffffffffffffffff;

    /// @notice Pack parameters that are inside their bounds.
    function pack(LayeredParams memory p) internal pure returns (LayeredWords memory w) {
        unchecked {
            uint256 headroom = p.kinkRate + p.slopeRate;
            w.interest = _join(p.interest, p.interestMax, p.interestBeta, p.baseSigma);
            w.premium = _join(p.deadzone, p.convexity, p.premiumFactor, p.fastSeconds | (p.slowSeconds << 32));
            w.skew = _join(p.kinkRate, p.slopeRate, p.kink, p.skewSeconds);
            w.bounds = _join(p.capLongsPay - headroom, p.capShortsPay - headroom, p.slowWeight, p.deviation);
        }
    }

    /// @notice The parameters again; `gain` and `interestSource` are not packed.
    function unpack(LayeredWords memory w) internal pure returns (LayeredParams memory p) {
        uint256 seconds_;
        (p.interest, p.interestMax, p.interestBeta, p.baseSigma) = _split(w.interest);
        (p.deadzone, p.convexity, p.premiumFactor, seconds_) = _split(w.premium);
        (p.fastSeconds, p.slowSeconds) = (uint32(seconds_), seconds_ >> 32);
        (p.kinkRate, p.slopeRate, p.kink, p.skewSeconds) = _split(w.skew);
        (p.capLongsPay, p.capShortsPay, p.slowWeight, p.deviation) = _split(w.bounds);
        p.capLongsPay += p.kinkRate + p.slopeRate;
        p.capShortsPay += p.kinkRate + p.slopeRate;
    }

    /// @notice Steepest rise of the rate's target with the premium, WAD, floor: of the convex part at a cap, kappa * (1 + cap / xc),
    /// and of the skew part, whose utilization rises UTILIZATION_PER_PREMIUM times as fast as the premium.
    function steepest(LayeredParams memory p) internal pure returns (uint256) {
        uint256 cap = p.capLongsPay > p.capShortsPay ? p.capLongsPay : p.capShortsPay;
        uint256 below = (p.kinkRate * Fixed.WAD) / p.kink;
        uint256 above = (p.slopeRate * Fixed.WAD) / (Fixed.WAD - p.kink);
        uint256 skew = (below > above ? below : above) * UTILIZATION_PER_PREMIUM;
        return (p.premiumFactor * (p.convexity + cap)) / p.convexity + skew;
    }

    /// @notice Interest, WAD per 8 h, trunc.
    /// @param word LayeredWords.interest. @param base i0, WAD. @param sigma WAD.
    function interest(uint256 word, int256 base, uint256 sigma) internal pure returns (int256) {
        return InterestMath.adjusted(base, (word >> 128) & MASK, word >> 192, (word >> 64) & MASK, sigma);
    }

    /// @notice C(deadzone_d(e)): zero inside the dead zone, exponential outside; WAD, trunc. Odd and non-decreasing.
    /// @param word LayeredWords.premium.
    function convex(uint256 word, int256 e) internal pure returns (int256) {
        unchecked {
            uint256 z = FixedPointMathLib.abs(e);
            if (z <= word & MASK) return 0;
            uint256 scale = (word >> 64) & MASK;
            z -= word & MASK;
            if (z > 3 * scale) z = 3 * scale;
            assembly ("memory-safe") {
                z := div(mul(z, WAD), scale)
            }
            int256 bent = int256(scale) * (FixedPointMathLib.expWad(int256(z)) - WAD);
            assembly ("memory-safe") {
                bent := sdiv(bent, WAD)
            }
            return e < 0 ? -bent : bent;
        }
    }

    /// @notice Target of the fast and slow layers, WAD per 8 h.
    /// @param word LayeredWords.premium. @param bounds LayeredWords.bounds.
    /// @param premium below 2^128 in size: the curve ends at 16 times the index. @param i interest, WAD per 8 h.
    function premiumTarget(uint256 word, uint256 bounds, int256 premium, int256 i) internal pure returns (int256 b) {
        assembly ("memory-safe") {
            b := sub(sdiv(mul(premium, and(shr(128, word), MASK)), WAD), i)
        }
        b = convex(word, b);
        assembly ("memory-safe") {
            b := add(b, i)
            let top := and(bounds, MASK)
            if sgt(b, top) {
                b := top
            }
            let bottom := sub(0, and(shr(64, bounds), MASK))
            if slt(b, bottom) {
                b := bottom
            }
        }
    }

    /// @notice Target of the skew layer, WAD per 8 h, trunc.
    /// @param word LayeredWords.skew. @param utilization signed, WAD.
    function skewTarget(uint256 word, int256 utilization) internal pure returns (int256 k) {
        uint256 u = FixedPointMathLib.abs(utilization);
        assembly ("memory-safe") {
            if gt(u, WAD) {
                u := WAD
            }
            let kink := and(shr(128, word), MASK)
            k := and(word, MASK)
            switch gt(u, kink)
            case 0 {
                k := div(mul(k, u), kink)
            }
            default {
                k := add(k, div(mul(and(shr(64, word), MASK), sub(u, kink)), sub(WAD, kink)))
            }
            if slt(utilization, 0) {
                k := sub(0, k)
            }
        }
    }

    /// @notice One layer after `elapsed`, and its integral.
    /// @dev e(t) = g + (e - g) * x, x = exp(-t/tau); integral = g * t + (e - g) * tau * (1 - x). trunc.
    /// Layers are below 2^72 and times below 2^32, so nothing here comes near 2^255.
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
        int256 decay = Decay.factor(elapsed, tau);
        assembly ("memory-safe") {
            let one := 1000000000000000000000000000000
            goal := mul(goal, LAYER_PER_WAD)
            let gap := sub(layer_, goal)
            end := add(goal, sdiv(mul(gap, decay), one))
            area := add(mul(goal, elapsed), sdiv(mul(mul(gap, tau), sub(one, decay)), one))
        }
    }

    /// @notice Weighted sum of fast and slow, in their units, trunc.
    /// @param bounds LayeredWords.bounds.
    function weigh(uint256 bounds, int256 fast, int256 slow) internal pure returns (int256 sum) {
        assembly ("memory-safe") {
            let w := and(shr(128, bounds), MASK)
            sum := sdiv(add(mul(fast, sub(WAD, w)), mul(slow, w)), WAD)
        }
    }

    /// @notice Distance of the rate from what it would be were the fast layer where the slow one is, in standard deviations, WAD,
    /// trunc: (1 - w) * (fast - slow) / deviation.
    /// @param bounds LayeredWords.bounds.
    function deviation(uint256 bounds, int256 fast, int256 slow) internal pure returns (int256 z) {
        assembly ("memory-safe") {
            let w := and(shr(128, bounds), MASK)
            z := sdiv(mul(sub(fast, slow), sub(WAD, w)), mul(shr(192, bounds), LAYER_PER_WAD))
        }
    }

    /// @notice LAYER * seconds to RAY * 8 hours, trunc.
    function toIntegral(int256 area) internal pure returns (int256 integral) {
        assembly ("memory-safe") {
            integral := sdiv(mul(area, RAY_PER_LAYER), EIGHT_HOURS)
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

    /// @dev Every parameter was checked to lie below 2^64.
    function _join(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (uint256) {
        return a | (b << 64) | (c << 128) | (d << 192);
    }

    function _split(uint256 word) private pure returns (uint256, uint256, uint256, uint256) {
        return (word & MASK, (word >> 64) & MASK, (word >> 128) & MASK, word >> 192);
    }
}
