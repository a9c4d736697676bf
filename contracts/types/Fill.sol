// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What one fill on the curve did to a position.
struct Fill {
    /// Base bought, WAD; negative = sold.
    int256 size;
    /// Quote paid before fees, WAD; negative = received.
    int256 cost;
    /// Profit moved from the pool to the account's balance, quote WAD; negative = loss.
    int256 realized;
    /// Position after the fill, base WAD.
    int256 sizeAfter;
    /// Quote paid for `sizeAfter`, WAD.
    int256 notionalAfter;
}
