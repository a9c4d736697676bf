// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev Where a resolution stands.
enum Stage {
    None,
    /// Every position of the market is looked at once.
    Counting,
    /// The cut is known; it is taken from each profit.
    Applying
}

/// @dev How a market shares out what nobody has paid. A slot per field: it is read and written only in such times.
struct Resolution {
    /// Number of this resolution, from 1.
    uint256 number;
    Stage stage;
    /// Price at which profits count, WAD quote per base.
    uint256 price;
    /// Open interest not counted yet, base WAD.
    uint256 longLeft;
    uint256 shortLeft;
    /// What nobody has paid, quote WAD; what came while the cut was being taken waits for the next resolution.
    uint256 deficit;
    uint256 waiting;
    /// Sum of profits counted, quote WAD; part of them not cut yet; what they give in all.
    uint256 profits;
    uint256 profitsLeft;
    uint256 cut;
    /// Status of the market before; what was held tighter than reduce-only stays so.
    uint8 before;
}

/// @dev One account in a market's resolution. One slot.
struct ResolutionMark {
    /// Resolution in which it was counted last.
    uint64 number;
    /// Whether nothing more is taken from it.
    bool done;
    /// Profit that counts, quote WAD, floor.
    uint128 profit;
}
