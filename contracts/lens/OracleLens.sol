// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibCall} from "solady/src/utils/LibCall.sol";
import {Escrow} from "../types/Escrow.sol";
import {Price} from "../types/Market.sol";
import {MarketConfig, MarketLinks} from "../types/MarketConfig.sol";
import {Action, Validity} from "../types/Validity.sol";
import {IKeel} from "../interfaces/IKeel.sol";
import {Feed, IOracleHub, Limits} from "../interfaces/IOracleHub.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";

/// @title A market's price as bots and monitors want to see it
/// @notice Reads one core and the hubs of its markets: the stored price and what it is good for, what the sources say now, the
/// averages. Sources get the gas that the hub gives them, so one that breaks hides no other. Not used by the core.
/// @custom:halt nothing to halt: read-only.
contract OracleLens {
    /// @dev One source as it answers now; prices WAD quote per base.
    struct SourceView {
        address source;
        /// Whether the hub would use it: it answered with a price inside the sane bounds.
        bool usable;
        /// What it says, 0 = nothing.
        uint256 price;
        /// Half-width of its confidence interval; 0 where it gives none.
        uint256 spread;
        /// When it says the price was observed, seconds; 0 = never, or no answer.
        uint256 publishedAt;
        /// Seconds since then; the block time if never, 0 if its clock is ahead.
        uint256 age;
    }

    /// @dev A time-weighted average of the hub's samples, WAD; 0 and not covered where the history is too short.
    struct Average {
        uint256 price;
        bool covered;
    }

    /// @dev The price of a market, stored and live.
    struct OracleView {
        uint16 id;
        /// As stored; its volatility is `sigma`.
        Price price;
        /// Seconds since a usable price was stored; the block time if none ever was.
        uint256 age;
        Validity validity;
        /// What the matrix allows now, bit `a` for action `a`.
        uint8 actions;
        /// What the sources together say now: price and its uncertainty, WAD (0 = none usable), and the defects found.
        uint256 peekPrice;
        uint256 peekSpread;
        uint8 peekFlags;
        /// Whether the reference stands in for a silent primary; since when both agree again, seconds, 0 = they do not.
        bool onReference;
        uint32 agreesSince;
        Average twap5;
        Average twap30;
        /// Whether funding goes into escrow because the stored price may be wrong; the last or open such stretch, as stored.
        bool suspect;
        Escrow escrow;
        SourceView[] sources;
    }

    uint256 internal constant SOURCE_GAS = 200_000;
    uint16 internal constant ANSWER_BYTES = 96;

    /// @notice The core that is read.
    IKeel public immutable CORE;

    /// @param core the core.
    constructor(IKeel core) {
        CORE = core;
    }

    /// @notice All markets, in order of their ids.
    function oracles() external view returns (OracleView[] memory views) {
        views = new OracleView[](CORE.marketCount());
        for (uint16 i; i < views.length; ++i) {
            views[i] = oracleOf(i + 1);
        }
    }

    /// @notice One market's price, stored and live, and its sources one by one.
    /// @return v stored price and validity as the core sees them now; live prices as an update in this block would.
    function oracleOf(uint16 market) public view returns (OracleView memory v) {
        (MarketConfig memory c, MarketLinks memory links) = CORE.configOf(market);
        IOracleHub hub = IOracleHub(links.oracle);
        v.id = market;
        v.price = CORE.priceOf(market);
        v.age = block.timestamp - v.price.at;
        v.validity = ValidityLadder.validity(v.price, c.freshSeconds, c.staleSeconds);
        v.actions = actionsAt(v.validity);
        (v.peekPrice, v.peekSpread, v.peekFlags) = hub.peek();
        (v.onReference, v.agreesSince) = hub.ladder();
        v.twap5 = _average(hub, 5 minutes);
        v.twap30 = _average(hub, 30 minutes);
        v.suspect = ValidityLadder.suspect(v.price.flags);
        v.escrow = CORE.escrowOf(market);
        Feed memory feed = hub.feed();
        v.sources = new SourceView[](feed.sources.length);
        for (uint256 i; i < v.sources.length; ++i) {
            v.sources[i] = _read(feed.sources[i], feed.limits);
        }
    }

    /// @notice What the matrix allows at a validity, bit `a` for action `a`.
    /// @param validity any of them.
    function actionsAt(Validity validity) public pure returns (uint8 actions) {
        for (uint8 a; a <= uint8(type(Action).max); ++a) {
            if (ValidityLadder.allows(validity, Action(a))) actions |= uint8(1 << a);
        }
    }

    function _average(IOracleHub hub, uint256 windowSeconds) private view returns (Average memory) {
        try hub.twap(windowSeconds) returns (uint256 price) {
            return Average(price, true);
        } catch {
            return Average(0, false);
        }
    }

    /// @dev As the hub asks: a fixed stipend, a bounded copy, and a refusal where the stipend cannot be given.
    function _read(IPriceSource source, Limits memory limits) private view returns (SourceView memory v) {
        if (gasleft() < (SOURCE_GAS * 64) / 63 + 10_000) revert IOracleHub.SourceStarved(gasleft());
        (bool success, , bytes memory answer) = LibCall.tryStaticCall(
            address(source),
            SOURCE_GAS,
            ANSWER_BYTES,
            abi.encodePacked(IPriceSource.latest.selector)
        );
        v.source = address(source);
        if (success && answer.length == ANSWER_BYTES) {
            (v.price, v.spread, v.publishedAt) = abi.decode(answer, (uint256, uint256, uint256));
        }
        v.usable = v.price >= limits.minPrice && v.price <= limits.maxPrice;
        if (v.publishedAt < block.timestamp) v.age = block.timestamp - v.publishedAt;
    }
}
