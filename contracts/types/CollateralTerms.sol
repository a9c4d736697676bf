// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev Terms of a kind of collateral. Three slots: (128 + 3 * 16) + (2 * 88) + 160 bits.
struct CollateralTerms {
    /// Most that all accounts together may have, token units.
    uint128 cap;
    /// Part of the value that counts for nothing, bps: for new risk at once, for maintenance a higher one comes over a week.
    uint16 haircutBps;
    /// Least discount at which the collateral of an account that needs it is sold, bps.
    uint16 discountBps;
    /// Price age up to which it counts for new risk and is taken or sold, seconds.
    uint16 freshSeconds;
    /// Below it the token has lost its peg: nothing is taken, and nothing counts for new risk, WAD quote; 0 = it has none.
    uint88 floor;
    /// What a token counts for at most, WAD quote.
    uint88 ceiling;
    /// Hub that serves this contract and kind.
    address oracle;
}

/// @dev A listed kind.
struct CollateralKind {
    address token;
    uint8 decimals;
    /// The haircut that maintenance comes from, and since when.
    uint16 haircutBefore;
    uint40 haircutSince;
    /// Token units of all accounts.
    uint128 held;
    CollateralTerms terms;
}
