"""Twin of `funding/FundingLedger.sol`: accrual of a market's funding."""

from copy import copy

from keel.model import multiplier
from keel.model.errors import Refused
from keel.model.fixed import cast, div, safe_cast
from keel.model.funding_view import input_of
from keel.model.ledger.books import STATUS_SHUT
from keel.model.ledger.escrow import Accrued, FundingEscrow, accrue_escrow, review
from keel.model.records import Market, MarketConfig
from keel.model.validity import Defect, Price, suspect
from keel.units import RAY, WAD

_MAX_INTEGRAL = 2**110
_EIGHTHS = 8


class FundingLedger(FundingEscrow):
    """Accrual: uses the state before the call, stops at the heartbeat of the price; the ramp goes on."""

    def market_now(self, now: int, market: int) -> Market:
        """The market with funding accrued up to now; nothing is stored."""
        return self._project(now, market)[0]

    def _project(self, now: int, market: int) -> tuple[Market, MarketConfig]:
        """Working copy of the market, accrued up to now, and its parameters; the escrow stays."""
        accrued = self._accrue(now, market)
        return accrued.market, accrued.config

    def _accrue(self, now: int, market: int) -> Accrued:
        """Working copies, accrued up to now: at a suspect price the escrow moves instead of the indices."""
        config = self.configs.get(market)
        if config is None:
            raise Refused("MarketUnknown", market)
        m = copy(self.markets[market])
        accrued = Accrued(market, m, config, self.escrow_of(market))
        if now > m.accrued_at:
            m.ramp = cast(multiplier.ramped(m.ramp, multiplier.initial(m, config), now - m.accrued_at), 24)
        until = min(m.price.at + config.heartbeat_seconds, now)
        if config.status == STATUS_SHUT:
            until = 0
        if until > m.accrued_at and not m.price.flags & Defect.INVALID:
            per_base, received = self._advance(m, config, until - m.accrued_at)
            if suspect(m.price.flags):
                accrue_escrow(accrued.escrow, per_base, received)
            else:
                _move(m, per_base, received)
        m.accrued_at = now
        return accrued

    def _advance(self, market: Market, config: MarketConfig, elapsed: int) -> tuple[int, int]:
        """Advance the model.

        Returns:
            What a long of one base pays, RAY quote, trunc; what the pool receives, quote WAD, floor.
        """
        model = self.models[int(config.funding_model, 16)]
        answer = model.accrue(input_of(market, config, elapsed))
        market.funding_state, integral, deviation = answer
        if abs(integral) > _MAX_INTEGRAL:
            raise Refused("FundingModelUnknown", config.funding_model)
        market.stress = _stress(deviation)
        per_base = div(integral * market.price.index, WAD)
        return per_base, market.skew * per_base // RAY


def _move(market: Market, per_base: int, received: int) -> None:
    """Move the live indices and pay the pool."""
    if per_base > 0:
        market.longs_paid = safe_cast(market.longs_paid + per_base, 128)
    else:
        market.shorts_paid = safe_cast(market.shorts_paid - per_base, 128)
    market.cash = safe_cast(market.cash + received, 128, signed=True)
    market.funding_clearing = safe_cast(market.funding_clearing - received, 128, signed=True)


def _stress(deviation: int) -> int:
    """clamp(|deviation| - 2, 0, 4) in eighths, floor."""
    return min(max(abs(deviation) - 2 * WAD, 0) * _EIGHTHS // WAD, 4 * _EIGHTHS)


def take_price(accrued: Accrued, price: Price, now: int) -> None:
    """Store what the oracle answered in the working copies, once per block."""
    if accrued.config.status == STATUS_SHUT:
        raise Refused("MarketShut", accrued.market_id)
    before = accrued.market.price
    if before.at == now:
        return
    accrued.market.price = price
    review(accrued, was_suspect=suspect(before.flags))
