"""Twin of `libraries/Fixed.sol` and of what is used of solady's `FixedPointMathLib`.

`exp_wad` and `ln_wad` repeat, digit for digit, the rational approximations in solady's
`src/utils/FixedPointMathLib.sol` (MIT licence; the approximations are by Remco Bloemen, MIT licence).
`floor` is towards minus infinity, `ceil` towards plus infinity, `trunc` towards zero, for either sign.

Products of `mul_div_*` may have 512 bits, as in Solidity. Checked arithmetic goes through `u256` and `i256`,
which refuse where Solidity panics; casts go through `cast`, unchecked arithmetic through `unchecked`.
"""

from math import isqrt

from keel.model.errors import PANIC_DIVISION, PANIC_OVERFLOW, Refused, Truncated

PPM = 10**6

MAX_U256 = 2**256 - 1
MAX_I256 = 2**255 - 1
MIN_I256 = -(2**255)

_EXP_UNDERFLOW = -41446531673892822313
_EXP_OVERFLOW = 135305999368893231589
_LN2_X96 = 54916777467707473351141471128


def u256(value: int) -> int:
    """The value, checked to be what uint256 arithmetic can give."""
    if 0 <= value <= MAX_U256:
        return value
    raise Refused("Panic", PANIC_OVERFLOW)


def i256(value: int) -> int:
    """The value, checked to be what int256 arithmetic can give."""
    if MIN_I256 <= value <= MAX_I256:
        return value
    raise Refused("Panic", PANIC_OVERFLOW)


def checked(value: int, bits: int, *, signed: bool = False) -> int:
    """The value, checked to be what arithmetic on (u)int`bits` can give."""
    if fits(value, bits, signed=signed):
        return value
    raise Refused("Panic", PANIC_OVERFLOW)


def cast(value: int, bits: int = 256, *, signed: bool = False) -> int:
    """The value through an explicit cast to (u)int`bits`, or through unchecked arithmetic.

    Raises:
        Truncated: The contract would go on with another value.
    """
    if fits(value, bits, signed=signed):
        return value
    kind = "int" if signed else "uint"
    raise Truncated(f"{value} does not fit {kind}{bits}", "keep the inputs inside their documented ranges")


def unchecked(value: int) -> int:
    """The value as unchecked int256 arithmetic gives it.

    Raises:
        Truncated: It would have wrapped.
    """
    return cast(value, signed=True)


def safe_cast(value: int, bits: int, *, signed: bool = False) -> int:
    """The value through solady's `SafeCastLib`.

    Raises:
        Refused: `Overflow`.
    """
    if fits(value, bits, signed=signed):
        return value
    raise Refused("Overflow")


def fits(value: int, bits: int, *, signed: bool = False) -> bool:
    """Whether (u)int`bits` holds the value."""
    if signed:
        return -(1 << bits - 1) <= value < 1 << bits - 1
    return 0 <= value < 1 << bits


