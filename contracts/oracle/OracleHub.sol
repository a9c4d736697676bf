// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {LibCall} from "solady/src/utils/LibCall.sol";
import {Price} from "../types/Market.sol";
import {Feed, IOracleHub, Limits} from "../interfaces/IOracleHub.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {ISequencerGate, Sequencer} from "../interfaces/ISequencerGate.sol";
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

    /// @dev Limits and the number of sources in one slot (88 + 88 + 3 * 16 + 8 = 232 bits), then a slot per source.
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
    /// @notice State of the rollup's sequencer; zero on a chain that has none.
    ISequencerGate public immutable SEQUENCER;

    mapping(uint16 market => FeedWords) private feeds;
    mapping(uint16 market => PriceHistory.State) private histories;

    /// @param core the only caller of `refresh`.
    /// @param authority access manager of `setFeed`.
    /// @param sequencer zero on a chain without one.
    constructor(address core, address authority, ISequencerGate sequencer) AccessManaged(authority) {
        CORE = core;
        SEQUENCER = sequencer;
    }

    /// @inheritdoc IOracleHub
    function setFeed(uint16 market, Feed calldata feed) external restricted {
        Limits calldata limits = feed.limits;
        _check("sources", feed.sources.length, 1, 3);
        _check("minPrice", limits.minPrice, 1, limits.maxPrice);
        _check("maxDeviationBps", limits.maxDeviationBps, 1, 1000);
        _check("maxVolatileBps", limits.maxVolatileBps, 100, 5000);
        _check("clampBps", limits.clampBps, 100, 5000);
        FeedWords memory words;
        (words.minPrice, words.maxPrice) = (limits.minPrice, limits.maxPrice);
        (words.maxDeviationBps, words.maxVolatileBps) = (limits.maxDeviationBps, limits.maxVolatileBps);
        (words.clampBps, words.count) = (limits.clampBps, uint8(feed.sources.length));
        for (uint256 i; i < words.count; ++i) {
            _check("sources", address(feed.sources[i]).code.length, 1, type(uint256).max);
            words.sources[i] = feed.sources[i];
        }
        feeds[market] = words;
        emit FeedSet(market, feed);
    }

    /// @inheritdoc IOracleHub
    function refresh(uint16 market, Price calldata last) external returns (Price memory next) {
        if (msg.sender != CORE) revert NotCore(msg.sender);
        FeedWords storage feed = _feed(market);
        Limits memory limits = _limits(feed);
        (uint256 index, uint8 flags) = _read(feed, limits);
        next = last;
        if (flags & ValidityLadder.INVALID != 0) {
            next.flags = last.flags | flags;
            return next;
        }
        (next.twap, next.sigma, flags) = _fold(histories[market], limits.clampBps, uint88(index), flags);
        if (_deviates(index, next.twap, limits.maxVolatileBps)) flags |= ValidityLadder.VOLATILE;
        (next.index, next.at, next.flags) = (uint88(index), uint32(block.timestamp), flags);
    }

    /// @inheritdoc IOracleHub
    function feedOf(uint16 market) external view returns (Feed memory feed) {
        FeedWords storage words = _feed(market);
        feed.limits = _limits(words);
        feed.sources = new IPriceSource[](words.count);
        for (uint256 i; i < feed.sources.length; ++i) {
            feed.sources[i] = words.sources[i];
        }
    }

    /// @inheritdoc IOracleHub
    function peek(uint16 market) external view returns (uint256 price, uint8 flags) {
        FeedWords storage feed = _feed(market);
        return _read(feed, _limits(feed));
    }

    /// @inheritdoc IOracleHub
    function twap(uint16 market, uint256 windowSeconds) external view returns (uint256) {
        _check("windowSeconds", windowSeconds, 1, 1 days);
        PriceHistory.State storage history = histories[market];
        return history.average(history.loadHead(), windowSeconds);
    }

    /// @dev Volatility, then the average so far, then the clamped sample that goes on from here.
    function _fold(
        PriceHistory.State storage history,
        uint256 clampBps,
        uint88 index,
        uint8 flags
    ) private returns (uint88 average, uint40 sigma, uint8) {
        PriceHistory.Head memory head = history.loadHead();
        uint256 elapsed = block.timestamp - head.at;
        if (head.at != 0 && elapsed != 0) {
            head.variance = uint72(Volatility.update(head.variance, head.index, index, elapsed));
        }
        bool covered = history.covers(head, TWAP_WINDOW);
        average = covered ? uint88(history.average(head, TWAP_WINDOW)) : index;
        head.index = index;
        history.push(head, covered ? _clamp(index, average, clampBps) : index);
        history.storeHead(head);
        return (average, Volatility.sigma(head.variance), covered ? flags : flags | ValidityLadder.SHORT_TWAP);
    }

    /// @dev The believable price among the sources: the only one; the primary, doubted when the reference is missing or
    /// disagrees; the median of three, or of a pair that agrees. None while the sequencer is down.
    function _read(FeedWords storage feed, Limits memory limits) private view returns (uint256 price, uint8 flags) {
        flags = _sequencer();
        if (flags & ValidityLadder.INVALID != 0) return (0, flags);
        uint256 count = feed.count;
        price = _price(feed.sources[0], limits);
        if (count == 1) return (price, price == 0 ? ValidityLadder.INVALID : flags);
        uint256 second = _price(feed.sources[1], limits);
        if (count == 3) (price, second) = _median(price, second, _price(feed.sources[2], limits));
        if (price == 0) return (0, ValidityLadder.INVALID);
        bool doubted = second == 0 || _deviates(price, second, limits.maxDeviationBps);
        return (price, doubted ? flags | ValidityLadder.UNCERTAIN : flags);
    }

    function _price(IPriceSource source, Limits memory limits) private view returns (uint256 price) {
        price = _ask(address(source), IPriceSource.latest.selector, 64);
        if (price < limits.minPrice || price > limits.maxPrice) price = 0;
    }

    /// @dev A gate that does not answer is a sequencer that nobody knows to be up.
    function _sequencer() private view returns (uint8) {
        if (address(SEQUENCER) == address(0)) return 0;
        uint256 state = _ask(address(SEQUENCER), ISequencerGate.state.selector, 32);
        if (state == uint256(Sequencer.Up)) return 0;
        return state == uint256(Sequencer.Grace) ? ValidityLadder.SEQUENCER_GRACE : ValidityLadder.INVALID;
    }

    /// @dev A source gets a fixed stipend: one that fails, burns it, or answers too little says nothing; of one that answers
    /// too much, the excess is not copied. A call that cannot give the stipend (EIP-150 keeps 1/64) is the caller's fault and
    /// reverts, or a sender could make a good source look broken.
    /// @return word first word of the answer; 0 = none.
    function _ask(address source, bytes4 question, uint16 size) private view returns (uint256 word) {
        if (gasleft() < (SOURCE_GAS * 64) / 63 + 10_000) revert SourceStarved(gasleft());
        (bool success, , bytes memory answer) = LibCall.tryStaticCall(
            source,
            SOURCE_GAS,
            size,
            abi.encodePacked(question)
        );
        if (success && answer.length == size) word = uint256(bytes32(answer));
    }

    function _feed(uint16 market) private view returns (FeedWords storage feed) {
        feed = feeds[market];
        if (feed.count == 0) revert FeedMissing(market);
    }

    function _limits(FeedWords storage feed) private view returns (Limits memory limits) {
        (limits.minPrice, limits.maxPrice) = (feed.minPrice, feed.maxPrice);
        (limits.maxDeviationBps, limits.maxVolatileBps) = (feed.maxDeviationBps, feed.maxVolatileBps);
        limits.clampBps = feed.clampBps;
    }

    /// @dev Median of three and the neighbour that is nearer to it; a missing price (0) leaves the pair of the others.
    function _median(uint256 a, uint256 b, uint256 c) private pure returns (uint256 middle, uint256 nearest) {
        if (a > b) (a, b) = (b, a);
        if (b > c) (b, c) = (c, b);
        if (a > b) (a, b) = (b, a);
        if (a == 0) return (b, c);
        return (b, b - a < c - b ? a : c);
    }

    function _clamp(uint88 price, uint88 around, uint256 bps) private pure returns (uint88) {
        unchecked {
            uint256 reach = (uint256(around) * bps) / Fixed.BPS;
            if (price > around + reach) return uint88(around + reach);
            return price < around - reach ? uint88(around - reach) : price;
        }
    }

    /// @dev |a / b - 1| > bps; prices below 2^88.
    function _deviates(uint256 a, uint256 b, uint256 bps) private pure returns (bool) {
        unchecked {
            return (a > b ? a - b : b - a) * Fixed.BPS > b * bps;
        }
    }

    function _check(bytes32 name, uint256 given, uint256 low, uint256 high) private pure {
        if (given < low || given > high) revert FeedOutOfBounds(name, given, low, high);
    }
}
