"""What was found where losses are shared out and markets end, on the shortest way to it."""

import pytest

from keel.sim.fuzz.action import Action
from keel.sim.fuzz.campaign import open_stage
from keel.sim.fuzz.draws import RandomDraws
from keel.sim.fuzz.examine import Examiner
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.invariants.passes import finish
from keel.sim.fuzz.world import STAKER

ANY = -1
UNIT = 10**18
USD = 10**6
SHALLOW = 2
EVERYBODY = tuple(range(11))


class Play:
    """A fresh world in which every action must succeed and is checked."""

    def __init__(self, stage):
        stage.reset()
        self.stage, self.examiner = stage, Examiner(stage)

    def do(self, name, *args):
        before = sum(self.examiner.tally.reverts.values())
        self.examiner.do(Action(name, args))
        assert sum(self.examiner.tally.reverts.values()) == before, (name, args, self.examiner.tally.reverts)

    def hold_prices(self, seconds, **moved):
        self.do("warp", seconds)
        for market, known in self.stage.present.books.markets.items():
            self.do("tick", market, moved.get(f"m{market}", known.price.index // 10**10))

    def walk(self, market, to, percent=4):
        """Small steps, so that the price is believed, then until the average has followed."""
        while (index := self.stage.present.books.markets[market].price.index // 10**10) != to:
            step = index * percent // 100
            self.hold_prices(120, **{f"m{market}": min(max(to, index - step), index + step)})
        while (price := self.stage.present.books.markets[market].price).twap != price.index:
            self.hold_prices(120)

    def open(self, place, market, size):
        self.do("trade", place, place, market, size, ANY, 0)

    def empty_the_insurance(self):
        self.do("request", STAKER, INSURANCE, self.stage.world.ghost.stake(INSURANCE, STAKER).free)
        self.hold_prices(7_201)
        self.hold_prices(301)
        self.do("redeem", STAKER, INSURANCE, self.stage.world.ghost.stake(INSURANCE, STAKER).asked, STAKER)


@pytest.fixture
def play():
    return Play(open_stage())


def test_a_winner_that_owes_gives_no_more_than_it_has(play):
    play.empty_the_insurance()
    play.do("deposit", 2, 2, 10**6 * USD)
    play.do("deposit", 1, 1, 100_000 * USD)
    play.open(1, SHALLOW, 95 * UNIT)
    play.open(2, SHALLOW, 50 * UNIT)
    play.open(1, 1, 14 * UNIT)
    play.walk(SHALLOW, 7_500 * 10**8)
    play.walk(1, 15_000 * 10**8)
    play.open(1, 1, -14 * UNIT)
    assert play.stage.present.books.accounts[1].balance < 0
    play.do("hold", 0, SHALLOW, 2)
    play.do("shut", 0, SHALLOW)
    play.do("resolve", 5, SHALLOW, *EVERYBODY)
    play.do("resolve", 5, SHALLOW, *EVERYBODY)
    assert play.stage.present.books.markets[SHALLOW].cash >= 0


def test_a_side_stops_where_it_could_still_close_alone(play):
    """Beyond it, whoever leaves last could not, and the market could not be shut: at the limit it can."""
    play.walk(SHALLOW, 380 * 10**8, percent=7)
    for _ in range(700):
        play.hold_prices(250)
    for place in (1, 2, 3, 4):
        play.do("deposit", place, place, 600_000 * USD)
    refused = set()
    for _ in range(7):
        for place, side in ((2, -1), (1, 1), (4, -1), (3, 1)):
            step = play.stage.apply(Action("trade", (place, place, SHALLOW, side * 100 * UNIT, ANY, 0)))
            refused |= {step.refusal.error} if step.refusal else set()
    assert refused == {"BandExceeded"}
    m, depth = play.stage.present.books.markets[SHALLOW], play.stage.present.depth(SHALLOW)
    assert depth * 6 // 10 < max(m.long_interest, m.short_interest) <= depth * 3 // 4
    play.hold_prices(120, m2=390 * 10**8)
    play.walk(SHALLOW, 390 * 10**8)
    play.do("hold", 0, SHALLOW, 2)
    play.do("shut", 0, SHALLOW)
    finish(play.stage, RandomDraws(1), SHALLOW)


def crowded(play):
    """The pool of the shallow market is deep in debt to one long."""
    play.do("deposit", 2, 2, 10**6 * USD)
    play.open(2, SHALLOW, 145 * UNIT)
    play.walk(SHALLOW, 8_000 * 10**8)
    m = play.stage.present.books.markets[SHALLOW]
    assert play.stage.present.equity(SHALLOW, m.price.index) < 0


def test_a_pool_that_is_made_whole_by_its_winners_is_not_said_to_be_poor_again(play):
    crowded(play)
    play.do("deleverage", 3, SHALLOW)
    play.do("resolve", 3, SHALLOW, *EVERYBODY)
    play.do("resolve", 3, SHALLOW, *EVERYBODY)
    again = play.stage.apply(Action("deleverage", (3, SHALLOW)))
    assert again.refusal is not None
    assert again.error.error == "PoolSolvent"
    play.do("shut", 0, SHALLOW)


def test_whoever_says_so_in_time_keeps_a_market_from_being_shut(play):
    crowded(play)
    play.do("hold", 0, SHALLOW, 2)
    play.do("deleverage", 3, SHALLOW)
    shut = play.stage.apply(Action("shut", (0, SHALLOW)))
    assert shut.error.error == "MarketNotRestricted"
    play.do("resolve", 3, SHALLOW, *EVERYBODY, *EVERYBODY)
    play.do("shut", 0, SHALLOW)


def lose_between_the_passes(play):
    """Trader 6 wins in a market, is counted there once it is shut, and loses more in the other one."""
    play.open(6, 1, 10 * UNIT)
    play.open(6, SHALLOW, -UNIT)
    play.open(1, SHALLOW, 2 * UNIT)
    play.walk(SHALLOW, 1_900 * 10**8)
    play.do("hold", 0, SHALLOW, 2)
    play.do("shut", 0, SHALLOW)
    play.do("resolve", 5, SHALLOW, 6)
    for price in (46_000, 42_000, 38_000, 37_000, 37_000, 37_000):
        play.do("warp", 301)
        play.do("tick", 1, price * 10**8)


def test_a_loss_elsewhere_between_the_passes_leaves_a_shut_pool_no_debt(play):
    """A winner is counted while it stands in another market, loses more than it has there, and is paid."""
    for provider, shares in ((7, 2_325), (8, 2_425)):
        play.do("request", provider, SHALLOW, shares * 10**26)
        play.hold_prices(3_600)
        play.do("redeem", provider, SHALLOW, shares * 10**26, provider)
    lose_between_the_passes(play)
    play.do("liquidate", 5, 6)
    assert play.stage.present.books.accounts[6].balance < 0
    play.do("resolve", 5, SHALLOW, *EVERYBODY)
    books = play.stage.present.books
    assert books.markets[SHALLOW].cash >= 0 == books.totals.insurance // UNIT
    owed = -books.accounts[6].balance
    assert owed > 0 == books.accounts[6].markets
    play.do("stake", STAKER, INSURANCE, 100_000 * USD)
    play.do("cover", 5, 6)
    assert play.stage.present.books.accounts[6].balance == 0
