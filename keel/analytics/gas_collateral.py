"""Accounts with other collateral than the settlement token, in the world where gas is measured.

The first kind of the local preset; its hub's ring of observations is full, like that of the market.
"""

from keel.analytics.gas_world import MARKET, PAUSE_SECONDS, RING, GasWorld
from keel.evm.chain import Receipt
from keel.sdk.protocol import account_id
from keel.units import WAD, parse_wad

_KIND, _ANSWER = 1, 3_000 * 10**8
_HELD, _STEP = 2 * WAD, parse_wad("0.2")
# With 1.25 of the kind, what a long of one BTC needs at the volatility of that moment.
_MARGIN, _PLEDGED = 4_000 * 10**6, parse_wad("1.25")
# Index at which its margin ratio is inside [0.8, 1).
_SALE_PRICE = 115_300


def pledge(world: GasWorld) -> None:
    """The subject adds the kind to its margin and its long; others keep some, too."""
    _price_kind(world)
    for owner in (world.subject, world.stranger):
        world.protocol.fund_collateral(owner, _KIND, 2 * _HELD)
        world.protocol.collateral_deposit(account_id(owner), _KIND, _HELD, owner)
    world.chain.warp(PAUSE_SECONDS)


def fall_on_collateral(world: GasWorld) -> None:
    """A long of one BTC, most of its margin in the kind, below maintenance; the keeper has some of it."""
    pledge(world)
    owner, account = world.depositor, account_id(world.depositor)
    world.protocol.fund_collateral(owner, _KIND, _PLEDGED)
    world.protocol.collateral_deposit(account, _KIND, _PLEDGED, owner)
    world.protocol.deposit(account, _MARGIN, owner)
    world.protocol.trade(account, MARKET, WAD, owner)
    world.protocol.fund_collateral(world.keeper, _KIND, WAD)
    world.chain.warp(PAUSE_SECONDS)
    world.protocol.collateral_update(_KIND, world.stranger)
    world.crash(_SALE_PRICE)


def deposit_collateral(world: GasWorld) -> Receipt:
    """More of a kind that the account has; takes the kind's price."""
    return world.protocol.collateral_deposit(account_id(world.subject), _KIND, _STEP, world.subject)


def withdraw_collateral(world: GasWorld) -> Receipt:
    """Part of it, while the long is open."""
    owner = world.subject
    return world.protocol.collateral_withdraw(account_id(owner), _KIND, _STEP, owner, owner)


def buy_collateral(world: GasWorld) -> Receipt:
    """What heals the account, by the keeper; takes the kind's price."""
    return world.protocol.collateral_buy(account_id(world.depositor), _KIND, world.keeper)


def liquidate_on_collateral(world: GasWorld) -> Receipt:
    """As `liquidate_partial`, of an account with a kind."""
    return world.protocol.liquidate(account_id(world.depositor), world.keeper)


def _price_kind(world: GasWorld) -> None:
    """Fill the ring, and have both prices of this moment."""
    protocol, stranger = world.protocol, world.stranger
    world.observe(
        lambda: protocol.collateral_publish(_KIND, _ANSWER, stranger),
        lambda: protocol.collateral_update(_KIND, stranger),
        RING + 1,
    )
    world.next_price()
    world.update_price()
