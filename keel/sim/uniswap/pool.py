"""Uniswap v3 as published: factory, pool, position manager and router, over two tokens of ours."""

from dataclasses import dataclass
from math import isqrt
from typing import Any, Self

from keel.evm.chain import Contract
from keel.evm.typed import TypedChain
from keel.sim.uniswap.external import uniswap

#: Fee, 1e-6, and spacing of ticks in such a pool.
FEE, SPACING = 3_000, 60
#: Highest tick of a position there.
MAX_TICK = 887_220
#: Ends of the range of square roots, times 2^96: a price is strictly inside.
MIN_ROOT, MAX_ROOT = 4_295_128_739, 1461446703485210103287273052203988822378723970342
PLENTY = 10**40

_FOREVER = 2**64
# Observations that a transaction makes room for: a new slot each.
_STEP = 1_000


@dataclass
class UniswapPool:
    """A pool of two tokens; `base` and `quote` are told apart by us, token0 and token1 by their addresses.

    Attributes:
        chain: Where it lives.
        decimals: Decimals of base and quote.
        base_first: Whether base is token0.
    """

    chain: TypedChain
    decimals: tuple[int, int] = (18, 6)
    base_first: bool = True

    def __post_init__(self) -> None:
        chain = self.chain
        self.owner = chain.accounts[0]
        self.base, self.quote = (chain.deploy("MockToken", one) for one in self.decimals)
        while (int(self.base.address, 16) < int(self.quote.address, 16)) != self.base_first:
            self.quote = chain.deploy("MockToken", self.decimals[1])
        self.tokens = (self.base, self.quote) if self.base_first else (self.quote, self.base)
        first, second = self.tokens
        factory = uniswap("UniswapV3Factory").deploy(chain)
        pair = first.address, second.address, FEE
        self.contract = uniswap("UniswapV3Pool").at(self._send(factory, "createPool", *pair).result)
        # Any contract stands for wrapped ether: these pools have none.
        self.manager = uniswap("NonfungiblePositionManager").deploy(chain, factory, factory, factory)
        self.router = uniswap("SwapRouter").deploy(chain, factory, factory)
        self.admit(self.owner)
        for token in self.tokens:
            self._send(token, "approve", self.manager, PLENTY)

    def admit(self, trader: str) -> None:
        """Give a trader plenty of both tokens, and let the router take them."""
        for token in self.tokens:
            self.chain.send(token, "mint", trader, PLENTY, sender=trader)
            self.chain.send(token, "approve", self.router, PLENTY, sender=trader)

    def begin(self, price: int) -> Self:
        """Start at this many whole quote per whole base."""
        base, quote = 10 ** self.decimals[0], price * 10 ** self.decimals[1]
        over, under = (quote, base) if self.base_first else (base, quote)
        return self.begin_at(isqrt((over << 192) // under))

    def begin_at(self, root: int) -> Self:
        """Start at this square root of token1 per token0, times 2^96."""
        self._send(self.contract, "initialize", root)
        return self

    def room(self, observations: int) -> Self:
        """Make room for so many observations, in as many transactions as blocks have gas for."""
        for size in (*range(_STEP, observations, _STEP), observations):
            self._send(self.contract, "increaseObservationCardinalityNext", size)
        return self

    def provide(self, base: int, quote: int) -> tuple[int, int]:
        """Liquidity over the full range, at most so many units of each; gives position and liquidity."""
        first, second = (base, quote) if self.base_first else (quote, base)
        pair = (*(token.address for token in self.tokens), FEE)
        fields = (*pair, -MAX_TICK, MAX_TICK, first, second, 0, 0, self.owner, _FOREVER)
        made = self._send(self.manager, "mint", fields).result
        return made.tokenId, made.liquidity

    def withdraw(self, position: int, liquidity: int) -> None:
        """Take liquidity out."""
        self._send(self.manager, "decreaseLiquidity", (position, liquidity, 0, 0, _FOREVER))

    def swap(self, token: Contract, amount: int, trader: str | None = None, limit: int = 0) -> int:
        """Sell an amount of one of the tokens, its own units, until the price reaches a limit.

        Args:
            token: What is sold.
            amount: How much, at most.
            trader: Who sells; the owner by default.
            limit: Square root of token1 per token0, times 2^96, to stop at; 0 = none.

        Returns:
            What it bought, units of the other token.
        """
        other = self.quote if token is self.base else self.base
        sender = trader or self.owner
        route = token.address, other.address, FEE, sender, _FOREVER, amount, 0, limit
        bought: int = self.chain.send(self.router, "exactInputSingle", route, sender=sender).result
        return bought

    def move_to(self, root: int, trader: str) -> None:
        """Trade until the price stands at this square root; nothing where it stands there already."""
        now = self.root
        if now != root:
            # Selling token0 lowers token1 per token0.
            self.swap(self.tokens[0] if root < now else self.tokens[1], PLENTY // 2, trader, root)

    @property
    def root(self) -> int:
        """Square root of token1 per token0, times 2^96, now."""
        root: int = self.chain.call(self.contract, "slot0").sqrtPriceX96
        return root

    @property
    def tick(self) -> int:
        """The tick now."""
        tick: int = self.chain.call(self.contract, "slot0").tick
        return tick

    def source(
        self, window: int = 1_800, liquidity: int = 1, block_seconds: int = 12, base: Contract | None = None
    ) -> Contract:
        """The adapter over this pool; the arguments are those of UniswapV3Source."""
        token = base or self.base
        return self.chain.deploy("UniswapV3Source", self.contract, token, window, liquidity, block_seconds)

    def _send(self, target: Contract, function: str, *args: Any) -> Any:
        return self.chain.send(target, function, *args, sender=self.owner)
