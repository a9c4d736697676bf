"""Incidents of pool and insurance shares, each by its number: inflation, timing, loops, dust, drains."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.adversary import (
    assert_books,
    balance,
    close,
    everybody,
    free_bench,
    fund,
    liquidate,
    owned,
    ratio_of,
    refused_because,
    refuses,
    shortfall,
    take,
    walk,
)
from support.bench import MARKET, POOL, PRICE, Bench, rolled_back

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
SHARE = 10**24
DAY = 86_400
DUST = 10**6


@pytest.fixture(scope="module")
def free():
    return free_bench()


@pytest.fixture(scope="module")
def empty():
    """Deployed with prices and rich people, and nothing in pool and insurance."""
    chain = RevmChain()
    bench = Bench(Protocol(chain, deploy(chain, load_deployment())))
    for owner in chain.accounts:
        bench.protocol.fund(owner, 100 * POOL * bench.one)
    bench.settle_price(PRICE)
    return bench


def join(bench, vault, tokens, owner):
    """Deposit token units; gives the shares."""
    return bench.chain.send(vault, "deposit", tokens, owner, sender=owner).result


def leave(bench, vault, shares, owner):
    """Ask for shares back, wait, and claim them; gives the token units."""
    bench.chain.send(vault, "requestRedeem", shares, owner, owner, sender=owner)
    wait = bench.chain.call(vault, "COOLDOWN")
    if wait:
        bench.later(wait)
        bench.settle_price(PRICE)
    return bench.chain.send(vault, "redeem", shares, owner, owner, sender=owner).result


@QUICK
@given(
    place=st.sampled_from(["vault", "insurance"]),
    first=st.sampled_from([1, 10, 10**6, 10**6 + 1, 10**12]),
    kept=st.integers(0, 1_000),
    gift=st.sampled_from([0, 1, 10**6, 10**12]),
    victim=st.sampled_from([10**6, 10**8, 10**11]),
)
def test_hundred_finance_first_depositor(empty, place, first, kept, gift, victim):
    """F-35, I-36: who comes first, leaves but crumbs and donates, takes nothing from the next."""
    with rolled_back(empty.chain):
        bench, thief, honest = empty, empty.operator, empty.newcomer
        vault, start = getattr(bench, place), owned(bench, thief)
        if not refuses(lambda: join(bench, vault, first, thief)):
            shares = bench.chain.call(vault, "balanceOf", thief)
            out = shares - shares * kept // 10**6
            refuses(lambda: leave(bench, vault, out, thief))
        for target in (bench.core, vault):
            bench.chain.send(bench.protocol.contracts.token, "transfer", target, gift, sender=thief)
        if gift:
            # Margin of the insurance's own account counts in the price of its shares.
            bench.protocol.deposit(account_id(bench.core.address), gift, thief)
        bench.settle_price(PRICE)
        shares = join(bench, vault, victim, honest)
        assert bench.chain.call(vault, "convertToAssets", shares) >= victim - victim // 10**6 - 1
        held = bench.chain.call(vault, "balanceOf", thief)
        if held:
            refuses(lambda: leave(bench, vault, held, thief))
        assert owned(bench, thief) <= start
        mine = bench.chain.call(vault, "balanceOf", honest)
        assert bench.chain.call(vault, "convertToAssets", mine) >= victim - victim // 10**6 - 1


def test_perennial_fees_before_the_first_stake(empty):
    """F-35: what came before the first stake is nobody's; a stake loses a millionth of it at most."""
    with rolled_back(empty.chain):
        bench = empty
        join(bench, bench.vault, POOL * bench.one, bench.provider)
        mine = fund(bench, bench.newcomer, 100_000)
        for size in (WAD, -WAD) * 20:
            take(bench, mine, size)
        collected = bench.protocol.view("insurance").assets // 10**12
        assert collected > 100 * bench.one
        shares = join(bench, bench.insurance, 10 * bench.one, bench.operator)
        paid = bench.chain.call(bench.insurance, "convertToAssets", shares)
        assert 0 <= 10 * bench.one - paid <= (collected + 10 * bench.one) // 10**6 + 1


