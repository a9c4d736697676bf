"""Proposals of losses that go beyond somebody's means, and of what is done about them."""

from keel.model.cold_records import Stage as Pass
from keel.model.ledger.books import STATUS_SHUT
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.ghost import INSURANCE, PRICE_UNIT
from keel.sim.fuzz.govern import LOSS_CAP
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.perform_losses import NOBODY
from keel.sim.fuzz.propose_trades import affordable
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, BACKSTOP, KEEPERS, OPERATOR, PROVIDERS, STAKER, open_positions
from keel.units import WAD

_WHOLE = 10**6
# What a pool pays in a day, of its equity, 1e-6: all, as much as where real money is, and next to nothing.
_CAPS = ((15, 10**6, 10**6), (45, 50_000, 300_000), (100, 1_000, 20_000))
# Deposits of traders who are about to bet all of it.
_STAKES = (2_000, 80_000)
# Prices of a walk at most.
_MOST_STEPS = 16
_RICH = 10**6 * _WHOLE


def begin(stage: Stage, draws: Draws) -> list[Action]:
    """What a world begins with: caps of losses, and sometimes little insurance or poor pools."""
    actions = [
        Action("set_market", (OPERATOR, market, LOSS_CAP, _cap(draws))) for market in stage.world.markets
    ]
    if draws.chance(60):
        actions += _leave(stage, STAKER, INSURANCE, draws.integer(80, 100))
    for market in stage.world.markets:
        if draws.chance(20):
            for provider in PROVIDERS:
                actions += _leave(stage, provider, market, draws.integer(70, 97))
    if draws.chance(40):
        # Some have so much that the pool is what limits them.
        for place in (draws.integer(1, len(ACCOUNTS) - 1) for _ in range(3)):
            actions.append(Action("deposit", (ACCOUNTS[place][0], place, _RICH)))
    # Prices that were stored before the cooldowns are stale.
    return [*actions, *(_tick(stage, market, 100) for market in stage.world.markets)]


def _cap(draws: Draws) -> int:
    kind = draws.integer(0, 99)
    low, high = next((low, high) for below, low, high in _CAPS if kind < below)
    return draws.integer(low, high)


def _leave(stage: Stage, holder: int, vault: int, percent: int) -> list[Action]:
    shares = stage.world.ghost.stake(vault, holder).free * percent // 100
    wait, ticks = stage.world.cooldowns[vault], []
    if wait:
        # A vault pays at a price that is not stale.
        ticks = [Action("warp", (wait,)), *(_tick(stage, market, 100) for market in stage.world.markets)]
    return [
        Action("request", (holder, vault, shares)),
        *ticks,
        Action("redeem", (holder, vault, shares, holder)),
    ]


