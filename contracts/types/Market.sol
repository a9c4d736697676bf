// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev The stored price of a market. One slot: 88 + 88 + 24 + 16 + 32 + 8 = 256 bits.
struct Price {
    /// Index price, WAD quote per base.
    uint88 index;
    /// Clamped 5-minute time-weighted average of the index, WAD quote per base.
    uint88 twap;
    /// Annualised EWMA volatility of clamped index returns, 1e-6 units (0.6e6 = 60 %).
    uint24 sigma;
    /// How far from the index the true price may lie, bps, ceil: the feed's own confidence, or the disagreement of sources.
    uint16 spreadBps;
    /// Block time at which this price was stored, seconds; 0 = never.
    uint32 at;
    /// Defects found when the price was taken (see Validity).
    uint8 flags;
}

/// @dev The moving state of a market: six slots, all on the path of a trade.
struct Market {
    /// Sum of long sizes, base WAD.
    uint112 longInterest;
    /// Sum of short sizes, base WAD.
    uint112 shortInterest;
    /// Time up to which funding is accrued, seconds. 112 + 112 + 32 = 256.
    uint32 accruedAt;
    /// Sum of all positions' signed notionals, quote WAD (`N`).
    int128 openNotional;
    /// Pool cash, quote WAD (`C`). 128 + 128 = 256.
    int128 cash;
    /// Funding index of what longs paid, RAY quote per base (`U`).
    uint128 longsPaid;
    /// Funding index of what shorts paid, RAY quote per base (`W`). 128 + 128 = 256.
    uint128 shortsPaid;
    /// State of the funding model, opaque to the core.
    bytes32 fundingState;
    /// Pool shares, 24 decimals (`S`).
    uint120 shares;
    /// Distance of the funding rate from its slow mean, beyond two standard deviations, 1/8 deviations, at most 32.
    uint8 stress;
    /// Multiplier of the maintenance margin, 1e-6: follows the one of the initial margin slowly (see Multipliers).
    uint24 ramp;
    /// Funding already credited to the pool or paid to receivers but not yet collected from payers, negated:
    /// collected minus credited, quote WAD. 120 + 8 + 24 + 104 = 256, as the sum with the cash.
    int128 fundingClearing;
    /// Stored price.
    Price price;
}
