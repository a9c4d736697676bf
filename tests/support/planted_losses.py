"""Faults planted where losses are shared out and where markets end."""

from support.mutants import in_contract as _in
from support.mutants import in_core as _in_core

SHARED = [
    _in(
        "KeelLiquidation",
        "the_first_winner_gives_all",
        "INV-35 INV-38",
        "return profit == 0 ? 0 : Fixed.mulDivCeil(profit, cut, profits);",
        "return profit < cut ? profit : cut + 0 * profits;",
    ),
    _in(
        "KeelLiquidation",
        "a_pool_pays_half_of_its_cap",
        "INV-37 INV-39",
        "uint256 room = cap > lost ? cap - lost : 0;",
        "uint256 room = cap > lost ? (cap - lost) / 2 : 0;",
    ),
    _in_core(
        "who_is_not_through_trades",
        "INV-59",
        "_checkResolved(t.id, t.marketId, t.config.status);",
        "",
    ),
    _in(
        "KeelExtension",
        "a_pool_moves_while_a_loss_is_shared_out",
        "INV-59",
        "if (c.status >= STATUS_RESOLVING && !settled) revert MarketShut(market);",
        "settled;",
    ),
]

ENDED = [
    _in(
        "KeelExtension",
        "a_market_is_shut_at_its_index",
        "INV-35",
        "uint88 price = m.price.twap;",
        "uint88 price = m.price.index;",
    ),
    _in(
        "KeelExtension",
        "owners_of_a_shut_pool_get_nothing",
        "INV-58",
        "bool settled = c.status == STATUS_SHUT && action == Action.PoolRedeem",
        "bool settled = c.status == STATUS_SHUT && action == Action.PoolDeposit",
    ),
]

LOSSES = [*SHARED, *ENDED]
