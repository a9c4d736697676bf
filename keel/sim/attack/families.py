"""Kinds of attack, each a function of a few whole numbers ("knobs").

Sizes are bps of pool equity, times seconds. `side` is the crowded side: 1 builds a rate that longs pay and
harvests it as a short, -1 is the mirror.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from keel.sim.attack.plan import HONEST, Order, Plan, in_order, path
from keel.sim.attack.suspects import EIGHT_HOURS

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_WEEK, _LONG = 7 * _DAY, 28 * _DAY
# Most that one order moves the net position: utilization stays below 1. One side may hold three of them.
_CHUNK = 9_000
_SIDES = (1, -1)


@dataclass(frozen=True, slots=True)
class Knob:
    """One number of a family: values of the grid, and the range that is searched between (log scale)."""

    grid: tuple[int, ...]
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of attack.

    Attributes:
        name: What it is called.
        idea: How it means to gain, for people.
        knobs: Its numbers, besides `side`.
        build: From all of them to orders.
        parts: Knobs that only together make a manipulation: what counts is the gain beyond the same plan with
            either of them at 0. Empty: everything counts.
    """

    name: str
    idea: str
    knobs: Mapping[str, Knob]
    build: Callable[[Mapping[str, int]], tuple[Order, ...]]
    parts: tuple[str, ...] = ()

    def plan(self, knobs: Mapping[str, int]) -> Plan:
        """The plan of these numbers."""
        return Plan(self.name, dict(knobs), self.build(knobs), _start(knobs))

    def baselines(self, plan: Plan) -> Iterator[Plan]:
        """What the attacker could have had without the manipulation."""
        for part in self.parts:
            yield replace(plan, orders=self.build({**plan.knobs, part: 0}))

    def grid(self) -> Iterator[Plan]:
        """Plans of all values of the grid."""
        for side in _SIDES:
            for values in product(*(knob.grid for knob in self.knobs.values())):
                yield self.plan({"side": side, **dict(zip(self.knobs, values, strict=True))})


def _start(knobs: Mapping[str, int]) -> int:
    """Where in the interval a plan begins; a lead is measured from its flip."""
    if "lead" in knobs:
        return max(EIGHT_HOURS - knobs["lead"] - knobs["build_seconds"], 0)
    return 0


def _carry(k: Mapping[str, int]) -> tuple[Order, ...]:
    return in_order(path(0, 0, [(-k["side"] * k["size"], k["seconds"])]))


def _push(k: Mapping[str, int]) -> tuple[Order, ...]:
    held = path(0, 0, [(-k["side"] * k["size"], k["before"] + k["tau"] + k["after"])])
    return in_order(held, path(1, k["before"], [(k["side"] * k["push"], k["tau"])]))


def _flip(k: Mapping[str, int]) -> tuple[Order, ...]:
    leg = [(k["side"] * k["build"], k["build_seconds"]), (-k["side"] * k["harvest"], k["harvest_seconds"])]
    return in_order(path(0, 0, leg * k["cycles"]))


def _boundary(k: Mapping[str, int]) -> tuple[Order, ...]:
    build, wait = min(k["build_seconds"], EIGHT_HOURS - k["lead"]), k["lead"] + k["tail"]
    legs = [(k["side"] * k["build"], build), (-k["side"] * k["harvest"], wait)]
    return in_order(path(0, 0, legs))


def _abandoned(k: Mapping[str, int]) -> tuple[Order, ...]:
    crowd = path(HONEST, 0, [(k["side"] * k["crowd"], k["crowd_seconds"])])
    start = k["crowd_seconds"] + k["wait"]
    return in_order(crowd, path(0, start, [(-k["side"] * k["harvest"], k["harvest_seconds"])]))


def _squeeze(k: Mapping[str, int]) -> tuple[Order, ...]:
    whole = k["crowd_seconds"] + k["build_seconds"] + k["harvest_seconds"]
    crowd = path(HONEST, 0, [(k["side"] * k["crowd"], whole)])
    legs = [(k["side"] * k["build"], k["build_seconds"]), (-k["side"] * k["harvest"], k["harvest_seconds"])]
    return in_order(path(0, k["crowd_seconds"], legs), crowd)


def _balanced(k: Mapping[str, int]) -> tuple[Order, ...]:
    """Harvest with equal longs and shorts of two more accounts beside it: the imbalance looks small."""
    flip = _flip({**k, "cycles": 1})
    size, side = k["pairs"] * k["harvest"], k["side"]
    opening, closing = k["build_seconds"], k["build_seconds"] + k["harvest_seconds"]
    return in_order(flip, _pair(opening, size, side), _pair(closing, -size, side))


def _oversize(k: Mapping[str, int]) -> tuple[Order, ...]:
    """Take both sides, then close one: reductions have no limit, what is left has that of a side."""
    side, opening = k["side"], k["build_seconds"]
    size, closing = k["multiple"] * _CHUNK, opening + k["lead"] + k["tail"]
    built = path(0, 0, [(side * k["build"], opening)])
    kept, left = (2, 1) if side > 0 else (1, 2)
    out = [Order(opening, left, -side * size), Order(closing, kept, side * size)]
    return in_order(_pair(opening, size, -side), built, out)


