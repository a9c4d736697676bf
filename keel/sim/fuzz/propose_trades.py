"""Proposals of trades and of margin in and out."""

from keel.model import curve
from keel.model.fixed import PPM
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.fills import worse_price
from keel.sim.fuzz.margins import part
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS
from keel.units import BPS, WAD

_WHOLE = 10**6
# Places of traders' accounts; the first one, the keeper's, trades rarely.
_PLACES = (*range(1, len(ACCOUNTS)), *range(1, len(ACCOUNTS)), 0)
_HUGE = (0, 1, 2**96, 2**111, 2**128, 2**255 - 1)


def increase(stage: Stage, draws: Draws) -> list[Action]:
    """Open a position or make it larger, within margin and what the pool carries, or a little beyond."""
    place, market = draws.pick(_PLACES), draws.pick(stage.world.markets)
    held = stage.present.position(place, market).size
    long = held > 0 if held else draws.chance(50)
    size = affordable(stage, place, market, long) * draws.integer(1, 115) // 100
    return [_trade(draws, place, market, size if long else -size)] if size else []


def reduce(stage: Stage, draws: Draws) -> list[Action]:
    """Make a position smaller, or close it."""
    place, market = draws.pick(_PLACES), draws.pick(stage.world.markets)
    held = stage.present.position(place, market).size
    if held == 0:
        return []
    part = 100 if draws.chance(45) else draws.integer(1, 99)
    return [_trade(draws, place, market, -held * part // 100)]


def flip(stage: Stage, draws: Draws) -> list[Action]:
    """Turn a position to the other side."""
    place, market = draws.pick(_PLACES), draws.pick(stage.world.markets)
    held = stage.present.position(place, market).size
    if held == 0:
        return []
    return [_trade(draws, place, market, -held * draws.integer(105, 200) // 100)]


def odd(stage: Stage, draws: Draws) -> list[Action]:
    """A trade that is unlikely to be taken: any size, foreign senders, limits, deadlines."""
    place, market = draws.pick(_PLACES), draws.pick((*stage.world.markets, 9))
    size = draws.pick(_HUGE) if draws.chance(50) else draws.integer(1, 10**21)
    signed = size if draws.chance(50) else -size
    price = stage.present.books.markets[min(market, 2)].price.index
    limit = draws.pick((ANY_PRICE, 0, price, price * draws.integer(9_800, 10_200) // BPS))
    return [Action("trade", (draws.integer(0, 9), place, market, signed, limit, draws.integer(-2, 600)))]


def deposit(_stage: Stage, draws: Draws) -> list[Action]:
    """Margin in: one's own or anybody's."""
    place = draws.pick(_PLACES)
    sender = ACCOUNTS[place][0] if draws.chance(80) else draws.integer(0, 9)
    # Rarely so much that the pool is what limits a position.
    digits = 12 if draws.chance(3) else draws.integer(3, 10)
    tokens = draws.pick(_HUGE) if draws.chance(2) else draws.integer(1, 10**digits)
    return [Action("deposit", (sender, place, tokens))]


def withdraw(stage: Stage, draws: Draws) -> list[Action]:
    """Margin out: up to what the rest allows, or a little more."""
    place = draws.pick(_PLACES)
    health = stage.present.health(place)
    free = min(health.withdrawable - health.initial, stage.present.books.accounts[place].balance)
    free = max(free, 0) // stage.world.token_scale
    tokens = (
        draws.pick(_HUGE)
        if draws.chance(2)
        else free * (draws.integer(97, 101) if draws.chance(50) else draws.integer(0, 97)) // 100
    )
    owner = ACCOUNTS[place][0]
    sender = owner if draws.chance(93) else draws.integer(0, 9)
    return [Action("withdraw", (sender, place, tokens, owner if draws.chance(93) else draws.integer(0, 9)))]


def multicall(stage: Stage, draws: Draws) -> list[Action]:
    """Deposit, trade and withdraw at once."""
    place, market = draws.pick(_PLACES), draws.pick(stage.world.markets)
    tokens = draws.integer(0, 5_000 * _WHOLE)
    held = stage.present.position(place, market).size
    if held and draws.chance(50):
        size = -held
    else:
        long = draws.chance(50)
        size = affordable(stage, place, market, long) * draws.integer(0, 80) // 100
        size = size if long else -size
    out = draws.integer(0, tokens) if draws.chance(40) else 0
    return [Action("multicall", (ACCOUNTS[place][0], place, market, tokens, size, out))]


def _trade(draws: Draws, place: int, market: int, size: int) -> Action:
    owner = ACCOUNTS[place][0]
    sender = owner if draws.chance(98) else draws.integer(0, 9)
    name = "update_trade" if draws.chance(8) else "trade"
    return Action(name, (sender, place, market, size, ANY_PRICE, 0))


def affordable(stage: Stage, place: int, market: int, long: bool) -> int:
    """Base that margin and pool allow, roughly; 0 if nothing can be priced."""
    present = stage.present
    m, config = present.market(market), present.rules[market].config
    index, depth = m.price.index, present.depth(market)
    health = present.health(place)
    free = health.equity_worse - health.initial
    carried = max(present.equity(market, index), 0) * config.max_exposure_ppm // PPM * WAD // index
    limit = min(depth * config.max_skew_ppm // PPM, carried)
    faced = max(present.equity(market, index), 0) * config.max_side_ppm // PPM * WAD // index
    room = limit - m.skew if long else limit + m.skew
    room = min(room, faced - (m.long_interest if long else m.short_interest))
    size = min(room, free * WAD // (index * config.brackets.initial1 // BPS))
    value = size * index // WAD
    if min(size, value) <= 0:
        return 0
    needed = part(m, config, size).initial
    signed = size if long else -size
    paid = curve.cost(worse_price(m.price, long), depth, m.skew, signed) - signed * index // WAD
    fee = value * (config.taker_fee_ppm + config.deviation_fee_ppm) // PPM
    # Costs are convex and margin brackets rise, so that less than this share of `size` fits.
    return int(min(size, size * free // max(needed + max(paid, 0) + fee, 1)))
