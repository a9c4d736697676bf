"""The probe of touching: whether somebody pokes a market often, once or never, everybody owes the same."""

from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.reader import Touched
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.touch import Due
from keel.sim.fuzz.world import OPERATOR
from keel.units import RAY

# Roundings of the index, of what was moved altogether.
_RELATIVE = 10**9
# Afterwards, so that states that differ show.
_LATER_SECONDS = 600
# Two roundings of each of two sums.
_DUST = 4


def poke(stage: Stage, market: int, seconds: int, pieces: int) -> int:
    """Poking a market many times accrues what poking it once does, and makes nobody owe more than surplus."""
    step = seconds // pieces
    parts = [step] * (pieces - 1) + [seconds - step * (pieces - 1)]
    before = _indices(stage.present, market)
    once, often = _later(stage, market, [seconds]), _later(stage, market, parts)
    (longs, shorts), (more_longs, more_shorts) = (
        (indices[0] - before[0], indices[1] - before[1])
        for indices in (_indices(moment, market) for moment in (once, often))
    )
    allowed = (more_longs + more_shorts) // _RELATIVE + pieces + 1
    one, other = longs - shorts, more_longs - more_shorts
    numbers = ("once", one, "often", other, "pieces", pieces, "seconds", seconds)
    require(abs(one - other) <= allowed, *numbers)
    # In pieces, what one side pays at first and gets back later is not netted.
    require(longs <= more_longs + allowed and shorts <= more_shorts + allowed, *numbers)
    held = [place for place, where in _open_positions(stage) if where == market]
    for place in held:
        _compare(once, often, place, market, allowed)
    return 1 + len(held)


def _indices(moment: Moment, market: int) -> tuple[int, int]:
    """What longs and shorts paid, live and in escrow: of the two only one moves while the price stays."""
    m, escrow = moment.books.markets[market], moment.books.escrows[market]
    return m.longs_paid + escrow.longs_paid, m.shorts_paid + escrow.shorts_paid


def _open_positions(stage: Stage) -> list[tuple[int, int]]:
    """Place and market of open positions."""
    return [key for key, position in stage.present.books.positions.items() if position.size]


def _compare(once: Moment, often: Moment, place: int, market: int, allowed: int) -> None:
    size = abs(once.position(place, market).size)
    (paid, received, surplus), (more, got, extra) = (_owed(m, place, market) for m in (once, often))
    flat, flat_often = paid - received - surplus, more - got - extra
    limit = size * allowed // RAY + _DUST
    numbers = ("place", place, "owes once", flat, "often", flat_often)
    require(abs(flat - flat_often) <= limit, *numbers)
    tiers = often.rules[market].config.tiers
    limit = (tiers.weight3_ppm * limit) // 10**6 + _DUST
    require(extra >= surplus - limit, "place", place, "surplus once", surplus, "often", extra)


def _owed(moment: Moment, place: int, market: int) -> Due:
    """What a position owes, is owed, and the surplus in the first, live and in escrow."""
    done = moment.touch(place, market)
    paid, received, surplus = (sum(parts) for parts in zip(done.settled, done.hold, strict=True))
    return paid, received, surplus


def _later(stage: Stage, market: int, pauses: list[int]) -> Moment:
    """The moment after the pauses, each ended by a poke, and a while more."""
    world, present = stage.world, stage.present
    with stage.aside():
        for pause in [*pauses, _LATER_SECONDS]:
            world.chain.warp(pause)
            world.send_core(OPERATOR, "accrue", market)
        return Moment(stage.reader.read(present.books, Touched(markets=(market,))), present.rules)
