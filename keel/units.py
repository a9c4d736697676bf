"""Fixed-point units, and exact conversion between them and what people write.

Inside, every quantity is an integer: WAD for prices, sizes and ratios, the token's own unit for amounts
that move. Text and `Decimal` exist only at the human edge. Conversions are exact, or say which way they
round; floats are refused, because the float written 0.1 is not one tenth.
"""

import re
from decimal import Decimal
from typing import Literal

from keel.errors import DataError

WAD = 10**18
RAY = 10**27
BPS = 10_000

WAD_DECIMALS = 18

# 10**77 is the largest power of ten that a 256-bit word holds.
_MAX_DECIMALS = 77
_NUMBER = re.compile(r"([+-]?)([0-9]+(?:_[0-9]+)*)(?:\.([0-9]+))?")

Rounding = Literal["exact", "floor", "ceil", "trunc"]


def parse_units(value: str | int | Decimal, decimals: int) -> int:
    """Convert a number as people write it to an integer with that many decimals.

    Args:
        value: Plain decimal text (`"-1_000.25"`, no exponent), a whole number, or a Decimal.
        decimals: Decimals of the unit, 0 to 77.

    Raises:
        DataError: The value is not a plain number, or has more decimals than the unit can hold.
    """
    one = _one(decimals)
    match = _NUMBER.fullmatch(_plain(value))
    if match is None:
        raise DataError(f"{value!r} is not a plain decimal number", "write it like 1234.5 or -0.01")
    sign, whole, fraction = match.group(1), match.group(2), (match.group(3) or "").rstrip("0")
    if len(fraction) > decimals:
        raise DataError(f"{value!s} has more than {decimals} decimals", "round it before passing it on")
    magnitude = int(whole) * one + int(fraction.ljust(decimals, "0") or "0")
    return -magnitude if sign == "-" else magnitude


def format_units(amount: int, decimals: int) -> str:
    """Write an integer with that many decimals as plain text: no exponent, no trailing zeros, exact."""
    whole, fraction = divmod(abs(amount), _one(decimals))
    digits = f"{fraction:0{decimals}d}".rstrip("0") if fraction else ""
    return f"{'-' if amount < 0 else ''}{whole}{'.' if digits else ''}{digits}"


def parse_wad(value: str | int | Decimal) -> int:
    """Convert a number as people write it to WAD, exactly; see `parse_units`."""
    return parse_units(value, WAD_DECIMALS)


def format_wad(wad: int) -> str:
    """Write a WAD as plain text, exactly; `parse_wad` is its inverse."""
    return format_units(wad, WAD_DECIMALS)


def wad_to_decimal(wad: int) -> Decimal:
    """The exact Decimal value of a WAD, whatever the active decimal context."""
    return Decimal(format_wad(wad))


def rescale(amount: int, from_decimals: int, to_decimals: int, rounding: Rounding = "exact") -> int:
    """Express an amount in a unit with other decimals.

    Args:
        amount: Signed integer with `from_decimals` decimals.
        from_decimals: Decimals of the given unit, 0 to 77.
        to_decimals: Decimals of the wanted unit, 0 to 77.
        rounding: Towards minus infinity (`floor`), plus infinity (`ceil`), zero (`trunc`); or `exact`, no
            rounding.

    Raises:
        DataError: `exact` was asked for and the amount does not fit the wanted unit.
    """
    old, new = _one(from_decimals), _one(to_decimals)
    if new >= old:
        return amount * (new // old)
    quotient, rest = divmod(amount, old // new)
    if rest == 0 or rounding == "floor":
        return quotient
    if rounding == "exact":
        text = format_units(amount, from_decimals)
        raise DataError(f"{text} has more than {to_decimals} decimals", "choose floor, ceil or trunc")
    return quotient + 1 if rounding == "ceil" or amount < 0 else quotient


def token_to_wad(amount: int, token_decimals: int) -> int:
    """Token units to WAD; exact, so a token with more than 18 decimals may be refused."""
    return rescale(amount, token_decimals, WAD_DECIMALS)


def wad_to_token(wad: int, token_decimals: int, rounding: Rounding = "exact") -> int:
    """WAD to token units: `floor` for what the protocol pays out, `ceil` for what it takes in."""
    return rescale(wad, WAD_DECIMALS, token_decimals, rounding)


def _plain(value: str | int | Decimal) -> str:
    if isinstance(value, bool | float):
        raise DataError(f"{value!r} is a {type(value).__name__}", "pass text, an int or a Decimal")
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > 2 * _MAX_DECIMALS:
            raise DataError(f"{value} is out of range", "pass a finite number")
        return format(value, "f")
    return str(value).strip()


def _one(decimals: int) -> int:
    """The whole unit, 10 to the power of its decimals."""
    if not 0 <= decimals <= _MAX_DECIMALS:
        raise DataError(f"{decimals} decimals", f"use 0 to {_MAX_DECIMALS}")
    return int(10**decimals)
