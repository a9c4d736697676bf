"""Books kept from events alone stay right to the wei through a deleverage and a shutdown."""

import pytest
from support.bench import MARKET, PRICE, TWAP_SECONDS, Bench

from keel.analytics.books import Books
from keel.analytics.proof import prove
from keel.analytics.tape import Tape
from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD


@pytest.fixture
def kept():
    """A bench whose events are kept: a trader long 1, a rival short 0.4, a whale long 11 on little margin."""
    settings = load_deployment()
    market = settings.markets[0].model_copy(update={"loss_cap": "0.001"})
    tape = Tape(RevmChain())
    bench = Bench(Protocol(tape, deploy(tape, settings.model_copy(update={"markets": (market,)})))).use()
    bench.whale, bench.winner = bench.chain.accounts[7:9]
    for owner, margin, size in ((bench.winner, 20_000, -3 * WAD), (bench.whale, 26_000, 11 * WAD)):
        bench.protocol.fund(owner, margin * bench.one)
        bench.protocol.deposit(account_id(owner), margin * bench.one, owner)
        bench.later(61)
        bench.price(PRICE)
        bench.trade(owner, size)
    return bench


def proven(bench):
    books = Books(bench.core.address, bench.protocol.view("TOKEN_SCALE"))
    books.read(bench.chain.take())
    checks = prove(bench.protocol, books)
    assert books.faults == []
    assert [check for check in checks if not check.holds] == []
    return books


def held(bench):
    owners = (bench.trader, bench.rival, bench.winner, bench.whale)
    ids = [*map(account_id, owners), account_id(bench.core.address)]
    return [one for one in ids if bench.protocol.view("positionOf", one, MARKET).size]


def resolve(bench):
    for _ in range(2):
        for account in held(bench):
            if bench.protocol.view("resolutionOf", MARKET).stage:
                bench.protocol.resolve(MARKET, [account], bench.stranger)


def test_books_of_a_deleverage(kept):
    kept.later()
    kept.price(PRICE * 93 // 100)
    kept.protocol.liquidate(account_id(kept.whale), kept.keeper)
    assert kept.protocol.view("resolutionOf", MARKET).deficit > 0
    kept.later(30)
    resolve(kept)
    kept.later(30)
    kept.trade(kept.winner, WAD)
    kept.protocol.accrue(MARKET, kept.stranger)
    books = proven(kept)
    assert books.markets[MARKET].report.bad_debt < 0


@pytest.mark.parametrize("percent", [104, 97, 80])
def test_books_of_a_shutdown(kept, percent):
    for _ in range(8):
        kept.later(TWAP_SECONDS)
        kept.price(PRICE * percent // 100)
    kept.send("restrictMarket", MARKET, 2, sender=kept.provider)
    kept.govern(kept.core, "shutMarket", MARKET)
    kept.later(500)
    resolve(kept)
    assert held(kept) == []
    proven(kept)


def test_books_of_a_shutdown_with_a_position_of_the_insurance(kept):
    """The whale goes over to the insurance at the index, and ends with the market."""
    for _ in range(3):
        kept.protocol.insurance_deposit(300_000 * kept.one, kept.provider)
    for _ in range(4):
        kept.later(TWAP_SECONDS)
        kept.price(PRICE * 93 // 100)
    receipt = kept.protocol.liquidate(account_id(kept.whale), kept.keeper)
    assert "Absorbed" in [log.event for log in receipt.logs]
    kept.send("restrictMarket", MARKET, 2, sender=kept.provider)
    kept.govern(kept.core, "shutMarket", MARKET)
    assert account_id(kept.core.address) in held(kept)
    resolve(kept)
    assert held(kept) == []
    proven(kept)
