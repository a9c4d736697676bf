"""Proposals of time and prices: honest ones, jumps, doubts, and sources that fail."""

from keel.model.ledger.books import STATUS_SHUT
from keel.model.validity import suspect
from keel.sim.fuzz import propose_collateral
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.ghost import FAULTS, PRICE_UNIT
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, BACKSTOP, SOURCES, open_positions
from keel.units import BPS, WAD

_DAY = 86_400
# Larger moves make a price volatile, which shuts most of the protocol for a while.
_MODEST_BPS = 800
# Prices no source should say, 8 decimals.
_NONSENSE = (0, 1, 10**8, 10**18, 2**87 // PRICE_UNIT, 2**88 // PRICE_UNIT + 1, 2**127, 2**200)
# A primary that was silent is believed again after so long.
_RECOVERY_SECONDS = 901


def go_on(stage: Stage, draws: Draws) -> list[Action]:
    """Let time pass and prices move, as honest keepers would report it."""
    ghost = stage.world.ghost
    waits = any(oracle.ladder.on_reference for oracle in ghost.oracles.values())
    pause = _RECOVERY_SECONDS if waits and draws.chance(50) else _pause(draws)
    actions = [Action("warp", (pause,))]
    for market, sources in ghost.sources.items():
        if stage.world.rules[market].config.status == STATUS_SHUT and draws.chance(95):
            continue
        for number, source in enumerate(sources):
            if source.fault:
                actions.append(Action("fail", (market, number, 0)))
            if source.spread or draws.chance(3):
                actions.append(Action("widen", (market, number, _small_spread(source.price, draws))))
        if not draws.chance(4):
            actions.append(Action("tick", (market, _price(stage, draws, market))))
    return actions + propose_collateral.go_on(stage, draws)


def fault(stage: Stage, draws: Draws) -> list[Action]:
    """A source that fails in one of the ways in which sources fail, then an update."""
    market = draws.pick(stage.world.markets)
    update = Action("update_price", (draws.integer(0, 9), market))
    wait = Action("warp", (draws.integer(1, 400),))
    return [wait, *_faults(stage, draws, market, draws.integer(1, 2)), update]


def doubt(stage: Stage, draws: Draws) -> list[Action]:
    """A stretch of suspect prices in which funding goes on and positions are reduced, and its end."""
    market = draws.pick(stage.world.markets)
    price = _price(stage, draws, market)
    source = draws.integer(0, stage.world.ghost.counts[market] - 1)
    begin = draws.pick(
        (
            [Action("publish", (market, source, price * draws.integer(102, 112) // 100))],
            [Action("widen", (market, source, price * draws.integer(1, 12) // 100))],
            [Action("fail", (market, source, draws.pick(FAULTS)))],
            _faults(stage, draws, market, 2),
        )
    )
    actions = [Action("warp", (draws.integer(1, 60),)), *begin]
    actions.append(Action("update_price", (draws.integer(0, 9), market)))
    for _ in range(draws.integer(1, 5)):
        actions.append(Action("warp", (draws.integer(30, 280),)))
        for _ in range(draws.integer(1, 3)):
            actions += _meanwhile(stage, draws, market)
        if draws.chance(60):
            actions.append(Action("update_price", (draws.integer(0, 9), market)))
    return actions


def claim(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody claims for an account what a stretch of suspect prices left it, rarely if that is nothing."""
    # The insurance's own account never has one.
    claims = [key for key, claim in stage.present.books.claims.items() if claim.period and key[0] != BACKSTOP]
    ready = [key for key in claims if stage.present.credit(*key) is not None]
    keys = ready if ready and draws.chance(85) else claims
    if keys and draws.chance(90):
        place, market = draws.pick(keys)
    elif draws.chance(20):
        place, market = draws.integer(0, len(ACCOUNTS) - 1), draws.pick((*stage.world.markets, 9))
    else:
        return []
    sender = ACCOUNTS[place][0] if draws.chance(50) else draws.integer(0, 9)
    claiming = Action("claim_funding", (sender, place, market))
    return [*_close_all(stage, market), claiming] if draws.chance(8) else [claiming]


def _close_all(stage: Stage, market: int) -> list[Action]:
    """Everybody leaves: what is in clearing then is dust, or somebody's claim."""
    keys = open_positions(stage.present, market)
    held = [(place, stage.present.position(place, market).size) for place, _ in keys]
    return [Action("trade", (ACCOUNTS[place][0], place, market, -size, ANY_PRICE, 0)) for place, size in held]


def again(stage: Stage, draws: Draws) -> list[Action]:
    """Another price in the same block, or the loss of it, which the core must not take."""
    market = draws.pick(stage.world.markets)
    if draws.chance(20):
        silent = [Action("fail", (market, n, 1)) for n in range(stage.world.ghost.counts[market])]
        return [*silent, Action("update_price", (draws.integer(0, 9), market))]
    return [Action("tick", (market, _price(stage, draws, market)))]


def accrue(stage: Stage, draws: Draws) -> list[Action]:
    """Poke a market, perhaps after a while."""
    market = draws.pick((*stage.world.markets, 9) if draws.chance(5) else stage.world.markets)
    poke = Action("accrue", (draws.integer(0, 9), market))
    return [Action("warp", (draws.integer(1, 1_800),)), poke] if draws.chance(25) else [poke]


def squeeze(stage: Stage, draws: Draws) -> list[Action]:
    """A price at which somebody's equity is between a third and all of maintenance, or gone."""
    present = stage.present
    held = open_positions(present)
    if not held:
        return []
    place, market = draws.pick(held)
    health, size = present.health(place), present.position(place, market).size
    lowest = -60 if draws.chance(35) else 30
    missing = health.equity - health.maintenance * draws.integer(lowest, 100) // 100
    index = present.books.markets[market].price.index - missing * WAD // size
    far = abs(index * BPS // present.books.markets[market].price.index - BPS) > _MODEST_BPS
    if index <= 0 or (far and draws.chance(85)):
        return []
    # Sometimes at a price with a spread, which a liquidation must not pay for.
    said = [Action("widen", (market, source, _small_spread(index, draws))) for source in range(SOURCES)]
    told = said if draws.chance(20) else []
    return [Action("warp", (draws.integer(1, 60),)), *told, Action("tick", (market, index // PRICE_UNIT))]


def _faults(stage: Stage, draws: Draws, market: int, count: int) -> list[Action]:
    price = _price(stage, draws, market)
    actions = []
    for _ in range(count):
        source = draws.integer(0, SOURCES - 1)
        ways = (
            Action("publish", (market, source, draws.pick(_NONSENSE))),
            Action("publish", (market, source, price * draws.integer(5, 200) // 100)),
            Action("publish", (market, source, price * draws.integer(97, 103) // 100)),
            Action("widen", (market, source, price * draws.integer(0, 30) // 100)),
            Action("widen", (market, source, draws.pick((1, 10**30, 2**128)))),
            Action("fail", (market, source, draws.pick(FAULTS))),
            Action("fail", (market, source, draws.pick(FAULTS))),
        )
        actions.append(draws.pick(ways))
    return actions


def _meanwhile(stage: Stage, draws: Draws, market: int) -> list[Action]:
    """What can be done at a suspect price: a reduction, a liquidation, a poke."""
    held = [place for place, _ in open_positions(stage.present, market)]
    if not held or draws.chance(30):
        return [Action("accrue", (draws.integer(0, 9), market))]
    place = draws.pick(held)
    if draws.chance(15):
        return [Action("liquidate", (draws.integer(0, 6), place))]
    size = stage.present.position(place, market).size
    part = 100 if draws.chance(40) else draws.integer(1, 99)
    owner = ACCOUNTS[place][0]
    name = "update_trade" if draws.chance(20) else "trade"
    return [Action(name, (owner, place, market, -size * part // 100, ANY_PRICE, 0))]


def _small_spread(price: int, draws: Draws) -> int:
    """Mostly none, else one that is not doubted; 8 decimals."""
    return price * draws.integer(1, 90) // (BPS * PRICE_UNIT) if draws.chance(20) else 0


def _pause(draws: Draws) -> int:
    kind = draws.integer(0, 99)
    if kind < 70:
        return draws.integer(1, 60)
    if kind < 90:
        return draws.integer(60, 900)
    return draws.integer(900, 8_000 if kind < 97 else 2 * _DAY)


def _price(stage: Stage, draws: Draws, market: int) -> int:
    """The index, in doubt perhaps the average, moved by a walk of 30 bps, sometimes more, or by a jump."""
    now = stage.present.books.markets[market].price
    index = (now.twap if suspect(now.flags) and draws.chance(50) else now.index) // PRICE_UNIT
    kind = draws.integer(0, 99)
    reach = 30 if kind < 70 else 120 if kind < 88 else 400 if kind < 98 else 1_800
    return int(index * (BPS + draws.integer(-reach, reach)) // BPS)
