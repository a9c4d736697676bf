"""Bytes of deployed code."""

from collections.abc import Mapping

from rules.report import Problem

from keel.analytics.sizes import CORE_CONTRACTS, core_size

# EIP-170.
CONTRACT_LIMIT = 24_576
CORE_LIMIT = 84_000


def oversized(sizes: Mapping[str, int]) -> list[Problem]:
    """Contracts that a chain would not take."""
    if not sizes:
        return [Problem("contracts", "nothing is compiled")]
    return [
        Problem(name, f"{size} bytes, less than {CONTRACT_LIMIT} allowed")
        for name, size in sizes.items()
        if size >= CONTRACT_LIMIT
    ]


def core_report(sizes: Mapping[str, int]) -> str:
    """The core's bytes in all, without and with the lens, and one by one."""
    core = core_size(sizes)
    parts = ", ".join(f"{name} {sizes[name]}" for name in CORE_CONTRACTS)
    both = f"the core has {core} bytes, with the lens {core + sizes['Lens']}"
    return f"{both}; less than {CORE_LIMIT} allowed: {parts}"
