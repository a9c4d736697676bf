"""What the insurance takes over: at the index, for what the curve would have taken, if it can carry it."""

from decimal import Decimal

import pytest
from support.bench import MARKET, rolled_back
from support.liquidation_bench import make_liquidation_bench
from support.listing import with_pool
from support.oracle_market import MockFeed
from support.refusals import assert_refused, refusal

from keel.errors import Reverted
from keel.model.validity import Validity
from keel.sdk.protocol import account_id
from keel.units import BPS, WAD

# 5 base are 245,000 at 49,000, more than the window of 196,000; they need 2,450 and have less than a half.
LOW, SIZE, EQUITY = 49_000, 5, 1_000
FEE_PPM = 1_000


@pytest.fixture(scope="module")
def used():
    return make_liquidation_bench()


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


@pytest.fixture
def fallen(bench):
    """At 49,000, shorts around: a long that is closed whole, and an insurance that can carry it."""
    bench.stake(20_000)
    bench.long = bench.thin(1, SIZE, EQUITY, LOW)
    bench.crowd(-10)
    bench.fall_to(LOW)
    return bench


def pool(bench):
    """What others see of the market: net position, mark, equity."""
    market = bench.protocol.market(MARKET)
    return market.skew, market.mark, market.equity


def curve_loss(bench, size):
    """What closing so much base wei costs against the index now, quote WAD; negative: brings."""
    market = bench.protocol.market(MARKET)
    value = lambda q: market.state.price.index * market.depth * q  # noqa: E731
    before, after = market.skew, market.skew - size
    high = -(-value(after) // ((market.depth - after) * WAD))
    low = value(before) // ((market.depth - before) * WAD)
    return high - low + market.state.price.index * size // WAD


def rate(equity, maintenance):
    """Penalty of a margin ratio, bps WAD: 50 at one, 250 at zero."""
    return 50 * WAD + 200 * (WAD - equity * WAD // maintenance)


def test_nobody_else_sees_that_a_position_changes_hands(fallen):
    before, insured, interest = pool(fallen), fallen.insured(), sides(fallen)
    told = fallen.liquidate(fallen.long)
    assert (told.event, told.args["fill"].cost) == ("Absorbed", -SIZE * LOW * WAD)
    assert (pool(fallen), sides(fallen)) == (before, interest)
    taken = fallen.position(fallen.backstop)
    assert (taken.size, taken.notional) == (SIZE * WAD, SIZE * LOW * WAD)
    assert (fallen.position(fallen.long).size, fallen.balance(fallen.backstop)) == (0, 0)
    assert fallen.insured() == insured + told.args["penalty"] - told.args["reward"]
    assert fallen.books() == 0


def sides(bench):
    market = bench.market()
    return market.longInterest, market.shortInterest


@pytest.mark.parametrize(("crowd", "capped"), [("-1.35", False), ("-1.55", True)])
def test_the_price_is_the_penalty_and_what_the_curve_would_have_taken(bench, crowd, capped):
    """1 base with 465 of 490, the window full: a quarter goes over, for the penalty and the curve's loss.

    The loss is that of the last quarter, as the first ones are still there for the rest; with the penalty
    it is at most a quarter of the equity, which leaves the margin ratio where it was.
    """
    bench.stake(20_000)
    account, filler = bench.thin(1, 1, 465, LOW), bench.thin(2, Decimal("3.95"), 300, LOW)
    bench.crowd(Decimal(crowd))
    bench.fall_to(LOW)
    assert bench.liquidate(filler).event == "Liquidated"
    health, size = bench.health(account), WAD // 4
    slippage = curve_loss(bench, WAD) - curve_loss(bench, WAD - size)
    assert slippage > max(0, curve_loss(bench, size))
    told = bench.liquidate(account)
    assert (told.event, told.args["tier"], told.args["fill"].size) == ("Absorbed", 1, -size)
    penalty = -(-bench.value(size) * rate(health.equity, health.maintenance) // (BPS * WAD))
    fee = -(-bench.value(size) * FEE_PPM // 10**6)
    assert slippage > 2 * fee
    quarter = health.equity - -(-health.equity * 3 // 4)
    assert (penalty + slippage > quarter) == capped
    assert abs(told.args["penalty"] - min(penalty + slippage, quarter)) <= 2
    # The keeper has two fifths, but of nothing that a trade would have cost, too.
    paid = told.args["penalty"]
    assert told.args["reward"] == min(paid * 4_000 // BPS, paid - fee - slippage)
    assert bench.health(account).equity == health.equity - told.args["penalty"]


@pytest.mark.parametrize("crowd", [-15, 0, 6])
@pytest.mark.parametrize("equity", [200, 1_000, 1_900])
def test_it_is_never_a_better_exit_than_closing(bench, crowd, equity):
    """8 base at 48,500, whole, with shorts or longs around it: what owner and keeper have in the end."""
    low, owner = 48_500, bench.newcomer
    bench.stake(50_000)
    account = bench.thin(1, 8, equity, low)
    if crowd:
        bench.crowd(crowd, bench.operator)
    bench.fall_to(low)
    assert bench.health(account).equity < bench.health(account).maintenance // 2
    with rolled_back(bench.chain):
        assert bench.liquidate(account, owner).event == "Absorbed"
        liquidated = bench.balance(account) + bench.balance(account_id(owner))
    before = bench.balance(account_id(owner))
    if curve_loss(bench, 8 * WAD) > bench.health(account).equity:
        # The curve takes more than there is: nobody leaves by himself then, nor with anything.
        with pytest.raises(Reverted, match="MarginTooLow"):
            bench.protocol.trade(account, MARKET, -8 * WAD, owner)
        assert liquidated == before
    else:
        bench.protocol.trade(account, MARKET, -8 * WAD, owner)
        assert before <= liquidated <= bench.balance(account) + before


def test_opposite_positions_net_and_the_difference_is_the_insurances(fallen):
    """Long 5 at 49,000; then a short of 4.2 is taken over at 51,000: 4.2 base earned 2,000 each."""
    size = 42 * WAD // 10
    short = fallen.thin(3, Decimal("-4.2"), 500, 51_000)
    fallen.liquidate(fallen.long)
    fallen.fall_to(51_000)
    before, insured = pool(fallen), fallen.insured()
    pending = fallen.health(fallen.backstop).equity
    receipt = fallen.protocol.liquidate(short, fallen.keeper)
    told, mine = receipt.event("Absorbed").args, receipt.event("BackstopFilled").args
    assert told["fill"].size == size == -mine["fill"].size
    assert mine["fill"].realized == 8_400 * WAD
    assert mine["result"] == 8_400 * WAD + mine["settled"].received - mine["settled"].paid
    taken = fallen.position(fallen.backstop)
    assert (taken.size, taken.notional) == (SIZE * WAD - size, 39_200 * WAD)
    assert fallen.insured() == insured + mine["result"] + told["penalty"] - told["reward"]
    assert fallen.health(fallen.backstop).equity == pending - mine["result"] == 1_600 * WAD
    assert pool(fallen) == before
    assert fallen.books() == 0


def test_a_price_that_may_be_wrong_never_absorbs(bench):
    """Its confidence is beyond the limit: who is unhealthy at the better end, too, goes through the curve."""
    feed = MockFeed(bench.chain)

    def say(price, spread=0):
        feed.set(price)
        feed.tell("setSpread", spread * WAD)
        for _ in range(2):
            bench.later(301)
            bench.protocol.update_price(MARKET, bench.keeper)

    feed.set(50_000)
    bench.link_feed([feed.source])
    say(50_000)
    bench.stake(50_000)
    account = bench.thin(1, SIZE, -2_000, 48_000)
    say(48_000)
    with rolled_back(bench.chain):
        assert bench.liquidate(account).event == "Absorbed"
    say(48_000, 550)
    assert bench.protocol.market(MARKET).validity == Validity.UNCERTAIN
    assert bench.health(account).equityBetter < bench.health(account).maintenance
    assert bench.liquidate(account).event == "Liquidated"
    assert bench.position(bench.backstop).size == 0


@pytest.mark.parametrize(("missing", "event"), [(0, "Absorbed"), (1, "Liquidated")])
def test_debt_and_margin_must_be_covered(poor, missing, event):
    """Means of the debt and of the initial margin of what comes: a unit less, and the curve takes it."""
    low = 48_200
    account = poor.thin(1, SIZE, -1_500, low)
    poor.fall_to(low)
    health = poor.health(account)
    assert health.equity == pytest.approx(-1_500 * WAD, rel=1e-2)
    assert health.initial >= 2 * health.maintenance
    tokens = -(-(health.initial - health.equity - poor.insured()) // 10**12)
    stake = (tokens - missing, poor.provider)
    poor.chain.send(poor.insurance, "deposit", *stake, sender=poor.provider)
    assert poor.liquidate(account).event == event


@pytest.fixture
def poor(bench):
    """All stakes have left the insurance; some fees stay."""
    shares = bench.chain.call(bench.insurance, "balanceOf", bench.provider)
    bench.protocol.insurance_request(shares, bench.provider)
    bench.later(bench.chain.call(bench.insurance, "COOLDOWN"))
    bench.protocol.insurance_redeem(shares, bench.provider)
    bench.settle_price(50_000)
    return bench


@pytest.mark.parametrize(("stake", "taken"), [(0, (0, 2)), (1_000, (0, 1))])
def test_what_it_carries_counts_against_what_it_may_take(bench, stake, taken):
    """Equal longs need 4,900 each, but two together 11,000.

    With its 10,000 it takes one and not the next, whose penalty makes it 13,900: it takes the third.
    """
    if stake:
        bench.stake(stake)
    accounts = [bench.thin(number, SIZE, 100, LOW) for number in (1, 2, 3)]
    bench.crowd(-10)
    accounts.append(bench.thin(4, SIZE, 100, LOW))
    bench.fall_to(LOW)
    asked = [4_900, 11_000, 18_400]
    events = []
    for account in accounts:
        means = bench.insured() + bench.health(bench.backstop).equityWorse
        events.append(bench.liquidate(account).event)
        needs = asked[events[:-1].count("Absorbed")] * WAD
        assert (events[-1] == "Absorbed") == (means >= needs)
    assert [number for number, event in enumerate(events) if event == "Absorbed"] == list(taken)
    mine = bench.health(bench.backstop)
    assert mine.initial == 11_000 * WAD <= bench.insured() + mine.equityWorse


@pytest.mark.parametrize(("crowd", "event"), [("-2.9", "Liquidated"), ("-3.4", "Absorbed")])
def test_not_through_a_curve_that_takes_more_than_a_hundredth(bench, crowd, event):
    """1 base, room in the window: from a net position of q it loses (1 - 2 q) / 400 of its value."""
    bench.stake(20_000)
    account = bench.thin(1, 1, 200, LOW)
    bench.crowd(Decimal(crowd))
    bench.fall_to(LOW)
    dear = curve_loss(bench, WAD) > LOW * WAD // 100
    assert dear == (event == "Absorbed")
    assert curve_loss(bench, WAD) < bench.health(account).equity * 5
    pushed, capacity = bench.window()
    assert pushed + LOW * WAD < capacity
    assert bench.liquidate(account).event == event


def test_eight_markets_and_no_more():
    bench, low = make_liquidation_bench(), 48_500
    bench.stake(100_000)
    markets = [MARKET, *(with_pool(bench) for _ in range(8))]
    numbers = dict(enumerate(markets, start=1))
    all_prices(bench, markets, 50_000)
    accounts = [bench.thin(number, SIZE, EQUITY, low, market) for number, market in numbers.items()]
    more = bench.thin(10, SIZE, EQUITY, low)
    all_prices(bench, markets, low)
    events = [bench.liquidate(account).event for account in accounts]
    assert events == ["Absorbed"] * 8 + ["Liquidated"]
    # In a market where it holds something already, more may come.
    assert bench.liquidate(more).event == "Absorbed"
    assert bench.position(bench.backstop).size == 2 * SIZE * WAD


def all_prices(bench, markets, price):
    for _ in range(2):
        bench.later(301)
        bench.publish(price)
        for market in markets:
            bench.protocol.update_price(market, bench.keeper)


def test_its_account_is_nobodys(fallen):
    """Not liquidated at any loss, not traded, not withdrawn from."""
    fallen.liquidate(fallen.long)
    fallen.fall_to(42_000)
    mine = fallen.backstop
    assert fallen.health(mine).equity < 0 < fallen.health(mine).maintenance
    refused = refusal("NotLiquidatable", equity=0, maintenance=0)
    assert_refused(fallen, refused, lambda: fallen.protocol.liquidate(mine, fallen.keeper))
    owner, protocol = fallen.stranger, fallen.protocol
    denied = refusal("NotAuthorized", caller=owner, account=mine)
    for act in (
        lambda: protocol.trade(mine, MARKET, -WAD, owner),
        lambda: protocol.withdraw(mine, 1, owner, owner),
        lambda: fallen.send("settle", mine, MARKET, 0, sender=owner),
    ):
        assert_refused(fallen, denied, act)


def test_a_donation_to_its_account_is_swept(fallen):
    fallen.protocol.deposit(fallen.backstop, 700 * fallen.one, fallen.provider)
    insured = fallen.insured()
    told = fallen.liquidate(fallen.long)
    assert fallen.balance(fallen.backstop) == 0
    assert fallen.insured() == insured + 700 * WAD + told.args["penalty"] - told.args["reward"]
    assert fallen.books() == 0
