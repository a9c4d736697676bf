"""Chains inside this process, and the codec between contracts and Python values."""
