"""Funding at prices that may be wrong, on the real core: worked examples with numbers."""

from decimal import Decimal
from functools import cache

import pytest
from support.bench import MARKET
from support.escrow_bench import make_escrow_bench
from support.funding_bench import HOUR, INDEX, steady

from keel.config.deployment import SizeTierSettings
from keel.errors import Reverted
from keel.model.funding import due_between
from keel.model.records import EscrowClaim, EscrowOutcome, SizeTiers
from keel.sdk.protocol import account_id
from keel.units import WAD

STEP = 600
DOUBTED = 1_950
# 0.1 % of the notional per 8 h, paid by longs.
RATE = steady("0.001")
TIERS = SizeTiers(100 * WAD, 500 * WAD, 1_250_000, 1_500_000)
LOWEST_TIERS = SizeTierSettings(limit1=1, limit2=2, weight2="1.5", weight3="2")
OPEN, REJECTED, CONFIRMED = EscrowOutcome


class Story:
    """Five accounts through an hour of suspect prices: two are untouched, the others reduce, close, go under.

    The idle ones do nothing from the opening on; the long (700, beyond all size tiers) reduces twice, the
    short once, the leaver closes, the victim is liquidated.
    """

    def __init__(self, doubted, outcome=1_950):
        bench = self.bench = make_escrow_bench(RATE).use()
        self.victim = bench.join(bench.newcomer, 1, 6_000)
        self.idle_short = bench.join(bench.keeper, 1, 50_000)
        self.long, self.short, self.idle, self.leaver = (
            account_id(owner) for owner in (bench.trader, bench.rival, bench.newcomer, bench.keeper)
        )
        for account, size in (
            (self.victim, 100),
            (self.long, 700),
            (self.short, -300),
            (self.idle, 50),
            (self.idle_short, -70),
            (self.leaver, -120),
        ):
            bench.order(account, size * WAD)
        bench.hold(HOUR)
        bench.settle(DOUBTED)
        self._doubt(bench.doubt if doubted else bench.price)
        bench.later(STEP)
        bench.price(outcome)
        self.after = bench.market()

    def _doubt(self, publish):
        bench = self.bench
        publish(DOUBTED)
        self.before = bench.market()
        for act in (
            lambda: bench.reduce(self.short, 3),
            lambda: bench.reduce(self.long, 4),
            lambda: bench.liquidate(self.victim),
            lambda: bench.reduce(self.leaver),
            lambda: bench.reduce(self.long, 3),
        ):
            bench.later(STEP)
            publish(DOUBTED)
            act()

    def finish(self):
        """An hour of good prices; then everything is closed and claimed. Gives everyone's funding."""
        bench = self.bench
        bench.hold(HOUR, DOUBTED)
        for account in (self.long, self.idle, self.idle_short, self.short):
            bench.reduce(account)
        for account in bench.accounts():
            if bench.claim_of(account)[0].period:
                bench.claim(account)
        return bench.funding()


@cache
def trusted():
    """The same story with prices that nobody doubts."""
    story = Story(doubted=False)
    return story, story.finish()


def test_suspect_accrual_leaves_the_live_indices_still():
    story = Story(doubted=True, outcome=2_100)
    before, after = story.before, story.after
    assert (before.longs_paid, before.shorts_paid) == (after.longs_paid, after.shorts_paid)
    # An hour at 0.1 % per 8 h on 1,950 is 0.24375 a base; each accrual loses less than a unit of the rate.
    assert 0 <= 24_375 * 10**22 - story.bench.escrow().longs_paid <= 6 * (DOUBTED + 1)


