"""What `World` compares after every call: all that is stored, and on demand all that is told."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from twin_harness import compare

from keel.model.cold_records import Resolution, ResolutionMark
from keel.model.multiplier import ONE, initial
from keel.model.records import Escrow, EscrowClaim, Health, Market, parse
from keel.model.validity import Action

if TYPE_CHECKING:
    from ledger_world import World


def check(world: World) -> None:
    """Every stored number is the same on both sides, and the books add up."""
    twin = world.twin
    for market in world.markets:
        m = twin.markets[market]
        assert parse(Market, _ask(world, "marketOf", market)) == m
        assert tuple(_ask(world, "windowOf", market)) == twin.window_of(world.now, market)
        assert tuple(_ask(world, "lossesOf", market)) == twin.losses_of(world.now, market)
        assert parse(Resolution, _ask(world, "resolutionOf", market)) == twin.resolution_of(market)
        assert _ask(world, "configOf", market).config.status == twin.configs[market].status
        assert parse(Escrow, _ask(world, "escrowOf", market)) == twin.escrow_of(market)
        world.stresses.add(m.stress)
        world.seen["ramp on its way"] += ONE < m.ramp < initial(m, twin.configs[market])
    for account in world.accounts():
        mine = twin.accounts[account]
        assert tuple(_ask(world, "accountOf", account)) == astuple(mine)
        for market in world.markets:
            position = twin.positions.get((account, market))
            expected = astuple(position) if position else (0, False, 0, 0, 0)
            assert tuple(_ask(world, "positionOf", account, market)) == expected
            if twin.resolution_of(market).number:
                mark = parse(ResolutionMark, _ask(world, "resolutionMarkOf", account, market))
                assert mark == twin.resolution_mark_of(account, market)
            claim, outcome = _ask(world, "escrowClaimOf", account, market)
            assert (parse(EscrowClaim, claim), outcome) == twin.escrow_claim_of(account, market)
    assert world.gifts or twin.accounts[world.backstop].balance == 0
    assert _ask(world, "insurance")[:2] == (twin.insurance_assets, twin.insurance_shares)
    assert _ask(world, "booked") == twin.booked_tokens
    assert twin.claims() == twin.booked_tokens * twin.token_scale


def check_views(world: World) -> None:
    """Health, accrued markets, equities and previews are the same on both sides, or refused alike."""
    twin, now = world.twin, world.now
    for account in world.accounts():
        for action in (Action.ADD_MARGIN, Action.OPEN):
            compare(
                lambda account=account, action=action: parse(
                    Health, _ask(world, "healthFor", account, action)
                ),
                lambda account=account, action=action: twin.health_for(now, account, action),
            )
    for market in world.markets:
        assert parse(Market, _ask(world, "marketNow", market)) == twin.market_now(now, market)
        compare(
            lambda market=market: tuple(_ask(world, "poolEquity", market)),
            lambda market=market: twin.pool_equity(now, market),
        )
        compare(
            lambda market=market: _ask(world, "previewPoolMint", market, 10**24),
            lambda market=market: twin.preview_pool_mint(now, market, 10**24),
        )
    assert tuple(_ask(world, "insuranceEquity")) == twin.insurance_equity(now)
    if twin.insurance_equity(now)[1]:
        assert _ask(world, "previewInsuranceDeposit", 10**6) == twin.preview_insurance_deposit(now, 10**6)
        assert _ask(world, "previewInsuranceMint", 10**24) == twin.preview_insurance_mint(now, 10**24)
    shares = twin.insurance_shares // 3
    assert _ask(world, "previewInsuranceRedeem", shares) == twin.preview_insurance_redeem(now, shares)


def _ask(world: World, function: str, *args: Any) -> Any:
    return world.chain.call(world.core, function, *args)
