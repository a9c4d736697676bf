// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Health} from "../types/Health.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Action} from "../types/Validity.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {Accounts} from "../margin/Accounts.sol";
import {Filling} from "./Filling.sol";
import {PositionMath} from "./PositionMath.sol";

/// @title Trades
/// @notice Fills at once or reverts whole: order, market, price validity, band, limit price, then margin and utilization
/// after the fill.
abstract contract Trading is Filling, Accounts {
    /// @inheritdoc IKeelCore
    function trade(
        AccountId account,
        uint16 market,
        int256 size,
        uint256 limitPrice,
        uint256 deadline
    ) external returns (int256 cost, uint256 fee) {
        _checkOrder(account, size, deadline);
        return _trade(account, market, size, limitPrice, false);
    }

    /// @inheritdoc IKeelCore
    function updateAndTrade(
        AccountId account,
        uint16 market,
        int256 size,
        uint256 limitPrice,
        uint256 deadline
    ) external returns (int256 cost, uint256 fee) {
        _checkOrder(account, size, deadline);
        return _trade(account, market, size, limitPrice, true);
    }

    function _checkOrder(AccountId account, int256 size, uint256 deadline) private view {
        _authorize(account);
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        if (size == 0) revert ZeroAmount();
        if (size == type(int256).min || Fixed.abs(size) > MAX_SIZE) revert SizeOutOfRange(size, MAX_SIZE);
    }

    function _trade(
        AccountId account,
        uint16 market,
        int256 size,
        uint256 limitPrice,
        bool newPrice
    ) private nonReentrant returns (int256, uint256 fee) {
        Touch memory t = _touch(account, market, newPrice);
        bool reduces = PositionMath.reduces(t.position.size, size);
        _checkMarket(t, reduces);
        int256 skewBefore = _skew(t.market);
        Fill memory f = _fill(t, size, !reduces);
        _checkLimit(size, f.cost, limitPrice);
        uint256 insuranceFee;
        (fee, insuranceFee) = _charge(t, f.cost);
        _checkAfter(t, reduces, skewBefore);
        _commit(t);
        emit Traded(AccountId.unwrap(t.id), t.marketId, t.settled, f, fee, insuranceFee);
        return (f.cost, fee);
    }

    function _checkMarket(Touch memory t, bool reduces) private view {
        if (!reduces && t.config.status > STATUS_OPEN) revert MarketReduceOnly(t.marketId);
        _checkResolved(t.id, t.marketId, t.config.status);
        ValidityLadder.require_(t.market.price, t.validity, reduces ? Action.Reduce : Action.Open);
    }

    /// @dev Sizes are not zero and costs below 2^140, so scaling to WAD does not overflow.
    function _checkLimit(int256 size, int256 cost, uint256 limitPrice) private pure {
        unchecked {
            if (size > 0) {
                uint256 paid = Fixed.divCeil(Fixed.abs(cost) * Fixed.WAD, uint256(size));
                if (paid > limitPrice) revert PriceLimitMissed(paid, limitPrice);
            } else {
                uint256 got = cost < 0 ? (uint256(-cost) * Fixed.WAD) / uint256(-size) : 0;
                if (got < limitPrice) revert PriceLimitMissed(got, limitPrice);
            }
        }
    }

    /// @dev Fee on the cost, ceil; the insurance share of it, floor; the rest to the pool.
    function _charge(Touch memory t, int256 cost) private pure returns (uint256 fee, uint256 insuranceFee) {
        MarketConfig memory c = t.config;
        unchecked {
            fee = _feeOn(c, cost);
            insuranceFee = (fee * c.insuranceFeeSharePpm) / Fixed.PPM;
        }
        t.toInsurance += insuranceFee;
        t.account.balance -= int120(int256(fee));
        t.market.cash += int128(int256(fee - insuranceFee));
    }

    function _checkAfter(Touch memory t, bool reduces, int256 skewBefore) private view {
        Market memory m = t.market;
        if (t.position.size != 0) {
            uint256 value = (Fixed.abs(t.position.size) * m.price.index) / Fixed.WAD;
            uint256 minValue = uint256(t.config.minNotional) * Fixed.WAD;
            if (value < minValue) revert PositionTooSmall(value, minValue);
        }
        if (reduces) {
            Health memory reduced = _healthOf(t, Action.AddMargin);
            if (reduced.equity < int256(reduced.maintenance)) revert MarginTooLow(reduced.equity, reduced.maintenance);
            return;
        }
        Health memory h = _healthOf(t, Action.Open);
        if (h.equityWorse < int256(h.initial)) revert MarginTooLow(h.equityWorse, h.initial);
        int256 net = Fixed.abs(_skew(m)) > Fixed.abs(skewBefore) ? _skew(m) : int256(0);
        uint256 side = t.position.size > 0 ? m.longInterest : m.shortInterest;
        _checkLimits(m, t.config, net, side);
        _checkSide(side, _depth(t));
    }
}
