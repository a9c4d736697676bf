"""Twin of `collateral/CollateralMath.sol`, and the arithmetic of a sale.

Prices are WAD quote per whole token; amounts are token units, `unit` of them to the whole.
"""

from typing import NamedTuple

from keel.model.cold_records import CollateralTerms
from keel.model.errors import Refused
from keel.model.fixed import cast, div_ceil, mul_div_ceil, u256
from keel.model.liquidation import margin_ratio
from keel.model.records import Health
from keel.model.validity import Defect, Price
from keel.units import BPS, WAD

# Time over which a higher haircut reaches maintenance: the rule cannot liquidate by itself.
HAIRCUT_RAMP = 604_800
# Debt up to this part of what the collateral counts for waits.
DEBT_BPS = 100
MAX_KINDS = 8
MAX_DECIMALS = 18
MAX_HAIRCUT = 9_000

_MAX_FRESH = 3_600
_PRICE_BITS = 88


class Worth(NamedTuple):
    """What collateral counts for, quote WAD, floor, haircuts taken.

    Attributes:
        value: At the index.
        worse: For new risk and withdrawals; 0 where the price is not good or below the floor.
        better: For liquidation, a doubtful or volatile price moved in the account's favour.
    """

    value: int
    worse: int
    better: int


def haircut(before: int, target: int, elapsed: int) -> int:
    """Haircut of maintenance, bps, floor: a lower one counts at once, a higher one comes over a week.

    Args:
        before: Haircut that it comes from, bps.
        target: Haircut that it goes to, bps.
        elapsed: Since it began, seconds.
    """
    if target <= before or elapsed >= HAIRCUT_RAMP:
        return target
    return before + (target - before) * elapsed // HAIRCUT_RAMP


def value_of(tokens: int, unit: int, price: int, haircut_bps: int) -> int:
    """Value of an amount after a haircut, quote WAD, floor."""
    return u256(tokens * price * (BPS - haircut_bps)) // (unit * BPS)


def prices(price: Price, floor: int, ceiling: int) -> tuple[int, int, int]:
    """The prices that count, WAD, none above the ceiling.

    Returns:
        The index; the worse of TWAP and index less its spread (ceil), 0 below the floor; for liquidation,
        where the index is in doubt, the better of TWAP and index plus its spread, but not the TWAP of a grace
        period.
    """
    doubt = div_ceil(price.index * price.spread_bps, BPS)
    worse = min(cast(price.index - doubt), price.twap)
    if worse < floor:
        worse = 0
    better = price.index
    if price.flags & (Defect.UNCERTAIN | Defect.VOLATILE):
        better += doubt
        if not price.flags & Defect.SEQUENCER_GRACE:
            better = max(better, price.twap)
    return min(price.index, ceiling), min(worse, ceiling), min(better, ceiling)


def fair_of(price: Price) -> int:
    """The price of a sale before its discount, WAD: the better of index and TWAP."""
    return max(price.index, price.twap)


def healing(missing: int, debt: int, counted: int, discount_bps: int, haircut_bps: int) -> int:
    """Settlement tokens that an unhealthy account needs, quote WAD, ceil.

    At least the debt; at most what lets the balance carry everything alone.

    Args:
        missing: Equity below maintenance, quote WAD.
        debt: Of its balance, quote WAD.
        counted: What its collateral counts for, quote WAD.
        discount_bps: Of the sale, at most the haircut.
        haircut_bps: Of maintenance.
    """
    amount = u256(missing + counted)
    if discount_bps < haircut_bps:
        amount = min(amount, mul_div_ceil(missing, BPS - discount_bps, haircut_bps - discount_bps))
    return max(amount, debt)


def discount(least_bps: int, haircut_bps: int, ratio: int) -> int:
    """Discount of a sale, bps, floor: grows to the haircut as the margin ratio (WAD) falls from 1 to 0."""
    grown = haircut_bps * max(WAD - ratio, 0) // WAD
    return min(max(grown, least_bps), haircut_bps)


def sale(health: Health, balance: int, worth: Worth, least_bps: int, haircut_bps: int) -> tuple[int, int]:
    """What a sale may bring an account.

    Args:
        health: Of the account, for liquidation.
        balance: Its settlement balance, quote WAD.
        worth: Of all its collateral.
        least_bps: Least discount of the kind.
        haircut_bps: Of maintenance, of the kind.

    Returns:
        Settlement tokens, quote WAD; discount, bps.

    Raises:
        Refused: `NothingToSell`, from a healthy account whose debt is small.
    """
    debt = max(-balance, 0)
    # Without positions nobody is in a hurry.
    ratio = margin_ratio(health.equity_better, health.maintenance) if health.maintenance else WAD
    discount_bps = discount(least_bps, haircut_bps, ratio)
    if health.equity_better >= health.maintenance:
        allowed = u256(worth.value * DEBT_BPS) // BPS
        if debt <= allowed:
            raise Refused("NothingToSell", debt, allowed)
        return debt, discount_bps
    missing = health.maintenance - health.equity_better
    return healing(missing, debt, worth.better, discount_bps, haircut_bps), discount_bps


def priced(
    price: Price, unit: int, settlement_scale: int, amount: int, discount_bps: int, most: int
) -> tuple[int, int]:
    """Tokens for at most `amount`, at the better of index and TWAP less the discount.

    Args:
        price: Of the kind, valid.
        unit: Token units to the whole.
        settlement_scale: WAD per unit of the settlement token.
        amount: Quote WAD.
        discount_bps: Of the sale.
        most: Most token units.

    Returns:
        Token units bought, ceil; what they cost in units of the settlement token, ceil.
    """
    scale, asked = unit * BPS, fair_of(price) * (BPS - discount_bps)
    bought = min(most, mul_div_ceil(amount, scale, asked))
    return bought, div_ceil(div_ceil(u256(bought * asked), scale), settlement_scale)


def check_terms(terms: CollateralTerms) -> None:
    """Refuse terms out of their bounds; whether the hub serves the kind is not looked at.

    Raises:
        Refused: `TermOutOfBounds`.
    """
    within("haircutBps", terms.haircut_bps, 100, MAX_HAIRCUT)
    within("discountBps", terms.discount_bps, 1, terms.haircut_bps)
    within("freshSeconds", terms.fresh_seconds, 1, _MAX_FRESH)
    within("ceiling", terms.ceiling, 1, 2**_PRICE_BITS - 1)
    within("floor", terms.floor, 0, terms.ceiling)


def within(name: str, given: int, low: int, high: int) -> None:
    """Refuse what is outside `low .. high`.

    Raises:
        Refused: `TermOutOfBounds`.
    """
    if not low <= given <= high:
        raise Refused("TermOutOfBounds", name, given, low, high)
