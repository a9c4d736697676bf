"""Twin of `liquidation/Liquidations.sol`: liquidations through the curve, and what covers a shortfall."""

from dataclasses import dataclass

from keel.model import liquidation, margin, market_set
from keel.model.errors import Refused
from keel.model.fixed import div_ceil, i256, mul_div_ceil, u256
from keel.model.ledger.accounts import account_id
from keel.model.ledger.books import add
from keel.model.ledger.filling import Filling, depth_of, fee_on, fill_cost, room, worse_for
from keel.model.ledger.margins import Touch
from keel.model.liquidation import Tier
from keel.model.records import MarketLinks
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
    loss_elsewhere: int


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
        penalty, reward = _penalty(t, self.links[market], plan, filled.cost)
        t.account.balance = add(t.account.balance, -penalty)
        t.to_insurance += penalty - reward
        drawn = self._cover_shortfall(t)
        self._commit(t)
        self.insurance_assets -= drawn
        keeper = self.accounts[account_id(sender)]
        keeper.balance = add(keeper.balance, reward)
        return plan.size, reward

    def _plan(self, t: Touch) -> _Plan:
        """Tier and size.

        At a doubtful price and in a volatile market the account must be unhealthy at TWAP and at the index
        moved in its favour by the spread.
        """
        health = self._health_with(t, Action.LIQUIDATE)
        equity = health.equity_better
        grace = health.worst == Validity.SEQUENCER_GRACE
        trigger = health.maintenance * GRACE_BPS // BPS if grace else health.maintenance
        if equity >= trigger:
            raise Refused("NotLiquidatable", equity, trigger)
        elsewhere = health.withdrawable - t.account.balance - _loss_here(t)
        # The curve fills it without the spread; the penalty makes up for that, as far as equity goes.
        t.with_spread = False
        ratio = liquidation.margin_ratio(equity, health.maintenance)
        tier = liquidation.tier(ratio)
        brackets = t.config.brackets
        rate = liquidation.penalty_rate(ratio, brackets.penalty_min_bps, brackets.penalty_max_bps)
        size, here = self._closing_size(t, tier, rate, health.maintenance, equity)
        return _Plan(tier, size, rate, health.equity, health.maintenance, here, elsewhere)

    def _closing_size(
        self, t: Touch, tier: Tier, rate: int, maintenance: int, equity: int
    ) -> tuple[int, int]:
        """Closed-form size, at most what the curve takes; and the position's maintenance."""
        held, index = abs(t.position.size), t.market.price.index
        value = div_ceil(held * index, WAD)
        available = room(t, sale=t.position.size > 0)
        links = self.links[t.market_id]
        cost_all = _cost_of_all(t, rate, held, available)
        target_bps = links.target_bps
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
        # What this call brings the insurance pays, too, before the pool does.
        drawn = min(shortfall, self.insurance_assets + t.to_insurance)
        t.market.cash = add(t.market.cash, drawn - shortfall)
        t.account.balance = 0
        t.claim.forfeited = t.claim.period != 0
        return drawn


def _cost_of_all(t: Touch, rate: int, held: int, available: int) -> int:
    """What closing `held` would cost the account: slippage and penalty of what the curve takes, scaled up."""
    size = min(held, available)
    if size == 0:
        return 0
    closing = -size if t.position.size > 0 else size
    cost = fill_cost(t.fill_price, depth_of(t), t.skew, closing)
    total = u256(_full_penalty(t, rate, size, cost) + max(_loss(t, closing, cost), 0))
    return total if size == held else mul_div_ceil(total, held, size)


def _loss(t: Touch, size: int, cost: int) -> int:
    """What a closing fill takes from equity: its cost against the value at the index."""
    return i256(cost - size * t.market.price.index // WAD)


def _full_penalty(t: Touch, rate: int, size: int, cost: int) -> int:
    """Penalty on the closed value, and never less than what a trade would have paid beside the curve."""
    value = div_ceil(size * t.market.price.index, WAD)
    return max(div_ceil(value * rate, BPS * WAD), _least_penalty(t, cost))


def _least_penalty(t: Touch, cost: int) -> int:
    """Fee of a trade, and the spread that it would have paid."""
    return fee_on(t.config, cost) + div_ceil(abs(cost) * t.market.price.spread_bps, BPS)


def _penalty(t: Touch, links: MarketLinks, plan: _Plan, cost: int) -> tuple[int, int]:
    """Penalty that leaves the rest its ratio and is there without unrealised profit; the reward."""
    left = plan.equity - _loss(t, plan.size, cost)
    if left <= 0:
        return 0, 0
    trade = _least_penalty(t, cost)
    least = min(left, trade)
    full = _full_penalty(t, plan.rate, abs(plan.size), cost)
    settled = max(0, t.account.balance + plan.loss_elsewhere + _loss_here(t))
    penalty = max(min(full, max(left - _backing(t, plan), least), settled), least)
    shared = u256(min(penalty, settled) * links.keeper_share_bps) // BPS
    return penalty, min(shared, max(0, penalty - trade))


def _loss_here(t: Touch) -> int:
    """Unrealised loss of the touched position at the price of a closing fill, quote WAD, at most 0."""
    size = t.position.size
    worse = worse_for(t.fill_price, buys=size < 0)
    return min(0, size * worse // WAD - t.position.notional)


def _backing(t: Touch, plan: _Plan) -> int:
    """Equity that what stays open needs for the same margin ratio as before, quote WAD, ceil."""
    if plan.equity <= 0:
        return 0
    value = div_ceil(abs(t.position.size) * t.market.price.index, WAD)
    stays = plan.maintenance - plan.maintenance_here + margin.maintenance(t.config.brackets, value)
    return mul_div_ceil(plan.equity, stays, plan.maintenance)
