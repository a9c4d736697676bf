"""Keel: an AMM perpetual-swap protocol, its model, its tools."""

__version__ = "0.1.0"
