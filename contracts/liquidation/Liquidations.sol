// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {AccountId, AccountIdLib} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Health} from "../types/Health.sol";
import {Action, Validity} from "../types/Validity.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MarginMath} from "../margin/MarginMath.sol";
import {MarketSet} from "../margin/MarketSet.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {Filling} from "../market/Filling.sol";
import {LiquidationMath} from "./LiquidationMath.sol";

/// @title Liquidations through the curve, and what covers a shortfall
/// @notice Anyone may liquidate an account below maintenance; LiquidationMath says how much. Beyond the fee of
/// a trade the penalty never lowers the margin ratio of what stays; debt without positions goes to the insurance, then
/// to the market's pool.
abstract contract Liquidations is Filling {
    using MarketSet for uint128;

    /// @dev Maintenance below which an account is liquidated in the grace period after a sequencer outage, bps.
    uint256 private constant GRACE_BPS = 8000;

    /// @dev What will be closed, and what it costs the account.
    struct Plan {
        LiquidationMath.Tier tier;
        int256 size;
        uint256 rate;
        uint256 spreadBps;
        int256 equity;
        uint256 maintenance;
        uint256 maintenanceHere;
        int256 lossElsewhere;
    }

    /// @inheritdoc IKeelCore
    function liquidate(AccountId account, uint16 market) external nonReentrant returns (int256 size, uint256 reward) {
        Touch memory t = _touch(account, market, false);
        if (t.position.size == 0) revert NoPosition(AccountId.unwrap(account), market);
        Plan memory plan = _plan(t);
        Fill memory f = _fill(t, plan.size, false);
        uint256 penalty;
        (penalty, reward) = _penalty(t, plan, f.cost);
        t.account.balance -= int128(int256(penalty));
        t.toInsurance += penalty - reward;
        _coverShortfall(t);
        _commit(t);
        accounts[AccountIdLib.from(msg.sender, 0)].balance += int128(int256(reward));
        emit Liquidated(AccountId.unwrap(account), market, msg.sender, uint8(plan.tier), t.settled, f, penalty, reward);
        return (plan.size, reward);
    }

    /// @dev Tier and size; reverts for a healthy account. At a doubtful price and in a volatile market the account must be unhealthy at
    /// TWAP and at the index moved in its favour by the spread; after a sequencer outage by a fifth.
    function _plan(Touch memory t) private view returns (Plan memory plan) {
        ValidityLadder.require_(t.market.price, t.validity, Action.Liquidate);
        Health memory h = _healthOf(t, Action.Liquidate);
        int256 equity = h.equityBetter;
        uint256 trigger = h.worst == Validity.SequencerGrace ? (h.maintenance * GRACE_BPS) / Fixed.BPS : h.maintenance;
        if (equity >= int256(trigger)) revert NotLiquidatable(equity, trigger);
        (plan.equity, plan.maintenance) = (h.equity, h.maintenance);
        plan.lossElsewhere = h.withdrawable - t.account.balance - _lossHere(t);
        // The curve fills a liquidation without the spread; the penalty makes up for it, as far as equity goes.
        (plan.spreadBps, t.market.price.spreadBps) = (t.market.price.spreadBps, 0);
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
        uint256 costAll = _costOfAll(t, plan, held, room);
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

    /// @dev What closing `held` would cost the account, quote WAD: slippage and penalty of what the curve takes, scaled up.
    function _costOfAll(Touch memory t, Plan memory plan, uint256 held, uint256 room) private pure returns (uint256) {
        uint256 size = held < room ? held : room;
        if (size == 0) return 0;
        int256 closing = t.position.size > 0 ? -int256(size) : int256(size);
        int256 cost = _cost(t.market, _depth(t), _skew(t.market), closing);
        int256 loss = _lossOf(t, closing, cost);
        uint256 sum = _fullPenalty(t, plan, size, cost) + (loss > 0 ? uint256(loss) : 0);
        return size == held ? sum : Fixed.mulDivCeil(sum, held, size);
    }

    /// @dev What a closing fill takes from equity: its cost against the value at the index.
    function _lossOf(Touch memory t, int256 size, int256 cost) private pure returns (int256) {
        return cost - Fixed.divFloor(size * int256(uint256(t.market.price.index)), Fixed.WAD);
    }

    /// @dev Penalty on the closed value, and never less than what a trade would have paid beside the curve.
    function _fullPenalty(Touch memory t, Plan memory plan, uint256 size, int256 cost) private pure returns (uint256) {
        uint256 value = Fixed.divCeil(size * t.market.price.index, Fixed.WAD);
        uint256 penalty = Fixed.divCeil(value * plan.rate, Fixed.BPS * Fixed.WAD);
        uint256 least = _leastPenalty(t, plan, cost);
        return penalty > least ? penalty : least;
    }

    /// @dev Fee of a trade, and the spread that it would have paid, ceil each.
    function _leastPenalty(Touch memory t, Plan memory plan, int256 cost) private pure returns (uint256) {
        return _feeOn(t.config, cost) + Fixed.divCeil(Fixed.abs(cost) * plan.spreadBps, Fixed.BPS);
    }

    /// @dev Penalty at most what leaves the margin ratio of the rest of the account where it was (for the last position: at most
    /// the equity that the fill leaves), and at most what is there without unrealised profit, which the curve may not pay; but
    /// not below fee and spread of a trade while equity is left. The keeper has a share only in what is there and beyond those, so
    /// that liquidating oneself is never cheaper than closing.
    function _penalty(Touch memory t, Plan memory plan, int256 cost) private view returns (uint256, uint256) {
        int256 left = plan.equity - _lossOf(t, plan.size, cost);
        if (left <= 0) return (0, 0);
        int256 trade = int256(_leastPenalty(t, plan, cost));
        int256 least = Fixed.min(left, trade);
        int256 penalty = int256(_fullPenalty(t, plan, Fixed.abs(plan.size), cost));
        penalty = Fixed.min(penalty, Fixed.max(left - int256(_backing(t, plan)), least));
        int256 settled = Fixed.max(0, t.account.balance + plan.lossElsewhere + _lossHere(t));
        penalty = Fixed.max(Fixed.min(penalty, settled), least);
        uint256 shared = uint256(Fixed.min(penalty, settled)) * links[t.marketId].keeperShareBps;
        int256 reward = Fixed.min(int256(shared / Fixed.BPS), Fixed.max(0, penalty - trade));
        return (uint256(penalty), uint256(reward));
    }

    /// @dev Unrealised loss of the touched position at the price of a closing fill, quote WAD, at most 0.
    function _lossHere(Touch memory t) private pure returns (int256) {
        uint256 worse = _worseFor(t.market, t.position.size < 0);
        int256 value = Fixed.divFloor(t.position.size * int256(worse), Fixed.WAD);
        return Fixed.min(0, value - t.position.notional);
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
        // What this call brings the insurance pays, too, before the pool does.
        uint256 insured = insuranceAssets + t.toInsurance;
        uint256 fromInsurance = shortfall < insured ? shortfall : insured;
        uint256 fromPool = shortfall - fromInsurance;
        insuranceAssets = SafeCastLib.toUint128(insured - fromInsurance);
        t.toInsurance = 0;
        t.market.cash -= int128(int256(fromPool));
        t.account.balance = 0;
        _forfeit(t.id, t.marketId);
        emit BadDebtCovered(AccountId.unwrap(t.id), t.marketId, fromInsurance, fromPool);
    }
}
