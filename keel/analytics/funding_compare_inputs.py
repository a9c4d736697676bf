"""What the models are fed: a series of premiums becomes steps of constant input.

An exchange publishes premiums, not the net position of its traders. The net position is the one that has the
premium on Keel's own curve, premium(q) = (D / (D - q))^2 - 1 with depth D = 1:

    q            = 1 - 1 / sqrt(1 + p)
    utilization  = q / maxSkew, at most 1 in size                           (Layered)
    L - S        = q, L + S = max(q(fullPremium), |q|)                      (Velocity, Adaptive)

so a premium of `full_premium` is a market with one side only. Volatility is the oracle's: the EWMA of clamped
returns of the spot price; without spot prices the base volatility. The premium is what the exchange had: it
does not answer to the rate that a model charges.
"""

from collections.abc import Iterator
from itertools import pairwise

from keel.analytics.funding_compare_params import CompareSettings, skew_at
from keel.analytics.funding_compare_series import Series
from keel.model.fixed import div
from keel.model.funding import EIGHT_HOURS, FundingInput
from keel.model.volatility import sigma, update
from keel.units import WAD, parse_wad

_SIGMA_UNIT = 10**12


def steps(series: Series, settings: CompareSettings, offset: int) -> list[FundingInput]:
    """Inputs without state: one per stretch between two samples, cut at settlement times.

    Args:
        series: The samples.
        settings: How a premium becomes a skew.
        offset: When 8-hour windows end, seconds after 00:00, 08:00 and 16:00 UTC.
    """
    band, full = parse_wad(settings.skew.max_skew), skew_at(parse_wad(settings.skew.full_premium))
    found = []
    stretches = zip(
        pairwise(series.times), series.premiums, _sigmas(series, settings.base_sigma), strict=False
    )
    for (start, end), premium, volatility in stretches:
        skew = skew_at(premium)
        gross = max(full, abs(skew))
        longs = (gross + skew) // 2
        for since, until in pairwise((start, *settlements(start, end - 1, offset), end)):
            found.append(
                FundingInput(
                    since=since,
                    elapsed=until - since,
                    premium=premium,
                    utilization=max(-WAD, min(div(skew * WAD, band), WAD)),
                    sigma=volatility,
                    long_interest=longs,
                    short_interest=longs - skew,
                )
            )
    return found


def settlements(after: int, until: int, offset: int) -> range:
    """Times after `after`, up to and with `until`, at which 8 hours end; `offset` seconds after 00:00 UTC."""
    first = (after - offset) // EIGHT_HOURS + 1
    return range(first * EIGHT_HOURS + offset, until + 1, EIGHT_HOURS)


def _sigmas(series: Series, base: int) -> Iterator[int]:
    """Volatility at every sample, annualised, WAD."""
    variance = base * base // WAD
    yield base
    if not series.spots:
        yield from (base for _ in series.times[1:])
        return
    for (t0, t1), (before, after) in zip(pairwise(series.times), pairwise(series.spots), strict=True):
        variance = update(variance, before, after, t1 - t0)
        yield sigma(variance) * _SIGMA_UNIT
