// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId, AccountIdLib} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Health} from "../types/Health.sol";
import {Market} from "../types/Market.sol";
import {Action, Validity} from "../types/Validity.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MarginMath} from "../margin/MarginMath.sol";
import {MarketSet} from "../margin/MarketSet.sol";
import {Filling} from "../market/Filling.sol";
import {LiquidationMath} from "./LiquidationMath.sol";

/// @title Liquidations through the curve, and what covers a shortfall
/// @notice Anyone may liquidate an account below maintenance; LiquidationMath says how much. The penalty never lowers
/// the margin ratio of what stays; debt without positions goes to the insurance, then to the market's pool.
abstract contract Liquidations is Filling {
    using MarketSet for uint128;

    /// @dev Maintenance below which an account is liquidated in the grace period after a sequencer outage, bps.
    uint256 private constant GRACE_BPS = 8000;

    /// @dev What will be closed, and what it costs the account.
    struct Plan {
        LiquidationMath.Tier tier;
        int256 size;
        uint256 rate;
        int256 equity;
        uint256 maintenance;
        uint256 maintenanceHere;
    }

    /// @inheritdoc IKeelCore
    function liquidate(AccountId account, uint16 market) external nonReentrant returns (int256 size, uint256 reward) {
        Touch memory t = _touch(account, market, false);
        if (t.position.size == 0) revert NoPosition(AccountId.unwrap(account), market);
        Plan memory plan = _plan(t);
        Fill memory f = _fill(t, plan.size, false);
        uint256 penalty = _penalty(t, plan, f.cost);
        reward = (penalty * links[market].keeperShareBps) / Fixed.BPS;
        t.account.balance -= int128(int256(penalty));
        t.toInsurance = penalty - reward;
        _coverShortfall(t);
        _commit(t);
        accounts[AccountIdLib.from(msg.sender, 0)].balance += int128(int256(reward));
        emit Liquidated(AccountId.unwrap(account), market, msg.sender, uint8(plan.tier), f, penalty, reward);
        return (plan.size, reward);
    }

    /// @dev Tier and size; reverts for a healthy account. In a volatile market the account must be unhealthy at index and at
    /// TWAP; after a sequencer outage by a fifth.
    function _plan(Touch memory t) private view returns (Plan memory plan) {
        _require(t.market, t.validity, Action.Liquidate);
        Health memory h = _healthOf(t, Action.Liquidate);
        int256 equity = h.worst >= Validity.Volatile ? h.equityBetter : h.equity;
        uint256 trigger = h.worst == Validity.SequencerGrace ? (h.maintenance * GRACE_BPS) / Fixed.BPS : h.maintenance;
        if (equity >= int256(trigger)) revert NotLiquidatable(equity, trigger);
        (plan.equity, plan.maintenance) = (h.equity, h.maintenance);
        uint256 ratio = LiquidationMath.marginRatio(equity, h.maintenance);
        plan.tier = LiquidationMath.tier(ratio);
        plan.rate = LiquidationMath.penaltyRate(
            ratio,
            t.config.brackets.penaltyMinBps,
            t.config.brackets.penaltyMaxBps
        );
        plan.size = _closingSize(t, plan, equity);
    }

    /// @dev Closed-form size, whole where the rest would be dust, at most what the curve takes.
    function _closingSize(Touch memory t, Plan memory plan, int256 equity) private view returns (int256) {
        uint256 held = Fixed.abs(t.position.size);
        uint256 index = t.market.price.index;
        uint256 value = Fixed.divCeil(held * index, Fixed.WAD);
        uint256 room = _room(t, t.position.size > 0);
        uint256 costAll = _slippage(t, held < room ? held : room, held) + _penaltyOn(plan.rate, value);
        uint256 targetBps = links[t.marketId].targetBps;
        plan.maintenanceHere = MarginMath.maintenance(t.config.brackets, value);
        uint256 fraction = LiquidationMath.closeFraction(
            plan.tier,
            equity,
            (plan.maintenance * targetBps) / Fixed.BPS,
            (plan.maintenanceHere * targetBps) / Fixed.BPS,
            costAll
        );
        uint256 size = Fixed.divCeil(held * fraction, Fixed.WAD);
        if ((held - size) * index < uint256(t.config.minNotional) * Fixed.WAD * Fixed.WAD) size = held;
        if (size > room) size = room;
        if (size == 0) revert BandExceeded(_skew(t.market), 0);
        return t.position.size > 0 ? -int256(size) : int256(size);
    }

    /// @dev Loss against the index of closing `size`, scaled to `held`, quote WAD.
    function _slippage(Touch memory t, uint256 size, uint256 held) private pure returns (uint256) {
        if (size == 0) return 0;
        int256 closing = t.position.size > 0 ? -int256(size) : int256(size);
        Market memory m = t.market;
        int256 loss = _lossOf(t, closing, _cost(m, _depth(t), _skew(m), closing));
        if (loss <= 0) return 0;
        return size == held ? uint256(loss) : Fixed.mulDivCeil(uint256(loss), held, size);
    }

    /// @dev What a closing fill takes from equity: its cost against the value at the index.
    function _lossOf(Touch memory t, int256 size, int256 cost) private pure returns (int256) {
        return cost - Fixed.divFloor(size * int256(uint256(t.market.price.index)), Fixed.WAD);
    }

    function _penaltyOn(uint256 rate, uint256 value) private pure returns (uint256) {
        return Fixed.divCeil(value * rate, Fixed.BPS * Fixed.WAD);
    }

    /// @dev Penalty on the closed value, at most what leaves the margin ratio of the rest of the account where it was; for the
    /// last position, at most the equity that the fill leaves.
    function _penalty(Touch memory t, Plan memory plan, int256 cost) private pure returns (uint256) {
        int256 left = plan.equity - _lossOf(t, plan.size, cost) - int256(_backing(t, plan));
        if (left <= 0) return 0;
        uint256 full = _penaltyOn(plan.rate, Fixed.divCeil(Fixed.abs(plan.size) * t.market.price.index, Fixed.WAD));
        return full < uint256(left) ? full : uint256(left);
    }

    /// @dev Equity that what stays open needs for the same margin ratio as before, quote WAD, ceil.
    function _backing(Touch memory t, Plan memory plan) private pure returns (uint256) {
        if (plan.equity <= 0) return 0;
        uint256 value = Fixed.divCeil(Fixed.abs(t.position.size) * t.market.price.index, Fixed.WAD);
        uint256 stays = plan.maintenance - plan.maintenanceHere + MarginMath.maintenance(t.config.brackets, value);
        return Fixed.mulDivCeil(uint256(plan.equity), stays, plan.maintenance);
    }

    /// @dev An account that ends without positions and below zero: insurance pays, then the pool.
    function _coverShortfall(Touch memory t) private {
        bool last = t.position.size == 0 && t.account.markets.remove(t.marketId) == 0;
        if (!last || t.account.balance >= 0) return;
        uint256 shortfall = uint256(-int256(t.account.balance));
        uint256 fromInsurance = shortfall < insuranceAssets ? shortfall : insuranceAssets;
        uint256 fromPool = shortfall - fromInsurance;
        insuranceAssets -= uint128(fromInsurance);
        t.market.cash -= int128(int256(fromPool));
        t.account.balance = 0;
        emit BadDebtCovered(AccountId.unwrap(t.id), t.marketId, fromInsurance, fromPool);
    }
}
