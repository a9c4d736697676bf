// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Price} from "../types/Market.sol";
import {IPriceSource} from "./IPriceSource.sol";

/// @dev What is believable. One slot: 88 + 88 + 3 * 16 = 224 bits.
struct Limits {
    /// Sane bounds, WAD quote per base, inclusive.
    uint88 minPrice;
    uint88 maxPrice;
    /// Largest believable disagreement between sources, bps.
    uint16 maxDeviationBps;
    /// Distance of the index from its TWAP beyond which the price is volatile, bps.
    uint16 maxVolatileBps;
    /// Largest step of a TWAP sample away from the last TWAP, bps.
    uint16 clampBps;
}

/// @dev Where a market's price comes from. Sources: one; or a primary and a reference; or the median of three (never the mean
/// of two).
struct Feed {
    IPriceSource[] sources;
    Limits limits;
}

/// @title Oracle hub: sources in, one believable price out
/// @notice Keeps, per market, the clamped time-weighted average and the volatility; the core stores what `refresh` returns.
/// Only the core refreshes, at most once per block, after it accrued funding at the old price.
interface IOracleHub {
    /// @notice A market's sources or limits changed.
    event FeedSet(uint16 indexed market, Feed feed);

    /// @notice The caller is not the core this hub serves.
    error NotCore(address caller);
    /// @notice The market has no feed.
    error FeedMissing(uint16 market);
    /// @notice A feed parameter lies outside its bounds.
    error FeedOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);
    /// @notice The history does not reach back over the window.
    /// @param windowSeconds length of the average asked for.
    /// @param availableSeconds how far back the oldest observation lies; 0 = there is none.
    error HistoryTooShort(uint256 windowSeconds, uint256 availableSeconds);
    /// @notice Too little gas to tell a failing source from a starved one.
    /// @param gasLeft gas left to the hub when it was about to ask the source.
    error SourceStarved(uint256 gasLeft);

    /// @notice Take a new price. Core only.
    /// @param last the price stored now; returned with defects marked when no usable price exists.
    /// @return the price to store; its `at` moves only when a usable price was found.
    function refresh(uint16 market, Price calldata last) external returns (Price memory);

    /// @notice Set the sources and limits of a market. Restricted.
    function setFeed(uint16 market, Feed calldata feed) external;

    /// @notice Sources and limits of a market.
    function feedOf(uint16 market) external view returns (Feed memory);

    /// @notice What the sources say now: price in WAD (0 = none usable) and the defects found, before any averaging.
    /// @return price WAD quote per base, floor; 0 = none usable.
    /// @return flags defects as bits, as in `Price.flags`.
    function peek(uint16 market) external view returns (uint256 price, uint8 flags);

    /// @notice Time-weighted average of the clamped samples over the window that ends now, WAD, floor.
    /// @param windowSeconds 1 second to 1 day.
    function twap(uint16 market, uint256 windowSeconds) external view returns (uint256);
}