def _tick(stage: Stage, market: int, percent: int) -> Action:
    index = stage.present.books.markets[market].price.index
    return Action("tick", (market, max(index * percent // (100 * PRICE_UNIT), 1)))


def gap(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody bets all that he has, and the price jumps beyond it and stays there."""
    market, held = draws.pick(_open(stage)), open_positions(stage.present)
    if held and draws.chance(50):
        # Whoever is nearest to it, so that a small jump does.
        place, market = (
            min(held, key=lambda key: _distance(stage, *key)) if draws.chance(80) else draws.pick(held)
        )
        actions: list[Action] = []
        size = stage.present.position(place, market).size
    else:
        place = draws.integer(1, len(ACCOUNTS) - 1)
        actions, size = _bet(stage, draws, place, market, long=draws.chance(50))
    if not size:
        return actions
    index = stage.present.books.markets[market].price.index
    means = max(stage.present.health(place).equity, 0)
    beyond = min(means * WAD // abs(size), index // 2) + index * draws.integer(1, 12) // 100
    after = index - beyond if size > 0 else index + beyond
    late = Action("liquidate", (draws.pick(KEEPERS), place))
    return [*actions, *walk(draws, market, index, after), late]


def _distance(stage: Stage, place: int, market: int) -> int:
    """By which part of the price an account is away from having nothing, WAD."""
    size, index = stage.present.position(place, market).size, stage.present.books.markets[market].price.index
    return max(stage.present.health(place).equity, 0) * WAD * WAD // (abs(size) * index)


def _bet(stage: Stage, draws: Draws, place: int, market: int, *, long: bool) -> tuple[list[Action], int]:
    """A deposit and a trade with nearly all of what there is, and its size."""
    owner, reach = ACCOUNTS[place][0], affordable(stage, place, market, long)
    size = reach * draws.integer(60, 100) // 100
    size = size if long else -size
    if not size:
        return [Action("deposit", (owner, place, draws.integer(*_STAKES) * _WHOLE))], 0
    return [Action("trade", (owner, place, market, size, ANY_PRICE, 0))], size


def rally(stage: Stage, draws: Draws) -> list[Action]:
    """The crowd grows, and the price goes where it wants it, until the pool is poor, and somebody says so."""
    market = draws.pick(_open(stage))
    return [*_rally(stage, draws, market), Action("deleverage", (draws.integer(0, 9), market))]


def _rally(stage: Stage, draws: Draws, market: int) -> list[Action]:
    m = stage.present.books.markets[market]
    long = m.skew > 0 if m.skew else draws.chance(50)
    place = draws.integer(1, len(ACCOUNTS) - 1)
    actions, size = _bet(stage, draws, place, market, long=long)
    crowd = abs(m.skew + size)
    if crowd == 0:
        return actions
    worth = max(stage.present.equity(market, m.price.index), WAD)
    reach = min(worth * WAD // crowd, 3 * m.price.index) * draws.integer(50, 180) // 100
    after = m.price.index + reach if long else max(m.price.index - reach, m.price.index // 4)
    return [*actions, *walk(draws, market, m.price.index, after, percent=draws.pick((7, 10)))]


def walk(draws: Draws, market: int, index: int, after: int, *, percent: int = 400) -> list[Action]:
    """A price that jumps, or moves in steps of so much, and that its average follows, mostly all the way."""
    stays, actions = draws.integer(2, 4), []
    for _ in range(_MOST_STEPS):
        far = index * percent // 100
        stays -= index == after
        index = min(max(after, index - far), index + far)
        actions += [Action("warp", (draws.integer(60, 170),)), Action("tick", (market, index // PRICE_UNIT))]
        if stays <= 0:
            break
    return actions


def resolve(stage: Stage, draws: Draws) -> list[Action]:
    """A pass over some accounts of a market, mostly of one that shares out a loss."""
    busy = resolving(stage)
    if not busy and draws.chance(80):
        return []
    market = draws.pick(busy or stage.world.markets)
    places = _some(draws)
    if draws.chance(25):
        # Everybody, twice: both passes in one call, as far as they go.
        places = [*range(BACKSTOP + 1), *range(BACKSTOP + 1)]
    if busy and draws.chance(20):
        return [Action("probe_resolve", (market, draws.integer(0, 10**9)))]
    return [Action("resolve", (draws.integer(0, 9), market, *places))]


def resolving(stage: Stage) -> list[int]:
    """Markets in which a pass is under way."""
    return [market for market, r in stage.present.books.resolutions.items() if r.stage != Pass.NONE]


def _some(draws: Draws) -> list[int]:
    """Any accounts in any order, one perhaps twice, one perhaps nobody's; now and then none at all."""
    return [draws.integer(0, NOBODY) for _ in range(draws.integer(0, 9))]


def deleverage(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody says that a pool cannot pay, mostly of one that can."""
    return [Action("deleverage", (draws.integer(0, 9), draws.pick((*stage.world.markets, 9))))]


def shut(stage: Stage, draws: Draws) -> list[Action]:
    """The governor, or who would like to be, ends a market, or tries to while it is open."""
    market = draws.pick(stage.world.markets)
    governor = OPERATOR if draws.chance(90) else draws.integer(1, 9)
    end = Action("shut", (governor, market))
    if draws.chance(20):
        return [end]
    before = _rally(stage, draws, market) if draws.chance(60) and market in _open(stage) else []
    return [*before, Action("hold", (governor, market, draws.integer(2, 3))), end]


def after(stage: Stage, draws: Draws) -> list[Action]:
    """What those who own shares of a shut pool do: ask, wait, and take their part."""
    over = [market for market, rules in stage.world.rules.items() if rules.config.status == STATUS_SHUT]
    if not over:
        return []
    market = draws.pick(over)
    if draws.chance(25):
        return [Action("probe_end", (market, draws.integer(0, 10**9)))]
    holder = draws.pick((*PROVIDERS, 1))
    return _leave(stage, holder, market, draws.pick((50, 100, 100)))


def _open(stage: Stage) -> tuple[int, ...]:
    """Markets that still take a price; all, if none does."""
    rules = stage.world.rules
    left = tuple(market for market in stage.world.markets if rules[market].config.status != STATUS_SHUT)
    return left or stage.world.markets
