// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PackedPrice} from "../types/PackedPrice.sol";
import {IPriceSource} from "./IPriceSource.sol";

/// @dev What is believable.
struct Limits {
    /// Sane bounds, WAD quote per base, inclusive.
    uint88 minPrice;
    uint88 maxPrice;
    /// Largest believable disagreement between sources, bps.
    uint16 maxDeviationBps;
    /// Widest confidence interval (half of it) of a price that is not doubted, bps.
    uint16 maxConfidenceBps;
    /// Distance of the index from its TWAP beyond which the price is volatile, bps.
    uint16 maxVolatileBps;
    /// Largest step of a TWAP sample away from the last TWAP, bps.
    uint16 clampBps;
}

/// @dev Where a market's price comes from. Sources: one; or a primary and a reference that gates it and stands in for it; or the median
/// of three (never the mean of two).
struct Feed {
    IPriceSource[] sources;
    Limits limits;
}

/// @title Oracle hub of one market: sources in, one believable price out
/// @notice Keeps the clamped time-weighted average and the volatility; the core stores what `refresh` returns. Only the core refreshes, at
/// most once per block, after it accrued funding at the old price. Sources and limits are fixed at construction: another feed is
/// another hub, which governance links to the market.
interface IOracleHub {
    /// @notice Sources gave no usable price when one was taken.
    /// @param mask bit i stands for source i.
    event SourcesSilent(uint8 mask);
    /// @notice The primary fell silent: the reference stands in, one way.
    event PrimaryFallen();
    /// @notice Primary and reference agreed long enough: the primary is believed again.
    event PrimaryRestored();

    /// @notice The caller is not the core this hub serves.
    error NotCore(address caller);
    /// @notice A feed parameter lies outside its bounds.
    error FeedOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);
    /// @notice The history does not reach back over the window.
    /// @param windowSeconds length of the average asked for.
    /// @param availableSeconds how far back the oldest stretch lies; 0 = there is none.
    error HistoryTooShort(uint256 windowSeconds, uint256 availableSeconds);
    /// @notice Too little gas to tell a failing source from a starved one.
    /// @param gasLeft gas left to the hub when it was about to ask the source.
    error SourceStarved(uint256 gasLeft);

    /// @notice Take a new price. Core only.
    /// @param last the price stored now; returned with defects marked when no usable price exists.
    /// @return the price to store; its `at` moves only when a usable price was found.
    function refresh(PackedPrice last) external returns (PackedPrice);

    /// @notice The core this hub serves.
    function CORE() external view returns (address);

    /// @notice The market of the core that this hub serves.
    function MARKET() external view returns (uint16);

    /// @notice Sources and limits.
    function feed() external view returns (Feed memory);

    /// @notice Whether the reference stands in for a silent primary; only a feed of two has such a ladder.
    /// @return onReference true: the primary fell silent, and has not been restored.
    /// @return agreesSince since when both agree again, seconds; 0 = they do not.
    function ladder() external view returns (bool onReference, uint32 agreesSince);

    /// @notice What the sources say now, before any averaging.
    /// @return price WAD quote per base, floor; 0 = none usable.
    /// @return spread how far from it the true price may lie, WAD.
    /// @return flags defects as bits, as in `Price.flags`.
    function peek() external view returns (uint256 price, uint256 spread, uint8 flags);

    /// @notice Time-weighted average of the clamped samples over the window that ends now, WAD, floor.
    /// @param windowSeconds 1 second to 1 day.
    function twap(uint256 windowSeconds) external view returns (uint256);
}
