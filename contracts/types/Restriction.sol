// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What the guardian did to a market last. One slot: 160 + 40 + 40 + 8 = 248 bits.
struct Restriction {
    /// The guardian behind the present status; zero: governance.
    address by;
    /// From when on anyone may lift it, seconds; 0 = nothing of the guardian's to lift.
    uint40 until;
    /// From when on the guardian may restrict the market again, seconds.
    uint40 restedAt;
    /// Status that lifting leaves: what governance had set.
    uint8 standing;
}
