"""Simulated days: price paths, agents, and the replay that lets them loose on a chain."""
