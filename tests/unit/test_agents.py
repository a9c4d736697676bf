"""Agents decide from a view alone; and the cast is drawn from its seed alone."""

from dataclasses import replace

import pytest

from keel.errors import ConfigError
from keel.evm.chain import DEV_ACCOUNTS
from keel.keepers.actions import AddMargin, InsuranceStake, PoolClaim, PoolDeposit, PoolRequest, Trade
from keel.keepers.snapshot import AccountState, MarketState
from keel.model.validity import Validity
from keel.sim.agents import BasisDesk, Defender, Holder, Provider, Reactor, Staker, View
from keel.sim.cast import draw_cast
from keel.units import WAD

INDEX = 100_000 * WAD
MARKET = MarketState(
    1, INDEX, INDEX, INDEX, 0, 0, 0, Validity.VALID, 0, 0, 1000 * WAD, 0, 0, 0, 0, 0, 0, 0, 0, b"", 300
)


def view(step=10, size=0, entry=INDEX, ratio=5 * WAD, premium=0, past=(INDEX,), **more):
    """An account with `size` base bought at `entry`."""
    account = AccountState(7, 1000 * WAD, 0, 0, 0, ratio, size, size * entry // WAD)
    return View(step, replace(MARKET, index=past[-1], premium=premium), account, past, **more)


def size_of(actions):
    (trade,) = actions
    assert isinstance(trade, Trade)
    assert (trade.account, trade.market) == (7, 1)
    return trade.size


def test_holder_enters_once_in_its_window():
    holder = Holder(7, -50_000 * WAD, enter=10)
    assert holder.decide(view(9)) == []
    assert size_of(holder.decide(view(10))) == -WAD // 2
    assert size_of(holder.decide(view(19))) == -WAD // 2
    assert holder.decide(view(20)) == []
    assert holder.decide(view(10, size=-WAD)) == []


def test_price_limits_are_on_the_side_that_hurts():
    (buy,) = Holder(7, 50_000 * WAD, enter=0).decide(view(0))
    (sale,) = Holder(7, -50_000 * WAD, enter=0).decide(view(0))
    assert (buy.limit_price, sale.limit_price) == (105_000 * WAD, 95_000 * WAD)


@pytest.mark.parametrize(
    ("step", "now", "size", "closes"),
    [
        (59, 100_000, WAD, False),
        (60, 100_000, WAD, True),
        (20, 101_999, WAD, False),
        (20, 102_000, WAD, True),
        (20, 98_000, -WAD, True),
        (20, 97_001, WAD, False),
        (20, 97_000, WAD, True),
        (20, 103_000, -WAD, True),
    ],
)
def test_holder_leaves(step, now, size, closes):
    holder = Holder(7, WAD, enter=0, leave=60, take_bps=200, stop_bps=300)
    actions = holder.decide(view(step, size=size, past=(INDEX, now * WAD)))
    assert (size_of(actions) == -size) if closes else actions == []


def test_defender_adds_margin_until_its_limit():
    defender = Defender(Holder(7, WAD, enter=0), trigger=2 * WAD, tokens=5, limit=1001 * WAD)
    assert defender.decide(view(size=WAD, ratio=2 * WAD - 1)) == [AddMargin(7, 5)]
    assert defender.decide(view(size=WAD, ratio=2 * WAD)) == []
    assert defender.decide(view(size=0, ratio=0)) == []
    assert replace(defender, limit=1000 * WAD).decide(view(size=WAD, ratio=0)) == []


@pytest.mark.parametrize(
    ("follow", "now", "side"),
    [(False, 98_000, 1), (False, 102_000, 0), (True, 98_000, -1), (True, 102_000, 1), (True, 98_001, 0)],
)
def test_reactor(follow, now, side):
    reactor = Reactor(7, INDEX, 3, 200, follow, take_bps=100, stop_bps=100)
    actions = reactor.decide(view(past=(1, INDEX, INDEX, INDEX, now * WAD)))
    assert (size_of(actions) * side > 0) if side else actions == []


def test_reactor_takes_profit():
    reactor = Reactor(7, INDEX, 3, 200, True, take_bps=100, stop_bps=100)
    assert size_of(reactor.decide(view(size=WAD, past=(101_000 * WAD,)))) == -WAD
    assert reactor.decide(view(size=WAD, past=(100_500 * WAD,))) == []


def test_basis_desk_leans_against_the_premium():
    desk = BasisDesk(7, 10_000_000 * WAD, enter_bps=30, exit_bps=8, every=5)
    assert size_of(desk.decide(view(10, premium=WAD // 100))) == -5 * WAD // 2
    assert size_of(desk.decide(view(10, premium=-WAD // 100))) == 5 * WAD // 2
    assert desk.decide(view(11, premium=WAD // 100)) == []
    assert desk.decide(view(10, premium=WAD // 1000)) == []
    assert size_of(desk.decide(view(10, size=-WAD // 2, premium=0))) == WAD // 2
    small = replace(desk, notional=50_000 * WAD)
    assert size_of(small.decide(view(10, premium=WAD // 100))) == -WAD // 2


def test_provider_and_staker():
    provider = Provider(1, 1000, enter=2, leave=5, part_bps=2500)
    assert provider.decide(view(2)) == [PoolDeposit(1, 1000)]
    assert provider.decide(view(5, shares=800)) == [PoolRequest(1, 200)]
    assert provider.decide(view(6, shares=800, claimable=200)) == [PoolClaim(1, 200)]
    assert Staker(9, enter=3).decide(view(3)) == [InsuranceStake(9)]


def test_nobody_acts_without_an_account():
    blind = replace(view(), account=None)
    for agent in (Holder(7, WAD, 0), Reactor(7, WAD, 1, 0, True, 1, 1), BasisDesk(7, WAD, 0, 0, 1)):
        assert agent.decide(blind) == []


def test_cast_depends_on_the_seed_alone():
    cast = draw_cast(1, 30, DEV_ACCOUNTS, 480, 280, 6)
    assert cast == draw_cast(1, 30, DEV_ACCOUNTS, 480, 280, 6)
    assert cast != draw_cast(2, 30, DEV_ACCOUNTS, 480, 280, 6)
    accounts = [player.account for player in cast if player.account is not None]
    assert len(set(accounts)) == len(accounts) == 30


def test_cast_needs_senders():
    with pytest.raises(ConfigError, match="6 accounts"):
        draw_cast(1, 1, DEV_ACCOUNTS[:6], 480, 280, 6)
