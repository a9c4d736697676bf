"""Margin of positions together, the ramp of their multipliers, and the tiers they come from."""

from itertools import product
from typing import Any

from keel.model import margin
from keel.model.records import Brackets, Health, Market, parse
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.margin import healthy
from keel.sim.fuzz.margins import ONE, multiplier
from keel.sim.fuzz.stage import Stage, Step
from keel.sim.fuzz.world import BACKSTOP
from keel.units import BPS, WAD

_HOUR = 3_600
# Each requirement is a ceil of a ceil, and the first one is multiplied by 16 at most.
_DUST = 64


def inv_21_others(step: Step) -> int:
    """A call that moves no price makes no healthy account unhealthy, not even another's."""
    old, new = step.before.books.markets, step.after.books.markets
    if step.before.now != step.after.now or any(old[m].price != new[m].price for m in step.touched.markets):
        return 0
    own = step.touched.accounts
    moved = {market for market in step.touched.markets if old[market] != new[market]}
    for place in range(BACKSTOP):
        concerned = place not in own and moved & set(step.before.held(place))
        if not concerned or not healthy(step.before.health(place)):
            continue
        after = step.after.health(place)
        require(healthy(after), "place", place, "equity", after.equity, "maintenance", after.maintenance)
    return 1


def inv_68(step: Step) -> int:
    """The multiplier of maintenance rises by a tenth an hour at most, and moves with time alone."""
    for market in step.touched.markets:
        old, new = step.before.books.markets[market], step.after.books.markets[market]
        moved, passed = new.ramp - old.ramp, step.after.now - old.accrued_at
        reach = max(old.ramp * passed, 10 * _HOUR) if passed else 0
        require(moved * 10 * _HOUR <= reach, "market", market, "ramp", old.ramp, "to", new.ramp)
        goal = multiplier(old, step.before.rules[market].config)
        require(passed > 0 or moved == 0, "market", market, "ramp", old.ramp, "in no time to", new.ramp)
        between = min(old.ramp, goal) <= new.ramp <= max(old.ramp, goal)
        require(between, "market", market, "ramp", old.ramp, "to", new.ramp, "goal", goal)
        # A rise is one a second at least, and a fall is all of it: whoever waits sees it move.
        stuck = new.ramp == old.ramp if goal > old.ramp else new.ramp != goal
        unseen = new.accrued_at == old.accrued_at
        require(unseen or goal == old.ramp or not stuck, "market", market, "ramp", new.ramp, "goal", goal)
    return len(step.touched.markets)


