"""An oracle hub with this test as its core: prices as the sources give them, without a market around them."""

from enum import IntFlag
from typing import NamedTuple

from keel.evm.chain import NOBODY, Contract
from keel.units import WAD

MARKET = 1
# minPrice, maxPrice, maxDeviationBps, maxConfidenceBps, maxVolatileBps, clampBps.
LIMITS = (WAD, 10**6 * WAD, 150, 100, 2_000, 500)


class Defect(IntFlag):
    """Flags of a stored price, as ValidityLadder numbers them."""

    SHORT_TWAP = 1
    UNCERTAIN = 2
    VOLATILE = 4
    SEQUENCER_GRACE = 8
    INVALID = 16
    SEQUENCER_DOWN = 32


class Price(NamedTuple):
    """The stored price of a market, see types/Market.sol."""

    index: int = 0
    twap: int = 0
    sigma: int = 0
    spread_bps: int = 0
    at: int = 0
    flags: int = 0


_BITS = Price(88, 88, 24, 16, 32, 8)


def pack(price):
    """A price in one word, low bits first."""
    word, shift = 0, 0
    for value, bits in zip(price, _BITS, strict=True):
        word |= value << shift
        shift += bits
    return word


def unpack(word):
    """The price of a word."""
    values = []
    for bits in _BITS:
        values.append(word % 2**bits)
        word >>= bits
    return Price(*values)


class Hub:
    """A hub over one to three sources.

    Attributes:
        stored: What its core would have stored, as `refresh` leaves it.
    """

    def __init__(self, chain, sources, limits=LIMITS, sequencer=NOBODY):
        self.chain, self.core, self.stored = chain, chain.accounts[0], Price()
        self.contract = chain.deploy("OracleHub", self.core, MARKET, (sources, limits), sequencer)

    def peek(self):
        """Price and spread in WAD (0 = none) and defects, now."""
        return tuple(self.chain.call(self.contract, "peek"))

    def seen(self):
        """Price in WAD (0 = none) and defects, now."""
        price, _, flags = self.peek()
        return price, flags

    def refresh(self):
        """Take a price as the core does, and store it; gives the receipt."""
        done = self.chain.send(self.contract, "refresh", pack(self.stored), sender=self.core)
        self.stored = unpack(done.result)
        return done

    def ladder(self):
        """Whether the reference stands in, and since when both agree."""
        return tuple(self.chain.call(self.contract, "ladder"))


def code_that_answers(chain, *answers, otherwise):
    """Deploy code that answers some calls with a byte each, and runs `otherwise` (hex) on any other.

    Args:
        chain: Where.
        answers: Pairs of selector (hex) and byte.
        otherwise: What else it does, such as `BURN`.
    """
    head, tail = 5 + 10 * len(answers), b""
    body = bytes.fromhex(otherwise)
    code = bytes.fromhex("5f3560e01c")
    for selector, word in answers:
        place = head + len(body) + len(tail)
        code += b"\x80\x63" + bytes.fromhex(selector) + b"\x14\x60" + bytes([place]) + b"\x57"
        tail += b"\x5b\x60" + bytes([word]) + bytes.fromhex("5f5260205ff3")
    code += body + tail
    creation = bytes([0x60, len(code), 0x60, 11, 0x5F, 0x39, 0x60, len(code), 0x5F, 0xF3, 0x00]) + code
    return chain.create(creation, chain.accounts[0])


# INVALID takes all gas that there is; the bombs are 200,000 bytes long.
BURN = "fe"
REVERT_BOMB = "62030d405ffd"
RETURN_BOMB = "62030d405ff3"
EMPTY = "00"
DECIMALS = "313ce567"


def signpost(chain, target):
    """Deploy an address that leads to another one, as the proxy of a feed does; `point` turns it."""
    code = bytes.fromhex(
        "36602014602257"  # 32 bytes of calldata: a new target
        "365f5f375f5f365f5f5f545af13d5f5f3e601e573d5ffd5b3d5ff3"  # else forward, and pass the answer back
        "5b5f355f5500"
    )
    creation = bytes([0x60, len(code), 0x60, 11, 0x5F, 0x39, 0x60, len(code), 0x5F, 0xF3, 0x00]) + code
    made = chain.create(creation, chain.accounts[0])
    point(chain, made, target)
    return made


def point(chain, signpost_, target):
    """Lead to another target from now on."""
    word = bytes.fromhex(getattr(target, "address", target)[2:]).rjust(32, b"\0")
    chain.send_raw(signpost_, word, chain.accounts[0])


def with_gas(chain, contract, gas):
    """A contract behind code that passes calldata on with that much gas, and passes the answer back."""
    target = bytes.fromhex(contract.address[2:])
    code = (
        bytes.fromhex("365f5f37")  # CALLDATACOPY(0, 0, CALLDATASIZE)
        + bytes.fromhex("5f5f365f5f73")
        + target
        + b"\x62"
        + gas.to_bytes(3, "big")
        + bytes.fromhex("f1")  # CALL(gas, it, 0, 0, CALLDATASIZE, 0, 0)
        + bytes.fromhex("3d5f5f3e")  # RETURNDATACOPY(0, 0, RETURNDATASIZE)
    )
    code += bytes([0x60, len(code) + 6, 0x57]) + bytes.fromhex("3d5ffd") + bytes.fromhex("5b3d5ff3")
    creation = bytes([0x60, len(code), 0x60, 11, 0x5F, 0x39, 0x60, len(code), 0x5F, 0xF3, 0x00]) + code
    return Contract(contract.name, chain.create(creation, chain.accounts[0]), contract.abi)
