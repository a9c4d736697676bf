"""Deleverage: what insurance and pool may not pay, the market's winners give back in proportion to profit."""

from dataclasses import dataclass
from itertools import permutations

import pytest
from support.bench import MARKET, PRICE, make_bench, rolled_back

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.sdk.protocol import account_id
from keel.units import WAD

OPEN, REDUCE_ONLY, RESOLVING = 1, 2, 4
NONE, COUNTING, APPLYING = 0, 1, 2
# One fall that is not volatile, and deeper than a margin of two percent.
FALLEN = PRICE * 940 // 1000
LOSS_CAP = "0.001"


@dataclass
class Crowd:
    """A market in which one long goes bankrupt beyond insurance and cap, and three shorts win.

    Attributes:
        bench: Protocol and people.
        winners: Account ids of the shorts, who win unlike amounts.
        losers: Account ids of the other longs.
        broken: The bankrupt long.
    """

    bench: object
    winners: list
    losers: list
    broken: int

    @property
    def everybody(self):
        return [*self.winners, *self.losers]


def _join(bench, owner, margin, size):
    bench.protocol.fund(owner, margin * bench.one)
    bench.protocol.deposit(account_id(owner), margin * bench.one, owner)
    bench.trade(owner, size)
    return account_id(owner)


@pytest.fixture(scope="module")
def world():
    settings = load_deployment()
    market = settings.markets[0].model_copy(update={"loss_cap": LOSS_CAP, "deviation_fee": "0"})
    bench = make_bench(settings.model_copy(update={"markets": (market,)}))
    extra = bench.chain.accounts[7:10]
    bench.settle_price(PRICE)
    winners = [account_id(bench.rival)]
    winners += [_join(bench, who, 20_000, -size * WAD) for who, size in zip(extra[:2], (2, 3), strict=True)]
    broken = _join(bench, extra[2], 17_000, 11 * WAD)
    return Crowd(bench, winners, [account_id(bench.trader)], broken)


@pytest.fixture
def crowd(world):
    with rolled_back(world.bench.chain):
        yield world


def break_one(crowd, price=FALLEN):
    """Let the long go bankrupt; gives the receipt of its liquidation."""
    crowd.bench.later()
    crowd.bench.price(price)
    return crowd.bench.protocol.liquidate(crowd.broken, crowd.bench.keeper)


def resolution(crowd):
    return crowd.bench.protocol.view("resolutionOf", MARKET)


def status(crowd):
    return crowd.bench.protocol.view("configOf", MARKET).config.status


def equity(crowd, account):
    return crowd.bench.protocol.view("healthOf", account).equity


def profit(crowd, account, price):
    held = crowd.bench.protocol.view("positionOf", account, MARKET)
    return held.size * price // WAD - held.notional


def resolve(crowd, *accounts):
    return crowd.bench.protocol.resolve(MARKET, accounts, crowd.bench.stranger)


def refused(error, act):
    with pytest.raises(Reverted) as caught:
        act()
    assert caught.value.error == error


def owed(crowd):
    """All that the core owes: accounts, pool, clearing, insurance; quote WAD."""
    view, core = crowd.bench.protocol.view, crowd.bench.core.address
    owners = [*crowd.bench.chain.accounts[:10], core]
    m = view("marketOf", MARKET)
    balances = sum(view("accountOf", account_id(owner)).balance for owner in owners)
    return balances + m.cash + m.fundingClearing + view("insurance").assets + view("escrowOf", MARKET).reserve


def test_the_waterfall_in_its_order(crowd):
    """Insurance to zero, the pool to its cap, and the rest is left to the winners: 3 events, exact sums."""
    protocol = crowd.bench.protocol
    insured = protocol.view("insurance").assets
    receipt = break_one(crowd)
    covered, left = receipt.event("BadDebtCovered").args, receipt.event("DeficitLeft").args
    lost, cap = protocol.view("lossesOf", MARKET)
    assert covered["fromInsurance"] >= insured
    assert protocol.view("insurance").assets == 0
    # The pool's equity grew by the liquidation; its cap is a thousandth of what it was when it paid.
    assert covered["fromPool"] == lost
    assert 0 <= lost - cap < 30 * WAD
    assert left["amount"] > 0
    r = resolution(crowd)
    assert (r.stage, r.number, r.price, r.deficit) == (COUNTING, 1, FALLEN * WAD, left["amount"])
    m = protocol.view("marketOf", MARKET)
    assert (r.longLeft, r.shortLeft) == (m.longInterest, m.shortInterest)
    assert status(crowd) == RESOLVING
    assert owed(crowd) == protocol.view("booked") * protocol.view("TOKEN_SCALE")


