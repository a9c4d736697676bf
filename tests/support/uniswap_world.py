"""Uniswap v3 as published: factory, pool, position manager and router, over two tokens of ours."""

from dataclasses import dataclass, field
from math import isqrt

from support.external import uniswap

FEE, SPACING, MAX_TICK = 3_000, 60, 887_220
FOREVER = 2**64
PLENTY = 10**40


@dataclass
class Pool:
    """A pool of two tokens; `base` and `quote` are told apart by us, token0 and token1 by their addresses.

    Attributes:
        chain: Where it lives.
        decimals: Decimals of base and quote.
        base_first: Whether base is token0.
        ticks: Time and tick of the beginning and of every swap, for an average by other means.
    """

    chain: object
    decimals: tuple[int, int] = (18, 6)
    base_first: bool = True
    ticks: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self):
        chain, self.owner = self.chain, self.chain.accounts[0]
        self.base, self.quote = (chain.deploy("MockToken", one) for one in self.decimals)
        while (int(self.base.address, 16) < int(self.quote.address, 16)) != self.base_first:
            self.quote = chain.deploy("MockToken", self.decimals[1])
        first, second = (self.base, self.quote) if self.base_first else (self.quote, self.base)
        self.tokens = first, second
        factory = uniswap("UniswapV3Factory").deploy(chain)
        pair = first.address, second.address, FEE
        self.contract = uniswap("UniswapV3Pool").at(self._send(factory, "createPool", *pair).result)
        # Any contract stands for wrapped ether: these pools have none.
        self.manager = uniswap("NonfungiblePositionManager").deploy(chain, factory, factory, factory)
        self.router = uniswap("SwapRouter").deploy(chain, factory, factory)
        for token in self.tokens:
            self._send(token, "mint", self.owner, PLENTY)
            for spender in (self.manager, self.router):
                self._send(token, "approve", spender, PLENTY)

    def begin(self, price):
        """Start at this many whole quote per whole base."""
        base, quote = 10 ** self.decimals[0], price * 10 ** self.decimals[1]
        over, under = (quote, base) if self.base_first else (base, quote)
        return self.begin_at(isqrt((over << 192) // under))

    def begin_at(self, root):
        """Start at this square root of token1 per token0, times 2^96."""
        self._send(self.contract, "initialize", root)
        self._note()
        return self

    def room(self, observations):
        """Make room for so many observations."""
        self._send(self.contract, "increaseObservationCardinalityNext", observations)
        return self

    def provide(self, base, quote):
        """Liquidity over the full range, whole tokens; gives the position's id and its liquidity."""
        amounts = base * 10 ** self.decimals[0], quote * 10 ** self.decimals[1]
        first, second = amounts if self.base_first else amounts[::-1]
        pair = (*(token.address for token in self.tokens), FEE)
        fields = (*pair, -MAX_TICK, MAX_TICK, first, second, 0, 0, self.owner, FOREVER)
        made = self._send(self.manager, "mint", fields).result
        return made.tokenId, made.liquidity

    def withdraw(self, position, liquidity):
        """Take liquidity out."""
        self._send(self.manager, "decreaseLiquidity", (position, liquidity, 0, 0, FOREVER))

    def swap(self, token, amount):
        """Sell an amount of one of the tokens, its own units; gives what it bought."""
        other = self.quote if token is self.base else self.base
        route = token.address, other.address, FEE, self.owner, FOREVER, amount, 0, 0
        bought = self._send(self.router, "exactInputSingle", route).result
        self._note()
        return bought

    @property
    def tick(self):
        """The tick now."""
        return self.chain.call(self.contract, "slot0").tick

    def source(self, window=1_800, liquidity=1, block_seconds=12, base=None):
        """The adapter over this pool."""
        token = base or self.base
        return self.chain.deploy("UniswapV3Source", self.contract, token, window, liquidity, block_seconds)

    def integral(self, window):
        """Sum of tick times seconds over the window that ends now, from what was noted."""
        now = self.chain.timestamp()
        ends = [*(at for at, _ in self.ticks[1:]), now]
        stretches = zip(self.ticks, ends, strict=True)
        return sum(max(0, end - max(at, now - window)) * tick for (at, tick), end in stretches)

    def _note(self):
        self.ticks.append((self.chain.timestamp(), self.tick))

    def _send(self, target, function, *args):
        return self.chain.send(target, function, *args, sender=self.owner)
