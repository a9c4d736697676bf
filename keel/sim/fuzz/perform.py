"""Every action there is, carried out: on the chain, and in what the fuzzer remembers.

Places: senders and accounts are numbers in the cast (see `World`), vaults are market ids or INSURANCE.
Amounts are token units, sizes base WAD, shares 24 decimals; prices that sources are told have 8 decimals.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from keel.sdk.protocol import NO_LIMIT
from keel.sim.fuzz import govern, perform_collateral, perform_losses, perform_shares
from keel.sim.fuzz.action import Done
from keel.sim.fuzz.ghost import INSURANCE, PRICE_UNIT
from keel.sim.fuzz.reader import Touched
from keel.sim.fuzz.world import World

# As a limit price of a trade: none.
ANY_PRICE = -1


class Spec(NamedTuple):
    """An action: how to do it, what it may change, and whether it is a call of the protocol."""

    run: Callable[..., Done]
    touches: Callable[..., Touched]
    protocol: bool = True


def deposit(world: World, sender: int, place: int, tokens: int) -> Done:
    """Add margin to any account."""
    return Done(world.send_core(sender, "deposit", world.ids[place], tokens), paid_in=tokens)


def withdraw(world: World, sender: int, place: int, tokens: int, to: int) -> Done:
    """Take margin out."""
    receipt = world.send_core(sender, "withdraw", world.ids[place], tokens, world.senders[to])
    return Done(receipt, paid_in=-tokens)


def trade(world: World, sender: int, place: int, market: int, size: int, limit: int, deadline: int) -> Done:
    """Trade; `limit` ANY_PRICE is none, `deadline` counts from now."""
    return Done(world.send_core(sender, "trade", *_order(world, place, market, size, limit, deadline)))


def update_trade(
    world: World, sender: int, place: int, market: int, size: int, limit: int, deadline: int
) -> Done:
    """Take a price and trade at it in one call."""
    order = _order(world, place, market, size, limit, deadline)
    receipt = world.send_core(sender, "updateAndTrade", *order)
    world.expect_price(market)
    return Done(receipt)


def set_operator(world: World, sender: int, place: int, operator: int, allowed: int) -> Done:
    """Authorise or dismiss an operator of an account."""
    arguments = (world.ids[place], world.senders[operator], bool(allowed))
    return Done(world.send_core(sender, "setOperator", *arguments))


def accrue(world: World, sender: int, market: int) -> Done:
    """Accrue a market's funding."""
    return Done(world.send_core(sender, "accrue", market))


def update_price(world: World, sender: int, market: int) -> Done:
    """Let the core take a price, and the twin of the hub as well."""
    receipt = world.send_core(sender, "updatePrice", market)
    world.expect_price(market)
    return Done(receipt)


def claim_funding(world: World, sender: int, place: int, market: int) -> Done:
    """Credit an account with its claim on a decided stretch of suspect prices."""
    return Done(world.send_core(sender, "claimFunding", world.ids[place], market))


def publish(world: World, market: int, source: int, price: int) -> Done:
    """Let one source say a price."""
    said, receipt = world.ghost.sources[market][source], None
    if said.price != price * PRICE_UNIT:
        said.price = price * PRICE_UNIT
        receipt = world.send(0, world.sources[market][source], "set", said.price)
    return Done(receipt)


def widen(world: World, market: int, source: int, spread: int) -> Done:
    """Let one source say a confidence."""
    said, receipt = world.ghost.sources[market][source], None
    if said.spread != spread * PRICE_UNIT:
        said.spread = spread * PRICE_UNIT
        receipt = world.send(0, world.sources[market][source], "setSpread", said.spread)
    return Done(receipt)


def fail(world: World, market: int, source: int, way: int) -> Done:
    """Make a source fail in one of its ways, or answer again: way 0."""
    receipt = world.send(0, world.sources[market][source], "fail", way)
    world.ghost.sources[market][source].fault = way
    return Done(receipt)


def tick(world: World, market: int, price: int) -> Done:
    """Let all sources of a market say a price, then update it: what an honest keeper does."""
    for source in range(world.ghost.counts[market]):
        publish(world, market, source, price)
    return update_price(world, 0, market)


def warp(world: World, seconds: int) -> Done:
    """Let time pass."""
    world.chain.warp(seconds)
    return Done()


def donate(world: World, sender: int, tokens: int) -> Done:
    """Send tokens to the core without a call."""
    receipt = world.send(sender, world.token, "transfer", world.core.address, tokens)
    return Done(receipt, donated=tokens)


def multicall(world: World, sender: int, place: int, market: int, tokens: int, size: int, out: int) -> Done:
    """Deposit, trade, accrue and withdraw in one transaction; a zero leaves that step out."""
    account, encode = world.ids[place], world.encode_core
    calls = [encode("deposit", account, tokens)] if tokens else []
    if size:
        calls.append(encode("trade", *_order(world, place, market, size, ANY_PRICE, 0)))
    calls.append(encode("accrue", market))
    if out:
        calls.append(encode("withdraw", account, out, world.owner(place)))
    return Done(world.send_core(sender, "multicall", calls), paid_in=tokens - out)


