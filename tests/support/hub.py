"""An oracle hub with this test as its core: prices as the sources give them, without a market around them."""

from keel.units import WAD

NOBODY = "0x" + "00" * 20
# minPrice, maxPrice, maxDeviationBps, maxVolatileBps, clampBps.
LIMITS = (WAD, 10**6 * WAD, 150, 2_000, 500)
NEVER = (0, 0, 0, 0, 0)
MARKET = 1


class Hub:
    """A hub over one to three sources."""

    def __init__(self, chain, sources, limits=LIMITS, sequencer=NOBODY):
        self.chain, self.core = chain, chain.accounts[0]
        access = chain.deploy("KeelAccess", self.core)
        self.contract = chain.deploy("OracleHub", self.core, access, sequencer)
        chain.send(self.contract, "setFeed", MARKET, (sources, limits), sender=self.core)

    def peek(self):
        """Price in WAD (0 = none) and defects, now."""
        return tuple(self.chain.call(self.contract, "peek", MARKET))

    def refresh(self, last=NEVER):
        """Take a price as the core does; the receipt's result is what the core would store."""
        return self.chain.send(self.contract, "refresh", MARKET, last, sender=self.core)


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
    word = bytes.fromhex(target.address[2:]).rjust(32, b"\0")
    chain.send_raw(signpost_, word, chain.accounts[0])
