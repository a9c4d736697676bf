"""One test per fault found and mended: what went wrong or would, and the numbers that show it gone."""

import pytest
from support.bench import MARKET, POOL, PRICE, STAKE, Bench, make_bench, rolled_back
from support.hub import with_gas
from support.listing import config_of, hub_of, links_of
from support.refusals import bytes32, out_of_bounds
from support.validity import INVALID, OPEN, VALID

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.model.layered import layers
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import BPS, WAD

SHARE = 10**24
U256 = 2**256 - 1
# The second market of the `fuzz` preset, at this price.
OTHER, OTHER_PRICE = 2, 1_000
INVALID_FLAG = 16


@pytest.fixture(scope="module")
def local():
    return make_bench()


@pytest.fixture
def used(local):
    """The local preset in use, with a price of this moment."""
    with rolled_back(local.chain):
        local.later()
        local.price(PRICE)
        yield local


@pytest.fixture
def bench():
    """The `fuzz` preset with prices and rich people; its first market has neither fee nor cooldown."""
    chain = RevmChain()
    fresh = Bench(Protocol(chain, deploy(chain, load_deployment("fuzz"))))
    for owner in (fresh.provider, fresh.trader, fresh.rival, fresh.newcomer):
        fresh.protocol.fund(owner, 10 * POOL * fresh.one)
    both_prices(fresh, PRICE)
    fresh.later(301)
    both_prices(fresh, PRICE)
    return fresh


def both_prices(bench, first, second=OTHER_PRICE):
    bench.price(first)
    bench.protocol.publish(OTHER, second * 10**8, bench.provider)
    bench.protocol.update_price(OTHER, bench.provider)


def refused(error, action, /, **named):
    with pytest.raises(Reverted) as caught:
        action()
    assert caught.value.error == error
    assert {name: caught.value.named[name] for name in named} == named
    return caught.value


def balance(bench, owner):
    return bench.chain.call(bench.protocol.contracts.token, "balanceOf", owner)


def leave(bench, shares, owner, request=True):
    """Ask for pool shares of the first market back and claim them."""
    if request:
        bench.protocol.pool_request(MARKET, shares, owner)
    return bench.protocol.pool_redeem(MARKET, shares, owner)


