// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {Market} from "../types/Market.sol";
import {PackedPrice, PackedPriceLib} from "../types/PackedPrice.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {IOracleHub} from "../interfaces/IOracleHub.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MultiplierMath} from "../margin/MultiplierMath.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {FundingCall} from "./FundingCall.sol";
import {FundingEscrow} from "./FundingEscrow.sol";

/// @title Accrual of a market's funding
/// @notice Uses the state before the call, stops at the heartbeat of the stored price and while no source has one, costs O(1). Every
/// entry that changes anything a rate depends on comes through here first.
abstract contract FundingLedger is FundingEscrow {
    int256 private constant MAX_INTEGRAL = 2 ** 110;
    int256 private constant CALM = 2e18;

    /// @dev What an accrual did.
    enum Accrual {
        /// No time to accrue.
        None,
        Done,
        /// Done, and the rate left the neighbourhood of its slow mean.
        Spiked
    }

    /// @dev Fill working copies with a market whose funding is accrued, and whose ramp moved, up to now; nothing is stored. Filling in place spares
    /// the zeroing of memory that returning copies would cost. Reverts for an unknown market. At a suspect price the live indices
    /// stay: what they would have moved by is returned alone.
    function _project(
        uint16 id,
        Market memory market,
        MarketConfig memory config
    ) internal view returns (Accrual outcome, int256 perBase, int256 received) {
        configs[id].load(config);
        if (config.status == 0) revert MarketUnknown(id);
        markets[id].load(market);
        unchecked {
            uint256 until = uint256(market.price.at) + config.heartbeatSeconds;
            if (until > block.timestamp) until = block.timestamp;
            if (block.timestamp > market.accruedAt) {
                uint256 multiplier = MultiplierMath.initial(market, config);
                uint256 passed = block.timestamp - market.accruedAt;
                market.ramp = uint24(MultiplierMath.ramped(market.ramp, multiplier, passed));
            }
            if (config.status == STATUS_SHUT) until = 0;
            if (until > market.accruedAt && market.price.flags & ValidityLadder.INVALID == 0) {
                (outcome, perBase, received) = _advance(market, config, until - market.accruedAt);
            }
            market.accruedAt = uint32(block.timestamp);
        }
    }

    /// @dev Fill working copies with a market accrued up to now, for the caller to store; what belongs to the escrow is stored.
    /// @return outcome what the accrual did.
    /// @return perBase what the live indices moved by, RAY quote per base.
    function _accrue(
        uint16 id,
        Market memory market,
        MarketConfig memory config
    ) internal returns (Accrual outcome, int256 perBase) {
        int256 received;
        (outcome, perBase, received) = _project(id, market, config);
        if (perBase != 0 && ValidityLadder.suspect(market.price.flags)) {
            _accrueEscrow(id, perBase, received);
            perBase = 0;
        }
    }

    /// @dev Take a price from the oracle, once per block, and store it; the market must be accrued up to now at the old one.
    function _takePrice(uint16 id, Market memory market, MarketConfig memory config) internal {
        if (config.status == STATUS_SHUT) revert MarketShut(id);
        if (market.price.at == block.timestamp) return;
        bool wasSuspect = ValidityLadder.suspect(market.price.flags);
        PackedPrice next = IOracleHub(links[id].oracle).refresh(PackedPriceLib.pack(market.price));
        markets[id].price = next;
        next.load(market.price);
        emit PriceStored(id, market.price);
        if (wasSuspect || ValidityLadder.suspect(market.price.flags)) _review(id, market, wasSuspect);
    }

    function _announce(uint16 id, Market memory market, Accrual outcome, int256 perBase) internal {
        if (outcome == Accrual.None) return;
        if (outcome == Accrual.Spiked) emit FundingSpiked(id, market.stress);
        emit FundingAccrued(id, market.fundingState, perBase);
    }

    /// @dev Integrals are below 2^110 in size (a rate of 10 % for 30 years), indices below 2^88 and skews below 2^113: what moves
    /// fits 256 bits, and what it is added to is checked.
    /// @return outcome Done or Spiked.
    /// @return perBase what a long of one base paid, RAY quote, trunc; negative: received.
    /// @return received what the pool received, quote WAD, floor.
    function _advance(
        Market memory market,
        MarketConfig memory config,
        uint256 elapsed
    ) private view returns (Accrual outcome, int256 perBase, int256 received) {
        int256 deviation;
        (market.fundingState, perBase, deviation) = FundingCall.accrue(market, config, elapsed);
        unchecked {
            if (uint256(perBase + MAX_INTEGRAL) > uint256(2 * MAX_INTEGRAL)) {
                revert FundingModelUnknown(config.fundingModel);
            }
            outcome = Accrual.Done;
            uint8 stress = uint256(deviation + CALM) > uint256(2 * CALM) ? _stress(deviation) : 0;
            if (stress != market.stress) {
                if (market.stress == 0) outcome = Accrual.Spiked;
                market.stress = stress;
            }
            uint256 index = market.price.index;
            received = _skew(market);
            assembly ("memory-safe") {
                perBase := sdiv(mul(perBase, index), 1000000000000000000)
                received := mul(received, perBase)
                // floor
                let ray := 1000000000000000000000000000
                received := sub(sdiv(received, ray), slt(smod(received, ray), 0))
            }
            if (ValidityLadder.suspect(market.price.flags)) return (outcome, perBase, received);
            if (perBase > 0) market.longsPaid = SafeCastLib.toUint128(market.longsPaid + uint256(perBase));
            else market.shortsPaid = SafeCastLib.toUint128(market.shortsPaid + uint256(-perBase));
            market.cash = SafeCastLib.toInt128(market.cash + received);
            market.fundingClearing = SafeCastLib.toInt128(market.fundingClearing - received);
        }
    }

    /// @dev clamp(|deviation| - 2, 0, 4) in eighths, floor.
    function _stress(int256 deviation) private pure returns (uint8) {
        uint256 eighths = (Fixed.abs(deviation) - uint256(CALM)) / 0.125e18;
        return eighths < 32 ? uint8(eighths) : 32;
    }
}
