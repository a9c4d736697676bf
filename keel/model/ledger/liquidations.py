"""Twin of `liquidation/Liquidations.sol`: who is below maintenance, through the curve or to the insurance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keel.model import liquidation
from keel.model.errors import Refused
from keel.model.fixed import PPM, cast, div_ceil, mul_div_ceil, u256
from keel.model.ledger.accounts import account_id, owner_of
from keel.model.ledger.backstop import MAX_LOSS_BPS, loss_of, value_of
from keel.model.ledger.books import add_balance, same_address
from keel.model.ledger.choice import Choice, curve_loss, parts_of
from keel.model.ledger.filling import book, depth_of, fee_on, fill, fill_cost, in_band, room, worse_for
from keel.model.ledger.positions import Touch
from keel.model.liquidation import Tier
from keel.model.position import Fill
from keel.model.records import Health
from keel.model.validity import Action, Validity
from keel.units import BPS, WAD

# Maintenance below which an account is liquidated in the grace period after a sequencer outage.
GRACE_BPS = 8000


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will be closed, and what it costs the account; quote WAD.

    Attributes:
        size: Base WAD, signed as the closing fill.
        rate: Penalty on the closed value, bps * WAD.
        equity: Of the account, at the index.
        maintenance: Of the account.
        others_own: Of the other positions alone: what cannot be hedged.
        others_common: And what can, signed.
        loss_elsewhere: Unrealised loss of the other positions, with what other collateral counts for.
        toll: What closing all of several positions through their curves would cost.
        slippage: What the curve would have taken; charged where the insurance takes over instead.
    """

    tier: Tier
    size: int
    rate: int
    equity: int
    maintenance: int
    others_own: int
    others_common: int
    loss_elsewhere: int
    toll: int
    slippage: int = 0


