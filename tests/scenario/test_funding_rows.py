"""What traders live through with funding: holding, timing, being liquidated by it, a crash."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bench import MARKET, PRICE, rolled_back
from support.funding_days import (
    DAY,
    EIGHT_HOURS,
    HALF_HOUR,
    balance,
    keep,
    leave,
    net_index,
    parts,
    rate,
    until_boundary,
    with_funding,
)

from keel.analytics.books import Books
from keel.analytics.proof import prove
from keel.analytics.tape import Tape
from keel.config.funding import load_funding
from keel.evm.revm import RevmChain
from keel.sdk.funding import deploy_model
from keel.sdk.protocol import account_id
from keel.sim.loop.entrants import declared_gain, entrant
from keel.sim.loop.market import ARBITRAGE, BEGIN, CROWD, LoopMarket
from keel.sim.loop.market import MARKET as LOOP_MARKET
from keel.sim.loop.people import Arbitrageurs
from keel.sim.loop.settings import BAND, BP, HOUR, Crowd, LoopSettings
from keel.units import RAY, WAD

TENTH = WAD // 10


@pytest.fixture(scope="module")
def layered_world():
    bench = with_funding(load_funding("layered"))
    bench.trade(bench.trader, 2 * WAD)
    keep(bench, DAY)
    return bench


@pytest.fixture(scope="module")
def interval_world():
    bench = with_funding(load_funding("premium", changes={"smoothing": "interval"}))
    bench.trade(bench.trader, 2 * WAD)
    keep(bench, until_boundary(bench))
    return bench


@pytest.fixture
def layered(layered_world):
    """Layered funding after a day with a premium: the trader is 3 base long."""
    with rolled_back(layered_world.chain):
        yield layered_world


@pytest.fixture
def interval(interval_world):
    """Funding that is paid at 00:00, 08:00 and 16:00 UTC, with a premium, right after a payment."""
    with rolled_back(interval_world.chain):
        yield interval_world


@pytest.mark.parametrize("warps", [(1,), (HOUR, DAY, 30 * DAY), (365 * DAY, 3_650 * DAY)])
def test_a_position_never_expires(layered, warps):
    """Row 1: after any time the position is as it was; funding and fees are all that its margin lost."""
    bench, me = layered, account_id(layered.newcomer)
    start = balance(bench, bench.newcomer)
    opening, fee, _ = parts(bench.trade(bench.newcomer, TENTH))
    held = bench.protocol.view("positionOf", me, MARKET)
    for seconds in warps:
        bench.later(seconds)
        bench.settle_price(PRICE)
        assert bench.protocol.view("positionOf", me, MARKET) == held
    closing, second_fee, funding = leave(bench, bench.newcomer)
    assert balance(bench, bench.newcomer) == start - fee - second_fee - funding + closing.realized
    # The curve gives back what it took, but for its rounding.
    assert -4 <= closing.realized == -opening.cost - closing.cost <= 0
    assert funding > 0


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["layered", "velocity", "velocity-leak", "adaptive"]),
    states=st.lists(st.tuples(st.integers(-WAD, WAD), st.integers(60, DAY)), max_size=3),
    skews=st.tuples(st.integers(-WAD, WAD), st.integers(-WAD, WAD)).map(sorted),
    elapsed=st.integers(0, 30 * DAY),
    premium=st.integers(-500 * BP, 500 * BP),
)
def test_the_rate_is_monotone_in_the_skew(name, states, skews, elapsed, premium):
    """Row 6: the same premium and the same past; whoever is longer pays no less, now, later and at last."""
    ask = Asked(name)
    for skew, seconds in states:
        ask.state = ask.accrue(skew, seconds, premium)
    less, more = (ask.after(skew, elapsed, premium) for skew in skews)
    assert less <= more


def test_an_adapting_rate_that_falls_by_itself_is_not_monotone_across_the_balance():
    """Row 6, the exception: with a lower threshold, a little more of longs makes longs pay less.

    It falls at full speed while longs are a little more, hardly while shorts are. The shipped set has none.
    """
    falling = load_funding("adaptive", changes={"decrease_threshold": "0.04", "decrease": "0.00005"})
    ask = Asked("adaptive, falling", falling)
    ask.state = ask.accrue(WAD // 2, 6 * HOUR, 0)
    fewer, more = (ask.after(skew, HOUR, 0).later for skew in (-WAD // 100, WAD // 100))
    assert fewer > more > 0


MODELS = {}


class Asked:
    """A deployed model in a market of 100 base of open interest; skews are WAD parts of it."""

    def __init__(self, name, funding=None):
        if not MODELS:
            MODELS["chain"] = RevmChain()
        self.chain = MODELS["chain"]
        if name not in MODELS:
            deploy = lambda _, contract, *args: self.chain.deploy(contract, *args)  # noqa: E731
            MODELS[name] = deploy_model(deploy, name, funding or entrant(name))
        self.model, self.state = MODELS[name], bytes(32)
        self.state = self.chain.call(self.model, "initialState", self._given(0, 0, 0))

    def _given(self, skew, elapsed, premium):
        longs, shorts = 50 * (WAD + skew), 50 * (WAD - skew)
        return (self.state, 0, elapsed, premium, skew, 6 * WAD // 10, longs, shorts)

    def accrue(self, skew, elapsed, premium):
        return self.chain.call(self.model, "accrue", self._given(skew, elapsed, premium))[0]

    def after(self, skew, elapsed, premium):
        """What it charges over that time, the rate after it, and the one at last."""
        given_ = self._given(skew, elapsed, premium)
        state, integral, _ = self.chain.call(self.model, "accrue", given_)
        later = self.chain.call(self.model, "rates", (state, *given_[1:]))
        return Charged(integral, later.current, later.target)


class Charged(NamedTuple):
    """Compared member by member; a unit of rounding does not count."""

    integral: int
    later: int
    at_last: int

    def __le__(self, other):
        return all(mine <= yours + 1 for mine, yours in zip(self, other, strict=True))


@pytest.mark.parametrize("seconds", [1, 59, HOUR, EIGHT_HOURS, 3 * DAY + 1])
def test_holding_costs_the_rate_for_the_time(layered, seconds):
    """Row 30: however long, what is paid lies between the lowest and the highest rate times the time."""
    bench = layered
    bench.trade(bench.newcomer, TENTH)
    rates = [rate(bench)]
    for start in range(0, seconds, HALF_HOUR):
        keep(bench, min(HALF_HOUR, seconds - start))
        rates.append(rate(bench))
    _, _, paid = leave(bench, bench.newcomer)
    low, high = (TENTH * PRICE * one * seconds // EIGHT_HOURS // WAD for one in (min(rates), max(rates)))
    assert low > 0
    assert low - 10 <= paid <= high + 10


@pytest.mark.parametrize("before", [1, 60])
def test_no_boundary_is_worth_waiting_for(layered, before):
    """Row 30: leaving just before 00:00 UTC saves the rate of the seconds before it, and nothing else."""
    bench = layered
    keep(bench, until_boundary(bench))
    bench.trade(bench.newcomer, TENTH)
    keep(bench, EIGHT_HOURS - before)
    with rolled_back(bench.chain):
        _, _, early = leave(bench, bench.newcomer)
    second = TENTH * PRICE * rate(bench) // EIGHT_HOURS // WAD
    keep(bench, before)
    assert bench.chain.timestamp() % EIGHT_HOURS == 0
    _, _, late = leave(bench, bench.newcomer)
    assert late - early == pytest.approx(second * before, rel=1e-3)
    assert second < late / 20_000


def test_who_leaves_before_the_boundary_pays_nothing(interval):
    """Row 68: with intervals one second is worth the whole fee, for who leaves and for who comes."""
    bench = interval
    with rolled_back(bench.chain):
        _, _, before = leave(bench, bench.trader)
    keep(bench, EIGHT_HOURS - 1)
    expected = rate(bench)
    with rolled_back(bench.chain):
        assert leave(bench, bench.trader)[2] == before
    bench.trade(bench.newcomer, TENTH)
    keep(bench, 1)
    assert bench.chain.timestamp() % EIGHT_HOURS == 0
    _, _, paid = leave(bench, bench.newcomer)
    assert paid == pytest.approx(TENTH * PRICE * expected // WAD, rel=1e-3)
    assert paid > 0
    # The trader, who stayed, pays for thirty times as much.
    assert leave(bench, bench.trader)[2] - before == pytest.approx(30 * paid, rel=1e-6)


def test_funding_alone_liquidates(layered):
    """Row 44: index and average never move, nobody trades; funding eats the margin, and a keeper closes."""
    bench, me = layered, account_id(layered.newcomer)
    bench.trade(bench.trader, 4 * WAD)
    bench.trade(bench.newcomer, WAD)
    health = bench.protocol.account(me).health
    spare = (health.equity - health.initial) * bench.one // WAD
    bench.protocol.withdraw(me, spare, bench.newcomer, bench.newcomer)
    start, before = bench.protocol.account(me), net_index(bench)
    assert start.marginRatio >= 2 * WAD
    hours = 0
    while bench.protocol.margin_ratios([me])[0] >= WAD:
        keep(bench, HOUR)
        hours += 1
        assert hours < 60
    assert hours > 6
    now, price = bench.protocol.account(me), bench.protocol.view("marketOf", MARKET).price
    assert price.index == price.twap == PRICE * WAD
    assert now.state.balance == start.state.balance
    # To the wei: what the index moved since the position last settled, ceil.
    assert start.health.equity - now.health.equity == -(-(net_index(bench) - before) * WAD // RAY)
    closed = bench.protocol.liquidate(me, bench.keeper).event("Liquidated").args
    assert closed["fill"].sizeAfter < WAD


@pytest.mark.parametrize(
    ("name", "cap", "caps"),
    [
        # The dampened form with the cap of March 2020, 0.375 % per 8 h; the layered set as it ships, its
        # premium part at its end: the rest is left for a pool that is full.
        ("premium", 37.5, {"smoothing": "interval", "cap_longs_pay": "0.00375", "cap_shorts_pay": "0.00375"}),
        ("premium-exponential", 37.5, {"cap_longs_pay": "0.00375", "cap_shorts_pay": "0.00375"}),
        ("layered", 53, {}),
    ],
)
def test_two_days_at_the_cap(name, cap, caps):
    """Row 45, the form of March 2020: shorts pay the most there is for 48 hours, some of them on thin margin.

    Nobody's loss is left open, the books add up to the wei, and arbitrage then draws the premium back.
    """
    funding = load_funding(name, changes=caps)
    tape = Tape(RevmChain(BEGIN))
    market = LoopMarket(funding, tape)
    protocol, shorts, keeper = market.protocol, tape.accounts[6:9], tape.accounts[9]
    market.move(CROWD, -800 * BP)
    for margin, owner in zip((1_730, 1_850, 4_000), shorts, strict=True):
        protocol.fund(owner, margin * 10**6)
        protocol.deposit(account_id(owner), margin * 10**6, owner)
        protocol.trade(account_id(owner), LOOP_MARKET, -WAD // 3, owner)
    while (reading := market.touch(HALF_HOUR)).rate > -cap * BP * 99 // 100:
        assert reading.time < BEGIN + 10 * DAY
    rates, liquidated = [], set()
    for _ in range(48 * HOUR // HALF_HOUR):
        rates.append(-market.touch(HALF_HOUR).rate)
        for owner in shorts:
            if protocol.margin_ratios([account_id(owner)])[0] < WAD:
                protocol.liquidate(account_id(owner), keeper)
                liquidated.add(owner)
    most, _ = protocol.chain.call(protocol.funding_model(LOOP_MARKET), "caps")
    assert cap * BP * 98 // 100 <= min(rates) <= max(rates) <= most
    assert liquidated == set(shorts[:2])
    before = market.read().premium
    arbitrage = Arbitrageurs(LoopSettings(name, funding, Crowd(), declared_gain(funding)))
    for _ in range(24 * 12):
        reading = market.touch(300)
        market.move(ARBITRAGE, arbitrage.wants(reading))
    promised = declared_gain(funding) * cap * BP // WAD * 24
    assert abs(reading.premium) < 2 * BAND or reading.premium - before > promised / 2
    entries = tape.take()
    assert not [entry for entry in entries if entry.log.event == "BadDebtCovered"]
    books = Books(protocol.core.address, protocol.view("TOKEN_SCALE"))
    books.read(entries)
    assert [check for check in prove(protocol, books) if not check.holds] == []
    assert protocol.market(LOOP_MARKET).equity > 0
