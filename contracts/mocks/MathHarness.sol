// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Fill} from "../types/Fill.sol";
import {Market} from "../types/Market.sol";
import {Brackets, MarketConfig} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {LiquidationMath} from "../liquidation/LiquidationMath.sol";
import {MarginMath} from "../margin/MarginMath.sol";
import {MultiplierMath} from "../margin/MultiplierMath.sol";
import {MarketSet} from "../margin/MarketSet.sol";
import {Curve} from "../market/Curve.sol";
import {PositionMath} from "../market/PositionMath.sol";
import {Volatility} from "../oracle/Volatility.sol";
import {PoolMath} from "../pool/PoolMath.sol";

/// @title Pure libraries, callable: for differential tests against the Python twin
/// @notice Every function passes its arguments on unchecked; units and rounding are the library's.
/// @custom:halt nothing to halt: a test double.
contract MathHarness {
    /// @notice e^x, WAD, to Solady's precision.
    /// @param x exponent, WAD.
    function expWad(int256 x) external pure returns (int256) {
        return FixedPointMathLib.expWad(x);
    }

    /// @notice ln x, WAD, to Solady's precision.
    /// @param x argument, WAD, above 0.
    function lnWad(int256 x) external pure returns (int256) {
        return FixedPointMathLib.lnWad(x);
    }

    /// @notice See Fixed.
    function mulDivSigned(int256 a, uint256 b, uint256 d) external pure returns (int256, int256, int256) {
        return (Fixed.mulDivFloor(a, b, d), Fixed.mulDivCeil(a, b, d), Fixed.mulDivTrunc(a, b, d));
    }

    /// @notice See Curve.
    function curveValue(uint256 index, uint256 depth, int256 skew) external pure returns (int256, int256) {
        return (Curve.valueFloor(index, depth, skew), Curve.valueCeil(index, depth, skew));
    }

    /// @notice See Curve.
    function curveCost(uint256 index, uint256 depth, int256 skew, int256 size) external pure returns (int256) {
        return Curve.cost(index, depth, skew, size);
    }

    /// @notice See Curve.
    function curveSizeFor(uint256 index, uint256 depth, int256 skew, int256 quote) external pure returns (int256) {
        return Curve.sizeFor(index, depth, skew, quote);
    }

    /// @notice See Curve.
    function curveMark(uint256 index, uint256 depth, int256 skew) external pure returns (uint256, int256) {
        return (Curve.mark(index, depth, skew), Curve.premium(depth, skew));
    }

    /// @notice See PoolMath.
    function poolShares(
        uint256 amount,
        uint256 equity,
        uint256 shares
    ) external pure returns (uint256 minted, uint256 toMint, uint256 burnt) {
        minted = PoolMath.sharesFor(amount, equity, shares);
        toMint = PoolMath.assetsToMint(amount, equity, shares);
        burnt = PoolMath.assetsFor(amount, equity, shares);
    }

    /// @notice See PoolMath.
    function poolCharge(
        uint256 index,
        uint256 depthBefore,
        uint256 depthAfter,
        int256 skew
    ) external pure returns (uint256) {
        return PoolMath.redemptionCharge(index, depthBefore, depthAfter, skew);
    }

    /// @notice See PoolMath.
    function poolUtilization(
        uint256 index,
        int256 skew,
        int256 equity,
        uint256 maxExposurePpm
    ) external pure returns (uint256) {
        return PoolMath.utilization(index, skew, equity, maxExposurePpm);
    }

    /// @notice See MarginMath.
    function margins(Brackets calldata b, uint256 value) external pure returns (uint256, uint256) {
        return (MarginMath.maintenance(b, value), MarginMath.initial(b, value));
    }

    /// @notice See MarginMath and MultiplierMath.
    /// @param m market. @param c its parameters. @param size base WAD, signed.
    /// @return initial quote WAD. @return maintenance quote WAD. @return multiplier 1e-6. @return common signed, quote WAD.
    function requirements(
        Market calldata m,
        MarketConfig calldata c,
        int256 size
    ) external pure returns (uint256 initial, uint256 maintenance, uint256 multiplier, int256 common) {
        (initial, maintenance) = MarginMath.requirements(m, c, size, true);
        multiplier = MultiplierMath.initial(m, c);
        common = MarginMath.common(initial, c.hedgePercent, size);
    }

    /// @notice See MultiplierMath and MarginMath.
    /// @param ramp 1e-6.
    /// @param target 1e-6.
    /// @param elapsed seconds.
    /// @param old brackets before.
    /// @param new_ brackets after.
    /// @return ramped 1e-6. @return damped 1e-6.
    function ramps(
        uint256 ramp,
        uint256 target,
        uint256 elapsed,
        Brackets calldata old,
        Brackets calldata new_
    ) external pure returns (uint256 ramped, uint256 damped) {
        return (MultiplierMath.ramped(ramp, target, elapsed), MarginMath.damped(ramp, old, new_));
    }

    /// @notice See LiquidationMath.
    function window(
        uint256 pushed,
        uint256 index,
        uint256 depth,
        uint256 windowPpm,
        uint256 elapsed
    ) external pure returns (uint256 capacity, uint256 pushedAfter) {
        capacity = LiquidationMath.windowCapacity(index, depth, windowPpm);
        pushedAfter = LiquidationMath.fallen(pushed, capacity, elapsed, LiquidationMath.WINDOW_SECONDS);
    }

    /// @notice See MarketSet.
    function marketSet(uint128 set, uint16 id) external pure returns (uint128, uint128, uint256) {
        return (MarketSet.add(set, id), MarketSet.remove(set, id), MarketSet.length(set));
    }

    /// @notice See PositionMath.
    function positionFill(
        int256 sizeBefore,
        int256 notionalBefore,
        int256 size,
        int256 cost
    ) external pure returns (Fill memory) {
        return PositionMath.fill(sizeBefore, notionalBefore, size, cost);
    }

    /// @notice See LiquidationMath.
    function closeFraction(
        uint8 tier,
        int256 equity,
        uint256 target,
        uint256 targetHere,
        uint256 costAll
    ) external pure returns (uint256) {
        return LiquidationMath.closeFraction(LiquidationMath.Tier(tier), equity, target, targetHere, costAll);
    }

    /// @notice See LiquidationMath.
    function liquidationTier(
        int256 equity,
        uint256 maintenance,
        uint256 minBps,
        uint256 maxBps
    ) external pure returns (uint256 ratio, uint8 tier, uint256 rate) {
        ratio = LiquidationMath.marginRatio(equity, maintenance);
        tier = uint8(LiquidationMath.tier(ratio));
        rate = LiquidationMath.penaltyRate(ratio, minBps, maxBps);
    }

    /// @notice See Volatility.
    function variance(
        uint256 before,
        uint256 priceBefore,
        uint256 priceAfter,
        uint256 elapsed
    ) external pure returns (uint256 next, uint256 sigma) {
        next = Volatility.update(before, priceBefore, priceAfter, elapsed);
        sigma = Volatility.sigma(next);
    }
}
