"""Incidents of margin and positions, each by its number: pumps, pyramids, wallets, splits, mirrors."""

import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st
from support.adversary import (
    assert_books,
    balance,
    close,
    everybody,
    fund,
    largest,
    liquidate,
    owned,
    ratio_of,
    refusal_of,
    refused_because,
    refuses,
    shortfall,
    take,
    to_ratio,
    walk,
)
from support.bench import MARKET, PRICE, rolled_back

from keel.sdk.protocol import account_id
from keel.units import BPS, WAD

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
BLOCK = 12
# Lowest initial margin of the brackets.
INITIAL_BPS = 200
sides = st.sampled_from([1, -1])


def most(bench, account, side, high=40 * WAD):
    """The largest size that the account can open in one trade."""
    return largest(bench, lambda size: take(bench, account, side * size), high)


def withdraw_free(bench, account, owner):
    """Take out whatever the initial margin leaves; gives the token units."""
    health = bench.protocol.view("healthOf", account)
    units = max(health.withdrawable - health.initial, 0) // 10**12
    if units:
        bench.protocol.withdraw(account, units, owner, owner)
    return units


def test_two_account_pump(bench):
    """I-01: a long and a short as large as the market takes, and the index times 24 in small steps.

    At every step: profit that is not realised stays inside, nothing is opened beyond what the pool
    carries, the books hold. In the end the two have not taken out more than everybody had brought in.
    """
    longs, shorts, protocol = bench.newcomer, bench.operator, bench.protocol
    rich, mine = fund(bench, longs, 400_000, 1), fund(bench, shorts, 400_000, 1)
    size = most(bench, rich, 1)
    take(bench, rich, size)
    take(bench, mine, -size)
    start = balance(bench, longs) + balance(bench, shorts)
    booked, paid_in = protocol.view("booked"), protocol.view("accountOf", rich).balance // 10**12
    price, steps = PRICE, 0
    while price < 24 * PRICE:
        price = min(price * 106 // 100, 24 * PRICE)
        bench.settle_price(price)
        while protocol.view("accountOf", mine).markets and ratio_of(bench, mine) < WAD:
            liquidate(bench, mine)
        refused_because("MarginTooLow", lambda: protocol.withdraw(rich, paid_in + 1, longs, longs))
        with rolled_back(bench.chain):
            if not refuses(lambda: take(bench, rich, WAD)):
                assert protocol.market(MARKET).utilization <= WAD
        steps += 1
        assert_books(bench, everybody(bench, 2))
    assert steps > 50
    assert protocol.view("accountOf", mine).markets == 0
    # What the pool may not pay the winners share: nobody leaves before that.
    everyone = [one for one in everybody(bench, 2) if protocol.view("positionOf", one, MARKET).size]
    while protocol.view("resolutionOf", MARKET).stage:
        protocol.resolve(MARKET, everyone, bench.stranger)
    close(bench, rich)
    units = protocol.view("accountOf", rich).balance // 10**12
    refused_because("TokensMissing", lambda: protocol.withdraw(rich, units, longs, longs))
    left = protocol.view("booked")
    protocol.withdraw(rich, left, longs, longs)
    assert balance(bench, longs) + balance(bench, shorts) - start <= booked


@QUICK
@given(
    size=st.integers(1, 200).map(lambda tenths: tenths * WAD // 10),
    side=sides,
    push_bps=st.integers(0, 300),
    blocks=st.sampled_from([1, 1, 2, 5, 25, 60]),
)
def test_cex_push_roundtrip(used, size, side, push_bps, blocks):
    """I-02: open, push the outside price for some blocks, close, let it go.

    One block pays nothing at any size: a close fills at the average until that has followed. A push
    that is held pays less than it costs wherever moving the index by x costs as much as x of the pool's
    equity, because that is the largest net position.
    """
    with rolled_back(used.chain):
        bench, owner = used, used.newcomer
        bench.later()
        bench.price(PRICE)
        equity = bench.protocol.market(MARKET).equity
        mine = fund(bench, owner, 400_000, 1)
        start = owned(bench, owner, subs=2)
        if refuses(lambda: take(bench, mine, side * size)):
            assert size > 18 * WAD
            return
        for _ in range(blocks):
            bench.later(BLOCK)
            bench.price(PRICE + side * PRICE * push_bps // BPS)
        close(bench, mine)
        gain = owned(bench, owner, subs=2) - start
        target(float(gain * BPS // equity - push_bps))
        assert gain * BPS <= equity * push_bps
        assert blocks > 1 or gain < 0


@pytest.mark.parametrize("wallets", [1, 4, 16])
@pytest.mark.parametrize("side", [1, -1])
def test_popcat_sybil_brackets(bench, wallets, side):
    """I-07: brackets are walked round with many wallets; the debt of a gap of 15 % is bounded all the same.

    It is the gap, less the lowest initial margin, of what the pool's equity allows, for any number.
    """
    owner, gap_bps = bench.operator, 1_500
    equity = bench.protocol.market(MARKET).equity
    mine = [fund(bench, owner, 1_600_000 // wallets, sub) for sub in range(1, wallets + 1)]
    for one in mine:
        size = min(most(bench, one, side), 20 * WAD // wallets)
        if size * PRICE > 10 * WAD:
            take(bench, one, side * size)
    for one in mine:
        withdraw_free(bench, one, owner)
    assert bench.protocol.market(MARKET).utilization > 9 * WAD // 10
    bench.settle_price(PRICE - side * PRICE * gap_bps // BPS)
    receipts = []
    for one in mine:
        while bench.protocol.view("accountOf", one).markets:
            receipts.append(liquidate(bench, one))
    debt = sum(shortfall(receipts))
    assert 0 < debt <= equity * (gap_bps - INITIAL_BPS) // BPS
    assert_books(bench, [*everybody(bench), *mine])


@pytest.mark.parametrize(("steps", "indebted"), [(2, True), (5, True), (30, False)])
def test_pyramid_then_crash(bench, steps, indebted):
    """I-15: unrealised profit is levered again at every step of 5 %, then the index loses 43 %.

    Nothing is opened beyond the pool's equity; the debt is at most the fall of what was open, and to the wei
    out of insurance and pool. Who goes on until the pool takes no more is not levered enough to owe.
    """
    owner, protocol = bench.operator, bench.protocol
    mine = fund(bench, owner, 2_000, 1)
    price, opened = PRICE, 0
    for _ in range(steps):
        size = most(bench, mine, 1)
        if size > WAD // 100:
            take(bench, mine, size)
            opened += 1
            assert protocol.market(MARKET).utilization <= WAD
            health = protocol.view("healthOf", mine)
            assert health.equityWorse >= health.initial > health.maintenance
        price = price * 105 // 100
        walk(bench, price)
    assert opened > 1
    value = protocol.view("positionOf", mine, MARKET).size * price
    insured, cash = protocol.view("insurance").assets, protocol.view("marketOf", MARKET).cash
    for _ in range(7):
        bench.settle_price(price * 57 // 100)
    receipts = []
    while ratio_of(bench, mine) < WAD and protocol.view("accountOf", mine).markets:
        receipts.append(liquidate(bench, mine))
    from_insurance, from_pool = shortfall(receipts)
    assert (from_insurance + from_pool > 0) == indebted
    assert from_insurance + from_pool <= value * 43 // 100
    fees = sum(one.event("Liquidated").args["penalty"] for one in receipts)
    assert protocol.view("insurance").assets <= insured + fees - from_insurance
    assert protocol.view("marketOf", MARKET).cash >= cash - from_pool
    assert_books(bench, everybody(bench, 2))


@QUICK
@given(
    size=st.integers(5, 150).map(lambda tenths: tenths * WAD // 10),
    side=sides,
    pieces=st.sampled_from([2, 3, 10, 50]),
    wallets=st.sampled_from([1, 3]),
)
def test_gmx_split_order(used, size, side, pieces, wallets):
    """F-07, F-08: an order in pieces, over accounts or not, costs what it costs at once, never less."""
    with rolled_back(used.chain):
        used.later()
        used.price(PRICE)
        mine = [fund(used, used.operator, 300_000, sub) for sub in range(1, wallets + 1)]
        with rolled_back(used.chain):
            whole = take(used, mine[0], side * size).result
        parts = [size * (i + 1) // pieces - size * i // pieces for i in range(pieces)]
        done = [take(used, mine[i % wallets], side * part).result for i, part in enumerate(parts)]
        cost, fee = sum(one.cost for one in done), sum(one.fee for one in done)
        assert 0 <= cost - whole.cost <= 2 * pieces
        # And the price is the average over the path: the last piece is dearer than the first, for its size.
        assert done[-1].cost * parts[0] > done[0].cost * parts[-1]
        assert abs(fee - whole.fee) <= 2 * pieces
        assert cost + fee >= whole.cost + whole.fee


@QUICK
@given(
    size=st.integers(5, 100).map(lambda tenths: tenths * WAD // 10),
    side=sides,
    move=st.integers(-9, 9),
    pieces=st.sampled_from([1, 2, 7]),
    touches=st.integers(0, 3),
)
def test_tigris_close_in_parts_on_any_path(used, size, side, move, pieces, touches):
    """F-18, F-19, F-17: what a position pays does not depend on the pieces, nor on who touched it on the way.

    Entry, exit and size decide; sums over all accounts are the market's own after every step.
    """
    with rolled_back(used.chain):
        bench = used
        bench.later()
        bench.price(PRICE)
        mine = fund(bench, bench.newcomer, 200_000, 1)
        take(bench, mine, side * size)
        walk(bench, PRICE * (100 + move) // 100)
        with rolled_back(bench.chain):
            whole = take(bench, mine, -side * size).event("Traded").args
        for _ in range(touches):
            bench.protocol.accrue(MARKET, bench.stranger)
            bench.protocol.deposit(mine, 1, bench.operator)
            assert_books(bench, everybody(bench, 2))
        parts = [size * (i + 1) // pieces - size * i // pieces for i in range(pieces)]
        done = [take(bench, mine, -side * part).event("Traded").args for part in parts]
        realized = sum(one["fill"].realized for one in done)
        fees = sum(one["fee"] for one in done)
        assert 0 <= whole["fill"].realized - realized <= 3 * pieces
        assert fees >= whole["fee"]
        assert bench.protocol.view("positionOf", mine, MARKET)[:3] == (0, False, 0)
        assert_books(bench, everybody(bench, 2))


@QUICK
@given(
    size=st.integers(2, 120).map(lambda tenths: tenths * WAD // 10),
    side=sides,
    percent=st.integers(101, 300),
    share=st.integers(1, 999),
)
def test_perennial_reducing_makes_nobody_liquidatable(used, size, side, percent, share):
    """F-21: a reduction leaves a healthy account healthy, with one position healthier; or is refused."""
    with rolled_back(used.chain):
        bench = used
        bench.later()
        bench.price(PRICE)
        mine = fund(bench, bench.newcomer, size * PRICE // WAD // 10 + 20, 1)
        take(bench, mine, side * size)
        to_ratio(bench, mine, percent)
        before = ratio_of(bench, mine)
        if before < WAD or refuses(lambda: take(bench, mine, -side * size * share // 1_000)):
            return
        assert ratio_of(bench, mine) >= WAD
        assert ratio_of(bench, mine) >= before
        refused_because("NotLiquidatable", lambda: liquidate(bench, mine))


@pytest.mark.parametrize("share", [1, 10, 60])
def test_perennial_a_reduction_heals_or_is_refused(bench, share):
    """F-21: an unhealthy owner cannot shave a little off at a trade's fee, to go on unhealthy."""
    mine = fund(bench, bench.newcomer, 12_000, 1)
    take(bench, mine, 2 * WAD)
    to_ratio(bench, mine, 70)
    refusal = refusal_of(lambda: take(bench, mine, -2 * WAD * share // 100))
    assert refusal == ("MarginTooLow" if ratio_of(bench, mine) < WAD else "")
    assert (share == 60) == (not refusal)


OPENINGS = st.lists(
    st.tuples(st.sampled_from(["long", "short", "less long", "less short", "redeem"]), st.integers(1, 100)),
    min_size=4,
    max_size=10,
)


@QUICK
@given(moves=OPENINGS)
def test_perennial_cap_by_turns(used, moves):
    """F-46: after every opening and redemption, in any order, net exposure fits pool and band.

    An opening is told by the account: selling is one for who is flat or short, a reduction for who is long.
    """
    with rolled_back(used.chain):
        bench, protocol = used, used.protocol
        shares = bench.chain.call(bench.vault, "balanceOf", bench.provider)
        protocol.pool_request(MARKET, shares, bench.provider)
        bench.later(86_400)
        bench.settle_price(PRICE)
        first = fund(bench, bench.newcomer, 900_000, 1)
        second = fund(bench, bench.operator, 900_000, 1)
        acts = {
            "long": lambda part: take(bench, first, 40 * WAD * part // 100),
            "short": lambda part: take(bench, second, -40 * WAD * part // 100),
            "less long": lambda part: take(bench, first, -10 * WAD * part // 100),
            "less short": lambda part: take(bench, second, 10 * WAD * part // 100),
            "redeem": lambda part: protocol.pool_redeem(MARKET, shares * part // 200, bench.provider),
        }
        size_of = lambda: [protocol.view("positionOf", one, MARKET).size for one in (first, second)]  # noqa: E731
        for name, part in moves:
            before, sizes = protocol.market(MARKET), size_of()
            held = before.state.longInterest - before.state.shortInterest
            if refuses(lambda n=name, p=part: acts[n](p)):
                continue
            after = protocol.market(MARKET)
            skew = after.state.longInterest - after.state.shortInterest
            opened = any(
                new and (new * old <= 0 or abs(new) > abs(old)) and new != old
                for new, old in zip(size_of(), sizes, strict=True)
            )
            if name == "redeem" or (abs(skew) > abs(held) and opened):
                assert after.utilization <= WAD
                assert abs(skew) <= after.depth * 3 // 10


def test_perennial_maker_closes(bench):
    """F-46: two accounts grow in turns, one closes: nothing is opened on top, no provider leaves.

    What a side may grow to is bounded, so that the other one's closing leaves the pool no more than that. The
    closing itself is not refused: nobody is locked in.
    """
    longs, shorts = fund(bench, bench.newcomer, 2_000_000, 1), fund(bench, bench.operator, 2_000_000, 1)
    for side, mine in [(1, longs), (-1, shorts)] * 6:
        size = most(bench, mine, side, 20 * WAD)
        if size:
            take(bench, mine, side * size)
    refused_because("SideExceeded", lambda: take(bench, longs, WAD))
    market = bench.protocol.market(MARKET)
    sides = market.state.longInterest, market.state.shortInterest
    assert max(sides) * market.state.price.index <= 3 * market.equity * WAD
    assert min(sides) * market.state.price.index > 2 * market.equity * WAD
    shares = bench.chain.call(bench.vault, "balanceOf", bench.provider)
    bench.protocol.pool_request(MARKET, shares, bench.provider)
    bench.later(86_400)
    bench.settle_price(PRICE)
    close(bench, longs)
    assert WAD < bench.protocol.market(MARKET).utilization <= 31 * WAD // 10
    refused_because("UtilizationExceeded", lambda: take(bench, account_id(bench.rival), -WAD // 100))
    assert refuses(lambda: bench.protocol.pool_redeem(MARKET, shares // 1_000, bench.provider))
    take(bench, longs, WAD)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("percent", [-6, -3, 0, 3, 6])
def test_overlay_mirror(bench, side, percent):
    """F-52: a long whose index falls and a short whose index rises are one case, by one formula.

    Equity is balance and size times index less what was paid; both are liquidated where it is below
    maintenance, and only there; both are closed towards zero; limits guard the side they should.
    """
    protocol, index = bench.protocol, PRICE - side * PRICE * percent // 100
    mine = fund(bench, bench.newcomer, 4_000, 1)
    bad = PRICE * WAD // 2 if side > 0 else PRICE * WAD * 2
    with rolled_back(bench.chain):
        act = lambda: protocol.trade(mine, MARKET, side * WAD, bench.newcomer, bad)  # noqa: E731
        refused_because("PriceLimitMissed", act)
    take(bench, mine, side * WAD)
    bench.settle_price(index)
    position = protocol.view("positionOf", mine, MARKET)
    health = protocol.view("healthOf", mine)
    paid = protocol.view("accountOf", mine).balance + side * index * WAD - position.notional
    # Funding of ten minutes at a basis point per eight hours.
    assert abs(health.equity - paid) <= PRICE * WAD // 10_000
    assert health.maintenance == index * WAD // 100
    if health.equity < health.maintenance:
        assert percent > 0
        closed = liquidate(bench, mine).result.size
        assert -WAD <= side * closed < 0
    else:
        assert percent <= 6
        refused_because("NotLiquidatable", lambda: liquidate(bench, mine))