def permit(world: World, sender: int, tokens: int) -> Done:
    """A permit with a worthless signature, which must be ignored."""
    return Done(world.send_core(sender, "permit", tokens, NO_LIMIT, 27, bytes(32), bytes(32)))


def _order(world: World, place: int, market: int, size: int, limit: int, deadline: int) -> tuple[int, ...]:
    price = (NO_LIMIT if size > 0 else 0) if limit == ANY_PRICE else limit
    return world.ids[place], market, size, price, world.chain.timestamp() + deadline


def _account(_world: World, _sender: int, place: int, *_rest: int) -> Touched:
    return Touched(accounts=(place,), tokens=True)


def _position(_world: World, _sender: int, place: int, market: int, *_rest: int) -> Touched:
    return Touched((place,), ((place, market),), (market,), insurance=True)


def _multicall(_world: World, _sender: int, place: int, market: int, *_rest: int) -> Touched:
    return Touched((place,), ((place, market),), (market,), tokens=True)


def _claim(_world: World, _sender: int, place: int, market: int) -> Touched:
    return Touched((place,), ((place, market),), (market,), insurance=True)


def _market(_world: World, _sender: int, market: int, *_rest: int) -> Touched:
    return Touched(markets=(market,))


def _price(_world: World, market: int, _answer: int) -> Touched:
    return Touched(markets=(market,))


def _vault(_world: World, _sender: int, vault: int, *_rest: int) -> Touched:
    return Touched(markets=() if vault == INSURANCE else (vault,), tokens=True)


def _tokens(_world: World, *_args: int) -> Touched:
    return Touched(tokens=True)


def _nothing(_world: World, *_args: int) -> Touched:
    return Touched()


PERFORM: Mapping[str, Spec] = MappingProxyType(
    {
        "deposit": Spec(deposit, _account),
        "withdraw": Spec(withdraw, _account),
        "trade": Spec(trade, _position),
        "update_trade": Spec(update_trade, _position),
        "multicall": Spec(multicall, _multicall),
        "liquidate": Spec(perform_losses.liquidate, perform_losses.liquidation),
        "liquidate_batch": Spec(perform_losses.liquidate_batch, perform_losses.liquidation),
        "unwind": Spec(perform_losses.unwind, perform_losses.unwound),
        "resolve": Spec(perform_losses.resolve, perform_losses.resolved),
        "deleverage": Spec(perform_losses.deleverage, _market),
        "collateral_deposit": Spec(perform_collateral.deposit, perform_collateral.holding),
        "collateral_withdraw": Spec(perform_collateral.withdraw, perform_collateral.holding),
        "collateral_buy": Spec(perform_collateral.buy, perform_collateral.holding),
        "cover": Spec(perform_collateral.cover, perform_collateral.account),
        "update_kind": Spec(perform_collateral.update_kind, perform_collateral.governed),
        "tick_kind": Spec(perform_collateral.tick_kind, perform_collateral.ticked),
        "set_terms": Spec(perform_collateral.set_terms, perform_collateral.governed),
        "set_kind_feed": Spec(perform_collateral.set_kind_feed, perform_collateral.governed),
        "set_operator": Spec(set_operator, _nothing),
        "accrue": Spec(accrue, _market),
        "update_price": Spec(update_price, _market),
        "claim_funding": Spec(claim_funding, _claim),
        "tick": Spec(tick, _price),
        "stake": Spec(perform_shares.stake, _vault),
        "mint": Spec(perform_shares.mint, _vault),
        "request": Spec(perform_shares.request, _nothing),
        "redeem": Spec(perform_shares.redeem, _vault),
        "cancel": Spec(perform_shares.cancel, _nothing),
        "stake_operator": Spec(perform_shares.stake_operator, _nothing),
        "transfer_shares": Spec(perform_shares.transfer_shares, _nothing),
        "permit": Spec(permit, _nothing),
        "restrict": Spec(govern.restrict, _market),
        "lift": Spec(govern.lift, _market),
        "hold": Spec(govern.hold, _market),
        "reopen": Spec(govern.reopen, _market),
        "shut": Spec(govern.shut, _market),
        "set_market": Spec(govern.set_market, _market),
        "set_model": Spec(govern.set_model, _market),
        "set_tiers": Spec(govern.set_tiers, _market),
        "set_hub": Spec(govern.set_hub, _market),
        "set_feed": Spec(govern.set_feed, _market),
        "intrude": Spec(govern.intrude, _tokens),
        "donate": Spec(donate, _tokens, protocol=False),
        "publish": Spec(publish, _nothing, protocol=False),
        "widen": Spec(widen, _nothing, protocol=False),
        "fail": Spec(fail, _nothing, protocol=False),
        "publish_kind": Spec(perform_collateral.publish_kind, _nothing, protocol=False),
        "widen_kind": Spec(perform_collateral.widen_kind, _nothing, protocol=False),
        "fail_kind": Spec(perform_collateral.fail_kind, _nothing, protocol=False),
        "warp": Spec(warp, _nothing, protocol=False),
    }
)