def div(a: int, b: int) -> int:
    """trunc(a / b), Solidity's division of either sign."""
    if b == 0:
        raise Refused("Panic", PANIC_DIVISION)
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def div_ceil(a: int, d: int) -> int:
    """ceil(a / d) of either sign; floor is Python's own `//`."""
    if d == 0:
        raise Refused("Panic", PANIC_DIVISION)
    return -(-a // d)


def mul_div_floor(a: int, b: int, d: int) -> int:
    """floor(a * b / d) of unsigned factors."""
    return _full(a * b, d) // d


def mul_div_ceil(a: int, b: int, d: int) -> int:
    """ceil(a * b / d) of unsigned factors."""
    rounded = -(-_full(a * b, d) // d)
    if rounded > MAX_U256:
        raise Refused("FullMulDivFailed")
    return rounded


def mul_div_floor_signed(a: int, b: int, d: int) -> int:
    """floor(a * b / d) of a signed factor: -1 * 1 / 2 = -1."""
    return unchecked(mul_div_floor(a, b, d) if a >= 0 else -mul_div_ceil(-a, b, d))


def mul_div_ceil_signed(a: int, b: int, d: int) -> int:
    """ceil(a * b / d) of a signed factor: -1 * 1 / 2 = 0."""
    return unchecked(mul_div_ceil(a, b, d) if a >= 0 else -mul_div_floor(-a, b, d))


def mul_div_trunc_signed(a: int, b: int, d: int) -> int:
    """trunc(a * b / d) of a signed factor: `Fixed.mulDivTrunc`."""
    return unchecked(mul_div_floor(a, b, d)) if a >= 0 else i256(-unchecked(mul_div_floor(i256(-a), b, d)))


def sqrt(x: int) -> int:
    """floor(sqrt(x)) of an unsigned integer."""
    return isqrt(x)


def exp_wad(x: int) -> int:
    """exp(x), WAD to WAD, within one unit of floor; 0 below -41.45.

    Raises:
        Refused: `ExpOverflow`, from 135.306 upwards.
    """
    if x <= _EXP_UNDERFLOW:
        return 0
    if x >= _EXP_OVERFLOW:
        raise Refused("ExpOverflow")
    # From WAD to a binary basis of 2**96, then x = x' + k ln 2 with |x'| <= ln 2 / 2.
    x = div(x << 78, 5**18)
    k = (div(x << 96, _LN2_X96) + 2**95) >> 96
    x -= k * _LN2_X96
    y = x + 1346386616545796478920950773328
    y = ((y * x) >> 96) + 57155421227552351082224309758442
    p = y + x - 94201549194550492254356042504812
    p = ((p * y) >> 96) + 28719021644029726153956944680412240
    p = p * x + (4385272521454847904659076985693276 << 96)
    q = x - 2855989394907223263936484059900
    for term in (
        50020603652535783019961831881945,
        -533845033583426703283633433725380,
        3604857256930695427073651918091429,
        -14423608567350463180887372962807573,
        26449188498355588339934803723976023,
    ):
        q = ((q * x) >> 96) + term
    return (div(p, q) * 3822833074963236453042738258902158003155416615667) >> (195 - k)


def ln_wad(x: int) -> int:
    """ln(x), WAD to WAD, within one unit of floor.

    Raises:
        Refused: `LnWadUndefined`, for zero and below.
    """
    if x <= 0:
        raise Refused("LnWadUndefined")
    # x = 2**k * x' with x' in [1, 2) on a basis of 2**96.
    shift = 256 - x.bit_length()
    k = 159 - shift
    x = (x << shift) >> 159
    p = x + 3273285459638523848632254066296
    for term in (24828157081833163892658089445524, 43456485725739037958740375743393):
        p = ((p * x) >> 96) + term
    p = ((p * x) >> 96) - 11111509109440967052023855526967
    p = ((p * x) >> 96) - 45023709667254063763336534515857
    p = ((p * x) >> 96) - 14706773417378608786704636184526
    p = p * x - (795164235651350426258249787498 << 96)
    q = x + 5573035233440673466300451813936
    for term in (
        71694874799317883764090561454958,
        283447036172924575727196451306956,
        401686690394027663651624208769553,
        204048457590392012362485061816622,
        31853899698501571402653359427138,
        909429971244387300277376558375,
    ):
        q = ((q * x) >> 96) + term
    scaled = 1677202110996718588342820967067443963516166 * div(p, q)
    scaled += 16597577552685614221487285958193947469193820559219878177908093499208371 * k
    scaled += 600920179829731861736702779321621459595472258049074101567377883020018308
    return scaled >> 174


def _full(product: int, d: int) -> int:
    """A 512-bit product, checked to have a 256-bit quotient."""
    if d == 0 or product // d > MAX_U256:
        raise Refused("FullMulDivFailed")
    return product