def test_each_profit_gives_in_proportion(crowd):
    """Worked from the contract's own numbers: cut_i = ceil(deficit * profit_i / profits)."""
    break_one(crowd)
    r = resolution(crowd)
    gains = {a: profit(crowd, a, r.price) for a in crowd.winners}
    assert all(gain > 0 for gain in gains.values())
    assert profit(crowd, crowd.losers[0], r.price) < 0
    resolve(crowd, *crowd.everybody)
    counted = resolution(crowd)
    assert counted.stage == APPLYING
    assert counted.profits == sum(gains.values())
    assert counted.cut == r.deficit
    before = {a: equity(crowd, a) for a in crowd.everybody}
    pool = crowd.bench.protocol.market(MARKET).equity
    resolve(crowd, *crowd.everybody)
    given = {a: before[a] - equity(crowd, a) for a in crowd.everybody}
    total = sum(gains.values())
    assert given[crowd.losers[0]] == 0
    for account, gain in gains.items():
        assert given[account] == -(-r.deficit * gain // total)
        assert given[account] <= gain
    # The pool gets back what it had advanced, and at most a wei per winner more.
    assert crowd.bench.protocol.market(MARKET).equity - pool == sum(given.values())
    assert 0 <= sum(given.values()) - r.deficit < len(gains)
    assert resolution(crowd).stage == NONE
    assert status(crowd) == REDUCE_ONLY
    assert owed(crowd) == crowd.bench.protocol.view("booked") * crowd.bench.protocol.view("TOKEN_SCALE")


def test_the_order_changes_nobodys_result(crowd):
    break_one(crowd)
    results = set()
    for order in permutations(crowd.everybody):
        with rolled_back(crowd.bench.chain):
            for account in (*order, *reversed(order)):
                if resolution(crowd).stage != NONE:
                    resolve(crowd, account)
            assert resolution(crowd).stage == NONE
            results.add(tuple(equity(crowd, account) for account in crowd.everybody))
    assert len(results) == 1


def test_no_position_is_closed_for_it(crowd):
    break_one(crowd)
    view = crowd.bench.protocol.view
    sizes = [view("positionOf", account, MARKET).size for account in crowd.everybody]
    skew = crowd.bench.protocol.market(MARKET).skew
    resolve(crowd, *crowd.everybody)
    resolve(crowd, *crowd.everybody)
    assert [view("positionOf", account, MARKET).size for account in crowd.everybody] == sizes
    assert crowd.bench.protocol.market(MARKET).skew == skew


def test_winners_wait_until_they_gave_and_losers_only_until_they_are_counted(crowd):
    """Nobody leaves before a known loss; and nobody waits for others longer than the count."""
    break_one(crowd)
    bench, (first, *_), loser = crowd.bench, crowd.winners, crowd.losers[0]
    close_winner = lambda: bench.trade(bench.rival, WAD // 10)  # noqa: E731
    close_loser = lambda: bench.trade(bench.trader, -WAD // 10)  # noqa: E731
    refused("Unresolved", close_winner)
    refused("Unresolved", close_loser)
    resolve(crowd, first, loser)
    close_loser()
    refused("Unresolved", close_winner)
    resolve(crowd, *crowd.winners[1:])
    refused("Unresolved", close_winner)
    resolve(crowd, first)
    close_winner()
    refused("MarketReduceOnly", lambda: bench.trade(bench.trader, WAD // 10))


def test_margin_can_be_added_and_money_withdrawn_meanwhile(crowd):
    break_one(crowd)
    bench = crowd.bench
    bench.protocol.deposit(crowd.winners[0], bench.one, bench.rival)
    bench.protocol.withdraw(crowd.winners[0], bench.one, bench.rival, bench.rival)


def test_the_pool_stands_still_meanwhile(crowd):
    break_one(crowd)
    bench = crowd.bench
    refused("MarketShut", lambda: bench.protocol.pool_deposit(MARKET, bench.one, bench.provider))
    assert status(crowd) == RESOLVING
    resolve(crowd, *crowd.everybody)
    resolve(crowd, *crowd.everybody)
    bench.protocol.pool_deposit(MARKET, bench.one, bench.provider)


def test_who_has_nothing_to_do_is_passed_over(crowd):
    refused("NothingToResolve", lambda: resolve(crowd, *crowd.everybody))
    break_one(crowd)
    nobody = account_id(crowd.bench.stranger)
    assert resolve(crowd, nobody, crowd.broken, *crowd.winners).result == len(crowd.winners)
    assert resolve(crowd, *crowd.winners).result == 0
    assert resolution(crowd).stage == COUNTING


def test_more_than_all_profits_stays_with_the_pool(crowd):
    """A deficit beyond the winners' profits: they give all of it, no more, and the pool keeps the rest."""
    bench = crowd.bench
    for _ in range(3):
        bench.later(301)
        bench.price(PRICE)
    for owner, account in zip(bench.chain.accounts[7:9], crowd.winners[1:], strict=True):
        held = bench.protocol.view("positionOf", account, MARKET).size
        bench.trade(owner, -held)
    break_one(crowd, PRICE * 9 // 10)
    r = resolution(crowd)
    rest = [crowd.winners[0], *crowd.losers]
    gain = profit(crowd, rest[0], r.price)
    assert gain < r.deficit
    receipt = resolve(crowd, *rest)
    told = receipt.event("ResolutionCounted").args
    assert (told["profits"], told["cut"], told["socialised"]) == (gain, gain, r.deficit - gain)
    resolve(crowd, *rest)
    assert profit(crowd, rest[0], r.price) == 0
    assert status(crowd) == REDUCE_ONLY
