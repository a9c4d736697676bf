"""Twin of `funding/FundingLedger.sol`: accrual of a market's funding."""

from copy import copy

from keel.model import curve, pool
from keel.model.errors import Refused
from keel.model.fixed import checked, div, i256, safe_cast
from keel.model.funding import FundingInput
from keel.model.ledger.books import Books, add
from keel.model.records import Market, MarketConfig
from keel.model.validity import Price
from keel.units import RAY, WAD

_SIGMA_UNIT = 10**9


class FundingLedger(Books):
    """Accrual: uses the state before the call, stops at the heartbeat of the stored price."""

    def market_now(self, now: int, market: int) -> Market:
        """The market with funding accrued up to now; nothing is stored."""
        return self._project(now, market)[0]

    def _project(self, now: int, market: int) -> tuple[Market, MarketConfig]:
        """Working copy of the market, accrued up to now, and its parameters."""
        config = self.configs.get(market)
        if config is None:
            raise Refused("MarketUnknown", market)
        projected = copy(self.markets[market])
        until = min(projected.price.at + config.heartbeat_seconds, now)
        if until > projected.accrued_at:
            self._advance(projected, config, until - projected.accrued_at)
        projected.accrued_at = now
        return projected, config

    def _funding_input(self, market: Market, config: MarketConfig, elapsed: int) -> FundingInput:
        """What the funding model sees of a market."""
        skew, price = market.skew, market.price
        premium = used = 0
        if skew != 0:
            depth = pool.depth(config.depth_per_share, market.shares)
            premium = curve.premium(depth, skew)
            # Without funding accrued but not collected: accruing must not move what the rate depends on.
            collected = market.cash + market.funding_clearing
            equity = pool.equity(collected, market.open_notional, price.index, depth, skew)
            used = pool.utilization(price.index, skew, equity, config.max_exposure_ppm)
        return FundingInput(
            state=market.funding_state,
            since=market.accrued_at,
            elapsed=elapsed,
            premium=premium,
            utilization=used if skew > 0 else -used,
            sigma=price.sigma * _SIGMA_UNIT,
        )

    def _advance(self, market: Market, config: MarketConfig, elapsed: int) -> None:
        model = self.models[int(config.funding_model, 16)]
        market.funding_state, integral = model.accrue(self._funding_input(market, config, elapsed))
        per_base = div(i256(integral * market.price.index), WAD)
        if per_base > 0:
            market.longs_paid = checked(market.longs_paid + safe_cast(per_base, 128), 128)
        else:
            market.shorts_paid = checked(market.shorts_paid + safe_cast(-per_base, 128), 128)
        received = i256(market.skew * per_base) // RAY
        market.cash = add(market.cash, received)
        market.funding_clearing = add(market.funding_clearing, -received)


def take_price(market: Market, price: Price, now: int) -> None:
    """Store what the oracle answered in a working copy, once per block."""
    if market.price.at != now:
        market.price = price
