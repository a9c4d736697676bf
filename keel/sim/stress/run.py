"""The replay itself: prices, keepers, and what becomes of everybody."""

from collections.abc import Callable, Sequence
from itertools import groupby
from time import perf_counter

from keel.errors import ConfigError
from keel.sim.stress.desk import Desk, Work
from keel.sim.stress.opening import holding, open_all
from keel.sim.stress.people import draw
from keel.sim.stress.record import Moment, Opening, StressRecord
from keel.sim.stress.settings import Entry, StressSettings
from keel.sim.stress.sizing import DROPS, Book, Bounds, Sizing, gap_bps
from keel.sim.stress.watch import Watch
from keel.sim.stress.window import Knot, sharpest
from keel.sim.stress.world import World
from keel.units import WAD

OnStep = Callable[[int, int], None]

_FEED_TO_WAD = 10**10


class Stress:
    """One replay.

    Args:
        settings: What to run.
        screen: Whether far accounts are left out of reads; the result is the same without, only later.

    Raises:
        ConfigError: The settings cannot be run, or the window ends before anybody opens.
    """

    def __init__(self, settings: StressSettings, *, screen: bool = True) -> None:
        settings.check()
        self._settings, self._screen = settings, screen
        window = settings.window
        brink = settings.entry is Entry.BRINK
        self._from = window.brink() if brink else window.start
        self._knots = window.knots()
        after = [knot for knot in self._knots if knot.time >= self._from]
        if len(after) < 2 * len(window.markets):
            raise ConfigError("nothing is left after the opening", "open at the start")
        drops = {market: sharpest(after, market) for market in range(len(window.markets))}
        deepest = max(drops, key=lambda market: drops[market][1])
        self._sharpest, self._largest = drops[deepest]
        self._world = World(settings)
        self._watches: list[Watch] = []
        self._desks: list[Desk] = []
        self._moments: list[Moment] = []
        self._openings: tuple[Opening, ...] = ()
        self._opened: tuple[Book, ...] = ()
        self._later: tuple[Book, ...] = ()
        self._bounds = Bounds({}, 0.0)
        self._used = self._fund = 0

    def run(self, on_step: OnStep = lambda _done, _all: None) -> StressRecord:
        """Replay every price.

        Args:
            on_step: Called after each step with prices done and prices in all.
        """
        began, done = perf_counter(), 0
        for time, group in groupby(self._knots, key=lambda knot: knot.time):
            knots = list(group)
            if not self._openings and time >= self._from:
                self._open(time)
            if self._openings and self._sharpest in knots:
                self._later = self._books()
            self._world.warp_to(time)
            self._world.store(knots)
            if self._openings:
                self._step(knots)
            done += len(knots)
            on_step(done, len(self._knots))
        return self._finish(perf_counter() - began)

    def _open(self, time: int) -> None:
        """Everybody opens a second before the next price, at the last one."""
        world = self._world
        before: dict[int, Knot] = {knot.market: knot for knot in self._knots if knot.time < time}
        if before:
            world.warp_to(time - 1)
            world.store(list(before.values()))
        people = draw(self._settings, [world.capacity(market) for market in world.markets], world.owners)
        self._openings = open_all(world, people)
        for market in world.markets:
            ids = [person.account for person in people if person.market == market]
            self._watches.append(Watch(world, market, ids, screen=self._screen))
            self._desks.append(Desk(world, market, self._settings.latency))
        self._fund, self._opened = world.insurance(), self._books()
        self._bounds = world.bounds(map(gap_bps, (*DROPS, self._largest)))

    def _step(self, knots: Sequence[Knot]) -> None:
        for knot in knots:
            watch, desk = self._watches[knot.market], self._desks[knot.market]
            index = knot.price * _FEED_TO_WAD
            debt = desk.tally.debt
            work = desk.work(watch.weak(index), watch.ids, index)
            if work.number:
                watch.touched()
            self._sample(knot, work, desk.tally.debt - debt)

    def _sample(self, knot: Knot, work: Work, debt: int) -> None:
        world, index = self._world, knot.price * _FEED_TO_WAD
        view, insurance = world.protocol.market(knot.market + 1), world.insurance()
        free = min(insurance, world.insurance_cash()) if insurance else -world.insurance_debt()
        beyond = sum(desk.tally.from_pool for desk in self._desks)
        self._used = max(self._used, self._fund - free + beyond)
        self._moments.append(
            Moment(
                knot.time,
                view.id,
                view.state.price.index,
                view.premium,
                view.equity,
                view.utilization,
                insurance,
                abs(self._desks[knot.market].held) * index // WAD,
                work.value,
                work.absorbed,
                work.number,
                debt,
            )
        )

    def _books(self) -> tuple[Book, ...]:
        return tuple(self._book(place) for place in range(len(self._watches)))

    def _book(self, place: int) -> Book:
        """The positions of a market as of now."""
        view = self._world.protocol.market(place + 1)
        index, watch = view.state.price.index, self._watches[place]
        held = [one for one in (holding(seen, index) for seen in watch.read(index)) if one]
        worth = index / WAD / WAD
        name = self._settings.window.markets[place]
        return Book(name, view.depth * worth, view.skew * worth, tuple(held))

    def _finish(self, seconds: float) -> StressRecord:
        world = self._world
        views = [view for watch in self._watches for view in world.accounts(watch.ids)]
        equities = [view.health.equity for view in views if view.positions]
        weak = sum(1 for view in views if view.positions and view.marginRatio < WAD)
        return StressRecord(
            settings=self._settings,
            openings=self._openings,
            moments=tuple(self._moments),
            tallies=tuple(desk.tally for desk in self._desks),
            sizing=Sizing(self._opened, self._fund / WAD, self._largest),
            later=Sizing(self._later, self._fund / WAD, self._largest),
            bounds=self._bounds,
            fund=self._fund,
            fund_end=world.insurance(),
            cash_end=world.insurance_cash(),
            used=max(self._used, 0),
            uncovered=sum(-equity for equity in equities if equity < 0) + world.insurance_debt(),
            unhealthy=weak,
            seconds=seconds,
        )


def run_stress(settings: StressSettings, on_step: OnStep = lambda _done, _all: None) -> StressRecord:
    """One replay; see Stress."""
    return Stress(settings).run(on_step)
