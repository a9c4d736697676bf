// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Fixed} from "../libraries/Fixed.sol";

/// @title Which of several quotes to believe
/// @notice A quote is a price and the half-width of its confidence in one word, so that quotes sort by price; 0 is silence. Never a
/// mean: an average of a true and a false price is a false price.
library Quorum {
    /// @notice A quote of WAD price, below 2^88, and WAD spread.
    function quote(uint256 price, uint256 spread) internal pure returns (uint256) {
        return (price << 128) | (spread < type(uint128).max ? spread : type(uint128).max);
    }

    /// @notice Price of a quote, WAD; 0 = silence.
    function priceOf(uint256 quote_) internal pure returns (uint256) {
        return quote_ >> 128;
    }

    /// @notice Median of three and the neighbour that is nearer to it; with one silent, the other two in their order: the first is believed
    /// if the second confirms it, so who can move the last source chooses nothing; with two silent, silence.
    function median(uint256 a, uint256 b, uint256 c) internal pure returns (uint256 middle, uint256 nearest) {
        if (a == 0 || b == 0 || c == 0) {
            (middle, nearest) = a == 0 ? (b, c) : (a, b == 0 ? c : b);
            return nearest == 0 ? (0, 0) : (middle, nearest);
        }
        if (a > b) (a, b) = (b, a);
        if (b > c) (b, c) = (c, b);
        if (a > b) (a, b) = (b, a);
        unchecked {
            return (b, priceOf(b) - priceOf(a) < priceOf(c) - priceOf(b) ? a : c);
        }
    }

    /// @notice How far from a quote's price the true price may lie, WAD: its own confidence, or the distance to the other quote where the
    /// two disagree, or what disagreement is allowed where the other is silent.
    /// @param doubted whether the other quote does not confirm this one.
    function spreadOf(
        uint256 quote_,
        uint256 other,
        uint256 maxDeviationBps
    ) internal pure returns (uint256 spread, bool doubted) {
        unchecked {
            spread = uint128(quote_);
            (uint256 price, uint256 otherPrice) = (priceOf(quote_), priceOf(other));
            doubted = other == 0 || deviates(price, otherPrice, maxDeviationBps);
            if (!doubted) return (spread, false);
            uint256 gap = price > otherPrice ? price - otherPrice : otherPrice - price;
            if (other == 0) gap = (price * maxDeviationBps) / Fixed.BPS;
            if (gap > spread) spread = gap;
        }
    }

    /// @notice |a / b - 1| > bps; prices below 2^88.
    function deviates(uint256 a, uint256 b, uint256 bps) internal pure returns (bool) {
        unchecked {
            return (a > b ? a - b : b - a) * Fixed.BPS > b * bps;
        }
    }
}
