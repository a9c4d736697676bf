"""Probes of everything at once: no book changed unseen, and every view says what the books say."""

from typing import Any

from keel.model.market_set import iterate
from keel.model.records import Escrow, Health, Market, parse
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.invariants.pools import insurance_worth
from keel.sim.fuzz.stage import Stage
from keel.sim.fuzz.windows import room
from keel.units import WAD

# So that something is pending.
_PENDING_SECONDS = 60


def books(stage: Stage) -> int:
    """No call has changed an account, position or market that is not its own."""
    found, known = stage.reader.read_all(), stage.present.books
    for place, account in enumerate(found.accounts):
        require(account == known.accounts[place], "place", place, "found", account)
    for key, position in found.positions.items():
        require(position == known.positions[key], "place and market", key, "found", position)
    for market, m in found.markets.items():
        require(m == known.markets[market], "market", market, "found", m)
        escrow = found.escrows[market]
        require(escrow == known.escrows[market], "market", market, "found", escrow)
    for key, claim in found.claims.items():
        require(claim == known.claims[key], "place and market", key, "found", claim)
    for market, r in found.resolutions.items():
        require(r == known.resolutions[market], "market", market, "found", r)
    for key, mark in found.marks.items():
        require(mark == known.marks[key], "place and market", key, "found", mark)
    require(found.holdings == known.holdings, "holdings", found.holdings, "known", known.holdings)
    require(found.kinds == known.kinds, "kinds", found.kinds, "known", known.kinds)
    return len(found.accounts) + 3 * len(found.positions) + 3 * len(found.markets)


def claims(stage: Stage) -> int:
    """What became of the stretch of each claim is shown as the prices decided it."""
    present, checked = stage.present, 0
    for (place, market), claim in present.books.claims.items():
        shown = stage.world.protocol.view("escrowClaimOf", stage.world.ids[place], market)
        stretch = present.stretch(place, market)
        decided = stretch is not None and stretch.confirmed is not None
        expected = 1 + bool(stretch and stretch.confirmed) if decided else 0
        require(shown.outcome == expected, "place", place, "claim", claim, "shown", shown.outcome)
        checked += 1
    return checked


def totals(stage: Stage) -> int:
    """The core's totals are those that the calls so far add up to."""
    found, known = stage.reader.read_all().totals, stage.present.books.totals
    require(found == known, "found", found, "expected", known)
    return 1


def equities(stage: Stage) -> int:
    """What accounts are worth is balances, collateral, claims, pending funding, q * P - N of each market."""
    moment, count = stage.present, 0
    expected = total = 0
    for place, account in enumerate(moment.books.accounts):
        shown = stage.world.protocol.view("healthOf", stage.world.ids[place])
        total, expected = total + shown.equity, expected + account.balance + moment.worth(place).value
        for market in iterate(account.markets):
            paid, received, _ = moment.due(place, market)
            credit = moment.credit(place, market) if moment.position(place, market).escrowed else 0
            waits = moment.touch(place, market).hold[0]
            expected, count = expected + received - paid + (credit or 0) - waits, count + 1
    for market, m in moment.books.markets.items():
        net = m.skew * moment.market(market).price.index
        expected += net // WAD - m.open_notional
    limit = count + len(moment.books.markets)
    require(abs(total - expected) <= limit, "equities", total, "books", expected)
    return 1


def healths(stage: Stage) -> int:
    """The health that is shown is the health that calls use."""
    for place in range(len(stage.present.books.accounts)):
        shown = parse(Health, stage.world.protocol.view("healthOf", stage.world.ids[place]))
        expected = stage.present.health(place)
        require(shown == expected, "place", place, "shown", shown, "expected", expected)
    return len(stage.present.books.accounts)


def accruals(stage: Stage) -> int:
    """Pending funding as shown is what the next call books."""
    with stage.aside():
        stage.apply(Action("warp", (_PENDING_SECONDS,)))
        present = stage.present
        expected = {market: present.market(market) for market in stage.world.markets}
        for market, pending in expected.items():
            shown = parse(Market, stage.world.protocol.view("marketNow", market))
            stage.world.send_core(0, "accrue", market)
            booked = parse(Market, stage.world.protocol.view("marketOf", market))
            require(shown == booked, "market", market, "shown", shown, "booked", booked)
            require(shown == pending, "market", market, "shown", shown, "expected", pending)
            held = parse(Escrow, stage.world.protocol.view("escrowOf", market))
            waiting = present.escrow(market)
            require(held == waiting, "market", market, "escrow", held, "expected", waiting)
    return 2 * len(expected)


def pools(stage: Stage) -> int:
    """A pool is worth its cash less what its traders would receive, at the index and at the average."""
    checked = 0
    for market in stage.world.markets:
        price = stage.present.books.markets[market].price
        values = sorted(stage.present.equity(market, at) for at in (price.index, price.twap))
        if values[0] < 0:
            continue
        shown: Any = stage.world.protocol.view("poolEquity", market)
        require(list(shown) == values, "market", market, "shown", shown, "expected", values)
        checked += 1
    return checked


def utilizations(stage: Stage) -> int:
    """Utilization is shown as the books have it, also for a pool that has nothing."""
    for market in stage.world.markets:
        shown, expected = stage.world.protocol.market(market).utilization, stage.present.utilization(market)
        require(shown == expected, "market", market, "shown", shown, "expected", expected)
    return len(stage.world.markets)


def insurance(stage: Stage) -> int:
    """The insurance is worth its assets and its positions; windows stand where events leave them."""
    shown = stage.world.protocol.view("insuranceEquity")
    expected = insurance_worth(stage.present)
    require(tuple(shown) == expected, "shown", tuple(shown), "expected", expected)
    for market in stage.world.markets:
        told = stage.world.protocol.view("windowOf", market)
        known = room(stage.present, stage.world.ghost.pushes, market)
        require(tuple(told) == known, "market", market, "shown", tuple(told), "expected", known)
    return 1 + len(stage.world.markets)


def supplies(stage: Stage) -> int:
    """Each vault has issued exactly the shares that the core counts, and they are all somebody's."""
    world, known = stage.world, stage.present.books
    for vault in (INSURANCE, *world.markets):
        shares = known.totals.insurance_shares if vault == INSURANCE else known.markets[vault].shares
        issued = world.chain.call(world.vault(vault), "totalSupply")
        owned = sum(
            stake.free + stake.asked for (where, _), stake in world.ghost.stakes.items() if where == vault
        )
        require(issued == shares == owned, "vault", vault, "issued", issued, "core", shares, "owned", owned)
    return 1 + len(world.markets)
