// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Price} from "../types/Market.sol";
import {PackedPrice, PackedPriceLib} from "../types/PackedPrice.sol";
import {Feed, IOracleHub} from "../interfaces/IOracleHub.sol";
import {IPriceKeeper} from "../interfaces/IPriceKeeper.sol";
import {ISequencerGate} from "../interfaces/ISequencerGate.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {PriceHistory} from "./PriceHistory.sol";
import {Quorum} from "./Quorum.sol";
import {SourceReader} from "./SourceReader.sol";
import {ValidityLadder} from "./ValidityLadder.sol";
import {Volatility} from "./Volatility.sol";

/// @title Oracle hub
/// @notice See IOracleHub. Averages a clamped sample, reports the unclamped index.
/// @custom:halt a source that fails marks the price invalid; governance links another hub.
contract OracleHub is SourceReader {
    using PriceHistory for PriceHistory.State;

    uint256 internal constant TWAP_WINDOW = 5 minutes;
    uint256 internal constant MAX_SPREAD_BPS = 5000;

    /// @inheritdoc IOracleHub
    address public immutable CORE;
    /// @inheritdoc IOracleHub
    uint16 public immutable MARKET;

    PriceHistory.State private history;

    /// @param core the only caller of `refresh`.
    /// @param market its market's id.
    /// @param feed_ sources and limits.
    /// @param sequencer zero on a chain without one.
    constructor(
        address core,
        uint16 market,
        Feed memory feed_,
        ISequencerGate sequencer
    ) SourceReader(feed_, sequencer) {
        (CORE, MARKET) = (core, market);
    }

    /// @inheritdoc IOracleHub
    function refresh(PackedPrice last) external returns (PackedPrice) {
        if (msg.sender != CORE) revert NotCore(msg.sender);
        (uint256 index, uint256 spread, uint256 flags) = _take();
        return index == 0 ? last.marked(flags) : _next(last, index, spread, flags);
    }

    /// @inheritdoc IOracleHub
    function peek() external view returns (uint256 price, uint256 spread, uint8 flags) {
        Ladder memory ladder_ = _ladder;
        uint256 found;
        (price, spread, found, ) = _read(ladder_);
        flags = uint8(found);
    }

    /// @inheritdoc IOracleHub
    function twap(uint256 windowSeconds) external view returns (uint256) {
        _check("windowSeconds", windowSeconds, 1, 1 days);
        PackedPrice last = _stored();
        PriceHistory.Head memory head = history.loadHead();
        uint256 reach = history.reach(head, last.at(), windowSeconds);
        if (reach < windowSeconds) revert HistoryTooShort(windowSeconds, reach);
        return history.average(head, last.at(), _sample(last), windowSeconds);
    }

    /// @dev The price to store: with the average so far, and what is wrong with it.
    function _next(PackedPrice last, uint256 index, uint256 spread, uint256 flags) private returns (PackedPrice) {
        uint256 average = index;
        uint256 sigma;
        bool covered;
        if (last.at() != 0) (average, sigma, covered) = _fold(last, index, flags);
        if (!covered) flags |= ValidityLadder.SHORT_TWAP;
        if (Quorum.deviates(index, average, MAX_VOLATILE_BPS)) flags |= ValidityLadder.VOLATILE;
        unchecked {
            uint256 spreadBps = Fixed.divCeil(spread * Fixed.BPS, index);
            if (spreadBps > MAX_SPREAD_BPS) spreadBps = MAX_SPREAD_BPS;
            return PackedPriceLib.join(index, average, sigma, spreadBps, block.timestamp, flags);
        }
    }

    /// @dev Volatility, then the average so far; the sample in force since the last price goes into the history. A hub that takes over a
    /// market goes on from the volatility that is stored.
    /// @return average over five minutes, WAD; where the history is shorter, it stays where it stood.
    /// @return sigma 1e-6.
    /// @return covered whether the history was long enough.
    function _fold(
        PackedPrice last,
        uint256 index,
        uint256 flags
    ) private returns (uint256 average, uint256 sigma, bool covered) {
        PriceHistory.Head memory head = history.loadHead();
        (uint256 sample, uint256 since) = (_sample(last), last.at());
        if (head.count == 0) head.variance = Volatility.variance(last.sigma());
        if ((last.flags() | flags) & ValidityLadder.UNFIT == 0) {
            unchecked {
                head.variance = Volatility.update(head.variance, last.index(), index, block.timestamp - since);
            }
        }
        covered = history.reach(head, since, TWAP_WINDOW) == TWAP_WINDOW;
        average = covered ? history.average(head, since, sample, TWAP_WINDOW) : last.twap();
        sigma = Volatility.sigma(head.variance);
        history.push(head, since, sample);
    }

    /// @dev By hand, as in PackedPrice.
    function _stored() private view returns (PackedPrice) {
        Price memory last;
        (address core, uint16 market) = (CORE, MARKET);
        bytes4 selector = IPriceKeeper.priceOf.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, market)
            if iszero(staticcall(gas(), core, 0x00, 0x24, 0x00, 0x00)) {
                returndatacopy(last, 0x00, returndatasize())
                revert(last, returndatasize())
            }
            returndatacopy(last, 0x00, 0xc0)
        }
        return PackedPriceLib.pack(last);
    }

    /// @dev What the last price stands for in the average: itself, at most a step away from the average; the average where it is unfit.
    function _sample(PackedPrice last) private view returns (uint256) {
        (uint256 index, uint256 average) = (last.index(), last.twap());
        if (last.flags() & ValidityLadder.UNFIT != 0) return average;
        unchecked {
            uint256 reach = (average * CLAMP_BPS) / Fixed.BPS;
            if (index > average + reach) return average + reach;
            return index < average - reach ? average - reach : index;
        }
    }
}