def inv_68_governed(step: Step) -> int:
    """New brackets raise nobody's maintenance at once: the ramp takes the rise back."""
    market, positions = step.action.args[1], step.after.books.positions
    old, new = step.before.market(market), step.after.books.markets[market]
    require(new.ramp <= old.ramp, "market", market, "ramp", old.ramp, "to", new.ramp)
    rules = step.before.rules[market].config, step.after.rules[market].config
    for (place, where), position in positions.items():
        if where != market or not position.size or rules[0].brackets == rules[1].brackets:
            continue
        asked = [
            _kept(m, config.brackets, position.size) for m, config in zip((old, new), rules, strict=True)
        ]
        # Two ceils, the first of them times the ramp.
        slack = 1 + -(-old.ramp // ONE)
        require(asked[1] <= asked[0] + slack, "place", place, "maintenance", asked[0], "to", asked[1])
    return 1


def _kept(m: Market, brackets: Brackets, size: int) -> int:
    value = -(-abs(size) * m.price.index // WAD)
    return -(-margin.maintenance(brackets, value) * m.ramp // ONE)


def together(stage: Stage, place: int) -> int:
    """Margin together is at most the sum of the margins alone, and the most that any joint move can ask."""
    shown = parse(Health, stage.world.protocol.view("healthOf", stage.world.ids[place]))
    alone = [_alone(stage, place, market) for market in stage.present.held(place)]
    percents = [stage.present.rules[market].config.hedge_percent for market in stage.present.held(place)]
    for which, found in ((0, shown.initial), (1, shown.maintenance)):
        asked = [abs(one[which]) for one in alone]
        require(found <= sum(asked), "place", place, "together", found, "alone", asked)
        shared = [abs(one[which]) * percent // 100 for one, percent in zip(alone, percents, strict=True)]
        own = sum(whole - part for whole, part in zip(asked, shared, strict=True))
        sides = [1 if one[which] > 0 else -1 for one in alone]
        # Every move of all markets together, with each market against its position on its own.
        moves = [move * sum(s * p for s, p in zip(sides, shared, strict=True)) for move in (-1, 0, 1)]
        most = max(own + move for move in moves)
        require(found == most, "place", place, "together", found, "worst move", most)
        brute = _worst(asked, shared, sides)
        require(found >= brute, "place", place, "together", found, "worst scenario", brute)
    return 2


def _worst(asked: list[int], shared: list[int], sides: list[int]) -> int:
    """Largest joint loss over a grid: each market's own part up or down, the common part for all alike."""
    most = 0
    for common in (-1, -0.5, 0, 0.5, 1):
        for own in product((-1, 0, 1), repeat=len(asked)):
            loss = sum(
                -side * (move * (whole - part) + int(common * 2) * part // 2)
                for whole, part, side, move in zip(asked, shared, sides, own, strict=True)
            )
            most = max(most, loss)
    return most


def _alone(stage: Stage, place: int, market: int) -> tuple[int, int]:
    """Initial and maintenance margin of one position as the library has it, signed as the position."""
    size = stage.present.position(place, market).size
    asked = _library(stage, market, size)
    sign = 1 if size > 0 else -1
    return sign * asked.initial, sign * asked.maintenance


def _library(stage: Stage, market: int, size: int) -> Any:
    world, view = stage.world, stage.world.protocol.view
    config, _ = view("configOf", market)
    return world.chain.call(world.harness, "requirements", view("marketNow", market), config, size)


def tiers(stage: Stage, market: int, one: int, other: int) -> int:
    """Margins of a size are 0 at 0, grow with it, more than in proportion, and initial covers an exit."""
    config, index = stage.present.rules[market].config, stage.present.market(market).price.index
    sizes = {0: 0, 1: min(one, other), 2: max(one, other), 3: one + other}
    asked = {key: _library(stage, market, size) for key, size in sizes.items()}
    nothing = asked[0].initial, asked[0].maintenance
    require(nothing == (0, 0), "of nothing", nothing)
    for which in ("initial", "maintenance"):
        low, high, whole = (getattr(asked[key], which) for key in (1, 2, 3))
        require(low <= high <= whole, which, low, "larger", high, "both", whole)
        # Where the initial margin is the whole value, maintenance keeps its proportion to what it would be.
        capped = which == "maintenance" and asked[3].initial * WAD >= sizes[3] * index
        require(capped or whole + _DUST >= low + high, which, low, "and", high, "together", whole)
        step = int(getattr(_library(stage, market, sizes[2] + 1), which)) - high
        require(0 <= step <= 1 + _step(stage, market), which, high, "a wei more adds", step)
    mirrored = _library(stage, market, -sizes[2])
    same = (mirrored.initial, mirrored.maintenance) == (asked[2].initial, asked[2].maintenance)
    require(same and mirrored.common == -asked[2].common, "long", asked[2], "short", mirrored)
    fee = config.taker_fee_ppm + config.deviation_fee_ppm
    for key in (1, 2, 3):
        value = sizes[key] * index // WAD
        exit_ = value * config.brackets.penalty_min_bps // BPS + value * fee // 10**6
        gap = asked[key].initial - asked[key].maintenance
        require(gap >= exit_ or asked[key].initial >= value, "gap", gap, "exit", exit_, "value", value)
    return 1


def _step(stage: Stage, market: int) -> int:
    """Most by which one wei of base can raise a requirement: its value, times 16."""
    return 16 * (stage.present.market(market).price.index // WAD + 2)
