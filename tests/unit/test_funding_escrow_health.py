"""What an account owes to an open escrow counts in its health."""

from support.escrow_bench import make_escrow_bench
from support.funding_bench import steady

from keel.units import WAD


def test_the_view_and_the_touch_agree_on_who_is_healthy():
    bench = make_escrow_bench(steady("0.008"), None).use()
    victim = bench.join(bench.newcomer, 1, 5_000)
    bench.order(victim, 100 * WAD)
    bench.settle(1_976)
    bench.doubt(1_976)
    for _ in range(6):
        bench.later(600)
        bench.doubt(1_976)
    health = bench.protocol.view("healthOf", victim)
    bench.liquidate(victim)
    assert health.equityBetter < health.maintenance
