"""Incidents in which an exit was blocked, delayed or worth less in another order, each by its number."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.adversary import (
    add_markets,
    assert_books,
    balance,
    close,
    everybody,
    fund,
    liquidate,
    liquidated,
    owned,
    ratio_of,
    refused_because,
    refuses,
    settle_all,
    shortfall,
    take,
    to_ratio,
    walk,
)
from support.bench import MARKET, POOL, PRICE, Bench, rolled_back
from support.hub import BURN, RETURN_BOMB, REVERT_BOMB

from keel.config.deployment import load_deployment
from keel.evm.pyevm import PyEvmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
MOST_GAS = 1_500_000


def thin(bench, size=2 * WAD, owner=None, sub=1):
    """An account of the newcomer with a tenth of its value as margin."""
    mine = fund(bench, owner or bench.newcomer, abs(size) * PRICE // WAD // 10, sub)
    take(bench, mine, size)
    return mine


@pytest.mark.parametrize(
    "code", [BURN, REVERT_BOMB, RETURN_BOMB, ""], ids=["burn", "revert", "return", "none"]
)
def test_gmx_bombs_in_the_liquidated_and_in_the_keeper(bench, code):
    """F-25: an owner and an operator that burn gas or answer a bomb are never asked.

    The gas is that of a liquidation of somebody without code, to a few reads; the reward waits on a balance.
    """
    length = len(code) // 2
    creation = bytes([0x60, length, 0x60, 11, 0x5F, 0x39, 0x60, length, 0x5F, 0xF3, 0x00])
    bomb = bench.chain.create(creation + bytes.fromhex(code), bench.stranger)
    victim = account_id(bomb)
    mine = thin(bench)
    bench.send("setOperator", mine, bomb, True, sender=bench.newcomer)
    bench.protocol.deposit(victim, bench.one, bench.newcomer)
    to_ratio(bench, mine, 40)
    tokens = balance(bench, bench.keeper)
    receipt = liquidate(bench, mine)
    assert receipt.gas_used < MOST_GAS
    assert liquidated(receipt)["reward"] > 0
    assert balance(bench, bench.keeper) == tokens
    assert bench.protocol.view("accountOf", account_id(bench.keeper)).balance == liquidated(receipt)["reward"]


@pytest.fixture(scope="module")
def metered():
    """The same on the engine that counts gas as a node does: every transaction begins cold."""
    chain = PyEvmChain()
    bench = Bench(Protocol(chain, deploy(chain, load_deployment()))).use()
    add_markets(bench, 8)
    return bench


def gas_of(bench, account):
    """Gas of a liquidation of the account after a fall by a tenth; the fall is taken back."""
    with rolled_back(bench.chain):
        settle_all(bench, PRICE * 90 // 100)
        return liquidate(bench, account).gas_used


def test_hubble_gas_up_to_eight_markets(metered):
    """F-27: eight markets are the most an account has, and the gas grows by the same for each of them."""
    with rolled_back(metered.chain):
        mine, gas = fund(metered, metered.newcomer, 10_400, 1), []
        settle_all(metered, PRICE)
        take(metered, mine, 2 * WAD)
        for market in range(1, 9):
            if market > 1:
                take(metered, mine, WAD // 20, market=market)
            if market in (2, 3, 8):
                gas.append(gas_of(metered, mine))
        two, three, eight = gas
        assert two < three < eight < MOST_GAS
        assert eight - two < 6 * (three - two) * 11 // 10
        assert refuses(lambda: take(metered, mine, WAD // 20, market=9))


def test_hubble_gas_with_many_accounts_and_much_history(metered):
    """F-27: fifteen more accounts and fifteen more prices make a liquidation no dearer."""
    with rolled_back(metered.chain):
        settle_all(metered, PRICE)
        mine = thin(metered)
        alone = gas_of(metered, mine)
        for sub in range(15):
            take(metered, fund(metered, metered.operator, 100, sub + 2), WAD // 100 * (-1) ** sub)
        for _ in range(15):
            metered.later(12)
            metered.price(PRICE)
        assert abs(gas_of(metered, mine) - alone) < alone // 50


DELAYS = {
    "another operator": lambda b, mine: b.send("setOperator", mine, b.operator, True, sender=b.newcomer),
    "funding claimed": lambda b, mine: b.send("claimFunding", mine, MARKET, sender=b.newcomer),
    "accrued": lambda b, mine: b.protocol.accrue(MARKET, b.newcomer),
    "price again": lambda b, mine: b.protocol.update_price(MARKET, b.newcomer),
    "one token out": lambda b, mine: b.protocol.withdraw(mine, 1, b.newcomer, b.newcomer),
    "all of it out": lambda b, mine: b.protocol.withdraw(
        mine, b.protocol.view("accountOf", mine).balance // 10**12, b.newcomer, b.newcomer
    ),
    "more of it": lambda b, mine: take(b, mine, WAD // 10),
    "the other way": lambda b, mine: take(b, mine, -3 * WAD),
    "a little less": lambda b, mine: take(b, mine, -WAD // 1000),
    "mark pushed": lambda b, mine: take(b, account_id(b.trader), WAD // 4),
    "pool shares": lambda b, mine: b.protocol.pool_deposit(MARKET, b.one, b.newcomer),
    "pool left": lambda b, mine: b.protocol.pool_request(MARKET, 10**24, b.provider),
    "two at once": lambda b, mine: b.send(
        "multicall",
        [
            b.core.abi.function("accrue").encode((MARKET,)),
            b.core.abi.function("updatePrice").encode((MARKET,)),
        ],
        sender=b.newcomer,
    ),
}


@pytest.mark.parametrize("delay", DELAYS)
def test_ostium_no_call_of_the_owner_stops_a_liquidation(bench, delay):
    """F-29, F-21: but for margin and reductions nothing that anybody calls makes an account healthy."""
    mine = thin(bench)
    to_ratio(bench, mine, 70)
    refuses(lambda: DELAYS[delay](bench, mine))
    assert bench.protocol.view("positionOf", mine, MARKET).size > 0
    assert ratio_of(bench, mine) < WAD
    assert liquidate(bench, mine).result.size < 0


def test_ostium_margin_and_reductions_do_stop_it(bench):
    """F-29: what should save an account does."""
    mine = thin(bench)
    to_ratio(bench, mine, 70)
    for save in (
        lambda: bench.protocol.deposit(mine, 3_000 * bench.one, bench.operator),
        lambda: take(bench, mine, -WAD),
    ):
        with rolled_back(bench.chain):
            save()
            refused_because("NotLiquidatable", lambda: liquidate(bench, mine))


USER_ACTS = st.tuples(
    st.sampled_from(
        ["withdraw", "trade", "reduce", "close", "request", "pool", "stake", "operator", "accrue"]
    ),
    st.integers(1, 1_000),
)


def act_of_a_user(bench, mine, act):
    """Do something with the newcomer's account 1, large or small."""
    name, share = act
    owner, protocol = bench.newcomer, bench.protocol
    held = protocol.view("positionOf", mine, MARKET).size
    acts = {
        "withdraw": lambda: protocol.withdraw(mine, 20_000 * bench.one * share // 1_000, owner, owner),
        "trade": lambda: take(bench, mine, (8 * WAD * share // 1_000) * (-1) ** share),
        "reduce": lambda: take(bench, mine, -held * share // 1_000),
        "close": lambda: close(bench, mine),
        "request": lambda: protocol.pool_request(MARKET, share * 10**23, owner),
        "pool": lambda: protocol.pool_deposit(MARKET, share * bench.one, owner),
        "stake": lambda: protocol.insurance_deposit(share * bench.one, owner),
        "operator": lambda: bench.send("setOperator", mine, bench.operator, bool(share % 2), sender=owner),
        "accrue": lambda: protocol.accrue(MARKET, owner),
    }
    acts[name]()


@QUICK
@given(start=st.sampled_from([3 * WAD, -3 * WAD]), acts=st.lists(USER_ACTS, min_size=3, max_size=6))
def test_euler_no_voluntary_insolvency(used, start, acts):
    """I-24: whatever the owner of a healthy account does at one price, it stays healthy or is refused."""
    with rolled_back(used.chain):
        used.later()
        used.price(PRICE)
        mine = thin(used, start)
        for act in acts:
            refuses(lambda act=act: act_of_a_user(used, mine, act))
            health = used.protocol.view("healthOf", mine)
            assert health.equity >= health.maintenance
            assert refuses(lambda: liquidate(used, mine, used.newcomer))
        assert_books(used, everybody(used, 2))


def test_maker_black_thursday_backlog(bench):
    """I-39: nobody liquidates for half an hour while the index falls by two fifths; then all at once.

    Every account can be closed in any order, at the curve's price and not for nothing; a keeper is paid where
    the account had anything; the debt is written off to the wei, and no account keeps one.
    """
    backlog = [thin(bench, WAD // 4, bench.operator, sub) for sub in range(2, 18)]
    start = bench.protocol.view("insurance").assets
    walk(bench, PRICE * 60 // 100)
    assert all(ratio_of(bench, one) == 0 for one in backlog)
    index = bench.protocol.view("marketOf", MARKET).price.index
    receipts = [liquidate(bench, one) for one in backlog[::2] + backlog[1::2]]
    for receipt in receipts:
        fill = liquidated(receipt)["fill"]
        assert -fill.cost > WAD // 4 * index // WAD * 95 // 100
    from_insurance, from_pool = shortfall(receipts)
    assert from_insurance + from_pool > 0
    assert (
        start + sum(liquidated(one)["penalty"] - liquidated(one)["reward"] for one in receipts)
        >= from_insurance
    )
    assert [bench.protocol.view("accountOf", one) for one in backlog] == [(0, 0, 0)] * len(backlog)
    assert_books(bench, [*everybody(bench), *backlog])


def winners_and_losers(bench):
    """Three shorts that will win, two longs that will lose more than they have; gives both."""
    winners = [fund(bench, bench.rival, 60_000, sub) for sub in (1, 2, 3)]
    losers = [fund(bench, bench.newcomer, 30_000, sub) for sub in (1, 2)]
    for loser in losers:
        take(bench, loser, 5 * WAD)
    for winner in winners:
        take(bench, winner, -3 * WAD)
    return winners, losers


def test_drift_winners_exit_first(bench):
    """I-10: profits of a crash are paid by realised losses, insurance and pool, in any order of leaving.

    Nothing beyond what was brought in ever leaves, and who leaves first gets as much as who leaves last,
    but for the slope of the curve.
    """
    winners, losers = winners_and_losers(bench)
    deposited = bench.protocol.view("booked")
    walk(bench, PRICE * 55 // 100)
    paid = []
    for order in (winners, winners[::-1], [winners[1], winners[2], winners[0]]):
        with rolled_back(bench.chain):
            before = balance(bench, bench.rival)
            takes = {}
            for winner in order:
                close(bench, winner)
                units = bench.protocol.view("accountOf", winner).balance // 10**12
                bench.protocol.withdraw(winner, units, bench.rival, bench.rival)
                takes[winner] = units
            assert balance(bench, bench.rival) - before == sum(takes.values()) <= deposited
            for loser in losers:
                while bench.protocol.view("accountOf", loser).markets:
                    liquidate(bench, loser)
            assert_books(bench, [*everybody(bench, 4)])
            assert bench.protocol.market(MARKET).equity > 0
            paid.append(takes)
    for winner in winners:
        received = [takes[winner] for takes in paid]
        assert max(received) - min(received) <= max(received) * 3 // 100
        assert min(received) > 60_000 * bench.one


def test_velar_close_in_every_order(bench):
    """F-16: five accounts close in any order: everyone can, and payouts depend on it by the curve only.

    The curve does not depend on the path: before fees all of them get the same in any order, to wei.
    """
    people = [fund(bench, bench.operator, 20_000, sub) for sub in range(1, 6)]
    for one, size in zip(people, (2, -1, 1, -3, 2), strict=True):
        take(bench, one, size * WAD)
    bench.later(3_000)
    walk(bench, PRICE * 102 // 100)
    totals, paid = [], []
    for order in list(permutations(people))[::9]:
        with rolled_back(bench.chain):
            fees = sum(close(bench, one).event("Traded").args["fee"] for one in order)
            balances = [bench.protocol.view("accountOf", one).balance for one in people]
            totals.append(sum(balances) + fees)
            paid.append(balances)
    assert max(totals) - min(totals) <= 20
    for received in zip(*paid, strict=True):
        # Nine base of turnover move the mark of a depth of 400 by less than five percent.
        assert 0 < max(received) - min(received) <= 3 * PRICE * WAD * 5 // 100


def test_perennial_shortfall_is_no_run(bench):
    """F-31: after a loss beyond the insurance pool shares are worth the same to whoever leaves first.

    Two providers with the same shares, and nothing left open that a shallower curve would favour.
    """
    first, second = bench.provider, bench.operator
    shares = bench.protocol.pool_deposit(MARKET, POOL * bench.one, second).result
    mine = fund(bench, bench.newcomer, 90_000, 1)
    take(bench, mine, 16 * WAD)
    for owner in (first, second):
        bench.protocol.pool_request(MARKET, shares // 2, owner)
    bench.later(86_400)
    settle_all(bench, PRICE)
    walk(bench, PRICE * 80 // 100)
    before = bench.chain.call(bench.vault, "convertToAssets", 10**24)
    assert sum(shortfall([liquidate(bench, mine)])) > 0
    for owner in (bench.trader, bench.rival):
        close(bench, account_id(owner))
    after = bench.chain.call(bench.vault, "convertToAssets", 10**24)
    assert after < before
    paid = {}
    for order in ((first, second), (second, first)):
        with rolled_back(bench.chain):
            for place, owner in enumerate(order):
                tokens = balance(bench, owner)
                bench.protocol.pool_redeem(MARKET, shares // 2, owner)
                paid[owner, place] = balance(bench, owner) - tokens
    assert max(paid.values()) - min(paid.values()) <= 2
    assert owned(bench, second) > 0
