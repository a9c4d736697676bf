"""A Uniswap v3 pool that notes its ticks, for an average by other means."""

from dataclasses import dataclass, field

from keel.sim.uniswap.pool import UniswapPool


@dataclass
class Pool(UniswapPool):
    """See UniswapPool; liquidity in whole tokens.

    Attributes:
        ticks: Time and tick of the beginning and of every swap.
    """

    ticks: list[tuple[int, int]] = field(default_factory=list)

    def begin_at(self, root):
        """Start at this square root of token1 per token0, times 2^96."""
        super().begin_at(root)
        self._note()
        return self

    def provide(self, base, quote):
        """Liquidity over the full range, whole tokens; gives the position's id and its liquidity."""
        return super().provide(base * 10 ** self.decimals[0], quote * 10 ** self.decimals[1])

    def swap(self, token, amount, trader=None, limit=0):
        """Sell an amount of one of the tokens, its own units; gives what it bought."""
        bought = super().swap(token, amount, trader, limit)
        self._note()
        return bought

    def integral(self, window):
        """Sum of tick times seconds over the window that ends now, from what was noted."""
        now = self.chain.timestamp()
        ends = [*(at for at, _ in self.ticks[1:]), now]
        stretches = zip(self.ticks, ends, strict=True)
        return sum(max(0, end - max(at, now - window)) * tick for (at, tick), end in stretches)

    def _note(self):
        self.ticks.append((self.chain.timestamp(), self.tick))
