"""Providers and stakers: pay in, earn, ask, wait, claim."""

from fractions import Fraction
from math import ceil, floor

import pytest
from support.bench import MARKET, POOL, STAKE
from support.refusals import assert_refused, refusal

from keel.units import WAD

SHARE = 10**24
DAY = 86_400


def call(bench, target, function, *args):
    return bench.chain.call(target, function, *args)


def send(bench, target, function, *args, sender):
    return bench.chain.send(target, function, *args, sender=sender)


def tokens_of(bench, owner):
    return call(bench, bench.protocol.contracts.token, "balanceOf", owner)


def claim(bench, vault, shares, owner):
    """Ask, wait for the cooldown, and claim; gives the tokens paid."""
    send(bench, vault, "requestRedeem", shares, owner, owner, sender=owner)
    assert call(bench, vault, "pendingRedeemRequest", 0, owner) == shares
    bench.later(DAY)
    bench.settle_price(bench.protocol.view("marketOf", MARKET).price.index // WAD)
    assert call(bench, vault, "claimableRedeemRequest", 0, owner) == shares
    before = tokens_of(bench, owner)
    send(bench, vault, "redeem", shares, owner, owner, sender=owner)
    return tokens_of(bench, owner) - before


@pytest.fixture
def empty(fresh):
    """Nobody has paid in yet; the price is usable."""
    for owner in (fresh.provider, fresh.trader):
        fresh.protocol.fund(owner, 10 * POOL * fresh.one)
    fresh.settle_price(50_000)
    return fresh


def test_the_first_quote_makes_one_share(empty):
    vault = empty.vault
    receipt = empty.protocol.pool_deposit(MARKET, empty.one, empty.provider)
    # 1e18 * 1e6 / 1: the virtual shares make 24 decimals of 18.
    assert receipt.event("Deposit").args["shares"] == SHARE
    assert call(empty, vault, "totalAssets") == empty.one
    assert call(empty, vault, "totalSupply") == SHARE
    empty.protocol.pool_deposit(MARKET, (POOL - 1) * empty.one, empty.provider)
    market = empty.protocol.market(MARKET)
    # 1,000,000 shares at 0.0004 base.
    assert market.depth == 400 * WAD
    assert market.equity == POOL * WAD


def test_mint_is_exact_and_deposit_previews_hold(empty):
    vault, me = empty.vault, empty.provider
    empty.protocol.pool_deposit(MARKET, 1_000 * empty.one, me)
    expected = call(empty, vault, "previewDeposit", 77 * empty.one)
    assert empty.protocol.pool_deposit(MARKET, 77 * empty.one, me).event("Deposit").args["shares"] == expected
    cost = call(empty, vault, "previewMint", 5 * SHARE)
    before = tokens_of(empty, me)
    minted = send(empty, vault, "mint", 5 * SHARE, me, sender=me).event("Deposit").args
    assert (minted["shares"], minted["assets"]) == (5 * SHARE, cost)
    assert before - tokens_of(empty, me) == cost


def test_ask_wait_claim(empty):
    me, vault = empty.provider, empty.vault
    empty.protocol.pool_deposit(MARKET, 1_000 * empty.one, me)
    shares = call(empty, vault, "balanceOf", me)
    send(empty, vault, "requestRedeem", shares, me, me, sender=me)
    asked = empty.chain.timestamp()
    assert call(empty, vault, "balanceOf", me) == 0
    with pytest.raises(Exception, match="NotClaimable") as refused:
        send(empty, vault, "redeem", shares, me, me, sender=me)
    assert asked + DAY - 5 <= refused.value.named["claimableAt"] <= asked + DAY
    empty.later(DAY)
    empty.settle_price(50_000)
    before = tokens_of(empty, me)
    done = send(empty, vault, "redeem", shares, me, me, sender=me)
    assert done.event("PoolRedeemed").args["charge"] == 0
    # Rounding favours the pool, by less than one token unit.
    assert 1_000 * empty.one - 1 <= tokens_of(empty, me) - before <= 1_000 * empty.one
    assert call(empty, vault, "totalSupply") == 0


def test_fees_belong_to_the_pool(bench):
    worth = call(bench, bench.vault, "convertToAssets", POOL * SHARE)
    for size in (WAD, -WAD):
        bench.trade(bench.newcomer, size)
    # Two fills of about 50,125 at 0.1 %; insurance takes a tenth.
    earned = call(bench, bench.vault, "convertToAssets", POOL * SHARE) - worth
    assert 90 * bench.one < earned < 92 * bench.one


def test_a_traders_loss_is_the_pools_gain(bench):
    worth = call(bench, bench.vault, "convertToAssets", POOL * SHARE)
    bench.later()
    bench.settle_price(49_000)
    # Net 0.6 base long lost 1,000 each; the curve adds its premium, funding a little.
    gained = call(bench, bench.vault, "convertToAssets", POOL * SHARE) - worth
    assert 590 * bench.one < gained < 620 * bench.one


def test_leaving_pays_for_the_depth_that_leaves(bench):
    """With net 0.6 base long, half the depth makes the traders' exit dearer for the pool; the leaver pays."""
    me, shares = bench.provider, POOL * SHARE // 2
    send(bench, bench.vault, "requestRedeem", shares, me, me, sender=me)
    bench.later(DAY)
    bench.settle_price(50_000)
    fair = call(bench, bench.vault, "convertToAssets", shares)
    stay = call(bench, bench.vault, "convertToAssets", POOL * SHARE - shares)
    done = send(bench, bench.vault, "redeem", shares, me, me, sender=me).event("PoolRedeemed").args
    # V(q) = P D q / (D - q) is 30,090.27 at depth 200 and 30,045.07 at depth 400.
    assert done["charge"] == value(200, up=True) - value(400, up=False) == 45_203_211_035_208_781_076
    assert abs(fair - done["tokens"] - done["charge"] // 10**12) <= 2
    # Who stays has lost nothing by it.
    left = call(bench, bench.vault, "totalSupply")
    assert call(bench, bench.vault, "convertToAssets", left) >= stay


def value(depth, up):
    """Exit value of net 0.6 base at 50,000, quote WAD."""
    exact = Fraction(50_000 * depth * 6 * WAD, 10 * depth - 6)
    return ceil(exact) if up else floor(exact)


def test_too_much_cannot_leave(bench):
    me, shares = bench.provider, POOL * SHARE
    send(bench, bench.vault, "requestRedeem", shares, me, me, sender=me)
    bench.later(DAY)
    bench.settle_price(50_000)
    expected = refusal("BandExceeded", skewAfter=6 * WAD // 10, limit=0)
    act = lambda: send(bench, bench.vault, "redeem", shares, me, me, sender=me)  # noqa: E731
    assert_refused(bench, expected, act)


def test_an_operator_claims_for_a_provider(bench):
    me, helper = bench.provider, bench.operator
    send(bench, bench.vault, "setOperator", helper, True, sender=me)
    send(bench, bench.vault, "requestRedeem", SHARE, me, me, sender=helper)
    bench.later(DAY)
    bench.settle_price(50_000)
    before = tokens_of(bench, helper)
    send(bench, bench.vault, "redeem", SHARE, helper, me, sender=helper)
    assert tokens_of(bench, helper) - before > 990_000


def test_stakers_earn_the_insurance_fee(bench):
    vault, me = bench.insurance, bench.provider
    shares = call(bench, vault, "balanceOf", me)
    worth = call(bench, vault, "convertToAssets", shares)
    for size in (WAD, -WAD):
        bench.trade(bench.newcomer, size)
    # A tenth of two fees of about 50.1 quote.
    assert 9_900_000 < call(bench, vault, "convertToAssets", shares) - worth < 10_100_000
    assert claim(bench, vault, shares, me) > STAKE * bench.one
    assert call(bench, vault, "totalSupply") == 0
