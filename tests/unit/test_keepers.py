"""Keepers decide from a snapshot alone; each rule has its case."""

from dataclasses import replace

import pytest

from keel.keepers.actions import Accrue, Liquidate, Resolve, Unwind, UpdatePrice
from keel.keepers.backstop import Resolver, Unwinder
from keel.keepers.liquidator import Liquidator
from keel.keepers.monitor import EIGHT_HOURS, Alert, Monitor, Point
from keel.keepers.price import PriceKeeper
from keel.keepers.snapshot import AccountState, MarketState, Snapshot
from keel.model.validity import Defect, Validity
from keel.units import WAD

NOW = 1_760_000_000
BACKSTOP = 77
MARKET = MarketState(
    id=1,
    index=100_000 * WAD,
    twap=100_000 * WAD,
    mark=100_000 * WAD,
    premium=0,
    price_at=NOW,
    flags=0,
    validity=Validity.VALID,
    sigma=0,
    skew=0,
    depth=1000 * WAD,
    equity=10**6 * WAD,
    utilization=0,
    rate=0,
    interest=0,
    long_interest=0,
    short_interest=0,
    longs_paid=0,
    shorts_paid=0,
    funding_state=b"",
    stale_seconds=300,
)


def seen(age=0, feed=100_000 * WAD, accounts=(), doubt=0, **market):
    flags = doubt if feed else Defect.INVALID
    state = replace(MARKET, **market)
    return Snapshot(
        NOW + age, state, feed, int(flags), BACKSTOP, {account.id: account for account in accounts}
    )


def account(number, ratio_percent, size=WAD, better_percent=None):
    maintenance = 100 * WAD
    better = ratio_percent if better_percent is None else better_percent
    return AccountState(
        id=number,
        balance=0,
        equity=ratio_percent * WAD,
        equity_better=better * WAD,
        maintenance=maintenance,
        margin_ratio=max(ratio_percent, 0) * WAD // 100,
        size=size,
        notional=size,
    )


@pytest.mark.parametrize(
    ("snapshot", "decision"),
    [
        (seen(age=0, feed=200_000 * WAD), []),
        (seen(age=10), []),
        (seen(age=10, feed=100_049 * WAD), []),
        (seen(age=10, feed=100_050 * WAD), [UpdatePrice(1)]),
        (seen(age=10, feed=99_950 * WAD), [UpdatePrice(1)]),
        (seen(age=45), [UpdatePrice(1)]),
        (seen(age=10, flags=int(Defect.INVALID)), [UpdatePrice(1)]),
        (seen(age=10, doubt=Defect.UNCERTAIN), [UpdatePrice(1)]),
        (seen(age=10, flags=int(Defect.UNCERTAIN)), [UpdatePrice(1)]),
        (seen(age=10, feed=0), [Accrue(1)]),
        (seen(age=600, feed=0), [Accrue(1)]),
        (seen(age=601, feed=0), [UpdatePrice(1)]),
        (seen(age=900, feed=0, flags=int(Defect.INVALID)), [Accrue(1)]),
    ],
    ids=[
        "same block",
        "nothing new",
        "small move",
        "rise",
        "fall",
        "age",
        "the feed is back",
        "a doubt",
        "its end",
        "silent feed",
        "silent, not yet reported",
        "dead feed is reported",
        "already reported",
    ],
)
def test_price_keeper(snapshot, decision):
    assert PriceKeeper().decide(snapshot) == decision


def test_liquidator_takes_the_weak_worst_first():
    accounts = [account(1, 99), account(2, 100), account(3, -20), account(4, 60), account(5, 10, size=0)]
    assert Liquidator().decide(seen(accounts=accounts)) == [
        Liquidate(3, 0),
        Liquidate(4, 60 * WAD // 100),
        Liquidate(1, 99 * WAD // 100),
    ]
    assert [action.account for action in Liquidator(limit=1).decide(seen(accounts=accounts))] == [3]


@pytest.mark.parametrize(
    ("validity", "liquidated"),
    [
        (Validity.VALID, [1, 3]),
        (Validity.STALE10, [1, 3]),
        (Validity.UNCERTAIN, [1, 3]),
        (Validity.VOLATILE, [1, 3]),
        (Validity.SEQUENCER_GRACE, [1]),
        (Validity.STALE60, []),
        (Validity.INVALID, []),
    ],
)
def test_liquidator_follows_the_ladder(validity, liquidated):
    """The second is healthy at the better side of a doubtful price, the third not unhealthy by a fifth."""
    accounts = [
        account(1, 30, better_percent=79),
        account(2, 90, better_percent=101),
        account(3, 80, better_percent=80),
    ]
    decided = Liquidator().decide(seen(accounts=accounts, validity=validity))
    assert [action.account for action in decided] == liquidated


@pytest.mark.parametrize(
    ("point", "given", "text"),
    [
        (Point.PREMIUM, {"premium": -WAD // 50}, "mark -200 bp from index"),
        (Point.INTEREST, {"interest": 4 * WAD // 10_000}, "interest at 4 bp per 8 h"),
        (Point.ORACLE, {"validity": Validity.UNCERTAIN}, "price is Uncertain, 0 s old"),
    ],
)
def test_monitor_of_a_market(point, given, text):
    assert Monitor().alerts(seen()) == []
    assert Monitor().alerts(seen(**given)) == [Alert(point, 0, text)]


def test_monitor_reminds_of_the_funding_time():
    until = EIGHT_HOURS - NOW % EIGHT_HOURS
    late = seen(age=until - 60, rate=-WAD // 400)
    text = "funding time in 60 s: shorts pay 25 bp per 8 h"
    assert Alert(Point.TIMING, 0, text) in Monitor().alerts(late)
    assert Point.TIMING not in {alert.point for alert in Monitor().alerts(seen(rate=-WAD // 400))}
    assert Point.TIMING not in {alert.point for alert in Monitor().alerts(seen(age=until - 60))}


def test_monitor_of_accounts_names_the_thin_ones():
    accounts = [account(7, 149), account(3, 120), account(5, 150)]
    assert Monitor().alerts(seen(accounts=accounts)) == [
        Alert(Point.MARGIN, 3, "margin ratio 1.2"),
        Alert(Point.MARGIN, 7, "margin ratio 1.49"),
    ]


@pytest.mark.parametrize(
    ("market", "decision"),
    [
        ({}, []),
        ({"backstop": WAD, "window": 800 * WAD}, [Unwind(1)]),
        ({"backstop": -WAD, "window": 800 * WAD, "pushed": 750 * WAD}, [Unwind(1)]),
        ({"backstop": WAD, "window": 800 * WAD, "pushed": 750 * WAD + 1}, []),
        ({"backstop": WAD, "window": 800 * WAD, "validity": Validity.STALE10}, []),
        ({"backstop": WAD, "window": 800 * WAD, "resolving": True}, []),
    ],
    ids=["nothing held", "held", "just room", "no room", "price too old", "resolving"],
)
def test_the_unwinder_works_one_piece_off(market, decision):
    assert Unwinder().decide(seen(**market)) == decision


def test_the_resolver_takes_all_positions_through_twice():
    accounts = [account(number, 150) for number in (1, 2, 3)] + [account(4, 150, size=0)]
    assert Resolver().decide(seen(accounts=accounts)) == []
    once = [Resolve(1, (1, 2)), Resolve(1, (3, BACKSTOP))]
    assert Resolver(batch=2).decide(seen(accounts=accounts, resolving=True, backstop=WAD)) == once * 2
    assert Resolver().decide(seen(resolving=True)) == [Resolve(1, ()), Resolve(1, ())]
