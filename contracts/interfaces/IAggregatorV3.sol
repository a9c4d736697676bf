// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The part of Chainlink's AggregatorV3 that Keel reads
/// @notice Trust: whoever runs the feed is trusted with its answers; their age and sign are checked by the reader.
interface IAggregatorV3 {
    /// @notice Decimals of `answer`.
    function decimals() external view returns (uint8);

    /// @notice The latest round; `answeredInRound` is deprecated and ignored.
    /// @return roundId round number; ignored.
    /// @return answer quote per base in the feed's decimals; not positive = no price.
    /// @return startedAt when the round started, seconds; ignored.
    /// @return updatedAt when the answer was published, seconds; 0 = never.
    /// @return answeredInRound ignored.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
