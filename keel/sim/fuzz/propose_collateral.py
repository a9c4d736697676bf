"""Proposals of collateral: in and out, positions that lean on it, its prices and terms, and who must sell."""

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws
from keel.sim.fuzz.ghost import FAULTS, PRICE_UNIT
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.perform_collateral import ANY_COST, TERM_FIELDS
from keel.sim.fuzz.propose_losses import walk
from keel.sim.fuzz.propose_trades import affordable
from keel.sim.fuzz.stage import KIND_PRICES, Stage
from keel.sim.fuzz.world import ACCOUNTS, OPERATOR, open_positions
from keel.units import BPS, WAD

# The kind that should be worth one.
PEGGED = 2
UNKNOWN = 9
_PLACES = tuple(range(1, len(ACCOUNTS)))
_ODD = (0, 1, 2**100, 2**127)
# Of a pegged price, bps: at the peg, near it, below the floor, far below it.
_PEGS = (10_000, 10_000, 10_000, 10_004, 9_990, 9_850, 9_760, 9_000)
# Places of the terms that change, haircut and discount most often.
_FIELDS = (0, 1, 1, 1, 1, 2, 2, 3, 4, 5)
_HOUR, _DAY = 3_600, 86_400


def give(stage: Stage, draws: Draws) -> list[Action]:
    """Collateral for an account, mostly one's own; rarely more than there is room for, or of no kind."""
    place, kind = draws.pick(_PLACES), draws.pick(stage.world.kinds)
    sender = ACCOUNTS[place][0] if draws.chance(93) else draws.integer(0, 9)
    tokens = units(stage, kind, draws.integer(1, 10 ** draws.integer(2, 4)))
    listed = stage.present.books.kinds[kind].listed
    if draws.chance(10):
        tokens = max(listed.terms.cap - listed.held, 0) + draws.integer(0, 1)
    elif draws.chance(4):
        tokens = draws.pick(_ODD)
    named = UNKNOWN if draws.chance(1) else kind
    return [*_sound(stage, draws, kind), Action("collateral_deposit", (sender, place, named, tokens))]


def take(stage: Stage, draws: Draws) -> list[Action]:
    """Collateral out: some, all, or more than there is; to the owner, rarely to somebody else."""
    keys = list(stage.present.books.holdings)
    if not keys:
        return []
    place, kind = draws.pick(keys)
    owner, held = ACCOUNTS[place][0], stage.present.books.holdings[place, kind]
    sender = owner if draws.chance(90) else draws.integer(0, 9)
    tokens = draws.pick((0, held + 1)) if draws.chance(6) else held * draws.pick((100, 60, 25, 3)) // 100
    to = owner if draws.chance(85) else draws.integer(0, 9)
    first = _sound(stage, draws, kind) if draws.chance(60) else []
    return [*first, Action("collateral_withdraw", (sender, place, kind, tokens, to))]


def lean(stage: Stage, draws: Draws) -> list[Action]:
    """Collateral in and money out, or a position on what is there."""
    place, present = draws.pick(_PLACES), stage.present
    owner, leaning = (
        ACCOUNTS[place][0],
        present.worth(place).worse > max(present.books.accounts[place].balance, 0),
    )
    if leaning:
        market, long = draws.pick(stage.world.markets), draws.chance(50)
        size = affordable(stage, place, market, long) * draws.integer(50, 100) // 100
        return (
            [Action("trade", (owner, place, market, size if long else -size, ANY_PRICE, 0))] if size else []
        )
    kind = draws.pick(stage.world.kinds)
    listed = present.books.kinds[kind].listed
    tokens = min(units(stage, kind, draws.integer(200, 12_000)), max(listed.terms.cap - listed.held, 1))
    give_ = [*_sound(stage, draws, kind), Action("collateral_deposit", (owner, place, kind, tokens))]
    health, balance = present.health(place), present.books.accounts[place].balance
    free = max(min(balance, balance if not present.held(place) else health.withdrawable - health.initial), 0)
    out = free // stage.world.token_scale * draws.pick((100, 100, 97, 60)) // 100
    return [*give_, Action("withdraw", (owner, place, out, owner))] if out else give_


