"""Gas of every operation: `gasUsed` of a whole transaction on a node, with all state cold.

Each figure is one transaction of its own (21,000 + calldata + execution - refund), sent from the same
snapshot, so that storage and accounts are cold as EIP-2929 counts them. In all of them the token has 6
decimals and an infinite allowance, others hold positions on both sides, funding has
accrued for 30 seconds since the market was touched last, and the stored price is fresh (a price update is a
row of its own, unless the operation says `with_price`). What each operation does, beyond that:

    deposit_fresh           the account's first margin, paid by its owner
    deposit_repeat          more margin for an account that has some
    open_fresh              0.1 BTC long; the account has collateral and never traded
    open_short_fresh        0.1 BTC short; the same account
    increase                0.05 BTC more on a long of 0.1 BTC
    reduce                  0.05 BTC less
    reverse                 to a short of 0.1 BTC in one trade
    close                   all 0.1 BTC; position and market leave the account
    withdraw_with_position  1,000 quote to the owner, while the long is open
    liquidate_partial       a trim: about a quarter of a 1 BTC long; the keeper has a balance
    liquidate_full          all of it, margin ratio below 0.5, no bad debt; the keeper has a balance
    liquidate_eight         a part of one of eight positions, of an account in eight markets (see gas_cross)
    liquidate_on_collateral as liquidate_partial, of an account with other collateral (see gas_collateral)
    increase_on_collateral  as increase, of an account with other collateral
    deposit_collateral      more of a kind that the account has, its price taken as in price_update
    withdraw_collateral     a part of it to the owner, while a long is open
    buy_collateral          what heals an unhealthy account, its price taken as in price_update
    poke_funding            accrue alone
    price_update            one Chainlink source; the feed's answer has changed, the observation ring is full
    price_update_three      as price_update, on the median of three Chainlink sources
    pool_deposit            by a provider who has shares
    pool_redeem             claim of a whole request after the cooldown; provider and others keep shares
    trade_same_block        increase, where another transaction accrued the market in the same block
    open_with_price         updateAndTrade as open_fresh, price as in price_update
    increase_with_price     updateAndTrade as increase
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keel.analytics import gas_collateral as held
from keel.analytics.gas_cross import cross_account, fall_in_eight_markets
from keel.analytics.gas_world import MARKET, PAUSE_SECONDS, GasWorld
from keel.evm.chain import Chain, Receipt
from keel.sdk.anvil import Anvil
from keel.sdk.protocol import NO_LIMIT, account_id
from keel.sdk.web3chain import Web3Chain
from keel.units import parse_wad

_TOKENS = 1_000 * 10**6
_OPEN, _STEP, _REVERSE = parse_wad("0.1"), parse_wad("0.05"), parse_wad("-0.2")
_REQUESTED = 10**28
# Index at which the thin account's margin ratio is inside [0.8, 1), and inside (0, 0.5).
_TRIM_PRICE, _CLOSE_PRICE = 117_000, 116_000


def _idle(world: GasWorld) -> None:
    """Nothing to prepare."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One measured transaction.

    Attributes:
        act: Sends it.
        prepare: What happens before, in other transactions.
    """

    act: Callable[[GasWorld], Receipt]
    prepare: Callable[[GasWorld], None] = _idle


def _deposit(who: str) -> Callable[[GasWorld], Receipt]:
    def act(world: GasWorld) -> Receipt:
        owner: str = getattr(world, who)
        return world.protocol.deposit(account_id(owner), _TOKENS, owner)

    return act


def _trade(who: str, size: int) -> Callable[[GasWorld], Receipt]:
    def act(world: GasWorld) -> Receipt:
        owner: str = getattr(world, who)
        return world.protocol.trade(account_id(owner), MARKET, size, owner)

    return act


def _trade_with_price(who: str, size: int) -> Callable[[GasWorld], Receipt]:
    def act(world: GasWorld) -> Receipt:
        owner: str = getattr(world, who)
        order = (account_id(owner), MARKET, size, NO_LIMIT, NO_LIMIT)
        return world.chain.send(world.protocol.core, "updateAndTrade", *order, sender=owner)

    return act


def _withdraw(world: GasWorld) -> Receipt:
    owner = world.subject
    return world.protocol.withdraw(account_id(owner), _TOKENS, owner, owner)


def _liquidate(world: GasWorld) -> Receipt:
    return world.protocol.liquidate(account_id(world.thin), world.keeper)


def _liquidate_cross(world: GasWorld) -> Receipt:
    return world.protocol.liquidate(cross_account(world), world.keeper)


def _accrue(world: GasWorld) -> Receipt:
    return world.protocol.accrue(MARKET, world.stranger)


def _accrue_first(world: GasWorld) -> None:
    _accrue(world)


def _pool_deposit(world: GasWorld) -> Receipt:
    return world.protocol.pool_deposit(MARKET, _TOKENS, world.provider)


def _pool_redeem(world: GasWorld) -> Receipt:
    return world.protocol.pool_redeem(MARKET, _REQUESTED, world.provider)


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "deposit_fresh": Operation(_deposit("depositor")),
        "deposit_repeat": Operation(_deposit("newcomer")),
        "open_fresh": Operation(_trade("newcomer", _OPEN)),
        "open_short_fresh": Operation(_trade("newcomer", -_OPEN)),
        "increase": Operation(_trade("subject", _STEP)),
        "reduce": Operation(_trade("subject", -_STEP)),
        "reverse": Operation(_trade("subject", _REVERSE)),
        "close": Operation(_trade("subject", -_OPEN)),
        "withdraw_with_position": Operation(_withdraw),
        "liquidate_partial": Operation(_liquidate, lambda world: world.crash(_TRIM_PRICE)),
        "liquidate_full": Operation(_liquidate, lambda world: world.crash(_CLOSE_PRICE)),
        "liquidate_eight": Operation(_liquidate_cross, fall_in_eight_markets),
        "liquidate_on_collateral": Operation(held.liquidate_on_collateral, held.fall_on_collateral),
        "increase_on_collateral": Operation(_trade("subject", _STEP), held.pledge),
        "deposit_collateral": Operation(held.deposit_collateral, held.pledge),
        "withdraw_collateral": Operation(held.withdraw_collateral, held.pledge),
        "buy_collateral": Operation(held.buy_collateral, held.fall_on_collateral),
        "poke_funding": Operation(_accrue),
        "price_update": Operation(GasWorld.update_price, GasWorld.next_price),
        "price_update_three": Operation(GasWorld.update_price, GasWorld.next_median),
        "pool_deposit": Operation(_pool_deposit),
        "pool_redeem": Operation(_pool_redeem, GasWorld.cool_down),
        "trade_same_block": Operation(_trade("subject", _STEP), _accrue_first),
        "open_with_price": Operation(_trade_with_price("newcomer", _OPEN), GasWorld.next_price),
        "increase_with_price": Operation(_trade_with_price("subject", _STEP), GasWorld.next_price),
    }
)


def measure(chain: Chain) -> dict[str, int]:
    """Gas of every operation on a fresh chain that counts gas as a node does.

    Raises:
        Reverted: An operation no longer works as it is set up here.
    """
    world = GasWorld(chain)
    gas: dict[str, int] = {}
    for name, operation in OPERATIONS.items():
        taken = chain.snapshot()
        chain.warp(PAUSE_SECONDS)
        operation.prepare(world)
        gas[name] = operation.act(world).gas_used
        chain.revert(taken)
    return gas


def measure_on_node() -> dict[str, int]:
    """`measure` on a private anvil."""
    with Anvil() as node:
        return measure(Web3Chain(node.url))
