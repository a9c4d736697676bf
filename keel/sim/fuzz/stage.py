"""The world in motion: carries actions out one by one and tells what each did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from keel.config.deployment import DeploymentSettings
from keel.errors import Reverted
from keel.evm.chain import Log, Receipt
from keel.model.ledger.books import STATUS_RESOLVING
from keel.model.records import Market
from keel.sim.fuzz.action import Action, Done
from keel.sim.fuzz.ghost import INSURANCE, Push
from keel.sim.fuzz.losses import SHARING, keep
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.perform import PERFORM
from keel.sim.fuzz.raw import RawChain
from keel.sim.fuzz.reader import Books, Reader, Touched
from keel.sim.fuzz.windows import CLOSING, count
from keel.sim.fuzz.world import ACCOUNTS, PROVIDERS, STAKER, TRADERS, World

_WHOLE = 10**6
_FUNDS = 10**9 * _WHOLE
_PRICES = {1: 50_000 * 10**8, 2: 2_000 * 10**8}
KIND_PRICES = {1: 2_500 * 10**8, 2: 10**8}
# One market takes the median, the other has a primary and a reference; governance gives them other hubs.
_COUNTS = {1: 3, 2: 2}
_LIQUIDITY = {1: 500_000 * _WHOLE, 2: 250_000 * _WHOLE}
# Second accounts are small: what they hold can be liquidated in parts.
_MARGIN = (50_000 * _WHOLE, 600 * _WHOLE)


@dataclass(slots=True)
class Step:
    """One action and what it did.

    Attributes:
        world: Where it happened.
        action: The action.
        before: The moment before it.
        after: The moment after it; the same one if it was refused.
        touched: What it may have changed.
        done: Its effects, if it succeeded.
        refusal: Why it was refused, if it was.
        pushes: What liquidations had pushed through the curve before it, by market.
        losses: What pools had paid for debts before it, by market.
        middle: The moment inside the call, once somebody asked for it (see `midway`).
    """

    world: World
    action: Action
    before: Moment
    after: Moment
    touched: Touched
    done: Done | None = None
    refusal: Reverted | None = None
    pushes: Mapping[int, Push] = field(default_factory=dict)
    losses: Mapping[int, Push] = field(default_factory=dict)
    middle: Moment | None = None

    @property
    def receipt(self) -> Receipt:
        """Receipt of an action that succeeded with a transaction."""
        return cast(Receipt, cast(Done, self.done).receipt)

    @property
    def logs(self) -> Sequence[Log]:
        """Events of the action; none of one that was refused or had no transaction."""
        return self.done.receipt.logs if self.done is not None and self.done.receipt is not None else ()

    @property
    def paid_in(self) -> int:
        """Tokens that the core booked in, negative = out."""
        return self.done.paid_in if self.done else 0

    @property
    def donated(self) -> int:
        """Tokens that the core got without a call."""
        return self.done.donated if self.done else 0

    @property
    def error(self) -> Reverted:
        """Why a refused action was refused."""
        return cast(Reverted, self.refusal)


class Stage:
    """A world, the present moment, and the way back to the beginning.

    Args:
        chain: Chain to deploy on.
        settings: What to deploy.
    """

    def __init__(self, chain: RawChain, settings: DeploymentSettings) -> None:
        self.world = world = World(chain, settings)
        self.reader = Reader(chain, world.core, world.token, world.ids, world.markets, world.kind_reader)
        self.present = Moment(self._read_all(), world.rules)
        for action in _opening(world):
            step = self.apply(action)
            if step.refusal is not None:
                raise step.refusal
        self.present = Moment(self._read_all(), world.rules)
        self._remember()

    def apply(self, action: Action) -> Step:
        """Carry an action out. Whatever goes wrong other than a revert is raised."""
        spec, world, before = PERFORM[action.name], self.world, self.present
        touched, kept = spec.touches(world, *action.args), world.ghost
        pushes, losses = dict(kept.pushes), dict(kept.losses)
        try:
            done = spec.run(world, *action.args)
        except Reverted as refusal:
            return Step(world, action, before, before, touched, refusal=refusal, pushes=pushes, losses=losses)
        touched = done.touched or touched
        books = self.reader.read(before.books, touched, self._resolving(before, touched))
        books.stretches = dict(world.ghost.stretches)
        self.present = Moment(books, world.rules, before)
        self._count(before.books, books, touched)
        if done.receipt is not None and action.name in CLOSING:
            count(self.present, world.ghost.pushes, done.receipt)
        if done.receipt is not None and action.name in SHARING:
            keep(world, before, done.receipt)
        return Step(world, action, before, self.present, touched, done, pushes=pushes, losses=losses)

    def reset(self) -> None:
        """Go back to the beginning."""
        self.world.chain.revert(self._snapshot)
        self.world.ghost, self.world.rules = self._ghost, self._rules
        self.present = Moment(self._books, self._rules)
        self._remember()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Whatever is done inside is undone at the end."""
        world, present = self.world, self.present
        snapshot, ghost, rules = world.chain.snapshot(), world.ghost, world.rules
        world.ghost = ghost.copy()
        try:
            yield
        finally:
            world.chain.revert(snapshot)
            world.ghost, world.rules, self.present = ghost, rules, present

    def _remember(self) -> None:
        self._snapshot = self.world.chain.snapshot()
        self._ghost, self._rules = self.world.ghost.copy(), self.world.rules
        self._books = self.present.books

    def _read_all(self) -> Books:
        books = self.reader.read_all()
        books.stretches = dict(self.world.ghost.stretches)
        return books

    def _resolving(self, before: Moment, touched: Touched) -> list[int]:
        """Touched markets that share out a loss, or have just begun to, or have just been through it."""
        rules = before.rules, self.world.rules
        return [
            market
            for market in touched.markets
            if max(known[market].config.status for known in rules) >= STATUS_RESOLVING
        ]

    def _count(self, before: Books, after: Books, touched: Touched) -> None:
        """Roundings, one of each accrual, two of each settlement, live and in escrow; and releases."""
        counts, releases = self.world.ghost.roundings, self.world.ghost.releases
        for market in touched.markets:
            old, new = before.markets[market], after.markets[market]
            if _empty(new) and new.funding_clearing == 0:
                counts[market] = 0
            elif old is not new:
                counts[market] = counts.get(market, 0) + 1 + 4 * len(touched.positions)
        for key in touched.positions:
            period = before.claims[key].period
            if period and after.claims[key].period != period:
                releases[*key, period] = releases.get((*key, period), 0) + 1


