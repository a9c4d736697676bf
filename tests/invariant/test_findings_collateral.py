"""What was found where collateral stands for debts, and what campaigns seldom meet, on the shortest way."""

import pytest
from test_findings_losses import EVERYBODY, SHALLOW, UNIT, USD, Play, lose_between_the_passes

from keel.sim.fuzz.action import from_rows
from keel.sim.fuzz.campaign import open_stage, violated
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.perform_collateral import ANY_COST, TERM_FIELDS
from keel.sim.fuzz.world import STAKER

VOLATILE, PEGGED, WHOLE = 1, 2, 10**18
ALL = 2**127
HAIRCUT, DISCOUNT = TERM_FIELDS.index("haircut_bps"), TERM_FIELDS.index("discount_bps")


@pytest.fixture(scope="module")
def stage():
    return open_stage()


def test_a_debt_waits_for_what_a_sale_brings_while_a_haircut_is_on_its_way(stage):
    rows = [
        ["collateral_deposit", 1, 1, VOLATILE, 10 * WHOLE],
        ["set_terms", 0, VOLATILE, HAIRCUT, 4_000],
        ["set_terms", 0, VOLATILE, DISCOUNT, 4_000],
        ["probe_worths"],
    ]
    assert violated(stage, from_rows(rows)) is None


def test_liquidating_oneself_at_a_doubtful_price_is_no_gain_by_the_fee_on_its_spread(stage):
    rows = [
        ["multicall", 4, 4, 2, 1250959320, -84123937036965366403, 0],
        ["collateral_deposit", 4, 4, PEGGED, 8795 * 10**6],
        ["withdraw", 4, 4, 24014699305, 4],
        ["warp", 24835],
        ["tick", 2, 215726377533],
        ["trade", 1, 1, 2, 54610614183213295190, -1, 0],
        ["warp", 46154],
        ["widen", 2, 0, 775217052],
        ["tick", 2, 217319180297],
        ["probe_self_liquidation", 4],
    ]
    assert violated(stage, from_rows(rows)) is None


def test_more_of_a_kind_at_a_lower_price_may_show_a_debt_that_it_no_longer_carries(stage):
    rows = [
        ["collateral_deposit", 2, 8, VOLATILE, 572400000000000000],
        ["trade", 2, 8, 1, -694712829812147564, -1, 0],
        ["warp", 163],
        ["tick", 1, 5442715810621],
        ["liquidate", 4, 8],
        ["tick_kind", VOLATILE, 248003697500],
        ["collateral_deposit", 2, 8, PEGGED, 218000000],
        ["warp", 16834],
        ["publish_kind", VOLATILE, 223203327750],
        ["collateral_deposit", 2, 8, VOLATILE, 40321979473713290],
    ]
    assert violated(stage, from_rows(rows)) is None


class Leaning(Play):
    """A kind's price is told with those of the markets."""

    kind, usual = VOLATILE, 2_500 * 10**8

    def hold_prices(self, seconds, **moved):
        super().hold_prices(seconds, **moved)
        self.do("tick_kind", self.kind, moved.get("kind", self.usual))


class Indebted(Leaning):
    """Trader 1 stands on collateral alone and has lost more than it brings; the insurance is empty."""

    def __init__(self, stage):
        super().__init__(stage)
        self.empty_the_insurance()
        self.do("deposit", 2, 2, 10**6 * USD)
        self.do("tick_kind", VOLATILE, 2_500 * 10**8)
        self.do("collateral_deposit", 1, 1, VOLATILE, 4 * WHOLE)
        self.do("withdraw", 1, 1, 50_000 * USD, 1)
        self.open(1, SHALLOW, 20 * UNIT)

    @property
    def account(self):
        return self.stage.present.books.accounts[1]


