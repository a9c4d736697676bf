// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Feed, IOracleHub, Limits} from "../interfaces/IOracleHub.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {ISequencerGate, Sequencer} from "../interfaces/ISequencerGate.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Quorum} from "./Quorum.sol";
import {ValidityLadder} from "./ValidityLadder.sol";

/// @title One price out of one to three sources
/// @notice Whatever a source does, the reader goes on: it sees an answer or silence. Only who calls with too little gas is refused.
abstract contract SourceReader is IOracleHub {
    uint256 internal constant SOURCE_GAS = 200_000;
    /// @dev How long primary and reference must agree before the primary is believed again.
    uint256 internal constant RECOVERY = 15 minutes;

    /// @dev One slot: 8 + 32 bits.
    struct Ladder {
        /// Whether the primary fell silent and the reference stands in for it; since when both agree again, 0 = they do not.
        bool onReference;
        uint32 agreesSince;
    }

    /// @notice State of the rollup's sequencer; zero on a chain that has none.
    ISequencerGate public immutable SEQUENCER;
    IPriceSource internal immutable SOURCE0;
    IPriceSource internal immutable SOURCE1;
    IPriceSource internal immutable SOURCE2;
    uint256 internal immutable COUNT;
    uint256 internal immutable MIN_PRICE;
    uint256 internal immutable MAX_PRICE;
    uint256 internal immutable MAX_DEVIATION_BPS;
    uint256 internal immutable MAX_CONFIDENCE_BPS;
    uint256 internal immutable MAX_VOLATILE_BPS;
    uint256 internal immutable CLAMP_BPS;

    Ladder internal _ladder;

    constructor(Feed memory feed_, ISequencerGate sequencer) {
        Limits memory limits = feed_.limits;
        IPriceSource[] memory sources = feed_.sources;
        _check("sources", sources.length, 1, 3);
        for (uint256 i; i < sources.length; ++i) {
            _check("sources", address(sources[i]).code.length, 1, type(uint256).max);
        }
        _check("minPrice", limits.minPrice, 1, limits.maxPrice);
        _check("maxDeviationBps", limits.maxDeviationBps, 1, 1000);
        _check("maxConfidenceBps", limits.maxConfidenceBps, 1, 1000);
        _check("maxVolatileBps", limits.maxVolatileBps, 100, 5000);
        _check("clampBps", limits.clampBps, 100, 5000);
        (SEQUENCER, COUNT) = (sequencer, sources.length);
        SOURCE0 = sources[0];
        SOURCE1 = sources.length > 1 ? sources[1] : sources[0];
        SOURCE2 = sources.length > 2 ? sources[2] : sources[0];
        (MIN_PRICE, MAX_PRICE) = (limits.minPrice, limits.maxPrice);
        (MAX_DEVIATION_BPS, MAX_CONFIDENCE_BPS) = (limits.maxDeviationBps, limits.maxConfidenceBps);
        (MAX_VOLATILE_BPS, CLAMP_BPS) = (limits.maxVolatileBps, limits.clampBps);
    }

    /// @inheritdoc IOracleHub
    function feed() external view returns (Feed memory feed_) {
        feed_.sources = new IPriceSource[](COUNT);
        feed_.sources[0] = SOURCE0;
        if (COUNT > 1) feed_.sources[1] = SOURCE1;
        if (COUNT > 2) feed_.sources[2] = SOURCE2;
        feed_.limits = Limits(
            uint88(MIN_PRICE),
            uint88(MAX_PRICE),
            uint16(MAX_DEVIATION_BPS),
            uint16(MAX_CONFIDENCE_BPS),
            uint16(MAX_VOLATILE_BPS),
            uint16(CLAMP_BPS)
        );
    }

    /// @inheritdoc IOracleHub
    function ladder() external view returns (bool onReference, uint32 agreesSince) {
        return (_ladder.onReference, _ladder.agreesSince);
    }

    /// @dev Read, keep the ladder, and say what is wrong.
    function _take() internal returns (uint256 price, uint256 spread, uint256 flags) {
        Ladder memory ladder_;
        if (COUNT == 2) ladder_ = _ladder;
        (bool fallen, uint32 since) = (ladder_.onReference, ladder_.agreesSince);
        uint256 silent;
        (price, spread, flags, silent) = _read(ladder_);
        if (silent != 0) emit SourcesSilent(uint8(silent));
        if (ladder_.onReference == fallen && ladder_.agreesSince == since) return (price, spread, flags);
        _ladder = ladder_;
        if (ladder_.onReference == fallen) return (price, spread, flags);
        if (fallen) emit PrimaryRestored();
        else emit PrimaryFallen();
    }

    /// @dev The believable price among the sources: the only one; the primary, doubted when the reference is silent or
    /// disagrees; the median of three, or of a pair that agrees. None while the sequencer is down. Moves the ladder in memory.
    /// @return price WAD, 0 = none.
    /// @return spread WAD.
    /// @return flags defects.
    /// @return silent bit i: source i said nothing usable.
    function _read(
        Ladder memory ladder_
    ) internal view returns (uint256 price, uint256 spread, uint256 flags, uint256 silent) {
        flags = _sequencer();
        if (flags & ValidityLadder.INVALID != 0) return (0, 0, flags, 0);
        uint256 chosen = _quote(SOURCE0);
        uint256 other = chosen;
        if (chosen == 0) silent = 1;
        if (COUNT != 1) {
            other = _quote(SOURCE1);
            if (other == 0) silent |= 2;
            if (COUNT == 2) {
                (chosen, other) = _gate(ladder_, chosen, other);
            } else {
                uint256 third = _quote(SOURCE2);
                if (third == 0) silent |= 4;
                (chosen, other) = Quorum.median(chosen, other, third);
            }
        }
        price = Quorum.priceOf(chosen);
        if (price == 0) return (0, 0, flags | ValidityLadder.INVALID, silent);
        bool doubted;
        (spread, doubted) = Quorum.spreadOf(chosen, other, MAX_DEVIATION_BPS);
        unchecked {
            if (doubted || spread * Fixed.BPS > price * MAX_CONFIDENCE_BPS) flags |= ValidityLadder.UNCERTAIN;
        }
    }

    function _check(bytes32 name, uint256 given, uint256 low, uint256 high) internal pure {
        if (given < low || given > high) revert FeedOutOfBounds(name, given, low, high);
    }

    /// @dev The primary gated by the reference. Once the primary is silent the reference stands in, unconfirmed, until both have agreed
    /// at every update of `RECOVERY`: a primary that comes and goes does not choose the price.
    function _gate(
        Ladder memory ladder_,
        uint256 primary,
        uint256 reference_
    ) private view returns (uint256 chosen, uint256 other) {
        if (!ladder_.onReference) {
            if (primary != 0 || reference_ == 0) return (primary, reference_);
            ladder_.onReference = true;
        }
        bool silent = primary == 0 || reference_ == 0;
        if (silent || Quorum.deviates(Quorum.priceOf(primary), Quorum.priceOf(reference_), MAX_DEVIATION_BPS)) {
            ladder_.agreesSince = 0;
        } else if (ladder_.agreesSince == 0) {
            ladder_.agreesSince = uint32(block.timestamp);
        } else if (block.timestamp - ladder_.agreesSince >= RECOVERY) {
            (ladder_.onReference, ladder_.agreesSince) = (false, 0);
            return (primary, reference_);
        }
        return (reference_, 0);
    }

    /// @dev What a source says, 0 where that is nothing or outside the sane bounds.
    function _quote(IPriceSource source) private view returns (uint256) {
        (uint256 price, uint256 spread) = _ask(address(source), IPriceSource.latest.selector, 0x60);
        return price < MIN_PRICE || price > MAX_PRICE ? 0 : Quorum.quote(price, spread);
    }

    /// @dev A gate that does not answer is a sequencer that nobody knows to be up.
    function _sequencer() private view returns (uint256) {
        if (address(SEQUENCER) == address(0)) return 0;
        (uint256 state, ) = _ask(address(SEQUENCER), ISequencerGate.state.selector, 0x20);
        if (state == uint256(Sequencer.Up)) return 0;
        if (state == uint256(Sequencer.Grace)) return ValidityLadder.SEQUENCER_GRACE;
        return ValidityLadder.INVALID | ValidityLadder.SEQUENCER_DOWN;
    }

    /// @dev A source gets a fixed stipend: one that fails, burns it, or answers less than `size` bytes says nothing; of one that answers
    /// more, the excess is not copied. A call that cannot give the stipend (EIP-150 keeps 1/64) is the caller's fault and
    /// reverts, or a sender could make a good source look broken.
    function _ask(address source, bytes4 question, uint256 size) private view returns (uint256 first, uint256 second) {
        if (gasleft() < (SOURCE_GAS * 64) / 63 + 10_000) revert SourceStarved(gasleft());
        assembly ("memory-safe") {
            mstore(0x00, question)
            if and(iszero(lt(returndatasize(), size)), staticcall(SOURCE_GAS, source, 0x00, 0x04, 0x00, 0x40)) {
                first := mload(0x00)
                second := mload(0x20)
            }
        }
    }
}
