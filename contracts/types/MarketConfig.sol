// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What a trade reads besides the market state. Three slots, and one more where size tiers are set.
struct MarketConfig {
    /// Stateless funding model.
    address fundingModel;
    /// Taker fee on notional, 1e-6.
    uint16 takerFeePpm;
    /// Surcharge of immediate fills that covers the feed's deviation threshold, 1e-6.
    uint16 deviationFeePpm;
    /// Insurance share of fees, 1e-6.
    uint24 insuranceFeeSharePpm;
    /// Largest value of one side's open interest over pool equity, 1e-6 (`maxSide`).
    uint32 maxSidePpm;
    /// Part of the margin that explains itself by a move common to all markets: it nets between opposite positions, percent.
    /// 160 + 16 + 16 + 24 + 32 + 8 = 256.
    uint8 hedgePercent;
    /// Curve depth per whole pool share, base WAD (`kappa`).
    uint88 depthPerShare;
    /// Largest net position value over pool equity, 1e-6 (`maxExposure`).
    uint24 maxExposurePpm;
    /// Largest net position over depth, 1e-6 (`qMax`).
    uint24 maxSkewPpm;
    /// Margin ratio after a partial liquidation, bps of maintenance (12500 = 1.25).
    uint16 targetBps;
    /// Volatility at which the initial margin multiplier is one, bps (6000 = 60 % a year).
    uint16 baseSigmaBps;
    /// Price age up to which new risk is taken, seconds.
    uint16 freshSeconds;
    /// Price age up to which reductions and liquidations fill, seconds.
    uint16 staleSeconds;
    /// Time after a stored price over which funding still accrues, seconds.
    uint16 heartbeatSeconds;
    /// Smallest open position, whole quote units.
    uint32 minNotional;
    /// 0 unlisted, 1 open, 2 reduce only, 3 closed (also to exits of liquidity), 4 resolving, 5 shut.
    /// 88 + 24 + 24 + 16 * 5 + 32 + 8 = 256.
    uint8 status;
    /// Margin brackets and liquidation penalties.
    Brackets brackets;
    /// Size tiers of funding.
    SizeTiers tiers;
}

/// @dev Marginal weights of what a position pays in funding: 1 up to `limit1`, then `weight2Ppm` up to `limit2`, then
/// `weight3Ppm`. One slot: 104 + 104 + 24 + 24 = 256 bits; all zero: no tiers.
struct SizeTiers {
    /// Upper ends of the first two tiers, base WAD.
    uint104 limit1;
    uint104 limit2;
    /// Weights inside the second and third tier, 1e-6, at least 1e6, non-decreasing.
    uint24 weight2Ppm;
    uint24 weight3Ppm;
}

/// @dev Marginal margin brackets over position value. One slot: 3 * 32 + 8 * 16 + 2 * 16 = 256 bits.
struct Brackets {
    /// Upper ends of the first three brackets, whole quote units.
    uint32 limit1;
    uint32 limit2;
    uint32 limit3;
    /// Maintenance rates inside the four brackets, bps, non-decreasing.
    uint16 maintenance1;
    uint16 maintenance2;
    uint16 maintenance3;
    uint16 maintenance4;
    /// Initial rates inside the four brackets, bps, non-decreasing.
    uint16 initial1;
    uint16 initial2;
    uint16 initial3;
    uint16 initial4;
    /// Liquidation penalty on closed value at margin ratio 1, bps.
    uint16 penaltyMinBps;
    /// Liquidation penalty on closed value at margin ratio 0, bps.
    uint16 penaltyMaxBps;
}

/// @dev What only cold paths read. Two slots.
struct MarketLinks {
    /// Share vault of the market's pool, the only caller of its pool functions.
    address vault;
    /// Keeper share of the liquidation penalty, bps.
    uint16 keeperShareBps;
    /// Value that liquidations may push through the curve at once, and again over five minutes, 1e-6 of the curve's depth.
    uint32 windowPpm;
    /// What the pool pays for debts in a day, 1e-6 of its equity (`marketLossCap`). 160 + 16 + 32 + 32 = 240.
    uint32 lossCapPpm;
    /// Source of prices.
    address oracle;
}
