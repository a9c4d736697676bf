"""Traders and liquidity providers: each looks at a view and returns actions; none changes anything by itself.

Sizes are given in quote and turned into base at the index. Every trade carries a price limit around the
index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from keel.keepers.actions import Action, AddMargin, InsuranceStake, PoolClaim, PoolDeposit, PoolRequest, Trade
from keel.keepers.snapshot import AccountState, MarketState
from keel.units import BPS, WAD

_LIMIT_BPS = 500


@dataclass(frozen=True, slots=True)
class View:
    """What an agent sees.

    Attributes:
        step: Number of the step, from 0.
        market: The market as of now.
        account: The agent's own account; None for who has none.
        past: Index at every step so far, WAD, the present one last.
        shares: Pool shares it holds, 24 decimals.
        claimable: Pool shares it may claim.
    """

    step: int
    market: MarketState
    account: AccountState | None
    past: Sequence[int]
    shares: int = 0
    claimable: int = 0


class Agent(Interface):
    """Anything that decides from a view alone."""

    def decide(self, view: View) -> list[Action]:
        """Actions to take now, in order."""


def _trade(view: View, account: AccountState, size: int) -> list[Action]:
    if size == 0:
        return []
    edge = BPS + _LIMIT_BPS if size > 0 else BPS - _LIMIT_BPS
    return [Trade(account.id, view.market.id, size, view.market.index * edge // BPS)]


def _base(view: View, quote: int) -> int:
    """Base WAD worth `quote` WAD at the index, trunc."""
    size = abs(quote) * WAD // view.market.index
    return size if quote > 0 else -size


def _is_over(view: View, account: AccountState, take_bps: int | None, stop_bps: int | None) -> bool:
    """Whether the profit on notional has reached `take_bps`, or the loss `stop_bps`; None never."""
    profit = (account.size * view.market.index // WAD - account.notional) * BPS
    taken = take_bps is not None and profit >= take_bps * abs(account.notional)
    stopped = stop_bps is not None and profit <= -stop_bps * abs(account.notional)
    return taken or stopped


@dataclass(frozen=True, slots=True)
class Holder:
    """Opens once, and closes at a step, a profit or a loss, whichever comes first.

    Attributes:
        account: Account id.
        notional: Quote WAD, negative = short.
        enter: Step from which it tries, for ten steps.
        leave: Step at which it closes; None holds on.
        take_bps: Profit on notional at which it closes; None never.
        stop_bps: Loss on notional at which it closes; None never.
    """

    account: int
    notional: int
    enter: int
    leave: int | None = None
    take_bps: int | None = None
    stop_bps: int | None = None

    def decide(self, view: View) -> list[Action]:
        """See Agent."""
        me = view.account
        if me is None or me.id != self.account:
            return []
        if me.size == 0:
            wants = self.enter <= view.step < self.enter + 10 and me.balance > 0
            return _trade(view, me, _base(view, self.notional)) if wants else []
        done = self.leave is not None and view.step >= self.leave
        return _trade(view, me, -me.size) if done or _is_over(view, me, self.take_bps, self.stop_bps) else []


@dataclass(frozen=True, slots=True)
class Defender:
    """A holder that adds margin when its margin ratio gets low.

    Attributes:
        holder: What it holds.
        trigger: Margin ratio below which it adds, WAD.
        tokens: What it adds at a time, token units.
        limit: Balance beyond which it gives up, quote WAD.
    """

    holder: Holder
    trigger: int
    tokens: int
    limit: int

    def decide(self, view: View) -> list[Action]:
        """See Agent."""
        me = view.account
        if me is not None and me.size and me.margin_ratio < self.trigger and me.balance < self.limit:
            return [AddMargin(me.id, self.tokens)]
        return self.holder.decide(view)


@dataclass(frozen=True, slots=True)
class Reactor:
    """Trades on a move of the index: buys dips or follows breaks.

    Attributes:
        account: Account id.
        notional: Quote WAD, positive.
        lookback: Steps over which the move is measured.
        threshold_bps: Size of a move that counts.
        follow: True trades with the move, False against a fall (buys the dip).
        take_bps: Profit on notional at which it closes.
        stop_bps: Loss on notional at which it closes.
    """

    account: int
    notional: int
    lookback: int
    threshold_bps: int
    follow: bool
    take_bps: int
    stop_bps: int

    def decide(self, view: View) -> list[Action]:
        """See Agent."""
        me = view.account
        if me is None:
            return []
        if me.size:
            return _trade(view, me, -me.size) if _is_over(view, me, self.take_bps, self.stop_bps) else []
        before = view.past[max(len(view.past) - 1 - self.lookback, 0)]
        move = view.past[-1] - before
        counts = abs(move) * BPS >= self.threshold_bps * before
        if me.balance <= 0 or not counts or (not self.follow and move > 0):
            return []
        up = (move > 0) == self.follow
        return _trade(view, me, _base(view, self.notional if up else -self.notional))


@dataclass(frozen=True, slots=True)
class BasisDesk:
    """Trades against the premium and leaves when it is gone; its hedge is outside the protocol.

    Attributes:
        account: Account id.
        notional: Largest position, quote WAD.
        enter_bps: Premium from which it adds.
        exit_bps: Premium inside which it reduces.
        every: Steps between its trades.
    """

    account: int
    notional: int
    enter_bps: int
    exit_bps: int
    every: int

    def decide(self, view: View) -> list[Action]:
        """See Agent."""
        me, market = view.account, view.market
        if me is None or view.step % self.every or me.balance <= 0:
            return []
        premium_bps = market.premium * BPS // WAD
        if me.size and abs(premium_bps) <= self.exit_bps:
            return _trade(
                view, me, -me.size // 2 if abs(me.size) > _base(view, self.notional // 10) else -me.size
            )
        if abs(premium_bps) < self.enter_bps:
            return []
        # Selling d moves the premium by about 2 d / D: this much brings it halfway back.
        wanted = -market.premium * market.depth // (4 * WAD)
        limit = _base(view, self.notional)
        after = max(min(me.size + wanted, limit), -limit)
        worth = abs(after - me.size) * market.index // WAD
        return _trade(view, me, after - me.size) if worth > self.notional // BPS * 100 else []


@dataclass(frozen=True, slots=True)
class Provider:
    """Pays into the pool at a step, asks a part back at another and claims it when it may.

    Attributes:
        market: Market id.
        tokens: What it pays in, token units.
        enter: Step of the deposit.
        leave: Step of the request; None stays.
        part_bps: Part of its shares that it asks back.
    """

    market: int
    tokens: int
    enter: int
    leave: int | None = None
    part_bps: int = 0

    def decide(self, view: View) -> list[Action]:
        """See Agent."""
        actions: list[Action] = []
        if view.step == self.enter:
            actions.append(PoolDeposit(self.market, self.tokens))
        if view.step == self.leave and view.shares:
            actions.append(PoolRequest(self.market, view.shares * self.part_bps // BPS))
        if view.claimable:
            actions.append(PoolClaim(self.market, view.claimable))
        return actions


@dataclass(frozen=True, slots=True)
class Staker:
    """Stakes in the insurance at a step.

    Attributes:
        tokens: Token units.
        enter: Step of the deposit.
    """

    tokens: int
    enter: int

    def decide(self, view: View) -> list[Action]:
        """See Agent."""
        return [InsuranceStake(self.tokens)] if view.step == self.enter else []
