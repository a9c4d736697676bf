"""The deployed protocol of a replay: pools, insurance, prices, and accounts read in batches."""

from collections.abc import Iterator, Sequence
from typing import Any

from keel.errors import ChainError
from keel.evm.chain import Receipt
from keel.evm.revm import RevmChain
from keel.keepers.actions import UpdatePrice
from keel.keepers.executor import execute
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol
from keel.sim.candles import PRICE_DECIMALS
from keel.sim.stress.settings import StressSettings
from keel.sim.stress.window import Knot
from keel.units import WAD, rescale

# The price history must cover the five-minute average before anybody trades.
_WARM_UP = (400, 30)
_BEFORE = 420
_ROLES = 4
# Accounts per view, so that a view stays below the gas of a block.
_BATCH = 150
_WALLET = 10**10
_FUNDING_PERIOD = 28_800


class World:
    """Pools and insurance are funded, the first prices stored; nobody has opened yet.

    Attributes:
        protocol: Every action and view.
        liquidator: Address of the liquidation keeper.
        owners: Addresses that share the traders' accounts.
    """

    def __init__(self, settings: StressSettings) -> None:
        self._settings, start = settings, settings.window.start
        self._chain = RevmChain(start - _BEFORE)
        self.protocol = Protocol(self._chain, deploy(self._chain, settings.markets()))
        self._price_keeper, self.liquidator, provider, staker = self._chain.accounts[:_ROLES]
        self.owners = self._chain.accounts[_ROLES:]
        self._one = 10**self.protocol.contracts.token_decimals
        for owner in (provider, staker, *self.owners):
            self.protocol.fund(owner, _WALLET * self._one)
        first = [
            Knot(start, place, candles.bars[0].open)
            for place, candles in enumerate(settings.window.candles.values())
        ]
        for before in _WARM_UP:
            self.warp_to(start - before)
            self.store(first)
        for market in self.markets:
            self.protocol.pool_deposit(market, settings.money.pool * self._one, provider)
        if settings.insurance():
            self.protocol.insurance_deposit(settings.insurance() * self._one, staker)

    @property
    def markets(self) -> range:
        """Market ids."""
        return range(1, len(self._settings.window.markets) + 1)

    @property
    def time(self) -> int:
        """Time of the current block, seconds since 1970."""
        return self._chain.timestamp()

    def warp_to(self, time: int) -> None:
        """Open the block of that time; nothing if it is open."""
        if time > self.time:
            self._chain.warp(time - self.time)

    def store(self, knots: Sequence[Knot]) -> list[Receipt]:
        """The outside world publishes prices, the price keeper stores them.

        Raises:
            ChainError: A price was refused.
        """
        receipts = []
        for knot in knots:
            market = knot.market + 1
            answer = rescale(knot.price, PRICE_DECIMALS, self._decimals(market), "floor")
            self.protocol.publish(market, answer, self._price_keeper)
            outcome = execute(self.protocol, UpdatePrice(market), self._price_keeper)
            if outcome.receipt is None:
                raise ChainError(f"the price of market {market} was refused ({outcome.refusal})", "see why")
            receipts.append(outcome.receipt)
        return receipts

    def accounts(self, ids: Sequence[int]) -> Iterator[Any]:
        """The lens's AccountView of each, in order."""
        lens = self.protocol.contracts.lens
        for batch in _batches(ids):
            yield from self._chain.call(lens, "accounts", batch)

    def margin_ratios(self, ids: Sequence[int]) -> dict[int, int]:
        """Margin ratio by account, WAD; below 1e18 it can be liquidated."""
        ratios: dict[int, int] = {}
        for batch in _batches(ids):
            ratios.update(zip(batch, self.protocol.margin_ratios(batch), strict=True))
        return ratios

    def insurance(self) -> int:
        """Assets of the insurance, quote WAD."""
        assets: int = self.protocol.view("insurance").assets
        return assets

    def capacity(self, market: int) -> int:
        """Largest net position at full utilization, quote WAD, floor."""
        view = self.protocol.market(market)
        exposure: int = view.equity * view.config.maxExposurePpm // 10**6
        band: int = view.depth * view.config.maxSkewPpm // 10**6 * view.state.price.index // WAD
        return min(exposure, band)

    def funding_cap(self, market: int) -> float:
        """Most that funding takes, a fraction of value per second."""
        longs_pay, shorts_pay = self._chain.call(self.protocol.funding_model(market), "caps")
        most: int = max(longs_pay, shorts_pay)
        return most / WAD / _FUNDING_PERIOD

    def tokens(self, wad: int) -> int:
        """Quote WAD as token units, ceil."""
        return rescale(wad, 18, self.protocol.contracts.token_decimals, "ceil")

    def _decimals(self, market: int) -> int:
        decimals: int = self._chain.call(self.protocol.market_contracts(market).aggregators[0], "decimals")
        return decimals


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for first in range(0, len(ids), _BATCH):
        yield list(ids[first : first + _BATCH])
