// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";

/// @title Price source over a Chainlink aggregator
/// @notice Unusable when the answer is not positive, the timestamp is zero or in the future, the round is older than the
/// heartbeat, or the decimals changed. Rules C1-C6 of Chainlink's consumer guidance; sane bounds are the hub's.
/// @custom:halt nothing to halt: read-only.
contract ChainlinkSource is IPriceSource {
    /// @notice The aggregator reports more decimals than WAD has.
    error DecimalsUnsupported(uint256 given, uint256 limit);
    /// @notice A heartbeat of zero would make every price stale, one of ages none.
    error HeartbeatOutOfBounds(uint256 given, uint256 low, uint256 high);

    uint256 private constant MAX_HEARTBEAT = 7 days;
    int256 private constant MAX_ANSWER = int256(uint256(type(uint128).max));

    /// @notice The aggregator that is read.
    IAggregatorV3 public immutable AGGREGATOR;
    /// @inheritdoc IPriceSource
    uint256 public immutable heartbeat;
    uint256 private immutable DECIMALS;
    /// @dev WAD per unit of the answer.
    uint256 private immutable SCALE;

    /// @param aggregator AggregatorV3 proxy.
    /// @param heartbeatSeconds the feed's heartbeat plus a margin for late rounds (mainnet gaps reach 3,720 s at 3,600).
    constructor(IAggregatorV3 aggregator, uint256 heartbeatSeconds) {
        if (heartbeatSeconds == 0 || heartbeatSeconds > MAX_HEARTBEAT) {
            revert HeartbeatOutOfBounds(heartbeatSeconds, 1, MAX_HEARTBEAT);
        }
        AGGREGATOR = aggregator;
        heartbeat = heartbeatSeconds;
        DECIMALS = aggregator.decimals();
        if (DECIMALS > 18) revert DecimalsUnsupported(DECIMALS, 18);
        SCALE = 10 ** (18 - DECIMALS);
    }

    /// @inheritdoc IPriceSource
    function latest() external view returns (uint256 price, uint256, uint256 publishedAt) {
        int256 answer;
        uint256 decimals;
        (answer, publishedAt, decimals) = _round();
        unchecked {
            // A time in the future wraps to an age beyond any heartbeat.
            uint256 age = block.timestamp - publishedAt;
            bool timely = publishedAt != 0 && age <= heartbeat;
            if (timely && answer > 0 && answer <= MAX_ANSWER && decimals == DECIMALS) price = uint256(answer) * SCALE;
        }
    }

    /// @dev Latest round and decimals, by hand: the compiler's decoding of five words costs a third of the reading. Gives an answer of 0
    /// where the aggregator does not answer in full.
    function _round() private view returns (int256 answer, uint256 updatedAt, uint256 decimals) {
        IAggregatorV3 aggregator = AGGREGATOR;
        bytes4 round = IAggregatorV3.latestRoundData.selector;
        bytes4 decimals_ = IAggregatorV3.decimals.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(0x00, round)
            if and(gt(returndatasize(), 0x9f), staticcall(gas(), aggregator, 0x00, 0x04, free, 0xa0)) {
                answer := mload(add(free, 0x20))
                updatedAt := mload(add(free, 0x60))
                mstore(0x00, decimals_)
                if iszero(and(gt(returndatasize(), 0x1f), staticcall(gas(), aggregator, 0x00, 0x04, 0x00, 0x20))) {
                    answer := 0
                }
                decimals := mload(0x00)
            }
        }
    }
}
