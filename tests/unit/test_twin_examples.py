"""The worked examples of the documentation."""

import pytest
from ledger_world import FUNDING

from keel.model import curve, funding, layered, liquidation, margin
from keel.model.layered import LayeredFunding
from keel.model.liquidation import Tier
from keel.model.records import Market, Position, SizeTiers
from keel.units import RAY, WAD

BP = WAD // 10_000
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
    b = margin.Brackets(100_000, 200_000, 300_000, 100, 200, 300, 400, 150, 300, 450, 600, 50, 500)
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
