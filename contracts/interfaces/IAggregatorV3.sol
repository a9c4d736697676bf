// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The part of Chainlink's AggregatorV3 that Keel reads
interface IAggregatorV3 {
    /// @notice Decimals of `answer`.
    function decimals() external view returns (uint8);

    /// @notice The latest round; `answeredInRound` is deprecated and ignored.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