class Liquidations(Choice):
    """LiquidationMath says how much, Choice of which position, Backstop what the curve does not take."""

    def liquidate(self, now: int, sender: str, account: int) -> tuple[int, int, int]:
        """Reduce a position of an unhealthy account; the reward goes to the sender's account 0.

        Returns:
            Market; base closed with the sign of the closing trade, WAD; reward, quote WAD.
        """
        with self._atomic():
            return self._liquidate(now, sender, account)

    def liquidate_batch(self, now: int, sender: str, accounts: Sequence[int]) -> int:
        """`liquidate` for each; who cannot be liquidated is passed over. Gives how many were."""
        done = 0
        for account in accounts:
            try:
                self.liquidate(now, sender, account)
            except Refused:
                continue
            done += 1
        return done

    def _liquidate(self, now: int, sender: str, account: int) -> tuple[int, int, int]:
        if same_address(owner_of(account), self.core):
            raise Refused("NotLiquidatable", 0, 0)
        market, toll = self._choose(now, account)
        t, health = self._settled(now, account, market, Action.LIQUIDATE)
        self._check_resolved(t)
        plan = self._plan(t, health, toll)
        plan, filled = self._close(t, plan)
        penalty, reward = self._penalty(t, plan, filled.cost)
        t.account.balance = add_balance(t.account.balance, -penalty)
        t.to_insurance += penalty - reward
        self._cover_shortfall(t)
        self._commit(t)
        keeper = account_id(sender)
        paid = self._account(keeper)
        paid.balance = add_balance(paid.balance, reward)
        self.accounts[keeper] = paid
        return market, plan.size, reward

    def _plan(self, t: Touch, h: Health, toll: int) -> _Plan:
        """Tier and size.

        At a doubtful price and in a volatile market the account must be unhealthy at TWAP and at the index
        moved in its favour by the spread; after a sequencer outage by a fifth.
        """
        equity = h.equity_better
        grace = h.worst == Validity.SEQUENCER_GRACE
        trigger = h.maintenance * GRACE_BPS // BPS if grace else h.maintenance
        if equity >= trigger:
            raise Refused("NotLiquidatable", equity, trigger)
        elsewhere = h.withdrawable - t.account.balance - _loss_here(t)
        # The curve fills it without the spread; the penalty makes up for that, as far as equity goes.
        t.with_spread = False
        ratio = liquidation.margin_ratio(equity, h.maintenance)
        brackets = t.config.brackets
        rate = liquidation.penalty_rate(ratio, brackets.penalty_min_bps, brackets.penalty_max_bps)
        own, common = parts_of(t)
        others_own = cast(h.maintenance - abs(h.maintenance_common) - own)
        others_common = h.maintenance_common - common
        tier = liquidation.tier(ratio)
        draft = _Plan(tier, 0, rate, h.equity, h.maintenance, others_own, others_common, elsewhere, toll)
        return replace(draft, size=self._closing_size(t, draft, equity))

    def _closing_size(self, t: Touch, plan: _Plan, equity: int) -> int:
        """Closed-form size, whole where the rest would be dust."""
        position, target_bps = t.position.size, t.config.target_bps
        here = cast(plan.maintenance - plan.others_own - abs(plan.others_common))
        slippage = max(curve_loss(t, position), 0)
        whole = 0 if plan.tier == Tier.CLOSE else slippage + _full_penalty(t, plan, position)
        target, target_here = plan.maintenance * target_bps // BPS, here * target_bps // BPS
        fraction = liquidation.close_fraction(plan.tier, equity, target, target_here, whole)
        held = abs(position)
        size = div_ceil(held * fraction, WAD)
        if (held - size) * t.market.price.index < t.config.min_notional * WAD * WAD:
            size = held
        return -size if position > 0 else size

    def _close(self, t: Touch, plan: _Plan) -> tuple[_Plan, Fill]:
        """Fill where it belongs: the curve, the insurance, or the curve to its hard end."""
        filled = self._push_through(t, plan)
        if filled is None and not self._can_absorb(t, plan.size, plan.equity):
            filled = self._push_hard(t, plan.size)
        if filled is not None:
            return replace(plan, size=filled.size), filled
        # Of the last units, because the first are still there for the rest.
        held = t.position.size
        slippage = max(curve_loss(t, held) - curve_loss(t, held + plan.size), 0)
        return replace(plan, slippage=slippage), self._absorb(t, plan.size)

    def _push_through(self, t: Touch, plan: _Plan) -> Fill | None:
        """Fill on the curve while the account has equity, the band holds and the window has room.

        And while the curve is near the index: who pushed it away first shall not meet a liquidation there.
        """
        depth = depth_of(t)
        band = depth * t.config.max_skew_ppm // PPM
        if plan.equity <= 0 or not in_band(t.skew, t.skew + plan.size, band):
            return None
        value, (pushed, capacity) = value_of(t, plan.size), self._window(t)
        if pushed + value > capacity:
            return None
        cost = fill_cost(t.fill_price, depth, t.skew, plan.size)
        if loss_of(t, plan.size, cost) > value * MAX_LOSS_BPS // BPS:
            return None
        self._push(t, pushed + value)
        return book(t, plan.size, cost)

    def _push_hard(self, t: Touch, size: int) -> Fill:
        """Fill on the curve, at most to its hard end, whatever the window says."""
        available = room(t, sale=size < 0)
        if available == 0:
            raise Refused("BandExceeded", t.skew, 0)
        size = max(size, -available) if size < 0 else min(size, available)
        self._push(t, self._window(t)[0] + value_of(t, size))
        return fill(t, size, bounded=False)

    def _penalty(self, t: Touch, plan: _Plan, cost: int) -> tuple[int, int]:
        """Penalty that leaves the rest its ratio and is there without unrealised profit; the reward."""
        left = plan.equity - loss_of(t, plan.size, cost)
        if left <= 0:
            return 0, 0
        trade = _least_penalty(t, plan, cost)
        least = min(left, trade)
        full = max(_full_penalty(t, plan, plan.size) + plan.slippage, trade)
        settled = max(0, t.account.balance + plan.loss_elsewhere + _loss_here(t))
        penalty = max(min(full, max(left - _backing(t, plan), least), settled), least)
        shared = u256(min(penalty, settled) * self.links[t.market_id].keeper_share_bps) // BPS
        kept = max(plan.equity, left - trade) - plan.toll
        return penalty, max(0, min(shared, max(0, penalty - trade), kept))


def _full_penalty(t: Touch, plan: _Plan, size: int) -> int:
    """Penalty on the closed value, quote WAD, ceil."""
    return div_ceil(cast(value_of(t, size) * plan.rate), BPS * WAD)


def _least_penalty(t: Touch, plan: _Plan, cost: int) -> int:
    """Spread that a trade would have paid, its fee on that and its cost, ceil each; what the curve spares."""
    whole = cost + plan.slippage
    spread = div_ceil(abs(whole) * t.market.price.spread_bps, BPS)
    return fee_on(t.config, whole + spread) + spread + plan.slippage


def _loss_here(t: Touch) -> int:
    """Unrealised loss of the touched position at the price of a closing fill, quote WAD, at most 0."""
    size = t.position.size
    worse = worse_for(t.fill_price, buys=size < 0)
    return min(0, size * worse // WAD - t.position.notional)


def _backing(t: Touch, plan: _Plan) -> int:
    """Equity that what stays open needs for the same margin ratio as before, quote WAD, ceil."""
    if plan.equity <= 0:
        return 0
    own, common = parts_of(t)
    stays = plan.others_own + own + abs(plan.others_common + common)
    return mul_div_ceil(plan.equity, stays, plan.maintenance)