def lose(stage: Stage, draws: Draws) -> list[Action]:
    """A price goes against somebody who leans on collateral, and he gives up, or is sold or liquidated."""
    who = {place for place, _ in stage.present.books.holdings}
    held = [key for key in open_positions(stage.present) if key[0] in who]
    if not held:
        return lean(stage, draws)
    place, market = draws.pick(held)
    size, health = stage.present.position(place, market).size, stage.present.health(place)
    index = stage.present.books.markets[market].price.index
    reach = max(health.equity, 0) * WAD // abs(size) * draws.integer(10, 125) // 100
    reach = min(reach, index // 3)
    after = index - reach if size > 0 else index + reach
    end = Action("trade", (ACCOUNTS[place][0], place, market, -size, ANY_PRICE, 0))
    if draws.chance(35):
        end = Action("liquidate", (draws.integer(0, 6), place))
    actions = [*walk(draws, market, index, after, percent=draws.pick((7, 10, 400))), end]
    if draws.chance(60):
        kind = draws.pick(list(stage.present.holdings(place)))
        sale = Action("tick_kind", (kind, _present(stage, kind))), _buy(stage, draws, place, kind)
        actions += sale if draws.chance(70) else (sale[0], end, sale[1])
    return actions


def sell(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody buys of whoever must sell, now and then of who need not: all, some, or too dear."""
    present = stage.present
    keys = [key for key in present.books.holdings if present.books.accounts[key[0]].balance < 0]
    if not keys or draws.chance(12):
        keys = list(present.books.holdings)
    if not keys:
        return []
    place, kind = draws.pick(keys)
    return [*_sound(stage, draws, kind), _buy(stage, draws, place, kind)]


def of_sick(stage: Stage, draws: Draws, place: int) -> list[Action]:
    """A sale of an unhealthy account's collateral, if it has some; else nothing."""
    kinds = list(stage.present.holdings(place))
    if not kinds:
        return []
    kind = draws.pick(kinds)
    return [*_sound(stage, draws, kind), _buy(stage, draws, place, kind)]


def _buy(stage: Stage, draws: Draws, place: int, kind: int) -> Action:
    held = stage.present.books.holdings[place, kind]
    tokens = held * draws.pick((100, 100, 100, 200, 50, 9)) // 100
    buyer = ACCOUNTS[place][0] if draws.chance(20) else draws.integer(0, 9)
    most = draws.integer(0, 10**7) if draws.chance(6) else ANY_COST
    to = buyer if draws.chance(85) else draws.integer(0, 9)
    return Action("collateral_buy", (buyer, place, kind, tokens, most, to))


def cover(stage: Stage, draws: Draws) -> list[Action]:
    """Somebody wants a debt covered that nothing is left to pay, mostly of one that is not."""
    accounts = stage.present.books.accounts
    left = [place for place, a in enumerate(accounts) if a.balance < 0 and not (a.markets or a.collateral)]
    place = draws.pick(left) if left else draws.integer(0, len(ACCOUNTS) - 1)
    return [Action("cover", (draws.integer(0, 9), place))]


def move(stage: Stage, draws: Draws) -> list[Action]:
    """Prices of kinds move: a walk, a jump, a peg that is lost or found."""
    kind = draws.pick(stage.world.kinds)
    goal = _moved(stage, draws, kind)
    actions = _ticks(draws, kind, goal)
    if draws.chance(50):
        # Until the average has followed and the price is good again.
        for _ in range(draws.integer(1, 2)):
            actions += [Action("warp", (301,)), Action("tick_kind", (kind, goal))]
    return actions


def go_on(stage: Stage, draws: Draws) -> list[Action]:
    """What honest keepers report of kinds, beside the prices of markets."""
    return [
        action
        for kind in stage.world.kinds
        if draws.chance(8)
        for action in (*_repaired(stage, kind), Action("tick_kind", (kind, _moved(stage, draws, kind))))
    ]


def doubt(stage: Stage, draws: Draws) -> list[Action]:
    """A kind's source is silent, unsure or wrong; people act on it, and mostly it ends."""
    kind = draws.pick(stage.world.kinds)
    said = stage.world.ghost.shelves[kind].source.price // PRICE_UNIT
    begin = draws.pick(
        (
            Action("fail_kind", (kind, draws.pick(FAULTS))),
            Action("widen_kind", (kind, said * draws.integer(1, 12) // 100)),
            Action("publish_kind", (kind, said * draws.integer(70, 130) // 100)),
            Action("warp", (_HOUR,)),
        )
    )
    actions = [Action("warp", (draws.integer(1, 60),)), begin]
    for _ in range(draws.integer(1, 3)):
        if draws.chance(70):
            actions.append(Action("update_kind", (draws.integer(0, 9), kind)))
        actions += _meanwhile(stage, draws, kind)
        actions.append(Action("warp", (draws.integer(1, 200),)))
    return actions if draws.chance(20) else [*actions, *_repaired(stage, kind), *_ticks(draws, kind, said)]


def _meanwhile(stage: Stage, draws: Draws, kind: int) -> list[Action]:
    """What can be tried at a price in doubt."""
    holders = [place for place, which in stage.present.books.holdings if which == kind]
    place = draws.pick(holders) if holders else draws.pick(_PLACES)
    owner, held = ACCOUNTS[place][0], stage.present.books.holdings.get((place, kind), 0)
    ways = (
        Action("collateral_deposit", (owner, place, kind, units(stage, kind, 100))),
        Action("collateral_withdraw", (owner, place, kind, max(held // 2, 1), owner)),
        Action("collateral_buy", (draws.integer(0, 9), place, kind, max(held, 1), ANY_COST, 0)),
        Action("liquidate", (draws.integer(0, 6), place)),
    )
    return [draws.pick(ways)]


def terms(stage: Stage, draws: Draws) -> list[Action]:
    """The governor changes a term, rarely out of its bounds, and time goes by."""
    kind, field = draws.pick(stage.world.kinds), draws.pick(_FIELDS)
    now = stage.world.ghost.shelves[kind].terms
    value: int = getattr(now, TERM_FIELDS[field])
    changed = {
        "cap": lambda: units(stage, kind, draws.pick((0, 20_000, 90_000, 150_000))),
        "haircut_bps": lambda: draws.pick((200, 400, 1_500, 2_500, 4_000, now.discount_bps, 9_000, 9_001)),
        "discount_bps": lambda: draws.pick((0, 1, 50, 300, now.haircut_bps, now.haircut_bps + 1)),
        "fresh_seconds": lambda: draws.pick((0, 60, 600, 900, _HOUR)),
        "floor": lambda: KIND_PRICES[kind] * PRICE_UNIT * draws.pick((0, 50, 95, 98)) // 100,
        "ceiling": lambda: KIND_PRICES[kind] * PRICE_UNIT * draws.pick((100, 100, 300, 3_000)) // 100,
    }[TERM_FIELDS[field]]()
    sender = OPERATOR if draws.chance(90) else draws.integer(0, 9)
    wanted = changed if draws.chance(90) else value
    change = Action("set_terms", (sender, kind, field, wanted))
    return [change, Action("warp", (draws.integer(1, 2 * _DAY),))] if draws.chance(25) else [change]


def feed(stage: Stage, draws: Draws) -> list[Action]:
    """The governor gives a kind another hub."""
    sender = OPERATOR if draws.chance(90) else draws.integer(0, 9)
    return [Action("set_kind_feed", (sender, draws.pick(stage.world.kinds)))]


def units(stage: Stage, kind: int, value: int) -> int:
    """Token units of a value in whole quote units."""
    price = max(stage.present.books.kinds[kind].price.index, 1)
    return value * WAD * stage.present.books.kinds[kind].unit // price


def _sound(stage: Stage, draws: Draws, kind: int) -> list[Action]:
    """What makes a kind's price good again, mostly."""
    known, now = stage.present.books.kinds[kind], stage.present.now
    if known.valid(now) or draws.chance(15):
        return []
    actions, price = (
        _repaired(stage, kind),
        _moved(stage, draws, kind) if draws.chance(20) else _present(stage, kind),
    )
    for pause in (draws.integer(1, 60), 301, 301) if known.price.flags else (draws.integer(1, 60),):
        actions += [Action("warp", (pause,)), Action("tick_kind", (kind, price))]
    return actions


def _repaired(stage: Stage, kind: int) -> list[Action]:
    source = stage.world.ghost.shelves[kind].source
    fixed = [Action("fail_kind", (kind, 0))] if source.fault else []
    return [*fixed, Action("widen_kind", (kind, 0))] if source.spread else fixed


def _ticks(draws: Draws, kind: int, price: int) -> list[Action]:
    return [Action("warp", (draws.integer(1, 60),)), Action("tick_kind", (kind, price))]


def _present(stage: Stage, kind: int) -> int:
    return max(stage.present.books.kinds[kind].price.index // PRICE_UNIT, 1)


def _moved(stage: Stage, draws: Draws, kind: int) -> int:
    """The next price: a walk, sometimes a jump; a peg is where it should be, or is lost; 8 decimals."""
    if kind == PEGGED:
        return KIND_PRICES[kind] * draws.pick(_PEGS) // BPS
    pick = draws.integer(0, 99)
    reach = 60 if pick < 75 else 600 if pick < 93 else 3_000
    index = _present(stage, kind) * (BPS + draws.integer(-reach, reach)) // BPS
    return min(max(index, KIND_PRICES[kind] // 20), KIND_PRICES[kind] * 20)
