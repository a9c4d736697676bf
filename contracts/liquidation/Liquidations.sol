// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId, AccountIdLib} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Health} from "../types/Health.sol";
import {Window} from "../types/LiquidationBook.sol";
import {Action, Validity} from "../types/Validity.sol";
import {IKeelLiquidation} from "../interfaces/IKeelLiquidation.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Choice} from "./Choice.sol";
import {LiquidationMath} from "./LiquidationMath.sol";

/// @title Liquidations
/// @notice Anyone may liquidate an account below maintenance; LiquidationMath says how much, Choice of which position. It goes through the
/// curve while the account has equity, the window has room, the band holds and the curve is near the index; else the insurance takes it
/// over, if it can; else the curve takes what it can to its hard end. Beyond the cost of a trade the penalty never lowers the margin ratio of what
/// stays.
/// @dev Values and costs are below 2^140, rates below 2^80: no sum or product overflows.
abstract contract Liquidations is Choice {
    /// @dev Maintenance below which an account is liquidated in the grace period after a sequencer outage, bps.
    uint256 private constant GRACE_BPS = 8000;

    /// @dev What will be closed, and what it costs the account.
    struct Plan {
        LiquidationMath.Tier tier;
        int256 size;
        uint256 rate;
        uint256 spreadBps;
        /// What the curve would have taken; charged where the insurance takes over instead.
        uint256 slippage;
        int256 equity;
        uint256 maintenance;
        /// Of the other positions alone: what cannot be hedged, and what can, signed.
        uint256 othersOwn;
        int256 othersCommon;
        int256 lossElsewhere;
        /// What closing all of several positions through their curves would cost.
        int256 toll;
    }

    /// @inheritdoc IKeelLiquidation
    function liquidate(AccountId account) external nonReentrant returns (uint16 market, int256 size, uint256 reward) {
        if (account.owner() == address(this)) revert NotLiquidatable(0, 0);
        Touch memory t;
        int256 toll;
        (market, toll) = _choose(t, account);
        Health memory h = _settled(t, account, market, Action.Liquidate);
        _checkResolved(account, market, t.config.status);
        Plan memory plan = _plan(t, h, toll);
        (bool absorbed, Fill memory f) = _close(t, plan);
        uint256 penalty;
        (penalty, reward) = _penalty(t, plan, f.cost);
        t.account.balance -= int120(int256(penalty));
        t.toInsurance += penalty - reward;
        _coverShortfall(t);
        _commit(t);
        accounts[AccountIdLib.from(msg.sender, 0)].balance += int120(int256(reward));
        _tell(t, plan.tier, absorbed, f, penalty, reward);
        return (market, plan.size, reward);
    }

    /// @inheritdoc IKeelLiquidation
    function liquidateBatch(AccountId[] calldata ids) external returns (uint256 done) {
        for (uint256 i; i < ids.length; ++i) {
            bytes memory call = abi.encodeCall(this.liquidate, (ids[i]));
            // solhint-disable-next-line avoid-low-level-calls
            (bool success, ) = address(this).delegatecall(call);
            if (success) ++done;
        }
    }

    function _tell(
        Touch memory t,
        LiquidationMath.Tier tier,
        bool absorbed,
        Fill memory f,
        uint256 penalty,
        uint256 reward
    ) private {
        uint256 id = AccountId.unwrap(t.id);
        if (absorbed) emit Absorbed(id, t.marketId, msg.sender, uint8(tier), t.settled, f, penalty, reward);
        else emit Liquidated(id, t.marketId, msg.sender, uint8(tier), t.settled, f, penalty, reward);
    }

    /// @dev Tier and size; reverts for a healthy account. At a doubtful price and in a volatile market the account must be unhealthy at
    /// TWAP and at the index moved in its favour by the spread; after a sequencer outage by a fifth.
    function _plan(Touch memory t, Health memory h, int256 toll) private view returns (Plan memory plan) {
        int256 equity = h.equityBetter;
        uint256 trigger = h.worst == Validity.SequencerGrace ? (h.maintenance * GRACE_BPS) / Fixed.BPS : h.maintenance;
        if (equity >= int256(trigger)) revert NotLiquidatable(equity, trigger);
        (plan.equity, plan.maintenance, plan.toll) = (h.equity, h.maintenance, toll);
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
        (uint256 own, int256 common) = _partsOf(t);
        plan.othersOwn = h.maintenance - Fixed.abs(h.maintenanceCommon) - own;
        plan.othersCommon = h.maintenanceCommon - common;
        plan.size = _closingSize(t, plan, equity);
    }

    /// @dev Closed-form size, whole where the rest would be dust.
    function _closingSize(Touch memory t, Plan memory plan, int256 equity) private view returns (int256) {
        unchecked {
            uint256 held = Fixed.abs(t.position.size);
            uint256 targetBps = t.config.targetBps;
            uint256 here = plan.maintenance - plan.othersOwn - Fixed.abs(plan.othersCommon);
            uint256 fraction = LiquidationMath.closeFraction(
                plan.tier,
                equity,
                (plan.maintenance * targetBps) / Fixed.BPS,
                (here * targetBps) / Fixed.BPS,
                _costOfAll(t, plan)
            );
            uint256 size = Fixed.divCeil(held * fraction, Fixed.WAD);
            uint256 least = uint256(t.config.minNotional) * Fixed.WAD * Fixed.WAD;
            if ((held - size) * t.market.price.index < least) size = held;
            return t.position.size > 0 ? -int256(size) : int256(size);
        }
    }

    /// @dev What closing the whole position would take from equity; not asked where it is closed whole anyway.
    function _costOfAll(Touch memory t, Plan memory plan) private pure returns (uint256) {
        unchecked {
            if (plan.tier == LiquidationMath.Tier.Close) return 0;
            return _positive(_curveLoss(t, t.position.size)) + _fullPenalty(t, plan, t.position.size);
        }
    }

    /// @dev Fill where it belongs: the curve, the insurance, or the curve to its hard end.
    function _close(Touch memory t, Plan memory plan) private returns (bool absorbed, Fill memory f) {
        bool filled;
        (filled, f) = _pushThrough(t, plan);
        if (filled) return (false, f);
        if (!_canAbsorb(t, plan.size, plan.equity)) return (false, _pushHard(t, plan));
        // Of the last units, because the first are still there for the rest.
        plan.slippage = _positive(_curveLoss(t, t.position.size) - _curveLoss(t, t.position.size + plan.size));
        return (true, _absorb(t, plan.size));
    }

    /// @dev Fill on the curve, if the account has equity, the band holds, the window has room, and the curve is near the index: who pushed
    /// it away first shall not meet a liquidation there.
    function _pushThrough(Touch memory t, Plan memory plan) private returns (bool, Fill memory f) {
        unchecked {
            int256 skew = _skew(t.market);
            uint256 depth = _depth(t);
            bool inBand = _inBand(skew, skew + plan.size, (depth * t.config.maxSkewPpm) / Fixed.PPM);
            if (plan.equity <= 0 || !inBand) return (false, f);
            uint256 value = _valueOf(t, plan.size);
            (uint256 pushed, uint256 capacity) = _window(t);
            if (pushed + value > capacity) return (false, f);
            int256 cost = _cost(t.market, depth, skew, plan.size);
            if (_lossOf(t, plan.size, cost) > int256((value * MAX_LOSS_BPS) / Fixed.BPS)) return (false, f);
            liquidationBooks[t.marketId].pushed = Window(uint128(pushed + value), uint64(block.timestamp));
            return (true, _book(t, plan.size, cost));
        }
    }

    /// @dev Fill on the curve, at most to its hard end, whatever the window says.
    function _pushHard(Touch memory t, Plan memory plan) private returns (Fill memory) {
        uint256 room = _room(_depth(t), _skew(t.market), plan.size < 0);
        if (room == 0) revert BandExceeded(_skew(t.market), 0);
        if (Fixed.abs(plan.size) > room) plan.size = plan.size > 0 ? int256(room) : -int256(room);
        (uint256 pushed, ) = _window(t);
        uint256 value = _valueOf(t, plan.size);
        liquidationBooks[t.marketId].pushed = Window(uint128(pushed + value), uint64(block.timestamp));
        return _fill(t, plan.size, false);
    }

    /// @dev An amount, or 0 where it is negative.
    function _positive(int256 amount) private pure returns (uint256) {
        return amount > 0 ? uint256(amount) : 0;
    }

    /// @dev Penalty on the closed value, and never less than what a trade would have paid beside the curve.
    function _fullPenalty(Touch memory t, Plan memory plan, int256 size) private pure returns (uint256) {
        unchecked {
            return Fixed.divCeil(_valueOf(t, size) * plan.rate, Fixed.BPS * Fixed.WAD);
        }
    }

    /// @dev The spread that a trade would have paid on what it would have cost, and its fee on both, ceil each.
    function _leastPenalty(Touch memory t, Plan memory plan, int256 cost) private pure returns (uint256) {
        unchecked {
            int256 whole = cost + int256(plan.slippage);
            uint256 spread = Fixed.divCeil(Fixed.abs(whole) * plan.spreadBps, Fixed.BPS);
            return _feeOn(t.config, whole + int256(spread)) + spread + plan.slippage;
        }
    }

    /// @dev Penalty at most what leaves the margin ratio of the rest of the account where it was (for the last position: at most
    /// the equity that the fill leaves), and at most what is there without unrealised profit, which the curve may not pay; but
    /// not below what a trade would have cost beside its fill while equity is left. The keeper has a share only in what is there and
    /// beyond those, and in what the account would keep if all were closed now: liquidating oneself is never cheaper than closing.
    function _penalty(Touch memory t, Plan memory plan, int256 cost) private view returns (uint256, uint256) {
        unchecked {
            int256 left = plan.equity - _lossOf(t, plan.size, cost);
            if (left <= 0) return (0, 0);
            int256 trade = int256(_leastPenalty(t, plan, cost));
            int256 least = Fixed.min(left, trade);
            int256 penalty = Fixed.max(int256(_fullPenalty(t, plan, plan.size) + plan.slippage), trade);
            penalty = Fixed.min(penalty, Fixed.max(left - int256(_backing(t, plan)), least));
            int256 settled = Fixed.max(0, t.account.balance + plan.lossElsewhere + _lossHere(t));
            penalty = Fixed.max(Fixed.min(penalty, settled), least);
            uint256 shared = uint256(Fixed.min(penalty, settled)) * links[t.marketId].keeperShareBps;
            int256 reward = Fixed.min(int256(shared / Fixed.BPS), Fixed.max(0, penalty - trade));
            int256 kept = Fixed.max(plan.equity, left - trade) - plan.toll;
            return (uint256(penalty), uint256(Fixed.max(0, Fixed.min(reward, kept))));
        }
    }

    /// @dev Unrealised loss of the touched position at the price of a closing fill, quote WAD, at most 0.
    function _lossHere(Touch memory t) private pure returns (int256) {
        unchecked {
            uint256 worse = _worseFor(t.market, t.position.size < 0);
            int256 value = Fixed.divFloor(t.position.size * int256(worse), Fixed.WAD);
            return Fixed.min(0, value - t.position.notional);
        }
    }

    /// @dev Equity that what stays open needs for the same margin ratio as before, quote WAD, ceil.
    function _backing(Touch memory t, Plan memory plan) private pure returns (uint256) {
        unchecked {
            if (plan.equity <= 0) return 0;
            (uint256 own, int256 common) = _partsOf(t);
            uint256 stays = plan.othersOwn + own + Fixed.abs(plan.othersCommon + common);
            return Fixed.mulDivCeil(uint256(plan.equity), stays, plan.maintenance);
        }
    }
}
