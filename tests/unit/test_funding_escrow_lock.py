"""What a broken price source costs an honest position: locks of eight hours, with numbers."""

from decimal import Decimal

import pytest
from support.bench import MARKET, PRICE, Bench
from support.escrow_bench import RecordingChain, make_escrow_bench
from support.funding_bench import HOUR, INDEX, steady

from keel.config.deployment import load_deployment
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

STEP = 600
# The shipped local preset: longs pay at most 75 bp per 8 h, and the feed is stale after 62 minutes; the first
# poke after that finds it, and nothing accrues until a round comes.
CAP_BP = Decimal(75)
MINUTES = 63
LOCKED = 8 * HOUR


class Lock:
    """The shipped market at its cap, and an honest long of one base whose price source stops for 8 hours."""

    def __init__(self):
        chain = RecordingChain()
        self.bench = bench = Bench(Protocol(chain, deploy(chain, load_deployment()))).use()
        for owner in (bench.newcomer, bench.trader):
            bench.protocol.deposit(account_id(owner), 4_000_000 * bench.one, owner)
        for hour in range(144):
            if hour % 6 == 0:
                self._fill_the_pool()
            bench.later(HOUR)
            bench.price(PRICE)
        rate = bench.protocol.funding_view(MARKET).rates.current
        self.rate_bp = Decimal(rate) * 10_000 / WAD
        self.touch()

    def _fill_the_pool(self):
        """Keep the pool at nearly all that it may carry: that and the mark drive the rate to its cap."""
        bench = self.bench
        equity, market = bench.protocol.view("poolEquity", MARKET)[0], bench.protocol.view("marketOf", MARKET)
        missing = equity * 98 // 100 // PRICE - (market.longInterest - market.shortInterest)
        if missing > WAD // 100:
            bench.trade(bench.newcomer, missing)

    def touch(self):
        """Sell a thousandth; gives what the honest long's funding was since the last time, quote WAD."""
        settled = self.bench.trade(self.bench.trader, -WAD // 1_000).event("Traded").args["settled"]
        return settled.paid - settled.received

    def stop(self, good):
        """No new round for 8 hours, a poke every minute, then this price; gives bp of notional."""
        for _ in range(LOCKED // 60):
            self.bench.later(60)
            self.bench.protocol.update_price(MARKET, self.bench.keeper)
        self.bench.later(60)
        held = self.bench.protocol.view("positionOf", account_id(self.bench.trader), MARKET).size
        self.bench.price(good)
        return Decimal(self.touch()) * 10_000 / (held * PRICE)


@pytest.mark.parametrize(("good", "confirmed"), [(PRICE + 5_000, False), (PRICE + 500, True)])
def test_a_lock_of_eight_hours_at_the_cap(good, confirmed):
    """The same wherever the price that ends it stands: nothing waited in escrow."""
    lock = Lock()
    paid = lock.stop(good)
    print(f"at {lock.rate_bp:.2f} bp per 8 h, confirmed {confirmed}: {paid:.2f} bp")  # noqa: T201
    assert CAP_BP * Decimal("0.97") < lock.rate_bp <= CAP_BP
    (closed,) = (log for log in lock.bench.chain.receipts for log in log.events("EscrowClosed"))
    assert closed.args["confirmed"] == confirmed
    assert closed.args["longsPaid"] == closed.args["shortsPaid"] == 0
    assert paid == pytest.approx(MINUTES * lock.rate_bp / 480, rel=Decimal("0.01"))
    assert paid * CAP_BP / lock.rate_bp < Decimal("14.1")


def test_a_doubted_lock_of_eight_hours_is_paid_back_to_the_wei():
    """The primary is stuck, the reference is not: 0.8 % for 8 hours wait in escrow and all return."""
    bench = make_escrow_bench(steady("0.008"), None).use()
    bench.open({bench.trader: 100, bench.rival: -40})
    long = account_id(bench.trader)
    for _ in range(48):
        bench.doubt(INDEX)
        bench.later(STEP)
    bench.doubt(INDEX)
    bench.reduce(long, 2)
    # 100 base at 2,000 and 0.8 %.
    paid = -bench.funding()[long]
    assert 1_600 * WAD <= paid <= 1_600 * WAD + 1
    bench.price(1_800)
    assert bench.claim(long) == paid
    assert bench.funding()[long] == 0
