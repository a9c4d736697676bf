"""Twins of the structs in `contracts/types`: the same fields in the same order, names in snake_case.

State (`Market`, `Account`, `Position`) is mutable, as the contract's working copies are; everything else is
frozen. `parse` reads any of them from the named tuple that a chain returns.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import IntEnum
from functools import cache
from typing import Any, TypeVar, get_type_hints

from keel.model.validity import Price, Validity

T = TypeVar("T")


@dataclass(slots=True)
class Account:
    """Settlement balance, other collateral and open markets of one account.

    Attributes:
        balance: Quote WAD, int120; negative while realised losses wait for liquidation, or are backed by
            other collateral.
        collateral: Kinds of other collateral that the account holds, bit `kind - 1` each.
        markets: Packed set of market ids, see `market_set`.
    """

    balance: int = 0
    collateral: int = 0
    markets: int = 0


@dataclass(slots=True)
class Position:
    """One account's position in one market.

    Attributes:
        size: Base WAD, long positive.
        escrowed: Whether it settled a part of its market's escrow: the account has a claim then.
        notional: Quote paid for `size`, WAD, same sign.
        longs_paid: `Market.longs_paid` at the last settlement.
        shorts_paid: `Market.shorts_paid` at the last settlement.
    """

    size: int = 0
    escrowed: bool = False
    notional: int = 0
    longs_paid: int = 0
    shorts_paid: int = 0


@dataclass(slots=True)
class Market:
    """The moving state of a market.

    Attributes:
        long_interest: Sum of long sizes, base WAD; `short_interest` that of short sizes, positive.
        accrued_at: Time up to which funding is accrued, seconds.
        open_notional: Sum of all positions' signed notionals, quote WAD (N).
        cash: Pool cash, quote WAD (C).
        longs_paid: Funding index of what longs paid, RAY quote per base (U).
        shorts_paid: Funding index of what shorts paid, RAY quote per base (W).
        funding_state: State of the funding model, 32 bytes.
        shares: Pool shares, 24 decimals (S).
        stress: Distance of the funding rate from its slow mean, beyond two standard deviations, in eighths
            of one, at most 32.
        ramp: Multiplier of the maintenance margin, 1e-6: follows that of the initial margin slowly.
        funding_clearing: Funding collected minus credited, quote WAD.
        price: Stored price.
    """

    long_interest: int = 0
    short_interest: int = 0
    accrued_at: int = 0
    open_notional: int = 0
    cash: int = 0
    longs_paid: int = 0
    shorts_paid: int = 0
    funding_state: bytes = bytes(32)
    shares: int = 0
    stress: int = 0
    ramp: int = 0
    funding_clearing: int = 0
    price: Price = field(default_factory=Price)

    @property
    def skew(self) -> int:
        """Net trader position (q), base WAD."""
        return self.long_interest - self.short_interest


@dataclass(frozen=True, slots=True)
class Brackets:
    """Marginal margin brackets over position value, and liquidation penalties.

    Attributes:
        limit1: Upper end of the first bracket, whole quote units; `limit2`, `limit3` those of the next two.
        maintenance1: Maintenance rate inside the first bracket, bps; non-decreasing to `maintenance4`.
        initial1: Initial rate inside the first bracket, bps; non-decreasing to `initial4`.
        penalty_min_bps: Liquidation penalty on closed value at margin ratio 1.
        penalty_max_bps: Liquidation penalty on closed value at margin ratio 0.
    """

    limit1: int
    limit2: int
    limit3: int
    maintenance1: int
    maintenance2: int
    maintenance3: int
    maintenance4: int
    initial1: int
    initial2: int
    initial3: int
    initial4: int
    penalty_min_bps: int
    penalty_max_bps: int


@dataclass(frozen=True, slots=True)
class SizeTiers:
    """Marginal weights of what a position pays in funding: 1 up to the first limit; all zero: no tiers.

    Attributes:
        limit1: Upper end of the first tier, base WAD; `limit2` that of the second.
        weight2_ppm: Weight inside the second tier, at least 1e6.
        weight3_ppm: Weight beyond the second tier, at least that of the second.
    """

    limit1: int = 0
    limit2: int = 0
    weight2_ppm: int = 0
    weight3_ppm: int = 0


@dataclass(frozen=True, slots=True)
class MarketConfig:
    """What a trade reads besides the market state.

    Attributes:
        funding_model: Address of the funding model.
        taker_fee_ppm: Taker fee on notional.
        deviation_fee_ppm: Surcharge of immediate fills that covers the feed's deviation threshold.
        insurance_fee_share_ppm: Insurance share of fees.
        max_side_ppm: Largest value of one side's open interest over pool equity.
        hedge_percent: Part of the margin that nets between opposite positions.
        depth_per_share: Curve depth per whole pool share, base WAD (kappa).
        max_exposure_ppm: Largest net position value over pool equity.
        max_skew_ppm: Largest net position over depth (qMax).
        target_bps: Margin ratio after a partial liquidation (12500 = 1.25).
        base_sigma_bps: Volatility at which the initial margin multiplier is one.
        fresh_seconds: Price age up to which new risk is taken.
        stale_seconds: Price age up to which reductions and liquidations fill.
        heartbeat_seconds: Time after a stored price over which funding still accrues.
        min_notional: Smallest open position, whole quote units.
        status: 0 unlisted, 1 open, 2 reduce only, 3 closed (also to exits of liquidity), 4 resolving, 5 shut.
        brackets: Margin brackets and liquidation penalties.
        tiers: Size tiers of funding.
    """

    funding_model: str
    taker_fee_ppm: int
    deviation_fee_ppm: int
    insurance_fee_share_ppm: int
    max_side_ppm: int
    hedge_percent: int
    depth_per_share: int
    max_exposure_ppm: int
    max_skew_ppm: int
    target_bps: int
    base_sigma_bps: int
    fresh_seconds: int
    stale_seconds: int
    heartbeat_seconds: int
    min_notional: int
    status: int
    brackets: Brackets
    tiers: SizeTiers = SizeTiers()


@dataclass(frozen=True, slots=True)
class MarketLinks:
    """What only cold paths read.

    Attributes:
        vault: Share vault of the market's pool, the only caller of its pool functions.
        keeper_share_bps: Keeper share of the liquidation penalty.
        window_ppm: Value that liquidations may push through the curve in five minutes, over its depth.
        loss_cap_ppm: What the pool pays for debts in a day, over its equity.
        oracle: Source of prices.
    """

    vault: str
    keeper_share_bps: int
    window_ppm: int
    loss_cap_ppm: int
    oracle: str


@dataclass(slots=True)
class Escrow:
    """Funding of one stretch of suspect prices in a market, until a good price confirms or rejects it.

    Attributes:
        period: Number of this period, from 1; 0 = there was none yet.
        longs_paid: What longs would have paid in this period, RAY quote per base; zero when it begins.
        shorts_paid: What shorts would have paid.
        pool_due: What the pool would have received, quote WAD, each accrual floor.
        low: Lowest suspect index of this period, WAD; `high` the highest.
        claims: Claims of all periods that are not taken out yet.
        reserve: Quote WAD that accounts paid in and have not claimed yet, of this period and of earlier ones.
    """

    period: int = 0
    longs_paid: int = 0
    shorts_paid: int = 0
    pool_due: int = 0
    low: int = 0
    high: int = 0
    claims: int = 0
    reserve: int = 0


@dataclass(slots=True)
class EscrowClaim:
    """What one account has in a market's escrow.

    Attributes:
        period: Period of the claim; 0 = none.
        forfeited: Whether the account went bankrupt since: then the claim belongs to the insurance.
        paid: What the account paid into the reserve, quote WAD, ceil, with the surplus of its size tiers.
        received: What waits for it, quote WAD, floor.
        surplus: Part of `paid` that its size tiers added.
        longs_paid: Index of longs in the escrow up to which the claim counts; `shorts_paid` that of shorts.
    """

    period: int = 0
    forfeited: bool = False
    paid: int = 0
    received: int = 0
    surplus: int = 0
    longs_paid: int = 0
    shorts_paid: int = 0


class EscrowOutcome(IntEnum):
    """What became of a period."""

    OPEN = 0
    REJECTED = 1
    CONFIRMED = 2


@dataclass(frozen=True, slots=True)
class Health:
    """Equity and requirements of an account, quote WAD, funding up to now included.

    Attributes:
        equity: Balance plus profit and loss at the index, floor.
        equity_worse: The same with each position at the worse of TWAP and index less its spread, floor.
        equity_better: What liquidation goes by: `equity`, with a doubtful or volatile price moved in the
            account's favour, floor.
        withdrawable: `equity_worse` without unrealised profit.
        initial: Initial margin with its multipliers, hedges netted, ceil.
        maintenance: Maintenance margin at the index with its ramped multiplier, hedges netted, ceil.
        initial_common: Part of `initial` that a move common to all markets explains, signed: positive,
            falling markets hurt. `initial` holds its size.
        maintenance_common: The same of `maintenance`.
        worst: Worst price validity among the account's markets.
    """

    equity: int = 0
    equity_worse: int = 0
    equity_better: int = 0
    withdrawable: int = 0
    initial: int = 0
    maintenance: int = 0
    initial_common: int = 0
    maintenance_common: int = 0
    worst: Validity = Validity.VALID


def parse(kind: type[T], values: Iterable[Any]) -> T:
    """Read a record from its values in order of declaration, nested records included."""
    members = _members(kind)  # type: ignore[arg-type]
    return kind(*(_member(member, value) for member, value in zip(members, values, strict=True)))


@cache
def _members(kind: Any) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    return tuple(hints[member.name] for member in fields(kind))


def _member(kind: Any, value: Any) -> Any:
    if hasattr(kind, "__dataclass_fields__"):
        return parse(kind, value)
    return kind(value)