def test_velar_just_in_time_provider(bench):
    """F-34: who provides for the fees of his own trade cannot leave before the cooldown, nor gain.

    A request that stands does not help: new shares begin their wait anew.
    """
    owner, vault = bench.operator, bench.vault
    old = join(bench, vault, bench.one, owner)
    bench.chain.send(vault, "requestRedeem", old, owner, owner, sender=owner)
    bench.later(DAY)
    bench.settle_price(PRICE)
    mine = fund(bench, owner, 200_000)
    start = owned(bench, owner)
    shares = join(bench, vault, 5 * POOL * bench.one, owner)
    take(bench, mine, 10 * WAD)
    close(bench, mine)
    bench.chain.send(vault, "requestRedeem", shares, owner, owner, sender=owner)
    assert bench.chain.call(vault, "claimableRedeemRequest", 0, owner) == 0
    refused_because(
        "NotClaimable", lambda: bench.chain.send(vault, "redeem", shares, owner, owner, sender=owner)
    )
    assert owned(bench, owner) < start
    bench.later(DAY)
    bench.settle_price(PRICE)
    bench.chain.send(vault, "redeem", shares + old, owner, owner, sender=owner)
    assert owned(bench, owner) < start


def underwater(bench):
    """An account that owes far more than the insurance holds, as everybody sees; gives its id."""
    mine = fund(bench, bench.newcomer, 90_000, 1)
    take(bench, mine, 16 * WAD)
    walk(bench, PRICE * 80 // 100)
    assert bench.protocol.view("healthOf", mine).equity < -50_000 * WAD
    return mine


@pytest.mark.parametrize("place", ["vault", "insurance"])
def test_hubble_leaving_before_a_known_loss(bench, place):
    """F-33: who asks to leave when a loss is in sight is paid at the claim, after it, as all are."""
    vault, runner = getattr(bench, place), bench.operator
    shares = join(bench, vault, 100_000 * bench.one, runner)
    mine = underwater(bench)
    bench.chain.send(vault, "requestRedeem", shares, runner, runner, sender=runner)
    refused_because(
        "NotClaimable", lambda: bench.chain.send(vault, "redeem", shares, runner, runner, sender=runner)
    )
    before = bench.chain.call(vault, "convertToAssets", SHARE)
    assert sum(shortfall([liquidate(bench, mine)])) > 50_000 * WAD
    after = bench.chain.call(vault, "convertToAssets", SHARE)
    assert after < before
    for owner in (bench.trader, bench.rival):
        close(bench, account_id(owner))
    bench.later(DAY)
    bench.settle_price(PRICE * 80 // 100)
    worth = bench.chain.call(vault, "convertToAssets", shares)
    paid = bench.chain.send(vault, "redeem", shares, runner, runner, sender=runner).result
    assert worth - 2 <= paid <= worth < before * shares // SHARE * 99 // 100


@pytest.mark.parametrize("place", ["vault", "insurance"])
def test_hubble_a_standing_request_is_no_way_out(bench, place):
    """F-33: nor is who asked long ago paid, just before a known loss, as if it were none: a claim ends."""
    vault, runner = getattr(bench, place), bench.operator
    shares = join(bench, vault, 100_000 * bench.one, runner)
    bench.chain.send(vault, "requestRedeem", shares, runner, runner, sender=runner)
    open_for = bench.chain.call(vault, "COOLDOWN") + bench.chain.call(vault, "CLAIM_WINDOW")
    bench.later(open_for - 2 * DAY // 1_440)
    assert bench.chain.call(vault, "maxRedeem", runner) == shares
    bench.later(2 * DAY // 1_440)
    bench.settle_price(PRICE)
    underwater(bench)
    assert refuses(lambda: bench.chain.send(vault, "redeem", shares, runner, runner, sender=runner))
    assert bench.chain.call(vault, "pendingRedeemRequest", 0, runner) == shares
    bench.chain.send(vault, "cancelRequest", runner, sender=runner)
    assert bench.chain.call(vault, "balanceOf", runner) == shares


@QUICK
@given(
    lean=st.integers(-18, 18), move=st.integers(-8, 8), settled=st.booleans(), tokens=st.integers(1, 10**12)
)
def test_glv_mint_price_is_never_below_redeem_price(used, lean, move, settled, tokens):
    """F-51, F-36: at any skew, the average near the index or not, shares cost what they bring, or more."""
    with rolled_back(used.chain):
        bench = used
        bench.later()
        bench.price(PRICE)
        mine = fund(bench, bench.newcomer, 400_000, 1)
        if lean:
            take(bench, mine, lean * WAD)
        bench.later(60)
        (bench.settle_price if settled else bench.price)(PRICE * (100 + move) // 100)
        view = bench.protocol.view
        shares = view("previewPoolDeposit", MARKET, tokens)
        if shares:
            assert view("convertToPoolTokens", MARKET, shares) <= tokens
        dear = view("previewPoolMint", MARKET, SHARE)
        assert dear >= view("convertToPoolTokens", MARKET, SHARE)
        if not refuses(lambda: view("previewPoolRedeem", MARKET, SHARE)):
            assert view("previewPoolRedeem", MARKET, SHARE) <= view("convertToPoolTokens", MARKET, SHARE)


@pytest.mark.parametrize("size", [15 * WAD, -15 * WAD])
def test_velar_sandwiched_provider(free, size):
    """F-36: a trade before a deposit and back after it takes nothing from the depositor, without any fee.

    Exact shares cost no more than the allowance, which is the limit that an ERC-4626 caller has.
    """
    with rolled_back(free.chain):
        bench, thief, victim = free, free.operator, free.newcomer
        mine = fund(bench, thief, 900_000)
        start, tokens = owned(bench, thief), 300_000 * bench.one
        with rolled_back(bench.chain):
            alone = join(bench, bench.vault, tokens, victim)
        take(bench, mine, size)
        shares = join(bench, bench.vault, tokens, victim)
        close(bench, mine)
        assert owned(bench, thief) <= start
        assert bench.chain.call(bench.vault, "convertToAssets", shares) >= tokens - 1
        assert abs(shares - alone) <= alone // 10**9
        token = bench.protocol.contracts.token
        cost = bench.chain.call(bench.vault, "previewMint", SHARE)
        for allowance, good in ((cost - 1, False), (cost, True)):
            bench.chain.send(token, "approve", bench.vault, allowance, sender=victim)
            act = lambda: bench.chain.send(bench.vault, "mint", SHARE, victim, sender=victim)  # noqa: E731
            assert refuses(act) != good


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["trade", "trade", "close", "join", "join", "leave", "liquidate"]),
        st.booleans(),
        st.integers(-1_000, 1_000),
    ),
    min_size=4,
    max_size=14,
)


def play(bench, people, moves, largest_trade, largest_deposit):
    """Make the moves that go through, by accounts and shares of these people; a share's price never falls."""
    ids = [account_id(owner) for owner in people]
    for name, second, part in moves:
        owner, mine = people[second], ids[second]
        held = bench.chain.call(bench.vault, "balanceOf", owner)
        acts = {
            "trade": lambda m=mine, p=part: take(bench, m, largest_trade * p // 1_000),
            "close": lambda m=mine: close(bench, m),
            "join": lambda o=owner, p=part: join(
                bench, bench.vault, largest_deposit * abs(p) // 1_000 + 1, o
            ),
            "leave": lambda o=owner, h=held, p=part: leave(bench, bench.vault, h * abs(p) // 1_000, o),
            "liquidate": lambda m=mine: liquidate(bench, m, people[0]),
        }
        before = bench.protocol.market(MARKET)
        if refuses(acts[name]):
            continue
        after = bench.protocol.market(MARKET)
        assert after.state.cash >= 0
        assert after.equity * before.state.shares >= (before.equity - 2) * after.state.shares
    # One may stand in the way of the other's closing; what is left open after that is abandoned.
    for mine in ids * 2:
        refuses(lambda m=mine: close(bench, m))
    for owner in people:
        held = bench.chain.call(bench.vault, "balanceOf", owner)
        # What is worth less than a unit is left behind.
        if bench.chain.call(bench.vault, "convertToAssets", held) > 1:
            leave(bench, bench.vault, held, owner)


def stuck(bench, people):
    """Part of the balances of accounts with open positions that cannot be withdrawn, quote WAD."""
    total = 0
    for owner in people:
        mine = account_id(owner)
        if bench.protocol.view("accountOf", mine).markets:
            health = bench.protocol.view("healthOf", mine)
            free = max(health.withdrawable - health.initial, 0)
            total += max(bench.protocol.view("accountOf", mine).balance - free, 0)
    return total


@QUICK
@given(moves=MOVES)
def test_tribe_loops_of_shares_and_trades(free, moves):
    """I-21, I-17: two people who trade, provide, leave and liquidate each other at one price gain nothing.

    Without fee and cooldown, in one block, beside an outsider's position; the insurance loses nothing.
    """
    with rolled_back(free.chain):
        bench, people = free, (free.operator, free.newcomer)
        take(bench, fund(bench, bench.rival, 200_000), 5 * WAD)
        for owner in people:
            fund(bench, owner, 100_000)
        insured = bench.protocol.view("insurance").assets
        start = owned(bench, *people)
        play(bench, people, moves, 40 * WAD, 4 * POOL * bench.one)
        assert owned(bench, *people) - stuck(bench, people) <= start
        assert bench.protocol.view("insurance").assets >= insured
        assert_books(bench, everybody(bench))


@settings(QUICK, max_examples=10)
@given(moves=MOVES, seed=st.integers(0, 2**16))
def test_denaria_and_balancer_dust(free, moves, seed):
    """I-19, I-35: additions and removals of a few units, dozens of them between trades of the least size.

    What is not negative stays so before any clamp, a share's price never falls, nobody gains a unit.
    """
    with rolled_back(free.chain):
        bench, people, draw = free, (free.operator, free.newcomer), Random(seed)
        take(bench, fund(bench, bench.rival, 200_000), 5 * WAD)
        for owner in people:
            fund(bench, owner, 1_000)
        start = owned(bench, *people)
        more = [("join", bool(i % 2), draw.randint(0, 1_000)) for i in range(12)]
        more += [("leave", bool(i % 2), draw.choice([1, 500, 999])) for i in range(12)]
        draw.shuffle(more)
        play(bench, people, [*more[:12], *moves, *more[12:]], WAD // 1_000, 10)
        assert owned(bench, *people) - stuck(bench, people) <= start
        assert_books(bench, everybody(bench))


@pytest.mark.parametrize("lean", [0, 15, -15])
@pytest.mark.parametrize("pieces", [2, 64])
def test_usm_split_redemption(free, lean, pieces):
    """I-36: a redemption in pieces pays what one pays, or less; so does a deposit in pieces."""
    with rolled_back(free.chain):
        bench, owner = free, free.operator
        if lean:
            take(bench, fund(bench, bench.rival, 900_000), lean * WAD)
        with rolled_back(bench.chain):
            bought = join(bench, bench.vault, POOL * bench.one, owner)
        parts = [join(bench, bench.vault, POOL * bench.one // pieces, owner) for _ in range(pieces)]
        shares = sum(parts)
        assert shares <= bought
        with rolled_back(bench.chain):
            whole = leave(bench, bench.vault, shares, owner)
        split = sum(leave(bench, bench.vault, part, owner) for part in parts)
        assert whole - 2 * pieces <= split <= whole


@pytest.mark.parametrize("seed", range(3))
def test_insurance_drain_by_wash_trading(bench, seed):
    """I-17, F-23: opposite positions at the highest leverage, wash trades, and each other's liquidations.

    As long as a price moves by less than the maintenance at once, insurance and pool lose nothing and the
    owner of all three accounts pays.
    """
    draw, owner, keeper = Random(seed), bench.operator, bench.keeper
    start = owned(bench, owner, keeper, subs=3)
    insured = bench.protocol.view("insurance").assets
    price = PRICE
    for _ in range(25):
        for sub, side in ((1, 1), (2, -1)):
            mine = account_id(owner, sub)
            if not bench.protocol.view("accountOf", mine).markets:
                fund(bench, owner, 2_600, sub)
                refuses(lambda m=mine, s=side: take(bench, m, s * WAD))
        price = price * (1_000 + draw.choice([-8, -4, 4, 8])) // 1_000
        bench.settle_price(price)
        for sub in (1, 2):
            mine = account_id(owner, sub)
            while bench.protocol.view("accountOf", mine).markets and ratio_of(bench, mine) < WAD:
                receipt = liquidate(bench, mine, keeper)
                assert shortfall([receipt]) == (0, 0)
    for sub in (1, 2):
        close(bench, account_id(owner, sub))
    assert owned(bench, owner, keeper, subs=3) < start
    assert bench.protocol.view("insurance").assets > insured
    assert balance(bench, owner) > 0
