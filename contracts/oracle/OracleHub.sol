// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Price} from "../types/Market.sol";
import {Feed, IOracleHub} from "../interfaces/IOracleHub.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {PriceHistory} from "./PriceHistory.sol";
import {ValidityLadder} from "./ValidityLadder.sol";
import {Volatility} from "./Volatility.sol";

/// @title Oracle hub
/// @notice See IOracleHub. Averages a clamped sample, reports the unclamped index.
/// @custom:halt a source that fails marks the price invalid; governance replaces the feed.
contract OracleHub is IOracleHub, AccessManaged {
    using PriceHistory for PriceHistory.State;

    uint256 internal constant TWAP_WINDOW = 5 minutes;
    uint256 internal constant SOURCE_GAS = 200_000;

    /// @dev Limits and number of sources in one slot (88 + 88 + 3 * 16 + 8 = 232 bits), then a slot per source.
    struct FeedWords {
        uint88 minPrice;
        uint88 maxPrice;
        uint16 maxDeviationBps;
        uint16 maxVolatileBps;
        uint16 clampBps;
        uint8 count;
        IPriceSource[3] sources;
    }

    /// @notice The core this hub serves.
    address public immutable CORE;

    mapping(uint16 market => FeedWords) private feeds;
    mapping(uint16 market => PriceHistory.State) private histories;

    /// @param core the only caller of `refresh`.
    /// @param authority access manager of `setFeed`.
    constructor(address core, address authority) AccessManaged(authority) {
        CORE = core;
    }

    /// @inheritdoc IOracleHub
    function setFeed(uint16 market, Feed calldata feed) external restricted {
        _check("sources", feed.sources.length, 1, 3);
        _check("minPrice", feed.minPrice, 1, feed.maxPrice);
        _check("maxDeviationBps", feed.maxDeviationBps, 1, 1000);
        _check("maxVolatileBps", feed.maxVolatileBps, 100, 5000);
        _check("clampBps", feed.clampBps, 100, 5000);
        FeedWords storage words = feeds[market];
        (words.minPrice, words.maxPrice) = (feed.minPrice, feed.maxPrice);
        (words.maxDeviationBps, words.maxVolatileBps) = (feed.maxDeviationBps, feed.maxVolatileBps);
        (words.clampBps, words.count) = (feed.clampBps, uint8(feed.sources.length));
        for (uint256 i; i < feed.sources.length; ++i) {
            words.sources[i] = feed.sources[i];
        }
        emit FeedSet(market, feed);
    }

    /// @inheritdoc IOracleHub
    function refresh(uint16 market, Price calldata last) external returns (Price memory next) {
        if (msg.sender != CORE) revert NotCore(msg.sender);
        Feed memory feed = _feed(market);
        (uint256 index, uint8 flags) = _read(feed);
        next = last;
        if (flags & ValidityLadder.INVALID != 0) {
            next.flags = last.flags | flags;
            return next;
        }
        PriceHistory.State storage history = histories[market];
        (next.twap, next.sigma, flags) = _fold(history, feed, uint88(index), flags);
        if (_deviates(index, next.twap, feed.maxVolatileBps)) flags |= ValidityLadder.VOLATILE;
        next.index = uint88(index);
        next.at = uint32(block.timestamp);
        next.flags = flags;
    }

    /// @inheritdoc IOracleHub
    function feedOf(uint16 market) external view returns (Feed memory) {
        return _feed(market);
    }

    /// @inheritdoc IOracleHub
    function peek(uint16 market) external view returns (uint256 price, uint8 flags) {
        return _read(_feed(market));
    }

    /// @inheritdoc IOracleHub
    function twap(uint16 market, uint256 windowSeconds) external view returns (uint256) {
        return histories[market].average(histories[market].head, windowSeconds);
    }

    /// @dev Volatility, then the average so far, then the clamped sample that goes on from here.
    function _fold(PriceHistory.State storage history, Feed memory feed, uint88 index, uint8 flags)
        private
        returns (uint88 average, uint40 sigma, uint8)
    {
        PriceHistory.Head memory head = history.head;
        uint256 elapsed = block.timestamp - head.at;
        if (head.at != 0 && elapsed != 0) {
            head.variance = uint96(Volatility.update(head.variance, head.index, index, elapsed));
        }
        bool covered = history.coverage(head) >= TWAP_WINDOW;
        average = covered ? uint88(history.average(head, TWAP_WINDOW)) : index;
        head.index = index;
        history.push(head, covered ? _clamp(index, average, feed.clampBps) : index);
        history.head = head;
        return (average, Volatility.sigma(head.variance), covered ? flags : flags | ValidityLadder.SHORT_TWAP);
    }

    /// @dev The believable price among the sources: the only one; the primary, doubted when the reference is missing or
    /// disagrees; the median of three, or of a pair that agrees.
    function _read(Feed memory feed) private view returns (uint256 price, uint8 flags) {
        uint256 count = feed.sources.length;
        uint256[3] memory prices;
        for (uint256 i; i < count; ++i) {
            uint256 answer = _ask(feed.sources[i]);
            prices[i] = answer >= feed.minPrice && answer <= feed.maxPrice ? answer : 0;
        }
        if (count == 3) (prices[0], prices[1]) = _median(prices);
        if (prices[0] == 0) return (0, ValidityLadder.INVALID);
        bool doubted = count > 1 && (prices[1] == 0 || _deviates(prices[0], prices[1], feed.maxDeviationBps));
        return (prices[0], doubted ? ValidityLadder.UNCERTAIN : 0);
    }

    /// @dev A source gets a fixed stipend: one that fails or burns it is no price. A call that cannot give the stipend
    /// (EIP-150 keeps 1/64) is the caller's fault and reverts, or a sender could make a good source look broken.
    function _ask(IPriceSource source) private view returns (uint256) {
        if (gasleft() < SOURCE_GAS * 64 / 63 + 10_000) revert SourceStarved(gasleft());
        try source.latest{gas: SOURCE_GAS}() returns (uint256 price, uint256) {
            return price;
        } catch {
            return 0;
        }
    }

    function _feed(uint16 market) private view returns (Feed memory feed) {
        FeedWords storage words = feeds[market];
        uint256 count = words.count;
        if (count == 0) revert FeedMissing(market);
        (feed.minPrice, feed.maxPrice) = (words.minPrice, words.maxPrice);
        (feed.maxDeviationBps, feed.maxVolatileBps) = (words.maxDeviationBps, words.maxVolatileBps);
        feed.clampBps = words.clampBps;
        feed.sources = new IPriceSource[](count);
        for (uint256 i; i < count; ++i) {
            feed.sources[i] = words.sources[i];
        }
    }

    /// @dev Median of three and the neighbour that is nearer to it; a missing price (0) leaves the pair of the others.
    function _median(uint256[3] memory p) private pure returns (uint256 middle, uint256 nearest) {
        if (p[0] > p[1]) (p[0], p[1]) = (p[1], p[0]);
        if (p[1] > p[2]) (p[1], p[2]) = (p[2], p[1]);
        if (p[0] > p[1]) (p[0], p[1]) = (p[1], p[0]);
        if (p[0] == 0) return (p[1], p[2]);
        return (p[1], p[1] - p[0] < p[2] - p[1] ? p[0] : p[2]);
    }

    function _clamp(uint88 price, uint88 around, uint256 bps) private pure returns (uint88) {
        uint256 reach = uint256(around) * bps / Fixed.BPS;
        if (price > around + reach) return uint88(around + reach);
        return price < around - reach ? uint88(around - reach) : price;
    }

    function _deviates(uint256 a, uint256 b, uint256 bps) private pure returns (bool) {
        return (a > b ? a - b : b - a) * Fixed.BPS > b * bps;
    }

    function _check(bytes32 name, uint256 given, uint256 low, uint256 high) private pure {
        if (given < low || given > high) revert FeedOutOfBounds(name, given, low, high);
    }
}
