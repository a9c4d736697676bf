"""Books with collateral: from events alone, proven against the chain, wrong where an event is wrong."""

from dataclasses import replace

import pytest
from support.bench import MARKET
from support.collateral_bench import USDE, WETH, CollateralBench

from keel.analytics.books import Books
from keel.analytics.proof import prove
from keel.analytics.tape import Tape
from keel.config.deployment import load_deployment
from keel.errors import DataError
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol
from keel.units import WAD


@pytest.fixture(scope="module")
def played():
    """Collateral comes and goes, backs a loss, is sold in parts, and what it cannot carry others pay."""
    chain = Tape(RevmChain())
    bench = CollateralBench(Protocol(chain, deploy(chain, load_deployment()))).use()
    bench.stake(50_000)
    account = bench.stash(bench.newcomer, WETH, 5, 1)
    bench.stash(bench.newcomer, USDE, 100, 1)
    bench.protocol.collateral_withdraw(account, USDE, 100 * WAD, bench.newcomer, bench.newcomer)
    bench.stash(bench.trader, USDE, 3_000)
    bench.terms(haircutBps=2_000)
    bench.protocol.trade(account, MARKET, 3 * WAD, bench.newcomer)
    bench.fall_to(46_700)
    bench.protocol.liquidate(account, bench.keeper)
    bench.drift(WETH, 1_500)
    bench.protocol.collateral_buy(account, WETH, bench.keeper, tokens=WAD)
    bench.protocol.collateral_buy(account, WETH, bench.keeper)
    bench.protocol.accrue(MARKET, bench.keeper)
    return bench, chain.take()


def books_of(bench, entries):
    kept = Books(bench.core.address, bench.protocol.view("TOKEN_SCALE"), bench.collateral.address)
    kept.read(entries)
    return kept


def test_events_alone_rebuild_the_chain(played):
    bench, entries = played
    books = books_of(bench, entries)
    checks = prove(bench.protocol, books)
    assert [(check.name, check.detail) for check in checks if not check.holds] == []
    assert len([check for check in checks if check.name.startswith("collateral ")]) == 2
    weth, usde = books.collateral.kinds[WETH], books.collateral.kinds[USDE]
    assert (weth.came, weth.went, weth.sold, weth.held) == (5 * WAD, 0, 5 * WAD, 0)
    assert (usde.came, usde.went, usde.sold) == (3_100 * WAD, 100 * WAD, 0)
    told = {entry.log.event for entry in entries}
    assert {"CollateralSold", "BadDebtCovered", "CollateralListed", "CollateralPriced"} <= told


def test_without_the_keepers_events_the_books_miss_what_the_core_notes(played):
    bench, entries = played
    books = Books(bench.core.address, bench.protocol.view("TOKEN_SCALE"))
    books.read(entries)
    wrong = [check for check in prove(bench.protocol, books) if not check.holds]
    assert [check.name for check in wrong] == ["events alone rebuild every account, position and market"]


def altered(entries, event, **changes):
    """The first such event, changed."""
    place = next(i for i, entry in enumerate(entries) if entry.log.event == event)
    entry = entries[place]
    log = replace(entry.log, args=entry.log.args | changes)
    return [*entries[:place], replace(entry, log=log), *entries[place + 1 :]]


@pytest.mark.parametrize(
    ("event", "changes", "fault"),
    [
        ("CollateralDeposited", {"tokens": 5 * WAD - 1}, "gave more of kind 1 than it had"),
        ("CollateralDeposited", {"tokens": 10_001 * WAD}, "with a cap of"),
        ("CollateralSold", {"cost": 1}, "from no sale"),
        ("CollateralSold", {"discountBps": 2_001}, "beyond its haircut"),
        ("CollateralWithdrawn", {"tokens": 101 * WAD}, "gave more of kind 2 than it had"),
    ],
)
def test_what_does_not_fit_is_told(played, event, changes, fault):
    bench, entries = played
    books = books_of(bench, altered(entries, event, **changes))
    assert any(fault in told for told in books.faults)
    assert not all(check.holds for check in prove(bench.protocol, books))


def test_an_event_less_is_told(played):
    bench, entries = played
    left = [entry for entry in entries if entry.log.event != "CollateralWithdrawn"]
    wrong = [check.name for check in prove(bench.protocol, books_of(bench, left)) if not check.holds]
    assert "collateral 2 is what came less what went" in wrong


def test_events_before_the_first_are_missed(played):
    bench, entries = played
    left = [entry for entry in entries if entry.log.event != "CollateralListed"]
    with pytest.raises(DataError, match="kind 1 was never listed"):
        books_of(bench, left)


def test_a_taken_away_token_is_missed(played):
    """What is kept in the name of accounts must be there."""
    bench, entries = played
    books = books_of(bench, entries)
    books.collateral.kinds[USDE].came += 1
    wrong = [check.name for check in prove(bench.protocol, books) if not check.holds]
    assert wrong == ["collateral 2 is what came less what went"]
