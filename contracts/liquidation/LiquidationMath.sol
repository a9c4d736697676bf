// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Fixed} from "../libraries/Fixed.sol";

/// @title Tiers, penalty and closed-form size of a liquidation
/// @notice mr = equity / maintenance. trim [0.8, 1): at most a quarter; deleverage [0.5, 0.8): what the target needs;
/// close below 0.5, or where the equity does not carry the cost: everything.
library LiquidationMath {
    enum Tier {
        Healthy,
        Trim,
        Deleverage,
        Close
    }

    uint256 internal constant TRIM_FROM = 0.8e18;
    uint256 internal constant DELEVERAGE_FROM = 0.5e18;
    uint256 internal constant TRIM_LIMIT = 0.25e18;
    /// @dev Time in which a full window empties.
    uint256 internal constant WINDOW_SECONDS = 5 minutes;

    /// @notice equity / maintenance, WAD, floor, clamped to 0 .. 1e36; 1e36 without maintenance and debt.
    function marginRatio(int256 equity, uint256 maintenance) internal pure returns (uint256) {
        if (equity < 0) return 0;
        if (maintenance == 0) return Fixed.WAD * Fixed.WAD;
        uint256 ratio = Fixed.mulDivFloor(uint256(equity), Fixed.WAD, maintenance);
        return ratio < Fixed.WAD * Fixed.WAD ? ratio : Fixed.WAD * Fixed.WAD;
    }

    /// @notice Tier of a margin ratio.
    function tier(uint256 ratio) internal pure returns (Tier) {
        if (ratio >= Fixed.WAD) return Tier.Healthy;
        if (ratio >= TRIM_FROM) return Tier.Trim;
        return ratio >= DELEVERAGE_FROM ? Tier.Deleverage : Tier.Close;
    }

    /// @notice Penalty rate on closed value, bps * WAD: grows linearly from `minBps` at mr = 1 to `maxBps` at mr = 0.
    function penaltyRate(uint256 ratio, uint256 minBps, uint256 maxBps) internal pure returns (uint256) {
        uint256 gap = ratio < Fixed.WAD ? Fixed.WAD - ratio : 0;
        return minBps * Fixed.WAD + (maxBps - minBps) * gap;
    }

    /// @notice Value that liquidations may push through a curve of `depth` in one window, quote WAD, floor.
    function windowCapacity(uint256 index, uint256 depth, uint256 windowPpm) internal pure returns (uint256) {
        return (((index * depth) / Fixed.WAD) * windowPpm) / Fixed.PPM;
    }

    /// @notice What one profit gives of a cut shared in proportion, quote WAD, ceil, never more than the profit.
    function cutOf(uint256 profit, uint256 profits, uint256 cut) internal pure returns (uint256) {
        return profit == 0 ? 0 : Fixed.mulDivCeil(profit, cut, profits);
    }

    /// @notice What is left of a window's amount after `elapsed` of the `seconds_` in which a full one empties, quote WAD.
    function fallen(uint256 amount, uint256 full, uint256 elapsed, uint256 seconds_) internal pure returns (uint256) {
        uint256 gone = (full * elapsed) / seconds_;
        return amount > gone ? amount - gone : 0;
    }

    /// @notice Fraction of the position to close so that equity reaches the target, WAD, ceil, 1e18 = all.
    /// @dev f = (T - e) / (t - c) with T the target equity of the account, t the part of it that this position asks for
    /// and c the cost of closing all of it (penalty + slippage), all quote WAD. Closing the fraction x costs at most x * c
    /// (slippage is convex) and frees at least x * t (brackets are convex), so the target is met or passed. With one
    /// position this is f = (mTarget - e) / (mTarget - c). Example: e 0.9 %, target 2 %, c 0.7 %: 84.6 %.
    function closeFraction(
        Tier tier_,
        int256 equity,
        uint256 target,
        uint256 targetHere,
        uint256 costAll
    ) internal pure returns (uint256) {
        if (tier_ == Tier.Close || equity <= int256(costAll) || targetHere <= costAll) return Fixed.WAD;
        uint256 missing = uint256(int256(target) - equity);
        uint256 fraction = Fixed.mulDivCeil(missing, Fixed.WAD, targetHere - costAll);
        uint256 limit = tier_ == Tier.Trim ? TRIM_LIMIT : Fixed.WAD;
        return fraction < limit ? fraction : limit;
    }
}
