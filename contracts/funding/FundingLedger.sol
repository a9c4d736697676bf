// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {FundingInput, IFundingModel} from "../interfaces/IFundingModel.sol";
import {IOracleHub} from "../interfaces/IOracleHub.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Curve} from "../market/Curve.sol";
import {PoolMath} from "../pool/PoolMath.sol";
import {KeelStorage} from "../core/KeelStorage.sol";

/// @title Accrual of a market's funding
/// @notice Uses the state before the call, stops at the heartbeat of the stored price, costs O(1). Every entry that changes
/// anything a rate depends on comes through here first.
abstract contract FundingLedger is KeelStorage {
    /// @dev Fill working copies with a market whose funding is accrued up to now; nothing is stored. Filling in place spares
    /// the zeroing of memory that returning copies would cost. Reverts for an unknown market.
    /// @return received quote WAD the pool got (negative: paid), already in the copy.
    function _project(
        uint16 id,
        Market memory market,
        MarketConfig memory config
    ) internal view returns (int256 received) {
        configs[id].load(config);
        if (config.status == 0) revert MarketUnknown(id);
        markets[id].load(market);
        unchecked {
            uint256 until = uint256(market.price.at) + config.heartbeatSeconds;
            if (until > block.timestamp) until = block.timestamp;
            if (until > market.accruedAt) received = _advance(market, config, until - market.accruedAt);
            market.accruedAt = uint32(block.timestamp);
        }
    }

    /// @dev Accrue, store, and fill working copies.
    function _accrue(uint16 id, Market memory market, MarketConfig memory config) internal {
        uint256 before = markets[id].accruedAt();
        int256 received = _project(id, market, config);
        if (before == market.accruedAt) return;
        markets[id].store(market);
        _announce(id, market, received);
    }

    /// @dev Take a price from the oracle, once per block, and store it; the market must be accrued up to now at the old one.
    function _takePrice(uint16 id, Market memory market) internal {
        if (market.price.at == block.timestamp) return;
        market.price = IOracleHub(links[id].oracle).refresh(id, market.price);
        markets[id].storePrice(market.price);
        emit PriceStored(id, market.price);
    }

    function _announce(uint16 id, Market memory market, int256 received) internal {
        emit FundingAccrued(id, market.fundingState, market.longsPaid, market.shortsPaid, received);
    }

    /// @dev What the funding model sees of a market.
    function _fundingInput(
        Market memory market,
        MarketConfig memory config,
        uint256 elapsed
    ) internal pure returns (FundingInput memory input) {
        input.state = market.fundingState;
        input.since = market.accruedAt;
        input.elapsed = elapsed;
        int256 skew = _skew(market);
        uint256 index = market.price.index;
        unchecked {
            input.sigma = uint256(market.price.sigma) * 1e9;
        }
        if (skew == 0) return input;
        uint256 depth = PoolMath.depth(config.depthPerShare, market.shares);
        input.premium = Curve.premium(depth, skew);
        // Without funding accrued but not collected: accruing must not move what the rate depends on.
        int256 collected = int256(market.cash) + market.fundingClearing;
        int256 equity = PoolMath.equity(collected, market.openNotional, index, depth, skew);
        uint256 used = PoolMath.utilization(index, skew, equity, config.maxExposurePpm);
        input.utilization = skew > 0 ? int256(used) : -int256(used);
    }

    /// @dev Net trader position, base WAD.
    function _skew(Market memory market) internal pure returns (int256) {
        unchecked {
            return int256(uint256(market.longInterest)) - int256(uint256(market.shortInterest));
        }
    }

    function _advance(
        Market memory market,
        MarketConfig memory config,
        uint256 elapsed
    ) private view returns (int256 received) {
        int256 integral;
        FundingInput memory input = _fundingInput(market, config, elapsed);
        (market.fundingState, integral) = IFundingModel(config.fundingModel).accrue(input);
        int256 perBase = (integral * int256(uint256(market.price.index))) / int256(Fixed.WAD);
        if (perBase > 0) market.longsPaid += SafeCastLib.toUint128(uint256(perBase));
        else market.shortsPaid += SafeCastLib.toUint128(uint256(-perBase));
        received = Fixed.divFloor(_skew(market) * perBase, Fixed.RAY);
        market.cash += SafeCastLib.toInt128(received);
        market.fundingClearing -= int128(received);
    }
}
