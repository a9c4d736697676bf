"""One chain with the harness contract, strategies over the documented ranges, and the comparison itself."""

from collections.abc import Callable
from functools import cache
from typing import Any

from eth_utils.crypto import keccak
from hypothesis import strategies as st

from keel.errors import Reverted
from keel.evm.chain import Contract
from keel.evm.revm import RevmChain
from keel.model.errors import Refused
from keel.units import WAD

INDEX_BITS = 88
DEPTH_BITS = 112
SIZE_BITS = 110
BALANCE_BITS = 126


@cache
def chain() -> RevmChain:
    return RevmChain()


@cache
def harness() -> Contract:
    return chain().deploy("MathHarness")


def agree(function: str, args: tuple[Any, ...], twin: Callable[[], Any]) -> None:
    """Harness and twin give the same values, or refuse for the same reason."""
    compare(lambda: chain().call(harness(), function, *args), twin)


def compare(contract: Callable[[], Any], twin: Callable[[], Any]) -> str | None:
    """Both give the same values, or refuse for the same reason with the same arguments; gives the reason.

    A twin that truncates is an error, since the contract then goes on with a wrong number.
    """
    found, refusal = _outcome(contract)
    expected, expected_refusal = _outcome(twin)
    if expected_refusal is not None:
        assert refusal is not None, f"the twin refuses with {expected_refusal}, the contract gives {found}"
        if refusal.error != _selector(expected_refusal.error):
            reasons = [(r.error, [_plain(value) for value in r.values]) for r in (refusal, expected_refusal)]
            assert reasons[0] == reasons[1]
        return expected_refusal.error
    assert refusal is None, f"the contract refuses with {refusal}, the twin gives {expected}"
    assert found == expected
    return None


def _outcome(call: Callable[[], Any]) -> tuple[Any, Refused | Reverted | None]:
    try:
        return call(), None
    except (Refused, Reverted) as refusal:
        return None, refusal


def _plain(value: Any) -> Any:
    """An argument of an error as both sides may give it."""
    if isinstance(value, str) and value.startswith("0x"):
        return int(value, 16)
    return value.rstrip(b"\0").decode() if isinstance(value, bytes) else value


def _selector(error: str) -> str:
    # Errors that solady raises in assembly are in no ABI.
    return f"0x{keccak(text=f'{error}()')[:4].hex()}"


def magnitudes(bits: int, low: int = 0) -> st.SearchStrategy[int]:
    """Integers below 2**bits, evenly spread over their lengths, and the ends."""
    top = (1 << bits) - 1
    spread = st.integers(0, bits - 1).flatmap(lambda n: st.integers(1 << n, (2 << n) - 1))
    return st.one_of(st.sampled_from([low, low + 1, top]), spread.map(lambda value: max(value, low)))


def signed(bits: int) -> st.SearchStrategy[int]:
    return st.builds(lambda size, negative: -size if negative else size, magnitudes(bits), st.booleans())


def rates(top: int, low: int = 0) -> st.SearchStrategy[int]:
    """Integers of a bounded parameter, both ends included."""
    return st.one_of(st.sampled_from([low, top]), st.integers(low, top))


indices = magnitudes(INDEX_BITS, 1)
depths = magnitudes(DEPTH_BITS, 1)


@st.composite
def curves(draw: st.DrawFn) -> tuple[int, int, int]:
    """Index, depth and a skew that the curve can have: below the depth, above minus the largest size."""
    index, depth = draw(indices), draw(depths)
    share = draw(st.one_of(st.sampled_from([0, WAD * 3 // 4, -WAD * 3 // 4]), st.integers(-2 * WAD, WAD - 1)))
    skew = depth * abs(share) // WAD
    return index, depth, min(skew, depth - 1) if share > 0 else -min(skew, (1 << DEPTH_BITS) - 1)
