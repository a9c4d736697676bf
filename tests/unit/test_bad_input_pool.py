"""Pool and insurance calls that must be refused."""

import pytest
from support.bench import MARKET, POOL, STAKE, rolled_back
from support.listing import with_pool
from support.refusals import ANY, assert_refused, refusal
from support.validity import INVALID, POOL_DEPOSIT, POOL_REDEEM, STALE, not_good_for

from keel.evm.chain import NOBODY, Contract
from keel.units import WAD

SHARE = 10**24
DAY = 86_400
HUGE = 2**256 - 1


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


@pytest.fixture(params=["pool", "insurance"])
def vault(bench, request):
    return bench.vault if request.param == "pool" else bench.insurance


def send(bench, target, function, *args, sender=None):
    return lambda: bench.chain.send(target, function, *args, sender=sender or bench.provider)


def call(bench, target, function, *args):
    return lambda: bench.chain.call(target, function, *args)


def cool_down(bench):
    """After the cooldown, with a usable price again."""
    bench.later(DAY)
    bench.settle_price(50_000)


@pytest.mark.parametrize(
    ("function", "args"),
    [
        ("poolDeposit", (MARKET, 1, 0)),
        ("poolRedeem", (MARKET, SHARE, None)),
        ("insuranceDeposit", (1, 0)),
        ("insuranceRedeem", (SHARE, None)),
    ],
)
def test_the_vaults_entries_are_closed_to_others(bench, function, args):
    for sender in (bench.stranger, bench.provider):
        filled = [sender if arg is None else arg for arg in args]
        expected = refusal("NotVault", caller=sender)
        assert_refused(bench, expected, send(bench, bench.core, function, *filled, sender=sender))


def test_one_vault_is_no_other(bench):
    other = bench.chain.deploy("ShareVault", bench.core, MARKET, 0, "Other", "O", sender=bench.stranger)
    token = bench.protocol.contracts.token
    bench.chain.send(token, "approve", other, HUGE, sender=bench.provider)
    expected = refusal("NotVault", caller=other.address)
    assert_refused(bench, expected, send(bench, other, "deposit", 10**6, bench.provider))


def test_a_vault_of_an_unknown_market(bench):
    other = bench.chain.deploy("ShareVault", bench.core, 7, 0, "Other", "O", sender=bench.stranger)
    bench.chain.send(bench.protocol.contracts.token, "approve", other, HUGE, sender=bench.provider)
    expected = refusal("MarketUnknown", market=7)
    assert_refused(bench, expected, send(bench, other, "deposit", 10**6, bench.provider))
    assert_refused(bench, expected, call(bench, other, "totalAssets"))


def test_nothing_in(bench, vault):
    assert_refused(bench, refusal("ZeroAmount"), send(bench, vault, "deposit", 0, bench.provider))
    assert_refused(bench, refusal("ZeroAmount"), send(bench, vault, "mint", 0, bench.provider))


def test_deposit_without_tokens_or_allowance(bench, vault):
    expected = refusal("TransferFromFailed")
    act = send(bench, vault, "deposit", 1, bench.stranger, sender=bench.stranger)
    assert_refused(bench, expected, act)
    for tokens in (10 * POOL * bench.one, HUGE):
        assert_refused(bench, expected, send(bench, vault, "deposit", tokens, bench.provider))


