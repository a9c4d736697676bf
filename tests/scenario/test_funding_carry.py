"""Funding as income and as cost: carried against spot, hedged with another market, added up over months."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.bench import COLLATERAL, MARKET, POOL, PRICE, rolled_back
from support.funding_days import (
    DAY,
    EIGHT_HOURS,
    HOUR,
    balance,
    keep,
    leave,
    net_index,
    parts,
    rate,
    settle,
    until_boundary,
    with_funding,
)

from keel.config.funding import load_funding
from keel.keepers.snapshot import take_snapshot
from keel.sdk.protocol import account_id
from keel.sim.agents import View
from keel.sim.loop.carry import CarryDesk, break_even_rate, realised_yield
from keel.sim.loop.entrants import entrant, entrant_names
from keel.sim.loop.run import run_loop
from keel.sim.loop.settings import BP, Crowd, LoopSettings
from keel.units import RAY, WAD

SECOND = 2
WEEK = 7 * DAY
YEAR = 365 * DAY
BOTH = (MARKET, SECOND)
PRICES = (50_000, 50_800, 49_100, 51_300, 50_200)


@pytest.fixture(scope="module")
def world():
    return with_funding(load_funding("layered"))


@pytest.fixture
def bench(world):
    """Layered funding, as good as no premium."""
    with rolled_back(world.chain):
        yield world


@pytest.fixture(scope="module")
def two_markets():
    """Two markets, one long in each; the newcomer has margin and no position."""
    bench = with_funding(load_funding("layered"), markets=2)
    settle(bench, dict.fromkeys(BOTH, PRICE))
    vault = bench.protocol.market_contracts(SECOND).vault
    bench.chain.send(vault, "deposit", POOL * bench.one, bench.provider, sender=bench.provider)
    for market in BOTH:
        bench.trade(bench.trader, 3 * WAD, market=market)
    keep(bench, DAY, BOTH)
    return bench


def crowd(bench, size):
    """The trader moves the premium, and a day passes so that the rate follows."""
    bench.protocol.deposit(account_id(bench.trader), POOL * bench.one, bench.trader)
    bench.trade(bench.trader, size)
    keep(bench, DAY)


def look(bench, desk):
    """What the desk sees."""
    seen = take_snapshot(bench.protocol, MARKET, [desk.account])
    return View(0, seen.market, seen.accounts[desk.account], [seen.market.index])


def act(bench, desk):
    """Let the desk decide; gives what its trade did and the price of that moment, or None."""
    actions = desk.decide(look(bench, desk))
    if not actions:
        return None
    (trade,) = actions
    owner = bench.newcomer
    done = bench.protocol.trade(trade.account, MARKET, trade.size, owner, limit_price=trade.limit_price)
    return (*parts(done), bench.protocol.view("marketOf", MARKET).price.index)


# Rows 16 to 18


@pytest.mark.parametrize(("side", "borrow"), [(1, 0), (-1, BP // 10)])
def test_a_carry_earns_funding_less_fees_and_slippage_to_the_wei(bench, side, borrow):
    """Rows 16 and 17: spot, or borrowed spot, against the perp: prices move, and nothing else is left."""
    crowd(bench, side * 5 * WAD)
    desk = CarryDesk(account_id(bench.newcomer), WAD // 5, 20 * BP, 20 * WEEK, borrow if side < 0 else 0)
    start, began = balance(bench, bench.newcomer), bench.chain.timestamp()
    opening, fee, _, bought_at = act(bench, desk)
    spot = -opening.sizeAfter
    assert spot == side * WAD // 5
    paid_for_borrowing = 0
    for price in PRICES:
        keep(bench, 12 * HOUR, price=price)
        assert act(bench, desk) is None
        assert bench.protocol.view("positionOf", desk.account, MARKET).size + spot == 0
        paid_for_borrowing += desk.borrow * abs(spot) * price * 12 * HOUR // (EIGHT_HOURS * WAD)
    # The crowd turns, and the desk leaves.
    bench.trade(bench.trader, -side * 10 * WAD)
    while (left := act(bench, desk)) is None:
        keep(bench, HOUR, price=PRICES[-1])
        assert bench.chain.timestamp() < began + WEEK
        paid_for_borrowing += desk.borrow * abs(spot) * PRICES[-1] * HOUR // (EIGHT_HOURS * WAD)
    closing, second_fee, funding, sold_at = left
    slippage = opening.cost + spot * bought_at // WAD + closing.cost - spot * sold_at // WAD
    on_spot = spot * (sold_at - bought_at) // WAD
    on_perp = balance(bench, bench.newcomer) - start
    assert on_perp + on_spot == -funding - fee - second_fee - slippage
    assert -funding > paid_for_borrowing >= 0
    assert closing.sizeAfter == 0


def test_a_carry_needs_its_costs_back(bench):
    """Row 18: 20 bp of round trip over 7 days need 20 / 21 = 0.95 bp per 8 h; a desk refuses a wei less."""
    needed = break_even_rate(20 * BP, WEEK)
    assert needed == 95_238_095_238_096
    desk = CarryDesk(account_id(bench.newcomer), WAD, 20 * BP, WEEK)
    seen = look(bench, desk)

    def sizes(rate_, one=desk):
        market = replace(seen.market, rate=rate_)
        return [action.size for action in one.decide(replace(seen, market=market))]

    assert sizes(needed) == [-WAD]
    assert sizes(needed - 1) == sizes(1 - needed) == []
    assert sizes(-needed) == [WAD]
    # Borrowed spot costs on top, of the reverse carry alone.
    borrower = replace(desk, borrow=BP)
    assert sizes(-needed, borrower) == sizes(-needed - BP + 1, borrower) == []
    assert sizes(-needed - BP, borrower) == [WAD]
    assert sizes(needed, borrower) == [-WAD]


# Rows 65 and 103


@pytest.mark.parametrize("side", [1, -1])
def test_the_yield_of_a_short_follows_from_the_index(bench, side):
    """Row 103: over any window one subtraction gives what a short earned or paid."""
    crowd(bench, side * 5 * WAD)
    for window in (HOUR, DAY, 3 * DAY):
        before = net_index(bench)
        bench.trade(bench.newcomer, -WAD // 10)
        keep(bench, window)
        found = realised_yield(before, net_index(bench), PRICE * WAD, window)
        _, _, funding = leave(bench, bench.newcomer)
        notional = PRICE * WAD // 10
        assert -funding == pytest.approx(found * notional * window // (YEAR * WAD), abs=10**4)
        assert found * side > 0
        keep(bench, HOUR)


def test_the_yield_is_the_annualised_rate_while_it_stands():
    """1 bp per 8 h is 10.95 % a year."""
    paid = BP * 50_000 * RAY // WAD
    assert realised_yield(0, paid, 50_000 * WAD, EIGHT_HOURS) == 1_095 * BP


# Rows 56 and 63


@pytest.mark.parametrize("name", ["layered", "premium"])
def test_a_month_costs_the_difference_of_the_index(name):
    """Rows 56 and 63: 90 intervals of 8 hours cost one subtraction of the index, to the wei."""
    bench = with_funding(load_funding(name))
    bench.trade(bench.trader, 2 * WAD)
    keep(bench, until_boundary(bench))
    bench.trade(bench.newcomer, WAD // 2)
    begin = last = net_index(bench)
    payments = []
    for _ in range(90):
        keep(bench, EIGHT_HOURS)
        payments.append(net_index(bench) - last)
        last += payments[-1]
    cost = -(-(last - begin) * (WAD // 2) // RAY)
    assert leave(bench, bench.newcomer)[2] == cost
    assert sum(payments) == last - begin
    assert len([one for one in payments if one > 0]) == 90
    # Less about timing, more about time: the last month of a constant premium costs its rate, 90 times.
    settled = 90 * rate(bench) * PRICE // 2
    assert cost == pytest.approx(settled, rel=0.15)


# Row 66


def test_funding_is_hedged_with_another_market(two_markets):
    """Row 66: long here, short there, one account: what it pays and what it gets almost cancel."""
    bench = two_markets
    nets = []
    for sizes in ({MARKET: WAD // 5}, {MARKET: WAD // 5, SECOND: -WAD // 5}):
        with rolled_back(bench.chain):
            for market, size in sizes.items():
                bench.trade(bench.newcomer, size, market=market)
            keep(bench, 2 * DAY, BOTH)
            nets.append(sum(leave(bench, bench.newcomer, market)[2] for market in sizes))
    alone, hedged = nets
    assert alone > 0
    assert abs(hedged) < alone / 10


def test_a_hedged_account_bears_common_moves_and_not_diverging_ones(two_markets):
    """Row 66: one health figure; the risk that stays is that the two prices part."""
    bench, me = two_markets, account_id(two_markets.newcomer)
    with rolled_back(bench.chain):
        for market, size in ((MARKET, 2 * WAD), (SECOND, -2 * WAD)):
            bench.trade(bench.newcomer, size, market=market)
        before = bench.protocol.account(me).health.equity
        equities = []
        for first, second in ((47_500, 47_500), (47_500, 52_500)):
            with rolled_back(bench.chain):
                settle(bench, {MARKET: first, SECOND: second})
                equities.append(bench.protocol.account(me).health.equity - before)
        together, apart = equities
        assert abs(together) < 100 * WAD
        # Two base, 2,500 on either leg.
        assert apart == pytest.approx(-10_000 * WAD, abs=100 * WAD)
        assert bench.protocol.account(me).positions[1].market == SECOND
        assert before < COLLATERAL * WAD


# Row 40


@pytest.mark.parametrize("name", entrant_names())
@pytest.mark.parametrize("side", [1, -1])
def test_no_market_charges_more_than_its_cap(name, side):
    """Row 40: whatever crowd and arbitrage do on the real market, the rate stays inside the caps."""
    funding = entrant(name)
    if name.startswith("velocity"):
        low = {"cap_longs_pay": Decimal("0.0015"), "cap_shorts_pay": Decimal("0.0015")}
        funding = funding.model_copy(update=low)
    wild = Crowd(shock=side * 700 * BP, push=side * 300 * BP, noise=800 * BP)
    record = run_loop(LoopSettings(name, funding, wild, 3 * WAD, touch_seconds=1_800, hours=96))
    rates = [side * reading.rate for reading in record.readings]
    cap = int((funding.rate_max if name == "adaptive" else funding.cap_longs_pay) * WAD)
    assert -cap <= min(rates) <= max(rates) <= cap
    # It was tried.
    assert max(rates) > cap / 2
