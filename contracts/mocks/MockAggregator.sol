// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title Chainlink-shaped feed that anyone sets: local chains and testnets
/// @notice Says what it was last told: for tests of stale, broken and absurd rounds. No source of real prices.
/// @custom:halt nothing to halt: a test double.
contract MockAggregator is IAggregatorV3 {
    /// @notice The feed was told to fail.
    error FeedDown();

    /// @inheritdoc IAggregatorV3
    uint8 public decimals;
    bool private broken;
    uint40 private updatedAt;
    uint40 private round;
    int160 private answer;

    /// @param decimals_ decimals of answers.
    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    /// @notice Publish an answer with the present time.
    function set(int256 answer_) external {
        setAt(answer_, block.timestamp);
    }

    /// @notice Change the decimals that are reported.
    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    /// @notice Make reads revert, or work again.
    /// @param broken_ true: reads revert.
    function setBroken(bool broken_) external {
        broken = broken_;
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (broken) revert FeedDown();
        return (round, answer, updatedAt, updatedAt, round);
    }

    /// @notice Publish an answer with any time.
    /// @param answer_ in the feed's decimals.
    /// @param updatedAt_ when it claims to be published, seconds.
    function setAt(int256 answer_, uint256 updatedAt_) public {
        (answer, updatedAt) = (int160(answer_), uint40(updatedAt_));
        ++round;
    }
}