def _pair(at: int, size: int, first: int) -> list[Order]:
    """Make account 1 longer and account 2 shorter by `size`, in turns, so that the net position stays small.

    Args:
        at: When.
        size: Negative: take it back.
        first: 1 where each turn begins with the purchase, -1 with the sale.
    """
    orders = []
    for done in range(0, abs(size), _CHUNK):
        part = min(_CHUNK, abs(size) - done) * (1 if size > 0 else -1)
        orders += sorted((Order(at, 1, part), Order(at, 2, -part)), key=lambda order: -order.size * first)
    return orders


_SIZE = Knob((80, 1_000, 9_000), 10, 9_400)
_BUILD = Knob((50, 1_000, 3_000, 9_000), 10, 9_400)
_BUILD_SECONDS = Knob((_MINUTE, _HOUR, 8 * _HOUR), 1, 3 * _DAY)
_HARVEST = Knob((80, 2_000, 9_000), 10, 9_400)
_HARVEST_SECONDS = Knob((_HOUR, 8 * _HOUR, _DAY), 1, _LONG)
_TURN = {"build": _BUILD, "build_seconds": _BUILD_SECONDS, "harvest": _HARVEST}

FAMILIES = (
    Family(
        "carry",
        "hold a position and be paid by the pool",
        {"size": Knob((20, 96, 1_000), 10, 9_400), "seconds": Knob((_DAY, _WEEK), _MINUTE, _LONG)},
        _carry,
    ),
    Family(
        "push",
        "hold a position; a second account pushes the premium for a time; unwind",
        {
            "size": _SIZE,
            "push": Knob((1_000, 9_000), 10, 9_400),
            "before": Knob((_MINUTE,), 1, _DAY),
            "tau": Knob((1, _HOUR), 1, _DAY),
            "after": Knob((_HOUR, _DAY), 1, _DAY),
        },
        _push,
        ("size", "push"),
    ),
    Family(
        "flip",
        "build a rate on one side, flip, and be paid by the pool",
        {**_TURN, "harvest_seconds": _HARVEST_SECONDS, "cycles": Knob((1, 3), 1, 4)},
        _flip,
        ("build", "harvest"),
    ),
    Family(
        "pump",
        "the same to and fro, faster than the rate can follow",
        {
            "build": Knob((1_000, 2_000), 10, 9_400),
            "build_seconds": Knob((60, 420), 10, _HOUR),
            "harvest": Knob((80, 9_000), 10, 9_400),
            "harvest_seconds": Knob((60, 180), 10, _HOUR),
            "cycles": Knob((30,), 5, 100),
        },
        _flip,
        ("build", "harvest"),
    ),
    Family(
        "boundary",
        "be the crowd for the whole interval, flip just before it pays",
        {
            "build": _BUILD,
            "build_seconds": Knob((EIGHT_HOURS - 2, _HOUR), 1, EIGHT_HOURS - 1),
            "harvest": Knob((1_000, 9_000), 10, 9_400),
            "lead": Knob((1, 30), 1, _HOUR),
            "tail": Knob((1,), 1, _HOUR),
        },
        _boundary,
        ("build", "harvest"),
    ),
    Family(
        "abandoned",
        "an honest crowd leaves; take the side that its rate pays",
        {
            "crowd": Knob((1_000, 9_000), 10, 9_400),
            "crowd_seconds": Knob((_HOUR, _DAY, 3 * _DAY), _HOUR, _WEEK),
            "wait": Knob((1,), 1, _HOUR),
            "harvest": _HARVEST,
            "harvest_seconds": _HARVEST_SECONDS,
        },
        _abandoned,
    ),
    Family(
        "squeeze",
        "push the rate against an honest crowd that stays, then take the other side",
        {
            "crowd": Knob((500, 4_000), 10, 5_000),
            "crowd_seconds": Knob((_HOUR,), _MINUTE, _DAY),
            "build": Knob((500, 4_000), 10, 4_400),
            "build_seconds": _BUILD_SECONDS,
            "harvest": Knob((500, 9_000), 10, 9_400),
            "harvest_seconds": Knob((_HOUR, 8 * _HOUR), 1, _WEEK),
        },
        _squeeze,
        ("build", "harvest"),
    ),
    Family(
        "balanced",
        "build, flip, and hide the imbalance behind equal longs and shorts of two more accounts",
        {**_TURN, "harvest_seconds": Knob((8 * _HOUR, _DAY), 1, _WEEK), "pairs": Knob((1, 2), 1, 3)},
        _balanced,
        ("build", "harvest"),
    ),
    Family(
        "oversize",
        "take both sides, close one: a position beyond what the pool may carry",
        {
            "build": _BUILD,
            "build_seconds": Knob((_HOUR, EIGHT_HOURS - 2), 1, EIGHT_HOURS - 1),
            "multiple": Knob((2, 3), 1, 3),
            "lead": Knob((1,), 1, _HOUR),
            "tail": Knob((1, _HOUR), 1, _DAY),
        },
        _oversize,
        ("build", "multiple"),
    ),
)
