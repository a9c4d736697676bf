// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev One slot: 120 + 8 + 128 bits.
struct Account {
    /// Settlement balance, WAD quote; negative while realised losses wait for liquidation, or are backed by other collateral.
    int120 balance;
    /// Kinds of collateral that the account holds besides, bit `kind - 1` each (see ICollateral).
    uint8 collateral;
    /// Markets with an open position: eight 16-bit market ids, 0 = free (see MarketSet).
    uint128 markets;
}

/// @dev Two slots: (120 + 8 + 128) + (128 + 128) bits.
struct Position {
    /// Base, WAD, long positive.
    int120 size;
    /// Whether it settled a part of its market's escrow (see FundingEscrow): the account has a claim then.
    bool escrowed;
    /// Quote paid for `size`, WAD, same sign as `size`.
    int128 notional;
    /// `Market.longsPaid` at the last settlement, RAY quote per base.
    uint128 longsPaid;
    /// `Market.shortsPaid` at the last settlement, RAY quote per base.
    uint128 shortsPaid;
}
