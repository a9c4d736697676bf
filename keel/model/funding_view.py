"""Twin of `funding/FundingView.sol`: what a funding model sees of a market."""

from keel.model import pool
from keel.model.fixed import PPM, div
from keel.model.funding import FundingInput
from keel.model.records import Market, MarketConfig
from keel.units import RAY, WAD

_MOST = WAD * WAD
_SIGMA_UNIT = 10**12


def input_of(market: Market, config: MarketConfig, elapsed: int) -> FundingInput:
    """Input of a model from a market's state; `elapsed` is in seconds."""
    premium, utilization = pressure_of(market, config)
    return FundingInput(
        state=market.funding_state,
        since=market.accrued_at,
        elapsed=elapsed,
        premium=premium,
        utilization=utilization,
        sigma=sigma_of(market),
        long_interest=market.long_interest,
        short_interest=market.short_interest,
    )


def pressure_of(market: Market, config: MarketConfig) -> tuple[int, int]:
    """Premium, floor, and signed utilization, trunc, at most 1e36 in size; WAD.

    Utilization leaves out funding accrued but not collected: accruing must not move what the rate depends on.
    """
    skew = market.skew
    if skew == 0:
        return 0, 0
    depth = pool.depth(config.depth_per_share, market.shares)
    x = depth * RAY // (depth - skew)
    value = div(skew * market.price.index, WAD)
    equity = market.cash + market.funding_clearing + market.open_notional - div(value * x, RAY)
    capacity = max(equity, 0) * config.max_exposure_ppm // PPM
    used = _MOST if abs(value) >= capacity * WAD else abs(value) * WAD // capacity
    return x * x // _MOST - WAD, used if skew > 0 else -used


def sigma_of(market: Market) -> int:
    """Annualised volatility, WAD."""
    return market.price.sigma * _SIGMA_UNIT
