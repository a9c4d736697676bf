// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId, AccountIdLib} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Health} from "../types/Health.sol";
import {Window} from "../types/LiquidationBook.sol";
import {Action} from "../types/Validity.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {IKeelLiquidation} from "../interfaces/IKeelLiquidation.sol";
import {IKeelViews} from "../interfaces/IKeelViews.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MarginMath} from "../margin/MarginMath.sol";
import {MarketSet} from "../margin/MarketSet.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {LiquidationMath} from "./LiquidationMath.sol";
import {Waterfall} from "./Waterfall.sol";

/// @title The insurance's own positions, and the window of the curve
/// @notice What the curve should not take at once, the insurance takes over at the index, as far as it could carry it like anyone else,
/// and works it off through the curve in small pieces. Its account belongs to the core's address and keeps no balance.
abstract contract Backstop is Waterfall, IKeelLiquidation {
    using MarketSet for uint128;

    /// @dev Most that the curve may take from what is pushed through it, against the index.
    uint256 internal constant MAX_LOSS_BPS = 100;
    /// @dev A piece of a position is at most this part of the window: it moves the mark by less than a round trip costs.
    uint256 private constant PIECES = 16;

    /// @inheritdoc IKeelLiquidation
    function unwind(uint16 market) external nonReentrant returns (int256 size, int256 cost) {
        Touch memory t;
        _settled(t, _backstop(), market, Action.AddMargin);
        if (t.position.size == 0) revert NoPosition(AccountId.unwrap(t.id), market);
        _checkResolved(t.id, market, t.config.status);
        ValidityLadder.require_(t.market.price, _validityOf(t.market, t.config), Action.Open);
        (uint256 pushed, uint256 capacity) = _window(t);
        size = _piece(t, pushed, capacity);
        Fill memory f = _fill(t, size, true);
        uint256 value = _valueOf(t, size);
        int256 loss = _lossOf(t, size, f.cost);
        uint256 limit = (value * MAX_LOSS_BPS) / Fixed.BPS;
        if (loss > int256(limit)) revert UnwindTooDear(loss, limit);
        liquidationBooks[market].pushed = Window(uint128(pushed + value), uint64(block.timestamp));
        int256 result = _sweep(t);
        _commit(t);
        emit BackstopFilled(market, t.settled, f, result);
        return (size, f.cost);
    }

    /// @inheritdoc IKeelLiquidation
    function windowOf(uint16 market) external view returns (uint256 pushed, uint256 capacity) {
        return _window(_load(_backstop(), market));
    }

    /// @dev Fill a copy with a position after its settlement by the core; for a liquidation with its account's health.
    function _settled(
        Touch memory t,
        AccountId account,
        uint16 market,
        Action action
    ) internal returns (Health memory h) {
        (t.settled, h) = IKeelCore(address(this)).settle(account, market, action);
        _load(t, account, market);
    }

    function _backstop() internal view returns (AccountId) {
        return AccountIdLib.from(address(this), 0);
    }

    /// @dev What liquidations have pushed through the curve, and may in all, quote WAD.
    function _window(Touch memory t) internal view returns (uint256 pushed, uint256 capacity) {
        capacity = LiquidationMath.windowCapacity(t.market.price.index, _depth(t), links[t.marketId].windowPpm);
        Window memory w = liquidationBooks[t.marketId].pushed;
        uint256 elapsed = block.timestamp - w.at;
        pushed = LiquidationMath.fallen(w.amount, capacity, elapsed, LiquidationMath.WINDOW_SECONDS);
    }

    /// @dev Whether the insurance could carry `size` besides what it has and the debt that comes with it. Not at a price that may be wrong:
    /// a position that begins in the middle of an escrow's period would owe for all of it.
    function _canAbsorb(Touch memory t, int256 size, int256 equity) internal view returns (bool) {
        if (ValidityLadder.suspect(t.market.price.flags) || t.config.status >= STATUS_RESOLVING) return false;
        AccountId id = _backstop();
        int256 held = positions[id][t.marketId].size;
        if (held == 0 && accounts[id].markets.length() == MarketSet.LIMIT) return false;
        Health memory h = IKeelViews(address(this)).healthOf(id);
        // Of the sum, not of the part alone: brackets are steeper there. What a smaller sum frees does not count, it may have been a hedge.
        (uint256 before, ) = MarginMath.requirements(t.market, t.config, held, true);
        (uint256 after_, ) = MarginMath.requirements(t.market, t.config, held - size, true);
        int256 means = int256(uint256(insuranceAssets)) + h.equityWorse + Fixed.min(0, equity);
        return means >= int256(h.initial) + Fixed.max(0, int256(after_) - int256(before));
    }

    /// @dev Move `size` of the account's position (its sign as a fill of the account) to the insurance at the index, rounded against the account.
    function _absorb(Touch memory t, int256 size) internal returns (Fill memory f) {
        AccountId id = _backstop();
        Touch memory b;
        if (positions[id][t.marketId].size != 0) _settled(b, id, t.marketId, Action.AddMargin);
        else _load(b, id, t.marketId);
        // One market, two accounts: the copy that has the settlement of both.
        b.market.price.spreadBps = t.market.price.spreadBps;
        t.market = b.market;
        int256 cost = -Fixed.divFloor(-size * int256(uint256(t.market.price.index)), Fixed.WAD);
        f = _book(t, size, cost);
        Fill memory taken = _book(b, -size, -cost);
        int256 result = _sweep(b);
        _commit(b);
        emit BackstopFilled(t.marketId, b.settled, taken, result);
    }

    /// @dev Value at the index, quote WAD, ceil.
    function _valueOf(Touch memory t, int256 size) internal pure returns (uint256) {
        unchecked {
            return Fixed.divCeil(Fixed.abs(size) * t.market.price.index, Fixed.WAD);
        }
    }

    /// @dev What a closing fill takes from equity: its cost against the value at the index.
    function _lossOf(Touch memory t, int256 size, int256 cost) internal pure returns (int256) {
        unchecked {
            return cost - Fixed.divFloor(size * int256(uint256(t.market.price.index)), Fixed.WAD);
        }
    }

    /// @dev A small piece of the position, as a closing fill: all of it where the rest would be dust.
    function _piece(Touch memory t, uint256 pushed, uint256 capacity) private pure returns (int256) {
        uint256 index = t.market.price.index;
        uint256 value = capacity / PIECES;
        if (pushed + value > capacity) revert WindowFull(pushed, capacity);
        uint256 held = Fixed.abs(t.position.size);
        uint256 size = (value * Fixed.WAD) / index;
        bool all = size >= held || (held - size) * index < uint256(t.config.minNotional) * Fixed.WAD * Fixed.WAD;
        if (all) size = held;
        return t.position.size > 0 ? -int256(size) : int256(size);
    }
}