def open_position(bench, owner, size, market=MARKET, margin=0):
    """Trade `size` base, a number with few decimals, after a deposit of whole tokens."""
    if margin:
        bench.protocol.deposit(account_id(owner), margin * bench.one, owner)
    return bench.trade(owner, round(size * 1000) * WAD // 1000, market=market)


def test_crumbs_of_shares_cannot_stay_in_a_pool(bench):
    """An LP left one share unit and the floored rest of the cash behind: an absurd price per share.

    The next LP's million then bought so few shares that the curve had no depth.
    """
    protocol, provider = bench.protocol, bench.provider
    shares = protocol.pool_deposit(MARKET, 3 * bench.one, provider).result
    assert shares == 3 * SHARE
    leave(bench, shares // 3 + 10**17, provider)
    left = protocol.view("marketOf", MARKET).shares
    protocol.pool_request(MARKET, left, provider)
    crumb = refused("SharesNeeded", lambda: leave(bench, left - 1, provider, request=False))
    assert crumb.named == {"left": 1, "least": SHARE}

    swept = leave(bench, left, provider, request=False).event("PoolRestSwept").args
    market = protocol.view("marketOf", MARKET)
    assert (market.shares, market.cash, swept["market"]) == (0, 0, MARKET)
    assert 0 < swept["amount"] < 10**13
    assert protocol.view("insurance").assets == swept["amount"]

    minted = protocol.pool_deposit(MARKET, POOL * bench.one, bench.newcomer).result
    fresh = protocol.view("configOf", MARKET).config.depthPerShare * POOL
    assert abs(protocol.market(MARKET).depth - fresh) <= fresh // 10**6
    assert abs(minted - POOL * SHARE) <= POOL * SHARE // 10**6


def test_last_share_stays_while_positions_are_open(bench):
    """A long and a short of one size have no skew, so the last LP could leave, or leave no depth."""
    provider = bench.provider
    bench.protocol.pool_deposit(MARKET, POOL * bench.one, provider)
    open_position(bench, bench.trader, 1, margin=5_000)
    open_position(bench, bench.rival, -1, margin=5_000)
    market = bench.protocol.view("marketOf", MARKET)
    assert market.longInterest == market.shortInterest == WAD
    bench.protocol.pool_request(MARKET, market.shares, provider)
    refused(
        "BandExceeded", lambda: leave(bench, market.shares, provider, request=False), skewAfter=WAD, limit=0
    )
    crumbs = market.shares - SHARE
    refused("BandExceeded", lambda: leave(bench, crumbs, provider, request=False), skewAfter=WAD)
    # Half may leave, and the rest with the last position.
    left = market.shares // 2
    leave(bench, market.shares - left, provider, request=False)
    open_position(bench, bench.trader, -1)
    open_position(bench, bench.rival, 1)
    leave(bench, left, provider, request=False)
    assert bench.protocol.view("marketOf", MARKET).shares == 0


def wipe_out_insurance(bench):
    """Let the trader's long end deeper below zero than the stake; the insurance pays all it has."""
    low = PRICE // 5
    for _ in range(8):
        bench.settle_price(low)
    done = bench.protocol.liquidate(bench.account(bench.trader), bench.keeper)
    assert done.event("BadDebtCovered").args["fromPool"] > 0
    assert bench.protocol.view("insurance").assets == 0
    assert bench.protocol.view("insurance").shares == STAKE * SHARE


@pytest.mark.parametrize("stake", [STAKE, 100 * STAKE])
def test_wiped_out_insurance_sells_shares_again(used, stake):
    """With nothing behind the old shares a deposit minted more than their type holds, and was refused.

    Shares are now sold at a millionth of the first price at least: that is what the old ones can take.
    """
    wipe_out_insurance(used)
    protocol, owner = used.protocol, used.newcomer
    shares = protocol.insurance_deposit(stake * used.one, owner).result
    # 10^6 times as many as the first stake of that size bought.
    assert abs(shares - stake * SHARE * 10**6) <= stake * SHARE // 10**6

    old = protocol.view("previewInsuranceRedeem", STAKE * SHARE)
    assert old <= STAKE * used.one // 10**6
    before = balance(used, owner)
    protocol.insurance_request(shares, owner)
    used.later(86_400)
    protocol.insurance_redeem(shares, owner)
    assert balance(used, owner) - before >= stake * used.one * (10**6 - 1) // 10**6


def test_small_stake_into_a_wiped_out_insurance_loses_a_millionth_of_the_old_stakes(used):
    """The most that old shares can take is a millionth of what they once cost, however little comes in."""
    wipe_out_insurance(used)
    protocol, owner = used.protocol, used.newcomer
    shares = protocol.insurance_deposit(100 * used.one, owner).result
    lost = 100 * used.one - protocol.view("previewInsuranceRedeem", shares)
    assert 0 < lost <= STAKE * used.one // 10**6 + 1


@pytest.mark.parametrize("crowd", [0, -0.5, -2])
def test_penalty_leaves_the_margin_ratio_of_the_rest(bench, crowd):
    """A whole position was closed and the penalty, sized by its value, ate the margin of the other position.

    In a market without fees it now stops where the ratio was before; if slippage alone ends lower, it is 0.
    """
    protocol, trader = bench.protocol, bench.trader
    account = account_id(trader)
    for market in (MARKET, OTHER):
        protocol.pool_deposit(market, POOL * bench.one, bench.provider)
    open_position(bench, trader, 1, margin=2_500)
    open_position(bench, trader, 10, market=OTHER)
    if crowd:
        open_position(bench, bench.rival, crowd, margin=20_000)
        # Closing the other one must not be cheaper, or it would be chosen.
        open_position(bench, bench.rival, 20 * crowd, market=OTHER)
    bench.later()
    both_prices(bench, PRICE * 96 // 100)
    ratio = protocol.margin_ratios([account])[0]
    assert 0 < ratio < WAD // 2

    done = protocol.liquidate(account, bench.keeper).event("Liquidated").args
    after = protocol.view("healthOf", account)
    assert protocol.view("positionOf", account, MARKET).size == 0
    assert protocol.view("accountOf", account).markets == OTHER
    without_penalty = (after.equity + done["penalty"]) * WAD // after.maintenance
    assert protocol.margin_ratios([account])[0] >= min(ratio, without_penalty)
    # The whole penalty would have lowered the ratio.
    full = penalty_rate(protocol, ratio) * PRICE * 96 // 100
    assert done["penalty"] < full
    assert after.equity + done["penalty"] - full < after.maintenance * ratio // WAD
    # With a crowd on its side, closing the other one costs more than is there: the keeper shares in nothing.
    assert done["reward"] == (0 if crowd else done["penalty"] * 4_000 // BPS)
    assert (done["penalty"] == 0) == (without_penalty < ratio) == (crowd == -2)


def penalty_rate(protocol, ratio):
    """Penalty on closed value, WAD: from the least at margin ratio 1 to the most at 0."""
    brackets = protocol.view("configOf", MARKET).config.brackets
    low, high = brackets.penaltyMinBps, brackets.penaltyMaxBps
    return (low * WAD + (high - low) * (WAD - ratio)) // BPS


def test_poking_an_hour_long_changes_nothing(used):
    """Funding credited to the pool moved the utilization that sets the rate: who poked changed the rate."""
    open_position(used, used.newcomer, 16, margin=100_000)
    used.later()
    used.price(PRICE)
    assert used.protocol.market(MARKET).utilization > 8 * WAD // 10
    with rolled_back(used.chain):
        once = accrued(used, 1)
    often = accrued(used, 3_600)
    net, net_often = (market.longsPaid - market.shortsPaid for market in (once, often))
    assert net > 10**26
    assert abs(net - net_often) <= net // 10**12
    states = [layers(market.fundingState)[:3] for market in (once, often)]
    for one, many in zip(*states, strict=True):
        assert one != 0
        assert abs(one - many) <= abs(one) // 10**12


def accrued(bench, times):
    """The market after an hour in which funding was accrued that often."""
    for _ in range(times):
        bench.chain.warp(3_600 // times)
        bench.protocol.accrue(MARKET, bench.stranger)
    market = bench.protocol.view("marketOf", MARKET)
    assert market.accruedAt == bench.chain.timestamp()
    return market


@pytest.mark.parametrize("members", [(), (2,), (2, 3), (7, 2, 3, 4, 5, 6, 8)])
def test_removing_an_absent_market_leaves_the_set(members):
    """Health values the other positions of a set less the touched market, which need not be in it."""
    chain = RevmChain()
    packed = sum(market << 16 * place for place, market in enumerate(members))
    added, removed, length = chain.call(chain.deploy("MathHarness"), "marketSet", packed, 1)
    assert (removed, length) == (packed, len(members))
    assert added == packed | 1 << 16 * len(members)


def test_first_trades_of_a_fresh_account_fill(bench):
    """The first trade takes its market out of a set that does not hold it: nothing else may leave the set."""
    for market in (MARKET, OTHER):
        bench.protocol.pool_deposit(market, POOL * bench.one, bench.provider)
    account = account_id(bench.newcomer)
    assert bench.protocol.view("accountOf", account).markets == 0
    open_position(bench, bench.newcomer, 2, market=OTHER, margin=5_000)
    assert bench.protocol.view("accountOf", account).markets == OTHER
    open_position(bench, bench.newcomer, 0.1)
    assert bench.protocol.view("accountOf", account).markets == OTHER | MARKET << 16


@pytest.mark.parametrize(
    ("skew", "limit"),
    [(300_000, 1_633_333), (500_000, 500_000), (150_000, 4_816_666), (10_000, 10_000_000)],
)
def test_exposure_is_bounded_by_the_band(used, skew, limit):
    """Above (1 - x)^2 / x an LP could deepen the curve under the traders' positions and leave with a gain."""
    links = links_of(used, oracle=hub_of(used, MARKET + 1).address)
    good = config_of(used, maxSkewPpm=skew, maxExposurePpm=limit, maxSidePpm=20_000_000)
    bad = good | {"maxExposurePpm": limit + 1}
    expected = out_of_bounds("maxExposurePpm", limit + 1, 10_000, limit)
    refused("ParameterOutOfBounds", lambda: used.govern(used.core, "listMarket", bad, links), **expected.args)
    used.govern(used.core, "listMarket", good, links)
    assert used.protocol.view("configOf", MARKET + 1).config.maxExposurePpm == limit


def create(bench, code):
    """Deploy runtime code of at most 32 bytes, and give its address."""
    size = len(code)
    # PUSHn code, PUSH0, MSTORE (the code ends the word), PUSH1 size, PUSH1 where it starts, RETURN
    creation = bytes([0x5F + size, *code, 0x5F, 0x52, 0x60, size, 0x60, 32 - size, 0xF3])
    return bench.chain.create(creation, bench.stranger)


def test_a_source_without_code_is_refused(used):
    """A source that is no contract made every `updatePrice` revert: try does not catch a call to no code."""
    named = {"name": bytes32("sources"), "given": 0, "low": 1, "high": U256}
    refused("FeedOutOfBounds", lambda: used.link_feed(["0x" + "77" * 20]), **named)


@pytest.mark.parametrize("code", ["fe", "5b5f56"], ids=["invalid", "endless loop"])
def test_a_source_that_burns_its_gas_does_not_stop_updates(used, code):
    """Without a stipend a source that burns its gas would take 63/64 of all gas, and funding with it."""
    before = used.protocol.view("marketOf", MARKET).price
    used.link_feed([create(used, bytes.fromhex(code))])
    used.later()
    done = used.protocol.update_price(MARKET, used.stranger)
    price = used.protocol.view("marketOf", MARKET).price
    assert done.event("PriceStored").args["price"] == price == before._replace(flags=INVALID_FLAG)
    assert 200_000 < done.gas_used < 400_000
    assert used.protocol.view("marketOf", MARKET).accruedAt == used.chain.timestamp()


def test_starving_a_good_source_reverts(used):
    """A sender with just too little gas for the source would make a good price look broken."""
    chain, view = used.chain, used.protocol.view
    used.later()
    used.publish(PRICE + 1)

    def update(gas):
        chain.send(with_gas(used.chain, used.core, gas), "updatePrice", MARKET, sender=used.stranger)

    before = view("marketOf", MARKET)
    starved = refused("SourceStarved", lambda: update(212_000))
    assert 100_000 < starved.named["gasLeft"] < 212_000
    assert view("marketOf", MARKET) == before
    done = set()
    for gas in range(50_000, 500_000, 5_000):
        with rolled_back(chain):
            try:
                update(gas)
            except Reverted:
                continue
            price = view("marketOf", MARKET).price
            assert (price.index, price.flags) == ((PRICE + 1) * WAD, 0)
            done.add(gas)
    assert 50_000 < min(done) <= 400_000 <= max(done)


def test_a_failed_round_stops_new_risk_until_a_good_one(used):
    """A failed round would leave the old price looking good for as long as it is fresh."""
    protocol, chain = used.protocol, used.chain
    aggregator = protocol.market_contracts(MARKET).aggregators[0]
    before = protocol.view("marketOf", MARKET).price
    chain.send(aggregator, "setBroken", True, sender=used.stranger)
    used.later(7)
    protocol.update_price(MARKET, used.stranger)
    assert protocol.view("marketOf", MARKET).price == before._replace(flags=INVALID_FLAG)
    assert protocol.market(MARKET).validity == INVALID
    stop = {"action": OPEN, "validity": INVALID, "ageSeconds": 7}
    refused("PriceNotGoodFor", lambda: open_position(used, used.newcomer, 0.1), **stop)
    protocol.deposit(account_id(used.newcomer), used.one, used.newcomer)

    chain.send(aggregator, "setBroken", False, sender=used.stranger)
    used.later()
    used.price(PRICE)
    price = protocol.view("marketOf", MARKET).price
    assert (price.flags, price.at) == (0, chain.timestamp())
    assert protocol.market(MARKET).validity == VALID
    open_position(used, used.newcomer, 0.1)
    assert protocol.view("positionOf", account_id(used.newcomer), MARKET).size == WAD // 10
