"""The worked examples of the documentation."""

from dataclasses import replace

import pytest
from ledger_world import FUNDING, market_config

from keel.model import curve, funding, layered, liquidation, margin
from keel.model.layered import LayeredFunding
from keel.model.ledger import Ledger, account_id
from keel.model.liquidation import Tier
from keel.model.records import Brackets, Market, MarketLinks, Position, SizeTiers
from keel.model.validity import Price
from keel.units import RAY, WAD

BP = WAD // 10_000
MODEL, OTHER = (f"0x{n:040x}" for n in (1, 2))
TIERS = SizeTiers(100 * WAD, 500 * WAD, 1_250_000, 1_500_000)


def test_600_quote_buy_37_5_base_at_16_and_leave_the_mark_at_25_6() -> None:
    index, depth = 10 * WAD, 100 * WAD
    size = curve.size_for(index, depth, 0, 600 * WAD)
    assert size == 375 * WAD // 10
    assert curve.cost(index, depth, 0, size) == 600 * WAD
    assert curve.mark(index, depth, size) == 256 * WAD // 10
    assert curve.premium(depth, size) == 156 * WAD // 100


@pytest.mark.parametrize(
    ("premium", "target"), [(20, "16.03"), (56, "65.87"), (100, "157.0"), (200, "596.9")]
)
def test_layered_vectors(premium: int, target: str) -> None:
    found = layered.premium_target(FUNDING, premium * BP, FUNDING.interest)
    places = len(target.split(".")[1])
    assert round(found / BP, places) == float(target)


def test_layered_target_is_odd_around_the_interest() -> None:
    above = layered.convex(FUNDING, 56 * BP)
    assert above == -layered.convex(FUNDING, -56 * BP) > 0
    assert layered.convex(FUNDING, 5 * BP) == 0


