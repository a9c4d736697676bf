"""What people live through with prices: a spike, a wick, a doubt nobody judges, an outage in a cascade."""

from decimal import Decimal
from itertools import pairwise

import pytest
from support.bench import FEED_ONE, MARKET, TWAP_SECONDS, rolled_back
from support.escrow_bench import make_escrow_bench
from support.funding_bench import HOUR, INDEX, TIERS, FundingBench, make_funding_bench, steady

from keel.analytics.books import Books
from keel.analytics.proof import prove
from keel.analytics.tape import Tape
from keel.config.deployment import load_deployment
from keel.config.funding import load_funding
from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.model import curve
from keel.model.records import EscrowOutcome
from keel.model.validity import Validity
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import RAY, WAD

BLOCK = 12
WICK = Decimal("1400.73")


def tell(bench, price):
    """Publish a price of up to eight decimals, and store it."""
    bench.protocol.publish(MARKET, int(price * FEED_ONE), bench.provider)
    bench.protocol.update_price(MARKET, bench.provider)


def stored(bench):
    return bench.protocol.view("marketOf", MARKET)


def refused(error, act):
    with pytest.raises(Reverted) as caught:
        act()
    assert caught.value.error == error
    return caught.value.named


def sub_account(bench, sub, tokens, size=0):
    """Margin for a sub-account of the newcomer, and a position."""
    account = account_id(bench.newcomer, sub)
    bench.protocol.deposit(account, tokens * bench.one, bench.newcomer)
    if size:
        bench.protocol.trade(account, MARKET, size, bench.newcomer)
    return account


def markets_after(bench, prices):
    """The market now and after each block that stores one of these prices; taken back."""
    with rolled_back(bench.chain):
        markets = [stored(bench)]
        for price in prices:
            bench.later(BLOCK)
            tell(bench, price)
            markets.append(stored(bench))
        return markets


def steps(markets):
    """What a long of one base paid in each block, RAY quote."""
    net = [market.longsPaid - market.shortsPaid for market in markets]
    return [after - before for before, after in pairwise(net)]


