"""Uniswap v3 as published, a market over its average, and what it costs to move it."""
