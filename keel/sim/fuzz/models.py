"""Funding models that governance may switch a market to: all four, every smoothing, more than one set.

Premiums are large here, since a few traders move a whole market: factors are small and caps wide, so that
rates move, turn and meet their caps within the hours that a world lives.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from keel.config.funding import AnyFunding, load_funding

# An interest of either sign, per year.
_NEGATIVE = {"kind": "fixed", "annual_rate": "-0.05"}
_HIGH = {"kind": "fixed", "annual_rate": "0.3"}

# Reference set, and what is different here.
_CHOICES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (
        "layered",
        {
            "interest_source": _NEGATIVE,
            "premium_factor": "0.1",
            "convexity": "0.002",
            "deadzone": "0.0001",
            "slow_weight": "0.6",
            "fast_seconds": 600,
            "slow_seconds": 7_200,
            "skew_seconds": 3_600,
            "deviation": "0.00005",
        },
    ),
    ("premium-exponential", {"premium_factor": "0.05", "smoothing": "spot", "deviation": "0.0001"}),
    (
        "premium-exponential",
        {
            "premium_factor": "0.05",
            "cap_longs_pay": "0.01",
            "cap_shorts_pay": "0.004",
            "smoothing_seconds": 1_800,
        },
    ),
    (
        "premium-exponential",
        {"interest_source": _HIGH, "premium_factor": "0.2", "smoothing": "slew", "smoothing_seconds": 7_200},
    ),
    (
        "premium",
        {"premium_factor": "0.05", "smoothing": "interval", "smoothing_seconds": 900, "offset_seconds": 100},
    ),
    ("premium", {"premium_factor": "0.1", "cap_longs_pay": "0.02", "smoothing_seconds": 1_800}),
    ("premium-literal", {"scaling": "0.1", "cap_longs_pay": "0.02", "smoothing": "exponential"}),
    (
        "velocity",
        {"velocity": "0.3", "skew_scale": 20, "cap_longs_pay": "0.02", "cap_shorts_pay": "0.015"},
    ),
    (
        "velocity",
        {
            "velocity": "0.1",
            "skew_scale": 50,
            "deadband": "0.05",
            "leak_seconds": 7_200,
            "cap_longs_pay": "0.008",
            "cap_shorts_pay": "0.005",
            "mean_seconds": 3_600,
        },
    ),
    (
        "adaptive",
        {
            "increase": "0.008",
            "decrease": "0.004",
            "increase_threshold": "0.5",
            "decrease_threshold": "0.3",
            "rate_min": "0.0002",
            "rate_max": "0.01",
        },
    ),
    ("adaptive", {}),
)


def choices() -> Iterator[AnyFunding]:
    """Settings of the models to deploy besides those of the markets."""
    return (load_funding(name, changes=changes) for name, changes in _CHOICES)