def test_what_no_sale_brings_is_paid_at_the_end_and_the_rest_when_it_is_sold(stage):
    play = Indebted(stage)
    play.walk(SHALLOW, 1_300 * 10**8)
    before = play.stage.present.worth(1)
    play.do("liquidate", 3, 1)
    assert play.account.markets == 0
    assert play.account.balance == -before.proceeds
    for _ in range(3):
        play.hold_prices(301, kind=2_400 * 10**8)
    play.do("collateral_buy", 5, 1, VOLATILE, ALL, ANY_COST, 5)
    assert (play.account.balance, play.account.collateral) == (0, 0)


def test_a_debt_of_a_shut_market_waits_for_the_insurance(stage):
    play = Indebted(stage)
    play.walk(SHALLOW, 1_300 * 10**8)
    play.do("hold", 0, SHALLOW, 2)
    play.do("shut", 0, SHALLOW)
    play.do("resolve", 5, SHALLOW, *EVERYBODY)
    assert play.account.markets == 0 > play.account.balance
    for _ in range(3):
        # A sale is at the average while that is better.
        play.do("warp", 301)
        play.do("tick_kind", VOLATILE, 2_300 * 10**8)
    play.do("collateral_buy", 5, 1, VOLATILE, ALL, ANY_COST, 5)
    owed = -play.account.balance
    assert owed > 0 == play.account.collateral
    play.do("stake", STAKER, INSURANCE, 10_000 * USD)
    had = play.stage.present.books.totals.insurance
    play.do("cover", 6, 1)
    assert play.account.balance == 0
    assert play.stage.present.books.totals.insurance == had - owed


def test_what_collateral_does_not_carry_of_a_late_debt_of_a_shut_market_the_insurance_pays_at_once(stage):
    """A winner with collateral is counted, loses in another market more than both bring, and is paid."""
    play = Leaning(stage)
    play.do("tick_kind", VOLATILE, 2_500 * 10**8)
    play.do("collateral_deposit", 6, 6, VOLATILE, 2 * WHOLE)
    lose_between_the_passes(play)
    play.do("tick_kind", VOLATILE, 2_500 * 10**8)
    play.do("liquidate", 5, 6)
    before = play.stage.present.books
    play.do("resolve", 5, SHALLOW, *EVERYBODY)
    books, paid = play.stage.present.books, before.totals.insurance // UNIT
    assert books.totals.insurance // UNIT == 0 < paid
    gained = (books.accounts[6].balance - before.accounts[6].balance) // UNIT
    assert paid <= gained <= paid + 99
    assert -books.accounts[6].balance > play.stage.present.worth(6).proceeds


class Pegged(Leaning):
    """Trader 1 stands on what is worth one, no more, 20 base long; the curve closes them at the index."""

    kind, usual = PEGGED, 10**8

    def __init__(self, stage):
        super().__init__(stage)
        self.hold_prices(60)
        self.do("stake", STAKER, INSURANCE, 10**6 * USD)
        self.do("collateral_deposit", 1, 1, PEGGED, 12_000 * USD)
        self.do("withdraw", 1, 1, 50_000 * USD, 1)
        self.do("deposit", 2, 2, 10**6 * USD)
        for place, size in ((2, -10), (1, 20)):
            self.open(place, SHALLOW, size * UNIT)


def test_a_lost_peg_of_collateral_is_doubted_in_favour_of_who_is_deleveraged(stage):
    """At the index the account has less than nothing, at the average nearly 0.8 of its maintenance."""
    play = Pegged(stage)
    play.walk(SHALLOW, 1_480 * 10**8)
    health, price = play.stage.present.health(1), 1_480
    while health.equity_better * 5 >= health.maintenance * 4:
        price -= 1
        play.walk(SHALLOW, price * 10**8)
        health = play.stage.present.health(1)
    play.hold_prices(60, kind=75 * 10**6)
    health = play.stage.present.health(1)
    assert health.equity < 0 < health.maintenance // 2 < health.equity_better < health.maintenance * 8 // 10
    play.do("liquidate", 3, 1)
    left = play.stage.present.health(1)
    assert 0 < play.stage.present.position(1, SHALLOW).size < 20 * UNIT
    assert left.equity < 0 < left.maintenance < left.equity_better
