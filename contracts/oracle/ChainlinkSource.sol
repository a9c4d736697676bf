// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Price source over a Chainlink aggregator
/// @notice Unusable when the answer is not positive, the timestamp is zero or in the future, the round is older than the
/// heartbeat, or the decimals changed. Rules C1-C6 of Chainlink's consumer guidance; sane bounds are the hub's.
/// @custom:halt nothing to halt: read-only.
contract ChainlinkSource is IPriceSource {
    /// @notice The aggregator reports more decimals than WAD has.
    error DecimalsUnsupported(uint256 given, uint256 limit);
    /// @notice A heartbeat of zero would make every price stale.
    error HeartbeatZero();

    /// @notice The aggregator that is read.
    IAggregatorV3 public immutable AGGREGATOR;
    /// @inheritdoc IPriceSource
    uint256 public immutable heartbeat;
    uint256 private immutable DECIMALS;

    /// @param aggregator AggregatorV3 proxy.
    /// @param heartbeatSeconds the feed's heartbeat plus a margin for late rounds (mainnet gaps reach 3,720 s at 3,600).
    constructor(IAggregatorV3 aggregator, uint256 heartbeatSeconds) {
        if (heartbeatSeconds == 0) revert HeartbeatZero();
        AGGREGATOR = aggregator;
        heartbeat = heartbeatSeconds;
        DECIMALS = aggregator.decimals();
        if (DECIMALS > 18) revert DecimalsUnsupported(DECIMALS, 18);
    }

    /// @inheritdoc IPriceSource
    function latest() external view returns (uint256 price, uint256 publishedAt) {
        (, int256 answer, , uint256 updatedAt, ) = AGGREGATOR.latestRoundData();
        if (answer <= 0 || updatedAt == 0 || updatedAt > block.timestamp) return (0, updatedAt);
        if (block.timestamp - updatedAt > heartbeat || AGGREGATOR.decimals() != DECIMALS) return (0, updatedAt);
        if (uint256(answer) > type(uint128).max) return (0, updatedAt);
        return ((uint256(answer) * Fixed.WAD) / 10 ** DECIMALS, updatedAt);
    }
}
