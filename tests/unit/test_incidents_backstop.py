"""Incidents of backstops and cascades, each by its number: what the insurance takes, and who gains."""

import pytest
from support.adversary import (
    add_markets,
    assert_books,
    everybody,
    fund,
    largest,
    liquidate,
    owned,
    ratio_of,
    refusal_of,
    refused_because,
    refuses,
    settle_all,
    shortfall,
    take,
    to_ratio,
)
from support.bench import MARKET, POOL, PRICE, make_bench, rolled_back

from keel.sdk.protocol import account_id
from keel.units import BPS, WAD

WINDOW_BPS = 100
WINDOW_SECONDS = 300
SHARE = 10**24


@pytest.fixture(scope="module")
def used():
    """The local preset with a stake of half a million in the insurance."""
    bench = make_bench()
    bench.protocol.insurance_deposit(POOL // 2 * bench.one, bench.provider)
    return bench


@pytest.fixture(scope="module")
def poor():
    """The same with ten thousand in the insurance, a hundredth of the pool."""
    return make_bench()


def backstop(bench):
    """Id of the insurance's own account."""
    return account_id(bench.core.address)


def held(bench, market=MARKET):
    """Base that the insurance holds in a market."""
    return bench.protocol.view("positionOf", backstop(bench), market).size


def crowd(bench, number, size):
    """Accounts of the operator, all long, all with four tenths of their maintenance; gives their ids."""
    ids = [fund(bench, bench.operator, abs(size) * PRICE // WAD // 10, sub) for sub in range(1, number + 1)]
    for one in ids:
        take(bench, one, size)
    # The later ones bought at a higher mark: what that cost them is given back.
    equities = [bench.protocol.view("healthOf", one).equity for one in ids]
    for one, equity in zip(ids[1:], equities[1:], strict=True):
        bench.protocol.deposit(one, (equities[0] - equity) // 10**12, bench.operator)
    to_ratio(bench, ids[0], 40)
    assert all(WAD // 4 < ratio_of(bench, one) < WAD // 2 for one in ids)
    return ids


@pytest.mark.parametrize("stake", ["poor", "used"])
def test_poison_backstop(request, stake):
    """I-05: a short as large as a thin market takes, free margin withdrawn, the index times four in steps.

    The insurance takes over no more than it could carry like anyone else, the thin market's pool bears the
    rest, and nothing of another market moves: neither its pool nor the health of who trades there.
    """
    bench = request.getfixturevalue(stake)
    with rolled_back(bench.chain):
        bench.later()
        bench.price(PRICE)
        poison(bench)


def poison(bench):
    """The attack, with what must hold at every step and in the end."""
    _, thin = add_markets(bench, 1)
    mine, protocol = fund(bench, bench.newcomer, 500_000, 1), bench.protocol
    size = largest(bench, lambda base: take(bench, mine, -base, market=thin), 40 * WAD)
    take(bench, mine, -size, market=thin)
    health = protocol.view("healthOf", mine)
    free = (health.withdrawable - health.initial) // 10**12
    protocol.withdraw(mine, free, bench.newcomer, bench.newcomer)
    before = protocol.view("marketOf", MARKET), [protocol.view("healthOf", one) for one in everybody(bench)]
    price, receipts = PRICE, []
    for _ in range(40):
        price = price * 1036 // 1000
        bench.publish(price)
        for wait in (1, 301):
            bench.later(wait)
            protocol.update_price(thin, bench.keeper)
        if protocol.view("accountOf", mine).markets and ratio_of(bench, mine) < WAD:
            receipts.append(liquidate(bench, mine))
            own = protocol.view("healthOf", backstop(bench))
            assert protocol.view("insurance").assets + own.equityWorse >= own.maintenance
    assert price > 4 * PRICE
    assert receipts
    assert protocol.view("accountOf", mine).markets == 0
    after = protocol.view("marketOf", MARKET), [protocol.view("healthOf", one) for one in everybody(bench)]
    assert after[0]._replace(price=0) == before[0]._replace(price=0)
    assert [one.maintenance for one in after[1]] == [one.maintenance for one in before[1]]
    assert_books(bench, everybody(bench, 2))


def test_perp_v1_cascade_is_slowed(bench):
    """I-16, I-39: sixteen accounts fall in a block: the curve takes one window, the insurance the rest.

    The mark moves no more than a window moves it, so none of the liquidations makes another one worse; five
    minutes later the window is empty, and pieces of what was taken over go through it.
    """
    weak = crowd(bench, 16, WAD // 2)
    protocol = bench.protocol
    assert len(weak) == 16
    mark = protocol.market(MARKET).mark
    receipts = [liquidate(bench, one) for one in weak]
    pushed, capacity = protocol.view("windowOf", MARKET)
    taken = [one for one in receipts if one.events("Absorbed")]
    assert 0 < len(taken) < 16
    assert capacity - WAD // 2 * PRICE < pushed <= capacity
    assert protocol.market(MARKET).mark > mark * (BPS - 3 * WINDOW_BPS) // BPS
    assert held(bench) == len(taken) * WAD // 2
    assert_books(bench, everybody(bench, 17))
    bench.later(WINDOW_SECONDS)
    bench.price(protocol.view("marketOf", MARKET).price.index // WAD)
    assert protocol.view("windowOf", MARKET)[0] == 0
    for _ in range(200):
        if not held(bench):
            break
        if refusal_of(lambda: protocol.unwind(MARKET, bench.stranger)) == "WindowFull":
            bench.later(60)
            bench.price(protocol.view("marketOf", MARKET).price.index // WAD)
    assert held(bench) == 0
    assert protocol.view("accountOf", backstop(bench)) == (0, 0, 0)
    assert_books(bench, everybody(bench, 17))


@pytest.mark.parametrize("size", [WAD, 6 * WAD, 12 * WAD])
def test_hubble_sandwich_of_an_unwinding(bench, size):
    """F-40: who moves the mark before the insurance closes a piece, and back after it, gains nothing."""
    for one in crowd(bench, 16, WAD // 2):
        liquidate(bench, one)
    bench.later(WINDOW_SECONDS)
    index = bench.protocol.view("marketOf", MARKET).price.index // WAD
    bench.price(index)
    assert held(bench) > 0
    thief = bench.newcomer
    mine = fund(bench, thief, 900_000, 1)
    start = owned(bench, thief, subs=2)
    took = 0
    for _ in range(8):
        take(bench, mine, -size)
        took += not refuses(lambda: bench.protocol.unwind(MARKET, thief))
        take(bench, mine, size)
    assert owned(bench, thief, subs=2) < start
    assert took or size > 6 * WAD


def test_the_insurance_is_nobodys_account(bench):
    """I-04, F-22: nobody trades, withdraws, names operators for or liquidates the insurance's own account."""
    for one in crowd(bench, 16, WAD // 2):
        liquidate(bench, one)
    own, thief = backstop(bench), bench.stranger
    assert held(bench) > 0
    before = bench.digest()
    for error, act in (
        ("NotAuthorized", lambda: bench.protocol.trade(own, MARKET, -WAD, thief)),
        ("NotAuthorized", lambda: bench.protocol.withdraw(own, 1, thief, thief)),
        ("NotAuthorized", lambda: bench.send("setOperator", own, thief, True, sender=thief)),
        ("NotLiquidatable", lambda: liquidate(bench, own, thief)),
        ("NotAuthorized", lambda: bench.send("settle", own, MARKET, 0, sender=thief)),
    ):
        refused_because(error, act)
    assert bench.send("liquidateBatch", [own], sender=thief).result == 0
    assert bench.digest() == before


def test_hubble_stakers_stay_while_they_are_needed(bench):
    """F-33: what the insurance needs as margin of what it took over cannot leave, even by an old request."""
    vault, owner = bench.insurance, bench.provider
    shares = bench.chain.call(vault, "balanceOf", owner)
    bench.chain.send(vault, "requestRedeem", shares, owner, owner, sender=owner)
    bench.later(86_400)
    bench.price(PRICE)
    for one in crowd(bench, 16, WAD // 2):
        liquidate(bench, one)
    assert held(bench) > 0
    told = refused_because("InsuranceTied", lambda: bench.protocol.insurance_redeem(shares, owner))
    assert told["asked"] > told["tied"]
    bench.protocol.insurance_redeem(shares // 2, owner)
    own = bench.protocol.view("healthOf", backstop(bench))
    assert bench.protocol.view("insurance").assets + own.equityWorse >= own.maintenance


def test_level_batches_of_liquidations(bench):
    """I-23: a batch with an account twice, healthy ones and nobody's is what each of them alone would be."""
    weak = crowd(bench, 3, WAD // 2)
    healthy = account_id(bench.rival)
    with rolled_back(bench.chain):
        for one in weak:
            liquidate(bench, one)
        once = bench.digest()
    for batch in (weak, [healthy, *weak, *weak, 0, 2**256 - 1], [*weak, healthy] * 10):
        with rolled_back(bench.chain):
            done = bench.send("liquidateBatch", batch, sender=bench.keeper).result
            assert done == len(weak)
            assert bench.digest() == once
    before = bench.digest()
    assert bench.send("liquidateBatch", [], sender=bench.keeper).result == 0
    assert bench.digest() == before


def test_known_loss_is_written_off_at_once(bench):
    """F-32, F-37: an account below zero is taken over at the index, its debt is the insurance's at once."""
    mine = fund(bench, bench.newcomer, 20_000, 1)
    take(bench, mine, 3 * WAD)
    settle_all(bench, PRICE * 86 // 100)
    equity = bench.protocol.view("healthOf", mine).equity
    assert equity < 0
    insured = bench.protocol.view("insurance").assets
    receipt = liquidate(bench, mine)
    assert shortfall([receipt])[1] == 0
    assert 0 <= shortfall([receipt])[0] + equity <= 2
    assert insured - bench.protocol.view("insurance").assets == shortfall([receipt])[0]
    assert held(bench) == 3 * WAD
