"""Twin of `liquidation/Liquidations.sol`: liquidations through the curve, and what covers a shortfall."""

from dataclasses import dataclass

from keel.model import liquidation, margin, market_set
from keel.model.errors import Refused
from keel.model.fixed import div_ceil, i256, mul_div_ceil, u256
from keel.model.ledger.accounts import account_id
from keel.model.ledger.books import add
from keel.model.ledger.filling import Filling, depth_of, fill_cost, room
from keel.model.ledger.margins import Touch
from keel.model.liquidation import Tier
from keel.model.validity import Action, Validity
from keel.units import BPS, WAD

# Maintenance below which an account is liquidated in the grace period after a sequencer outage.
GRACE_BPS = 8000


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will be closed: tier, signed size, penalty rate (bps * WAD).

    Equity at the index, maintenance of the account and of the position are quote WAD.
    """

    tier: Tier
    size: int
    rate: int
    equity: int
    maintenance: int
    maintenance_here: int


class Liquidations(Filling):
    """Reduces positions of accounts whose equity is below maintenance."""

    def liquidate(self, now: int, sender: str, account: int, market: int) -> tuple[int, int]:
        """Liquidate; the reward goes to the balance of the sender's account 0.

        Returns:
            Base closed with the sign of the closing trade, WAD; reward, quote WAD.
        """
        t = self._touch(now, account, market)
        if t.position.size == 0:
            raise Refused("NoPosition", account, market)
        plan = self._plan(t)
        filled = self._fill(t, plan.size, bounded=False)
        penalty = _penalty(t, plan, filled.cost)
        reward = u256(penalty * self.links[market].keeper_share_bps) // BPS
        t.account.balance = add(t.account.balance, -penalty)
        t.to_insurance = penalty - reward
        drawn = self._cover_shortfall(t)
        self.insurance_assets -= drawn
        self._commit(t)
        keeper = self.accounts[account_id(sender)]
        keeper.balance = add(keeper.balance, reward)
        return plan.size, reward

    def _plan(self, t: Touch) -> _Plan:
        """Tier and size. In a volatile market the account must be unhealthy at index and at TWAP."""
        health = self._health_with(t, Action.LIQUIDATE)
        equity = health.equity_better if health.worst >= Validity.VOLATILE else health.equity
        grace = health.worst == Validity.SEQUENCER_GRACE
        trigger = health.maintenance * GRACE_BPS // BPS if grace else health.maintenance
        if equity >= trigger:
            raise Refused("NotLiquidatable", equity, trigger)
        ratio = liquidation.margin_ratio(equity, health.maintenance)
        tier = liquidation.tier(ratio)
        brackets = t.config.brackets
        rate = liquidation.penalty_rate(ratio, brackets.penalty_min_bps, brackets.penalty_max_bps)
        size, here = self._closing_size(t, tier, rate, health.maintenance, equity)
        return _Plan(tier, size, rate, health.equity, health.maintenance, here)

    def _closing_size(
        self, t: Touch, tier: Tier, rate: int, maintenance: int, equity: int
    ) -> tuple[int, int]:
        """Closed-form size, at most what the curve takes; and the position's maintenance."""
        held, index = abs(t.position.size), t.market.price.index
        value = div_ceil(held * index, WAD)
        available = room(t, sale=t.position.size > 0)
        cost_all = u256(_slippage(t, min(held, available), held) + _penalty_on(rate, value))
        target_bps = self.links[t.market_id].target_bps
        here = margin.maintenance(t.config.brackets, value)
        target_here = u256(here * target_bps) // BPS
        target = u256(maintenance * target_bps) // BPS
        fraction = liquidation.close_fraction(tier, equity, target, target_here, cost_all)
        size = div_ceil(held * fraction, WAD)
        if u256((held - size) * index) < t.config.min_notional * WAD * WAD:
            size = held
        size = min(size, available)
        if size == 0:
            raise Refused("BandExceeded", t.skew, 0)
        return (-size if t.position.size > 0 else size), here

    def _cover_shortfall(self, t: Touch) -> int:
        """An account that ends without positions and below zero: insurance pays, then the pool.

        Returns:
            What the insurance pays, quote WAD.
        """
        last = t.position.size == 0 and market_set.remove(t.account.markets, t.market_id) == 0
        if not last or t.account.balance >= 0:
            return 0
        shortfall = -t.account.balance
        drawn = min(shortfall, self.insurance_assets)
        t.market.cash = add(t.market.cash, drawn - shortfall)
        t.account.balance = 0
        return drawn


def _slippage(t: Touch, size: int, held: int) -> int:
    """Loss against the index of closing `size`, scaled to `held`, quote WAD, ceil."""
    if size == 0:
        return 0
    closing = -size if t.position.size > 0 else size
    loss = _loss(t, closing, fill_cost(t.market, depth_of(t), t.skew, closing))
    if loss <= 0:
        return 0
    return loss if size == held else mul_div_ceil(loss, held, size)


def _loss(t: Touch, size: int, cost: int) -> int:
    """What a closing fill takes from equity: its cost against the value at the index."""
    return i256(cost - size * t.market.price.index // WAD)


def _penalty_on(rate: int, value: int) -> int:
    return div_ceil(value * rate, BPS * WAD)


def _penalty(t: Touch, plan: _Plan, cost: int) -> int:
    """Penalty on the closed value, at most what leaves the margin ratio of the rest where it was."""
    left = plan.equity - _loss(t, plan.size, cost) - _backing(t, plan)
    if left <= 0:
        return 0
    full = _penalty_on(plan.rate, div_ceil(abs(plan.size) * t.market.price.index, WAD))
    return min(full, left)


def _backing(t: Touch, plan: _Plan) -> int:
    """Equity that what stays open needs for the same margin ratio as before, quote WAD, ceil."""
    if plan.equity <= 0:
        return 0
    value = div_ceil(abs(t.position.size) * t.market.price.index, WAD)
    stays = plan.maintenance - plan.maintenance_here + margin.maintenance(t.config.brackets, value)
    return mul_div_ceil(plan.equity, stays, plan.maintenance)