@pytest.mark.parametrize(("sigma", "interest"), [(30, 100), (60, 100), (90, 150), (180, 300), (600, 500)])
def test_interest_grows_with_volatility_up_to_its_cap(sigma: int, interest: int) -> None:
    assert layered.interest(FUNDING, 0, sigma * WAD // 100) == interest * BP // 100


@pytest.mark.parametrize(
    ("utilization", "rate"), [(0, 0), (40, 100), (80, 200), (90, 1200), (100, 2200), (200, 2200)]
)
def test_skew_rate_has_a_kink(utilization: int, rate: int) -> None:
    assert layered.skew_target(FUNDING, utilization * WAD // 100) == rate * BP // 100
    assert layered.skew_target(FUNDING, -utilization * WAD // 100) == -rate * BP // 100


@pytest.mark.parametrize(("index", "payment"), [(51_000, "5.10"), (60_000, "6.00")])
def test_one_basis_point_for_eight_hours(index: int, payment: str) -> None:
    state = layered.encode(*(layered.from_rate(rate) for rate in (BP, BP, 0)))
    _, integral, _ = LayeredFunding(FUNDING).accrue(funding.FundingInput(state=state, elapsed=28_800))
    assert integral == 10**23
    market = Market(longs_paid=integral * index)
    paid = int(payment.replace(".", "")) * WAD // 100
    assert funding.due(market, SizeTiers(), Position(size=WAD)) == (paid, 0, 0)
    assert funding.due(market, SizeTiers(), Position(size=-WAD)) == (0, paid, 0)


def test_the_payer_rounds_up_and_the_receiver_down() -> None:
    market = Market(longs_paid=RAY // 3)
    assert funding.due(market, SizeTiers(), Position(size=1)) == (1, 0, 0)
    assert funding.due(market, SizeTiers(), Position(size=-1)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("size", "weight"), [(0, 0), (100, 100), (104, 105), (500, 600), (700, 900), (1_000, 1_350)]
)
def test_700_units_weigh_900(size: int, weight: int) -> None:
    assert funding.weighted(TIERS, size * WAD) == weight * WAD


def test_a_weight_is_never_less_than_exact() -> None:
    """A unit beyond the first tier weighs 5/4, so four of them weigh five and one weighs two."""
    assert funding.weighted(TIERS, 100 * WAD + 1) == 100 * WAD + 2
    assert funding.weighted(TIERS, 100 * WAD + 4) == 100 * WAD + 5


def test_only_the_payer_pays_by_tiers() -> None:
    """700 units at 0.25 pay 225, of it 50 beyond their size; the other side receives 175."""
    market = Market(longs_paid=RAY // 4)
    assert funding.due(market, TIERS, Position(size=700 * WAD)) == (225 * WAD, 0, 50 * WAD)
    assert funding.due(market, TIERS, Position(size=-700 * WAD)) == (0, 175 * WAD, 0)


def test_close_fraction_of_84_6_percent() -> None:
    fraction = liquidation.close_fraction(Tier.DELEVERAGE, 9 * WAD, 20 * WAD, 20 * WAD, 7 * WAD)
    assert round(fraction / WAD, 3) == 0.846
    assert fraction == -(-11 * WAD // 13)
    assert liquidation.close_fraction(Tier.TRIM, 9 * WAD, 20 * WAD, 20 * WAD, 7 * WAD) == WAD // 4
    assert liquidation.close_fraction(Tier.CLOSE, 9 * WAD, 20 * WAD, 20 * WAD, 7 * WAD) == WAD


def test_bracket_example() -> None:
    b = Brackets(100_000, 200_000, 300_000, 100, 200, 300, 400, 150, 300, 450, 600, 50, 500)
    assert margin.maintenance(b, 150_000 * WAD) == 2_000 * WAD
    assert margin.maintenance(b, 400_000 * WAD) == 10_000 * WAD
    assert margin.initial(b, 150_000 * WAD) == 3_000 * WAD
    assert margin.maintenance(b, 0) == 0
    assert margin.maintenance(b, 1) == 1


@pytest.mark.parametrize(
    ("ratio", "tier", "bps"),
    [
        (100, Tier.HEALTHY, 50),
        (99, Tier.TRIM, 54.5),
        (80, Tier.TRIM, 140),
        (50, Tier.DELEVERAGE, 275),
        (0, Tier.CLOSE, 500),
    ],
)
def test_tiers_and_penalties(ratio: int, tier: Tier, bps: float) -> None:
    assert liquidation.tier(ratio * WAD // 100) == tier
    assert liquidation.penalty_rate(ratio * WAD // 100, 50, 500) == bps * WAD


@pytest.mark.parametrize(("hedge", "chosen"), [(40, 3), (0, 1)])
def test_a_hedge_is_not_broken_up_first(hedge: int, chosen: int) -> None:
    """10 long, 10 short and 7 long at 2,000, 2 % maintenance, 1.25 wanted, 0.8 % least penalty.

    Hedged by 40 %, the first two free 240 + 0 - 160 = 80 each, worth 100 - 160; the third frees 280, worth
    350 - 112. Without hedges the first frees 400, worth 500 - 160. In pools so deep the curve costs nothing.
    """
    ledger, account = Ledger(1, {MODEL: LayeredFunding(FUNDING)}), account_id(MODEL)
    flat = Brackets(10**6, 10**6, 10**6, *[200] * 4, *[400] * 4, 80, 600)
    for market, size in enumerate((10 * WAD, -10 * WAD, 7 * WAD), 1):
        percent = 0 if market == 3 else hedge
        config = replace(market_config(MODEL), brackets=flat, hedge_percent=percent, depth_per_share=WAD)
        ledger.list_market(1, config, MarketLinks(MODEL, 0, 10_000, 50_000, MODEL))
        ledger.store_price(1, market, Price(2_000 * WAD, 2_000 * WAD, at=1))
        ledger.pool_deposit(1, MODEL, market, 10**12 * WAD)
        ledger.positions[account, market] = Position(size, notional=2_000 * size)
        m = ledger.markets[market]
        m.long_interest, m.short_interest = max(size, 0), max(-size, 0)
        m.open_notional = 2_000 * size
        ledger.accounts[account].markets |= market << 16 * (market - 1)
    maintenance = (1_080 if hedge == 0 else 760) * WAD
    assert ledger.health_of(1, account).maintenance == maintenance
    ledger.accounts[account].balance = maintenance - 1
    market, size, _ = ledger.liquidate(1, OTHER, account)
    assert (market, size) == (chosen, -(7 if chosen == 3 else 10) * WAD // 4)