def _empty(market: Market) -> bool:
    return market.long_interest == market.short_interest == 0


def _opening(world: World) -> Iterable[Action]:
    """Prices whose average is covered, liquidity, a stake and margin."""
    for sender in range(len(world.senders)):
        world.protocol.fund(world.senders[sender], _FUNDS)
        for kind in world.kinds:
            world.protocol.fund_collateral(world.senders[sender], kind, _FUNDS * 10**12)
    for kind in world.kinds:
        yield Action("set_kind_feed", (0, kind))
        yield Action("tick_kind", (kind, KIND_PRICES[kind]))
    for market in world.markets:
        yield Action("set_feed", (0, market, _COUNTS[market], -1, 0))
        yield Action("tick", (market, _PRICES[market]))
    yield Action("warp", (301,))
    for kind in world.kinds:
        yield Action("tick_kind", (kind, KIND_PRICES[kind]))
    for market in world.markets:
        yield Action("tick", (market, _PRICES[market]))
        for provider in PROVIDERS:
            yield Action("stake", (provider, market, _LIQUIDITY[market]))
    yield Action("stake", (STAKER, INSURANCE, 20_000 * _WHOLE))
    for place, (sender, sub) in enumerate(ACCOUNTS):
        if sender in TRADERS:
            yield Action("deposit", (sender, place, _MARGIN[sub]))
