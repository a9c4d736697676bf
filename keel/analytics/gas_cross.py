"""An account in eight markets that is to be liquidated, in the world where gas is measured.

Seven more markets like the first, on its feed and its funding model, each with a hub and a pool of its own.
Others hold positions on both sides in all of them.
"""

from typing import Any

from keel.analytics.gas_world import MARKET, PAUSE_SECONDS, GasWorld
from keel.sdk.governance import execute, propose
from keel.sdk.protocol import NO_LIMIT, account_id
from keel.units import parse_wad

_FEED_ONE = 10**8
_TWAP_SECONDS = 301
_BEFORE, _INDEX, _FALLEN = 114_300 * _FEED_ONE, 120_000 * _FEED_ONE, 115_300 * _FEED_ONE
# What the account holds in each market, mostly long, and what another one holds against it.
_SIZES = tuple(parse_wad(size) for size in ("0.8", "0.6", "-0.3", "0.7", "0.5", "-0.2", "0.9", "0.4"))
_OTHER_SIZE = parse_wad("0.1")
_COLLATERAL, _OTHER_COLLATERAL, _POOL = 22_000 * 10**6, 20_000 * 10**6, 10**12

MARKETS = range(MARKET, MARKET + len(_SIZES))


def cross_account(world: GasWorld) -> int:
    """The account in eight markets."""
    return account_id(world.newcomer, 1)


def fall_in_eight_markets(world: GasWorld) -> None:
    """List the markets, open the positions, and let the price fall below what the account can carry."""
    for market in MARKETS[1:]:
        _list(world, market)
    # A first price that jumps, for volatility above its base, and time for the average to follow.
    for answer in (_BEFORE, _INDEX, _INDEX):
        world.chain.warp(_TWAP_SECONDS)
        _update(world, answer)
    world.protocol.fund(world.provider, len(MARKETS) * _POOL)
    for market in MARKETS[1:]:
        _fill_pool(world, market)
    _open(world)
    world.chain.warp(PAUSE_SECONDS)
    _update(world, _FALLEN)
    world.chain.warp(PAUSE_SECONDS)


def _list(world: GasWorld, market: int) -> None:
    chain, protocol, governor = world.chain, world.protocol, world.provider
    config, links = protocol.view("configOf", MARKET)
    cooldown = chain.call(protocol.market_contracts(MARKET).vault, "COOLDOWN")
    name = f"Pool {market}"
    vault = chain.deploy("ShareVault", protocol.core, market, cooldown, name, name, sender=governor)
    feed = chain.call(protocol.hub(MARKET), "feed")
    gate = chain.call(protocol.hub(MARKET), "SEQUENCER")
    hub = chain.deploy("OracleHub", protocol.core, market, feed, gate, sender=governor)
    own = links._replace(vault=vault.address, oracle=hub.address)
    _govern(world, "listMarket", config, own)


def _govern(world: GasWorld, function: str, *arguments: Any) -> None:
    timelock, governor = world.protocol.contracts.timelock, world.chain.accounts[0]
    proposal = propose(world.chain, timelock, world.protocol.core, function, *arguments, sender=governor)
    execute(world.chain, timelock, proposal, governor)


def _update(world: GasWorld, answer: int) -> None:
    world.publish(answer)
    for market in MARKETS:
        world.protocol.update_price(market, world.stranger)


def _fill_pool(world: GasWorld, market: int) -> None:
    chain, provider = world.chain, world.provider
    vault = world.protocol.view("configOf", market).links.vault
    chain.send(world.protocol.contracts.token, "approve", vault, NO_LIMIT, sender=provider)
    chain.send(chain.at("ShareVault", vault), "deposit", _POOL, provider, sender=provider)


def _open(world: GasWorld) -> None:
    protocol, owner, other = world.protocol, world.newcomer, world.depositor
    protocol.deposit(account_id(other), _OTHER_COLLATERAL, other)
    protocol.deposit(cross_account(world), _COLLATERAL, owner)
    for market, size in zip(MARKETS, _SIZES, strict=True):
        protocol.trade(account_id(other), market, -_OTHER_SIZE if size > 0 else _OTHER_SIZE, other)
        protocol.trade(cross_account(world), market, size, owner)