def test_deposit_of_more_than_a_pool_holds(bench, vault):
    bench.chain.send(bench.protocol.contracts.token, "mint", bench.provider, 2**255, sender=bench.stranger)
    expected = refusal("AmountOutOfRange", given=2**255, limit=2**100 // 10**12)
    assert_refused(bench, expected, send(bench, vault, "deposit", 2**255, bench.provider))


def test_deposit_that_makes_more_shares_than_a_pool_has(bench):
    """Two of the largest deposits: 1.27e36 shares each, of at most 1.33e36."""
    tokens = 2**100 // 10**12
    bench.chain.send(
        bench.protocol.contracts.token, "mint", bench.provider, 2 * tokens, sender=bench.stranger
    )
    deposit = send(bench, bench.vault, "deposit", tokens, bench.provider)
    deposit()
    assert_refused(bench, refusal("AmountOutOfRange", given=tokens, limit=2**111), deposit)


def test_deposit_that_makes_the_curve_too_deep(bench):
    """With 2**88 - 1 of depth per share, 2**23 shares are 2**111 of depth, but for 2**23 wei."""
    market = with_pool(bench, 2**23 * 10**6, depthPerShare=2**88 - 1)
    assert bench.protocol.market(market).depth == 2**111 - 2**23
    vault = Contract("ShareVault", bench.protocol.view("configOf", market).links.vault, bench.vault.abi)
    bench.chain.send(bench.protocol.contracts.token, "approve", vault, 1, sender=bench.provider)
    expected = refusal("AmountOutOfRange", given=1, limit=2**111)
    assert_refused(bench, expected, send(bench, vault, "deposit", 1, bench.provider))


@pytest.mark.parametrize(("age", "validity"), [(61, STALE), (301, 3)])
def test_pool_at_a_stale_price(bench, age, validity):
    request_all(bench, bench.vault)
    cool_down(bench)
    bench.later(age)
    expected = not_good_for(POOL_DEPOSIT, validity, age)
    assert_refused(bench, expected, send(bench, bench.vault, "deposit", 10**6, bench.provider))
    expected = not_good_for(POOL_REDEEM, validity, age)
    act = send(bench, bench.vault, "redeem", SHARE, bench.provider, bench.provider)
    assert_refused(bench, expected, act)


def test_pool_at_a_broken_feed(bench):
    feed = bench.protocol.contracts.markets[0].aggregators[0]
    bench.chain.send(feed, "setBroken", True, sender=bench.keeper)
    bench.later()
    bench.protocol.update_price(MARKET, bench.keeper)
    expected = not_good_for(POOL_DEPOSIT, INVALID, 1)
    assert_refused(bench, expected, send(bench, bench.vault, "deposit", 10**6, bench.provider))


def request_all(bench, vault):
    shares = bench.chain.call(vault, "balanceOf", bench.provider)
    bench.chain.send(vault, "requestRedeem", shares, bench.provider, bench.provider, sender=bench.provider)
    return shares


def test_requests_of_nothing_or_too_much(bench, vault):
    me = bench.provider
    assert_refused(bench, refusal("ZeroShares"), send(bench, vault, "requestRedeem", 0, me, me))
    shares = bench.chain.call(vault, "balanceOf", me)
    for given in (shares + 1, 2**128, 2**128 + 1, HUGE):
        expected = refusal("ERC20InsufficientBalance", sender=me, balance=shares, needed=given)
        assert_refused(bench, expected, send(bench, vault, "requestRedeem", given, me, me))


def test_requests_by_others(bench, vault):
    act = send(bench, vault, "requestRedeem", SHARE, bench.stranger, bench.provider, sender=bench.stranger)
    assert_refused(
        bench, refusal("ERC20InsufficientAllowance", spender=bench.stranger, allowance=0, needed=SHARE), act
    )
    bench.chain.send(vault, "approve", bench.stranger, SHARE - 1, sender=bench.provider)
    assert_refused(
        bench,
        refusal("ERC20InsufficientAllowance", spender=bench.stranger, allowance=SHARE - 1, needed=SHARE),
        act,
    )
    bench.chain.send(vault, "setOperator", bench.stranger, True, sender=bench.provider)
    act()


def test_claims_before_the_cooldown(bench, vault):
    me = bench.provider
    shares = request_all(bench, vault)
    ready = bench.chain.timestamp() + DAY
    expected = refusal("NotClaimable", shares=shares, claimable=0, claimableAt=ready)
    act = send(bench, vault, "redeem", shares, me, me)
    assert_refused(bench, expected, act)
    bench.later(DAY - 1)
    assert_refused(bench, expected, act)


def test_a_second_request_starts_the_cooldown_again(bench, vault):
    me = bench.provider
    bench.chain.send(vault, "requestRedeem", SHARE, me, me, sender=me)
    bench.later(DAY)
    bench.chain.send(vault, "requestRedeem", SHARE, me, me, sender=me)
    ready = bench.chain.timestamp() + DAY
    expected = refusal("NotClaimable", shares=1, claimable=0, claimableAt=ready)
    assert_refused(bench, expected, send(bench, vault, "redeem", 1, me, me))


def test_claims_of_nothing_or_too_much(bench, vault):
    me = bench.provider
    bench.chain.send(vault, "requestRedeem", SHARE, me, me, sender=me)
    ready = bench.chain.timestamp() + DAY
    cool_down(bench)
    assert_refused(bench, refusal("ZeroShares"), send(bench, vault, "redeem", 0, me, me))
    for shares in (SHARE + 1, HUGE):
        expected = refusal("NotClaimable", shares=shares, claimable=SHARE, claimableAt=ready)
        assert_refused(bench, expected, send(bench, vault, "redeem", shares, me, me))
    # Less than one token unit: 1e24 shares are worth about one quote, 1e6 units.
    assert_refused(bench, refusal("DustAmount", given=1), send(bench, vault, "redeem", 1, me, me))
    bench.chain.send(vault, "redeem", SHARE, me, me, sender=me)


def test_claims_by_others(bench, vault):
    me = bench.provider
    request_all(bench, vault)
    cool_down(bench)
    expected = refusal("NotController", caller=bench.stranger, controller=me)
    for receiver in (bench.stranger, me):
        act = send(bench, vault, "redeem", SHARE, receiver, me, sender=bench.stranger)
        assert_refused(bench, expected, act)


def test_claims_to_where_tokens_are_lost(bench, vault):
    me = bench.provider
    request_all(bench, vault)
    cool_down(bench)
    for to in (NOBODY, bench.core.address):
        expected = refusal("RecipientInvalid", to=to)
        assert_refused(bench, expected, send(bench, vault, "redeem", SHARE, to, me))


def test_claims_are_by_shares(bench, vault):
    me = bench.provider
    assert_refused(bench, refusal("UseRedeem"), send(bench, vault, "withdraw", 1, me, me))
    for preview in ("previewRedeem", "previewWithdraw"):
        assert_refused(bench, refusal("PriceAtClaim"), call(bench, vault, preview, SHARE))


def test_a_redemption_that_the_open_interest_does_not_allow(bench):
    """0.6 base net at 50,000 is 30,000 quote: the pool must keep more equity than that, and depth."""
    me = bench.provider
    shares = request_all(bench, bench.vault)
    cool_down(bench)
    expected = refusal("BandExceeded", skewAfter=6 * WAD // 10, limit=0)
    assert_refused(bench, expected, send(bench, bench.vault, "redeem", shares, me, me))
    left = shares * 29 // 1000
    expected = refusal("UtilizationExceeded", utilization=ANY, limit=WAD)
    assert_refused(bench, expected, send(bench, bench.vault, "redeem", shares - left, me, me))


def test_previews_of_the_impossible(bench):
    for shares in (0, 10 * POOL * SHARE):
        expected = refusal("DustAmount", given=shares)
        assert_refused(bench, expected, call(bench, bench.core, "previewPoolRedeem", MARKET, shares))
    shares = 10 * STAKE * SHARE
    expected = refusal("DustAmount", given=shares)
    assert_refused(bench, expected, call(bench, bench.core, "previewInsuranceRedeem", shares))


@pytest.mark.parametrize("preview", ["previewDeposit", "convertToShares"])
@pytest.mark.parametrize("tokens", [2**100 // 10**12 + 1, 2**255, HUGE])
def test_previews_of_amounts_that_nobody_has(bench, vault, preview, tokens):
    expected = refusal("AmountOutOfRange", given=tokens, limit=2**100 // 10**12)
    assert_refused(bench, expected, call(bench, vault, preview, tokens))


@pytest.mark.parametrize("shares", [2**200, HUGE])
def test_shares_that_nobody_can_pay_for(bench, vault, shares):
    assert call(bench, vault, "previewMint", shares)() > 10 * POOL * bench.one
    expected = refusal("TransferFromFailed")
    assert_refused(bench, expected, send(bench, vault, "mint", shares, bench.provider))
