// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title One way to a price
/// @notice An adapter turns one feed into WAD quote per base. It may revert or report `price` 0: both mean "no price".
/// Trust: the caller chooses nothing; whoever may update the feed is trusted with its price.
interface IPriceSource {
    /// @notice Latest price the source stands for.
    /// @return price WAD quote per base, floor; 0 = unusable.
    /// @return spread half-width of the feed's confidence interval, WAD quote per base; 0 where it gives none.
    /// @return publishedAt when the feed says it was observed, seconds.
    function latest() external view returns (uint256 price, uint256 spread, uint256 publishedAt);

    /// @notice Longest age of a price that the feed promises not to exceed, seconds.
    function heartbeat() external view returns (uint256);
}
