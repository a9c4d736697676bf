"""Probes of whole resolutions, done in whatever order, and of what is left when a market has ended."""

from keel.model.cold_records import Stage as Pass
from keel.model.ledger.books import STATUS_SHUT
from keel.model.pool import SHARE_UNIT
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import Draws, RandomDraws
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.perform_losses import NOBODY
from keel.sim.fuzz.reader import Books
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.world import ACCOUNTS, PROVIDERS

# Both passes over everybody take two rounds; whoever is drawn twice does not make it more.
_ROUNDS = 2
# What is refused to who has nothing to get.
_NOTHING = frozenset({"DustAmount", "NoEquity", "ZeroShares", "TokensMissing", "SharesNeeded"})


def orders(stage: Stage, market: int, seed: int) -> int:
    """Whoever comes first, everybody gives and ends with the same.

    What a pass brings the insurance pays for debts only if it comes before them: by so much an order may move
    from pool to insurance, and from there to winners, but by no more.
    """
    number = stage.present.books.resolutions[market].number
    if stage.present.books.resolutions[market].stage == Pass.NONE:
        return 0
    draws = RandomDraws(seed)
    one, other = _through(stage, draws, market), _through(stage, draws, market)
    if number != one.resolutions[market].number or number != other.resolutions[market].number:
        # The next one has begun, and has settled whoever came after: not the same time for everybody.
        return 0
    moved = abs(one.totals.insurance - other.totals.insurance)
    for place, account in enumerate(one.accounts):
        _near(moved, "balance of", place, account.balance, other.accounts[place].balance)
    for key, position in one.positions.items():
        _near(moved, "notional of", key, position.notional, other.positions[key].notional)
        require(position.size == other.positions[key].size, "place and market", key, "size", position.size)
    pools = one.markets[market], other.markets[market]
    _near(moved, "cash of", market, pools[0].cash, pools[1].cash)
    _near(0, "clearing of", market, pools[0].funding_clearing, pools[1].funding_clearing)
    require(one.totals.booked == other.totals.booked, "booked", one.totals.booked, "or", other.totals.booked)
    return 1


def _near(moved: int, what: str, of: object, one: int, other: int) -> None:
    # A cut is a ceil, so that what is moved may cost a wei more.
    limit = moved + 1 if moved else 0
    require(abs(one - other) <= limit, what, of, "in one order", one, "in another", other)


def _through(stage: Stage, draws: Draws, market: int) -> Books:
    """The books at the end of both passes, done in any order and in any pieces."""
    with stage.aside():
        finish(stage, draws, market)
        return stage.present.books


def finish(stage: Stage, draws: Draws, market: int) -> None:
    """Do both passes of the present resolution."""
    number = stage.present.books.resolutions[market].number
    for _ in range(_ROUNDS):
        waiting = list(range(NOBODY + 1))
        while waiting:
            r = stage.present.books.resolutions[market]
            if r.stage == Pass.NONE or r.number != number:
                return
            piece = [
                waiting.pop(draws.integer(0, len(waiting) - 1))
                for _ in range(min(draws.integer(1, 6), len(waiting)))
            ]
            step = stage.apply(Action("resolve", (draws.integer(0, 9), market, *piece)))
            require(step.refusal is None, "market", market, "places", piece, "refused", step.refusal)
    r = stage.present.books.resolutions[market]
    require(r.stage == Pass.NONE or r.number != number, "market", market, "not through", r)


def end(stage: Stage, market: int, seed: int) -> int:
    """In a shut market anybody ends all positions, and then each account and each share gets what it has."""
    if stage.world.rules[market].config.status != STATUS_SHUT:
        return 0
    with stage.aside():
        if stage.present.books.resolutions[market].stage != Pass.NONE:
            finish(stage, RandomDraws(seed), market)
        m = stage.present.books.markets[market]
        require(m.long_interest == m.short_interest == m.open_notional == 0, "market", market, "left", m)
        for holder in (*PROVIDERS, 1):
            _redeem_all(stage, market, holder)
        for place, (owner, _) in enumerate(ACCOUNTS):
            account, booked = stage.present.books.accounts[place], stage.present.books.totals.booked
            tokens = min(account.balance // stage.world.token_scale, booked)
            if account.markets == 0 and tokens > 0:
                step = stage.apply(Action("withdraw", (owner, place, tokens, owner)))
                require(step.refusal is None, "place", place, "tokens", tokens, "refused", step.refusal)
            for kind, held in stage.present.holdings(place).items():
                if account.markets == 0 and account.balance >= 0:
                    step = stage.apply(Action("collateral_withdraw", (owner, place, kind, held, owner)))
                    require(step.refusal is None, "place", place, "kind", kind, "refused", step.refusal)
    return 1


def _redeem_all(stage: Stage, market: int, holder: int) -> None:
    if stage.world.ghost.stake(market, holder).asked:
        # An older request may run out while a new one waits.
        stage.apply(Action("cancel", (holder, market)))
    free = stage.world.ghost.stake(market, holder).free
    if free:
        stage.apply(Action("request", (holder, market, free)))
    asked = stage.world.ghost.stake(market, holder).asked
    stage.apply(Action("warp", (stage.world.cooldowns[market] + 1,)))
    step = stage.apply(Action("redeem", (holder, market, asked, holder)))
    if step.refusal is not None and step.error.error == "SharesNeeded" and asked >= 2 * SHARE_UNIT:
        # Beside somebody's crumbs a whole share stays.
        step = stage.apply(Action("redeem", (holder, market, asked - SHARE_UNIT, holder)))
    nothing = step.refusal is not None and (asked == 0 or step.error.error in _NOTHING)
    require(step.refusal is None or nothing, "holder", holder, "shares", asked, "refused", step.refusal)
