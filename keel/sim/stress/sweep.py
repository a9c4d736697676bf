"""Many replays at once: seeds, leverage, stakes, rallies, and the same open interest in few or many hands."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from typing import NamedTuple

from keel.sim.stress.record import StressRecord
from keel.sim.stress.run import run_stress
from keel.sim.stress.settings import StressSettings, depth_of, with_depth, with_leverage
from keel.units import WAD

LEVERAGES = (2, 5, 10, 20, 50)
# Stakes of the insurance over the pools, bps.
STAKES = (0, 50, 100, 200, 400)
# Times the depth that was asked for, and seeds of each.
DEPTHS = (1, 5)
RALLY_SEEDS = 3
HANDS = (8, 24, 80, 500)
# Few accounts are a lottery of leverages: so many draws are averaged.
HANDS_SEEDS = 4

OnDone = Callable[[int, int], None]


class Line(NamedTuple):
    """One replay in a line: amounts quote WAD.

    Attributes:
        window: Its name.
        entry: When the accounts opened.
        seed: Of the crowd.
        accounts: How many.
        leverage: Largest one allowed.
        stake_bps: Of the insurance, over the pools.
        depth: Of the curve, quote for each quote in the pool, to the nearest whole.
        concentration: Herfindahl index of the open interest.
        open_interest: Value of all positions at the opening.
        margin: Equity of all accounts at the opening.
        liquidated: Value liquidated.
        absorbed: Part of it that the insurance took over.
        unwound: What it worked off.
        premium: Highest of mark over index, a fraction.
        burst: Largest value liquidated after one price.
        liquidations: How many.
        debt: Bad debt, whoever paid it.
        after_insurance: What the insurance did not pay of it.
        used: Most of the fund that was gone at once, and what was lacking beyond it.
        fund: The fund there was.
        required: Fund for the largest fall of the window in one step, had it come at the opening, quote.
    """

    window: str
    entry: str
    seed: int
    accounts: int
    leverage: int
    stake_bps: int
    depth: int
    concentration: float
    open_interest: int
    margin: int
    liquidated: int
    absorbed: int
    unwound: int
    premium: float
    burst: int
    liquidations: int
    debt: int
    after_insurance: int
    used: int
    fund: int
    required: float

    @property
    def liquidated_part(self) -> float:
        """Liquidated value over open interest."""
        return self.liquidated / self.open_interest

    @property
    def burst_part(self) -> float:
        """Largest burst over open interest."""
        return self.burst / self.open_interest


def line_of(record: StressRecord) -> Line:
    """A replay in a line."""
    settings = record.settings
    return Line(
        settings.window.name,
        settings.entry.value,
        settings.seed,
        settings.crowd.accounts,
        settings.crowd.most,
        settings.money.insurance_bps,
        depth_of(settings.deployment.markets[0]),
        record.concentration,
        record.open_interest,
        sum(opening.margin for opening in record.openings),
        record.notional,
        record.total("absorbed"),
        record.total("unwound"),
        max(moment.premium for moment in record.moments) / WAD,
        max(moment.liquidated for moment in record.moments),
        sum(tally.count for tally in record.tallies),
        record.debt,
        record.after_insurance,
        record.used,
        record.fund,
        record.sizing.required(),
    )


def seeds(base: StressSettings, number: int) -> list[StressSettings]:
    """The same replay with the seeds that follow its own; its own is not among them."""
    return [replace(base, seed=base.seed + step) for step in range(1, number)]


def frontier(base: StressSettings, leverages: Sequence[int] = LEVERAGES) -> list[StressSettings]:
    """The same with no initial margin below 1 / leverage, and a crowd that goes up to it."""
    return [
        replace(
            base,
            deployment=with_leverage(base.deployment, most),
            crowd=replace(base.crowd, least=min(base.crowd.least, most), most=most),
        )
        for most in leverages
    ]


def stakes(base: StressSettings, stakes_bps: Sequence[int] = STAKES) -> list[StressSettings]:
    """The same with other stakes of the insurance, bps of the pools."""
    return [replace(base, money=replace(base.money, insurance_bps=stake)) for stake in stakes_bps]


def rallies(
    base: StressSettings, depths: Sequence[int] = DEPTHS, draws: int = RALLY_SEEDS
) -> list[StressSettings]:
    """The window mirrored, on the curve as it is and on deeper ones, with several seeds each."""
    window = base.window.mirrored()
    return [
        replace(base, window=window, deployment=with_depth(base.deployment, times), seed=base.seed + draw)
        for times in depths
        for draw in range(draws)
    ]


def hands(
    base: StressSettings, numbers: Sequence[int] = HANDS, draws: int = HANDS_SEEDS
) -> list[StressSettings]:
    """The same open interest in that many accounts of equal size, with several seeds each."""
    return [
        replace(base, seed=base.seed + draw, crowd=replace(base.crowd, accounts=number, spread_percent=0))
        for number in numbers
        for draw in range(draws)
    ]


def run_lines(
    jobs: Iterable[StressSettings], processes: int, on_done: OnDone = lambda _done, _all: None
) -> list[Line]:
    """Run replays in processes of their own; lines in the order of the jobs.

    Args:
        jobs: What to run.
        processes: How many at a time.
        on_done: Called after each with replays done and replays in all.
    """
    todo = list(jobs)
    if not todo:
        return []
    # A fresh process: pyrevm's threads do not survive a fork.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_one, job) for job in todo]
        for done, _ in enumerate(as_completed(futures), start=1):
            on_done(done, len(todo))
        return [future.result() for future in futures]


def _one(settings: StressSettings) -> Line:
    return line_of(run_stress(settings))