def test_a_confirmed_period_is_what_it_would_have_been():
    """To the wei for whoever was not touched, within a wei per settlement for the others."""
    story, (honest, expected) = Story(doubted=True), trusted()
    assert story.after.longs_paid == honest.after.longs_paid
    assert story.bench.logs("EscrowClosed")[-1]["confirmed"]
    found = story.finish()
    for idle in (story.idle, story.idle_short):
        assert found[idle] == expected[idle] != 0
    for account, settlements in ((story.long, 3), (story.short, 2), (story.leaver, 2), (story.victim, 2)):
        assert expected[account] != 0
        assert abs(found[account] - expected[account]) <= settlements
    assert story.bench.pool_funding() == honest.bench.pool_funding()
    assert story.bench.escrow().reserve == story.bench.escrow().claims == 0


def test_a_rejected_period_is_none():
    """What was paid in comes back to the wei: live settlements are all that funding was."""
    story = Story(doubted=True, outcome=2_100)
    bench, held = story.bench, story.bench.logs("EscrowHeld")
    assert {log["account"] for log in held} == {story.long, story.short, story.leaver, story.victim}
    assert any(log["surplus"] for log in held)
    assert sum(log["paid"] for log in held) == bench.escrow().reserve > 0
    pool, insured = bench.pool_funding(), bench.insured()
    for account in (story.long, story.short, story.leaver, story.victim):
        paid = sum(log["paid"] for log in held if log["account"] == account)
        assert bench.claim(account) == paid
    assert bench.funding() == bench.settled()
    assert (bench.pool_funding(), bench.insured()) == (pool, insured)
    assert bench.escrow().reserve == 0
    found = story.finish()
    assert found == bench.settled()


def test_what_is_held_by_hand():
    """A long of 700 pays for 900 while it is suspect; a short waits for what it gets for its size."""
    bench = make_escrow_bench(RATE).use()
    long, short = account_id(bench.trader), account_id(bench.rival)
    bench.order(long, 700 * WAD)
    bench.order(short, -300 * WAD)
    bench.doubt(INDEX)
    bench.later(HOUR)
    bench.doubt(INDEX)
    bench.reduce(long)
    bench.reduce(short)
    # 2,000 * 0.1 % / 8 = 0.25 a base; the pool is opposite to the net 400.
    longs = 25 * WAD * 10**7
    claim = EscrowClaim(1, False, 225 * WAD, 0, 50 * WAD, longs)
    assert bench.claim_of(long) == (claim, OPEN)
    assert bench.claim_of(short) == (EscrowClaim(1, False, 0, 75 * WAD, 0, longs), OPEN)
    assert due_between(700 * WAD, TIERS, longs, 0) == (225 * WAD, 0, 50 * WAD)
    escrow = bench.escrow()
    assert (escrow.pool_due, escrow.reserve, escrow.claims) == (100 * WAD, 225 * WAD, 2)
    bench.price(INDEX + 40)
    insured = bench.insured()
    assert (bench.claim(short), bench.claim(long)) == (75 * WAD, 0)
    assert bench.pool_funding() == 100 * WAD
    assert bench.insured() == insured + 50 * WAD
    assert bench.market().funding_clearing == 0


@pytest.mark.parametrize(
    ("lows", "good", "outcome"),
    [
        ([2_000], 2_040, CONFIRMED),
        ([2_000], Decimal("2040.82"), REJECTED),
        ([2_000, 1_960], 1_980, CONFIRMED),
        ([2_000, 1_960], 2_000, CONFIRMED),
        ([2_000, Decimal("1959.9")], 2_000, REJECTED),
        ([2_000, 2_100, 2_000], 2_000, REJECTED),
    ],
)
def test_every_suspect_index_must_lie_within_two_percent(lows, good, outcome):
    bench = make_escrow_bench(RATE).use()
    bench.open({bench.trader: 10})
    live = bench.market().longs_paid
    for price in lows:
        bench.doubt(price)
        bench.later(60)
        bench.doubt(price)
    bench.reduce(account_id(bench.trader))
    bench.later(60)
    bench.price(good)
    assert bench.claim_of(account_id(bench.trader))[1] == outcome
    assert (bench.market().longs_paid > live) == (outcome == CONFIRMED)


