"""Twin of `funding/FundingLedger.sol`: accrual of a market's funding."""

from copy import copy

from keel.model.errors import Refused
from keel.model.fixed import div, safe_cast
from keel.model.funding_view import input_of
from keel.model.ledger.books import Books
from keel.model.records import Market, MarketConfig
from keel.model.validity import Price
from keel.units import RAY, WAD

_MAX_INTEGRAL = 2**110
_EIGHTHS = 8


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

    def _advance(self, market: Market, config: MarketConfig, elapsed: int) -> None:
        model = self.models[int(config.funding_model, 16)]
        answer = model.accrue(input_of(market, config, elapsed))
        market.funding_state, integral, deviation = answer
        if abs(integral) > _MAX_INTEGRAL:
            raise Refused("FundingModelUnknown", config.funding_model)
        market.stress = _stress(deviation)
        per_base = div(integral * market.price.index, WAD)
        if per_base > 0:
            market.longs_paid = safe_cast(market.longs_paid + per_base, 128)
        else:
            market.shorts_paid = safe_cast(market.shorts_paid - per_base, 128)
        received = market.skew * per_base // RAY
        market.cash = safe_cast(market.cash + received, 128, signed=True)
        market.funding_clearing = safe_cast(market.funding_clearing - received, 128, signed=True)


def _stress(deviation: int) -> int:
    """clamp(|deviation| - 2, 0, 4) in eighths, floor."""
    return min(max(abs(deviation) - 2 * WAD, 0) * _EIGHTHS // WAD, 4 * _EIGHTHS)


def take_price(market: Market, price: Price, now: int) -> None:
    """Store what the oracle answered in a working copy, once per block."""
    if market.price.at != now:
        market.price = price