def spiked(funding):
    """A premium of 20 bp; then ten minutes of blocks without and with 5 % more in the first."""
    bench = make_funding_bench(funding).use()
    bench.open({bench.trader: 40})
    bench.settle_price(INDEX)
    assert bench.protocol.market(MARKET).premium == pytest.approx(20 * WAD // 10_000, rel=1e-2)
    calm = markets_after(bench, [INDEX] * 50)
    return bench, calm, markets_after(bench, [INDEX * 105 // 100] + [INDEX] * 49)


def test_a_spike_of_one_block_costs_its_own_twelve_seconds():
    """The premium is the curve's, not the feed's: the rate stays, and is charged on 5 % more for 12 s."""
    _, calm, spike = spiked(load_funding("premium", changes={"smoothing": "spot"}))
    assert (calm[1].price.index, spike[1].price.index) == (INDEX * WAD, INDEX * 105 * WAD // 100)
    assert [one.fundingState for one in spike] == [one.fundingState for one in calm]
    paid, expected = steps(spike), steps(calm)
    assert expected[1] > 0
    assert abs(paid[1] * 100 - expected[1] * 105) <= 205
    # Every other block to the wei, with the price that the block before left behind.
    assert paid[:1] + paid[2:] == expected[:1] + expected[2:]
    # 15 bp per 8 h on 100 quote for 12 s: 0.0000625 quote a base.
    extra = spike[-1].longsPaid - calm[-1].longsPaid
    assert extra == pytest.approx(625 * 10**20, rel=1e-2)
    # The average: 5 % for 12 of 300 seconds, and nothing once they have left the window.
    assert max(one.price.twap for one in spike) == INDEX * WAD + INDEX * WAD * 5 * BLOCK // 100 // 300
    assert spike[-1].price.twap == calm[-1].price.twap == INDEX * WAD


def test_a_spike_hardly_moves_the_shipped_rate():
    """Layered: volatility and utilization saw the spike, too: below 0.005 bp per 8 h over ten minutes."""
    _, calm, spike = spiked(load_funding("layered"))
    assert spike[-1].price.sigma > calm[-1].price.sigma
    own_seconds = steps(calm)[1] * 5 // 100
    beyond = spike[-1].longsPaid - calm[-1].longsPaid - own_seconds
    seconds = spike[-1].accruedAt - spike[1].accruedAt
    assert own_seconds > 0
    assert 0 < abs(beyond) * 8 * HOUR // seconds // INDEX < RAY // 10_000 * 5 // 1_000


@pytest.mark.parametrize("funding", ["premium", "layered"])
def test_a_spike_inside_a_block_moves_nothing(funding):
    """Published and gone again before anyone stores a price: every word of the market is the same."""
    bench = make_funding_bench(load_funding(funding)).use()
    bench.open({bench.trader: 40})
    found = []
    for middle in (INDEX, INDEX * 105 // 100):
        with rolled_back(bench.chain):
            bench.later(BLOCK)
            bench.publish(middle)
            bench.price(INDEX)
            bench.later(BLOCK)
            bench.price(INDEX)
            found.append((stored(bench), bench.health(bench.trader)))
    assert found[0] == found[1]


class Wick:
    """A whale of 7,897 base, opened at 2,100 with no margin to spare, against as large a short, and others.

    The depth is 40,000 base and the others are 100 long: the sale leaves a skew of -7,797, a mark of 0.70036.
    """

    SIZE = 7_897 * WAD

    def __init__(self):
        bench = self.bench = make_funding_bench(steady("0")).use(10_000_000)
        self._open_whale()
        self.low = sub_account(bench, 1, 31_000, 100 * WAD)
        self.high = sub_account(bench, 2, 150_000, 100 * WAD)
        self.short = sub_account(bench, 3, 21_000, -100 * WAD)
        self.healthy = [self.low, self.high, self.short, account_id(bench.rival)]
        whale, health = account_id(bench.trader), bench.health(bench.trader)
        spare = (health.equity - health.initial) * bench.one // WAD
        bench.protocol.withdraw(whale, spare, bench.trader, bench.trader)
        bench.later(BLOCK)
        bench.settle_price(INDEX)

    def _open_whale(self):
        """In turns around the balance, so that both pay the index on average."""
        bench, slices = self.bench, 30
        bench.later(BLOCK)
        bench.settle_price(2_100)
        part = self.SIZE // slices
        bench.trade(bench.rival, -part // 2)
        for _ in range(slices - 1):
            bench.trade(bench.trader, part)
            bench.trade(bench.rival, -part)
        bench.trade(bench.trader, self.SIZE - part * (slices - 1))
        bench.trade(bench.rival, part * (slices - 1) + part // 2 - self.SIZE)

    def sell_off(self):
        """Liquidate the whale through the curve."""
        closed = self.bench.protocol.liquidate(account_id(self.bench.trader), self.bench.keeper)
        assert closed.result.size == -self.SIZE

    def ratios(self):
        return self.bench.protocol.margin_ratios(self.healthy)

    def healths(self):
        return [self.bench.protocol.view("healthOf", account) for account in self.healthy]

    def spared(self):
        """Nobody of the healthy can be liquidated."""
        for account in self.healthy:
            refused(
                "NotLiquidatable",
                lambda a=account: self.bench.protocol.liquidate(a, self.bench.keeper),
            )


@pytest.fixture(scope="module")
def wick_world():
    return Wick()


@pytest.fixture
def wick(wick_world):
    with rolled_back(wick_world.bench.chain):
        yield wick_world


def test_a_wick_of_the_mark_liquidates_nobody(wick):
    """A forced sale takes the mark 30 % down; health is at the index, which did not move."""
    bench = wick.bench
    before = wick.ratios()
    assert min(before) > WAD
    assert bench.protocol.market(MARKET).mark == pytest.approx(INDEX * WAD, rel=6e-3)
    wick.sell_off()
    market = bench.protocol.market(MARKET)
    assert (market.state.price.index, market.state.price.twap) == (INDEX * WAD, INDEX * WAD)
    assert market.mark == pytest.approx(int(WICK * WAD), rel=2e-5)
    # What the view tells of the divergence is mark / index - 1, -30 %.
    assert abs(market.premium - (market.mark - INDEX * WAD) * WAD // (INDEX * WAD)) <= 1
    assert -31 * WAD // 100 < market.premium < -29 * WAD // 100
    assert wick.ratios() == before
    wick.spared()


def test_a_fall_of_the_index_liquidates_at_the_second_price(wick):
    """The same 1,400.73 as an index that stays: the average follows by a step, and they are liquidated."""
    bench = wick.bench
    wick.sell_off()
    bench.later(BLOCK)
    tell(bench, WICK)
    wick.spared()
    bench.later(TWAP_SECONDS)
    tell(bench, WICK)
    price = stored(bench).price
    # The sample of the average is at most a tenth away from it.
    assert (price.index, price.twap) == (int(WICK * WAD), INDEX * WAD * 9 // 10)
    assert bench.protocol.liquidate(wick.low, bench.keeper).result.size == -100 * WAD
    for account in wick.healthy[1:]:
        refused("NotLiquidatable", lambda a=account: bench.protocol.liquidate(a, bench.keeper))


def test_one_wrong_print_is_volatile_and_liquidates_nobody(wick):
    """-30 % for one update: under water at the index, healthy at the average; then it is as it was.

    But for the volatility that it left behind: maintenance follows it, by 24 s of a tenth an hour at most.
    """
    bench = wick.bench
    ramp = lambda: bench.protocol.view("marketNow", MARKET).ramp  # noqa: E731
    before, began = wick.healths(), ramp()
    bench.later(BLOCK)
    tell(bench, WICK)
    health = bench.protocol.view("healthOf", wick.low)
    assert health.equity < 0 < health.maintenance < health.equityBetter
    assert bench.protocol.market(MARKET).validity == Validity.VOLATILE
    wick.spared()
    bench.later(BLOCK)
    tell(bench, INDEX)
    assert bench.protocol.market(MARKET).validity == Validity.VALID
    assert began < ramp() <= began * (10**9 + 2 * BLOCK * 26_476) // 10**9
    for old, new in zip(before, wick.healths(), strict=True):
        assert new.equity == old.equity
        assert abs(new.maintenance * began - old.maintenance * ramp()) < 2 * ramp()
    wick.spared()


# Base by account: payers, one of them beyond the size tiers, and receivers; the pool is short the rest.
PAYERS = (700, 90, 33)
RECEIVERS = (-300, -41)


class Doubt:
    """An hour at 0.1 % per 8 h that is doubted, with everyone touched in it."""

    def __init__(self, outcome):
        bench = self.bench = make_escrow_bench(steady("0.001")).use()
        names = [bench.join(bench.newcomer, sub, 400_000) for sub in range(1, 6)]
        self.payers, self.receivers = names[:3], names[3:]
        for account, size in zip(names, PAYERS + RECEIVERS, strict=True):
            bench.order(account, size * WAD)
        bench.doubt(INDEX)
        bench.later(HOUR)
        bench.doubt(INDEX)
        for account in names:
            bench.reduce(account, 3)
        self.held = {account: bench.claim_of(account)[0] for account in names}
        self.escrow = bench.escrow()
        bench.later(60)
        bench.price(outcome)

    def claimed(self, accounts):
        """What each gets that way, to the wei of its balance, and what is left in the reserve; taken back."""
        bench, got = self.bench, {}
        with rolled_back(bench.chain):
            for account in accounts:
                before = bench.balance(account)
                got[account] = bench.claim(account)
                assert bench.balance(account) - before == got[account]
                with pytest.raises(Reverted, match="NoClaim"):
                    bench.claim(account)
            escrow = bench.escrow()
            return got, (escrow.reserve, escrow.claims)


@pytest.mark.parametrize("good", [2_100, INDEX])
def test_a_dispute_needs_no_referee(good):
    """Strangers take the claims out, in any order: payers are refunded, or receivers paid, to the wei."""
    story = Doubt(good)
    bench, held = story.bench, story.held
    rejected = good != INDEX
    everyone = story.payers + story.receivers
    outcome = EscrowOutcome.REJECTED if rejected else EscrowOutcome.CONFIRMED
    assert {bench.claim_of(account)[1] for account in everyone} == {outcome}
    # 0.25 quote a base, weighted by size: 700 pay for 900.
    assert [held[account].paid for account in story.payers] == [225 * WAD, 225 * WAD // 10, 825 * WAD // 100]
    assert [held[account].received for account in story.receivers] == [75 * WAD, 1_025 * WAD // 100]
    assert story.escrow.reserve == sum(held[account].paid for account in everyone) == 25_575 * WAD // 100
    assert bench.escrow().reserve == story.escrow.reserve
    due = {one: held[one].paid if rejected else held[one].received for one in everyone}
    for order in (everyone, everyone[::-1], everyone[2:] + everyone[:2]):
        assert story.claimed(order) == (due, (0, 0))
    # Who does not claim keeps the others from nothing, and only his part stays.
    _, left = story.claimed(everyone[1:])
    assert left == (held[everyone[0]].paid, 1)


class Outage:
    """Longs of 100 base in a falling market whose only feed goes silent; every event is on a tape."""

    def __init__(self):
        settings = load_deployment()
        free = {"taker_fee": Decimal(0), "deviation_fee": Decimal(0), "funding": steady("0.001")}
        market = settings.markets[0].model_copy(update=free | {"tiers": TIERS})
        self.tape = Tape(RevmChain())
        contracts = deploy(self.tape, settings.model_copy(update={"markets": (market,)}))
        bench = self.bench = FundingBench(Protocol(self.tape, contracts)).use()
        bench.protocol.insurance_deposit(34_000 * bench.one, bench.provider)
        margins = (5_000, 12_000, 12_000, 32_600, 25_000)
        self.longs = [sub_account(bench, i, margin, 100 * WAD) for i, margin in enumerate(margins, start=1)]

    def liquidate(self, account):
        """In a block of its own; gives the fill, what covered its debt, and whether it was taken over."""
        self.bench.later()
        receipt = self.bench.protocol.liquidate(account, self.bench.keeper)
        covered = [log.args for log in receipt.logs if log.event == "BadDebtCovered"]
        (closed,) = (log for log in receipt.logs if log.event in ("Liquidated", "Absorbed"))
        return closed.args["fill"], covered, closed.event == "Absorbed"

    def could(self, account):
        """Whether the insurance, the account's debt paid, has the initial margin of the position, too."""
        ids = (account, account_id(self.bench.core.address))
        theirs, own = (self.bench.protocol.view("healthOf", one) for one in ids)
        means = self.bench.insured() + own.equityWorse + min(0, theirs.equity)
        return means >= own.initial + theirs.initial

    def proved(self):
        books = Books(self.bench.core.address, self.bench.protocol.view("TOKEN_SCALE"))
        books.read(self.tape.take())
        return [check for check in prove(self.bench.protocol, books) if not check.holds]


def go_silent(story):
    """Ten minutes without a source: nothing accrues, nobody is liquidated, margin comes in."""
    bench, protocol = story.bench, story.bench.protocol
    aggregator = protocol.market_contracts(MARKET).aggregators[0]
    bench.chain.send(aggregator, "setBroken", True, sender=bench.provider)
    bench.later(BLOCK)
    protocol.update_price(MARKET, bench.provider)
    before = protocol.view("marketNow", MARKET)
    for _ in range(10):
        bench.later(60)
        protocol.update_price(MARKET, bench.provider)
        for account in story.longs[1:]:
            named = refused("PriceNotGoodFor", lambda a=account: protocol.liquidate(a, bench.keeper))
            assert named["validity"] == Validity.INVALID
    after = protocol.view("marketNow", MARKET)
    assert (after.longsPaid, after.shortsPaid) == (before.longsPaid, before.shortsPaid) != (0, 0)
    assert (after.cash, after.fundingClearing) == (before.cash, before.fundingClearing)
    balance = protocol.view("accountOf", story.longs[4]).balance
    protocol.deposit(story.longs[4], 20_000 * bench.one, bench.newcomer)
    assert protocol.view("accountOf", story.longs[4]).balance == balance + 20_000 * WAD
    bench.chain.send(aggregator, "setBroken", False, sender=bench.provider)


def test_an_outage_inside_a_cascade():
    """-2 %, silence while prices elsewhere go to -15 %, and then everyone in a block at the true price."""
    story = Outage()
    bench, protocol = story.bench, story.bench.protocol
    bench.settle_price(1_960)
    fill, covered, absorbed = story.liquidate(story.longs[0])
    assert (fill.sizeAfter, covered, absorbed) == (0, [], False)
    go_silent(story)
    tell(bench, 1_700)
    assert protocol.market(MARKET).validity == Validity.VALID
    assert [ratio < WAD for ratio in protocol.margin_ratios(story.longs[1:])] == [True, True, True, False]
    paid = []
    for account in story.longs[1:4]:
        insured = bench.insured()
        market = protocol.market(MARKET)
        could = story.could(account)
        fill, covered, absorbed = story.liquidate(account)
        through = curve.cost(1_700 * WAD, market.depth, market.skew, -100 * WAD)
        # With the initial margin of it beyond the debt, the insurance takes over who has nothing left.
        assert absorbed == could == (account == story.longs[1])
        assert fill.cost == (-170_000 * WAD if absorbed else through)
        assert fill.sizeAfter == 0
        debt = sum(one["fromInsurance"] + one["fromPool"] for one in covered)
        assert [one["fromInsurance"] for one in covered] == [min(debt, insured)] * len(covered)
        if covered:
            assert bench.insured() == insured - covered[0]["fromInsurance"]
            assert protocol.view("accountOf", account).balance == 0
        paid.append([(one["fromInsurance"] > 0, one["fromPool"] > 0) for one in covered])
    # The insurance bears the first debt and some of the second, the pool the rest; the last has none.
    assert paid == [[(True, False)], [(True, True)], []]
    refused("NotLiquidatable", lambda: protocol.liquidate(story.longs[4], bench.keeper))
    assert story.proved() == []