def test_many_periods_in_a_row():
    """One claim reaches from a period to the next one: the touch in the second takes the first out."""
    bench = make_escrow_bench(RATE).use()
    bench.open({bench.trader: 8, bench.rival: -8})
    long, short = account_id(bench.trader), account_id(bench.rival)
    for period, good in enumerate((INDEX, 2_200, 2_200, 2_350, 2_360), start=1):
        before = bench.funding()[long]
        released = len(bench.logs("EscrowReleased"))
        bench.doubt(bench.market().price.index // WAD)
        bench.later(STEP)
        bench.doubt(bench.market().price.index // WAD)
        bench.reduce(long, 8)
        claim, outcome = bench.claim_of(long)
        assert (claim.period, outcome, bench.escrow().claims) == (period, OPEN, 1)
        assert claim.paid == bench.escrow().reserve > 0
        assert len(bench.logs("EscrowReleased")) == released + (period > 1)
        assert bench.funding()[long] < before + (period > 1) * WAD
        bench.price(good)
        bench.later(60)
    outcomes = [log["confirmed"] for log in bench.logs("EscrowClosed")]
    assert outcomes == [True, False, True, False, True]
    bench.claim(long)
    bench.price(2_360)
    bench.reduce(long)
    bench.reduce(short)
    # What the long paid for its size, the short got or the pool; nobody was touched in vain.
    assert bench.market().funding_clearing == 0
    assert bench.funding()[long] == bench.settled()[long] - sum(
        log["paid"] for log, kept in zip(bench.logs("EscrowHeld"), outcomes, strict=True) if kept
    )


def test_a_closed_position_has_its_claim_across_later_periods():
    bench = make_escrow_bench(RATE).use()
    bench.open({bench.trader: 8, bench.rival: -8})
    short = account_id(bench.rival)
    waits = _leave(bench, short)
    bench.price(INDEX)
    for _ in range(3):
        bench.later(60)
        bench.doubt(INDEX)
        bench.later(60)
        bench.price(INDEX)
    # A new position does not touch it: it is paid when asked for, or at a touch in the next doubt.
    bench.settle(INDEX)
    bench.order(short, -4 * WAD)
    claim, outcome = bench.claim_of(short)
    assert (claim.period, claim.paid, claim.received, outcome) == (1, 0, waits, CONFIRMED)
    funding = bench.funding()[short]
    assert bench.claim(short) == waits
    assert bench.funding()[short] == funding + waits
    assert not bench.position(short).escrowed


def _leave(bench, account):
    """Close a position after an hour of doubt; gives what waits for it."""
    bench.doubt(INDEX)
    bench.later(HOUR)
    bench.doubt(INDEX)
    bench.reduce(account)
    return bench.claim_of(account)[0].received


def test_a_stranger_claims_for_the_account_and_only_once():
    bench = make_escrow_bench(RATE).use()
    bench.open({bench.trader: 8, bench.rival: -8})
    short = account_id(bench.rival)
    waits = _leave(bench, short)
    # Two thousand at 0.1 % for an eighth of 8 hours, times eight.
    assert waits == 2 * WAD
    _refused(bench, short)
    bench.price(INDEX)
    _refused(bench, account_id(bench.stranger))
    before = bench.balance(short)
    assert bench.claim(short, bench.stranger) == waits
    assert bench.balance(short) == before + waits
    assert bench.balance(account_id(bench.stranger)) == 0
    _refused(bench, short)


def _refused(bench, account):
    with pytest.raises(Reverted) as refused:
        bench.claim(account)
    assert (refused.value.error, refused.value.named) == (
        "NoClaim",
        {"account": account, "market": MARKET},
    )


def test_a_decided_claim_counts_in_health_but_cannot_be_withdrawn():
    """In the health of another market's trade it stands beside the balance; a touch credits it."""
    bench = make_escrow_bench(RATE).use()
    bench.open({bench.trader: 8})
    long = account_id(bench.trader)
    bench.doubt(INDEX)
    bench.later(HOUR)
    bench.doubt(INDEX)
    bench.reduce(long, 2)
    open_health = bench.health(bench.trader)
    paid = bench.claim_of(long)[0].paid
    bench.price(2_100)
    bench.price(INDEX)
    decided = bench.health(bench.trader)
    # Half of the position paid a second of live funding between the two.
    assert paid - WAD // 1_000 < decided.equity - open_health.equity < paid
    bench.claim(long)
    claimed = bench.health(bench.trader)
    assert claimed.equity == decided.equity
    assert claimed.withdrawable - decided.withdrawable == paid


def test_a_bankrupt_leaves_its_claim_to_the_insurance():
    """It paid in before it went under; the insurance covered that, so the refund is the insurance's."""
    bench = make_escrow_bench(RATE).use()
    victim = bench.join(bench.newcomer, 1, 5_000)
    bench.order(victim, 100 * WAD)
    bench.settle(1_900)
    bench.doubt(1_900)
    bench.later(HOUR)
    bench.doubt(1_900)
    bench.liquidate(victim)
    claim, _ = bench.claim_of(victim)
    assert bench.balance(victim) == 0
    assert claim.forfeited
    assert claim.paid > 0
    bench.price(2_000)
    insured = bench.insured()
    assert bench.claim(victim) == 0
    assert bench.balance(victim) == 0
    assert bench.insured() == insured + claim.paid


@pytest.mark.parametrize("order", [("long", "short"), ("short", "long")])
def test_the_dust_sweep_leaves_what_claimants_wait_for(order):
    """The last position closes before the claims are taken out: what they wait for is not dust."""
    bench = make_escrow_bench(RATE, LOWEST_TIERS).use()
    bench.open({bench.trader: 8, bench.rival: -3, bench.newcomer: 1})
    claimants = {"long": account_id(bench.trader), "short": account_id(bench.rival)}
    bench.doubt(INDEX)
    bench.later(HOUR)
    bench.doubt(INDEX)
    for account in claimants.values():
        bench.reduce(account)
    bench.price(INDEX)
    # Eight at 0.25, and the weight of eight is 1 + 1.5 + 12.
    waits = {name: bench.claim_of(account)[0].received for name, account in claimants.items()}
    assert waits == {"long": 0, "short": 75 * WAD // 100}
    bench.claim(claimants[order[0]])
    bench.reduce(account_id(bench.newcomer))
    assert bench.logs("FundingDustSwept") == []
    bench.claim(claimants[order[1]])
    assert bench.funding()[claimants["long"]] == -Decimal("3.625") * WAD
    assert bench.funding()[claimants["short"]] == waits["short"]
    # What is left is dust now: a wei of each settlement at the most.
    assert 0 <= bench.market().funding_clearing <= 3
    assert bench.escrow().claims == 0


@cache
def _gas_of_the_decision(holders, good):
    """Gas of the update that ends a period in which so many accounts hold 60 base and all paid in."""
    bench = make_escrow_bench(RATE, None).use()
    accounts = [bench.join(bench.trader, sub, 50_000) for sub in range(1, holders + 1)]
    for account in accounts:
        bench.order(account, 60 * WAD // holders)
    bench.settle(INDEX)
    bench.doubt(INDEX)
    bench.later(STEP)
    bench.doubt(INDEX)
    for account in accounts:
        bench.reduce(account, 2)
    assert bench.escrow().claims == holders
    bench.later(STEP)
    bench.say(good)
    return bench.protocol.update_price(MARKET, bench.provider).gas_used


@pytest.mark.parametrize("good", [INDEX, 2_200])
def test_deciding_costs_the_same_for_three_accounts_and_for_sixty(good):
    few, many = _gas_of_the_decision(3, good), _gas_of_the_decision(60, good)
    assert few == many
