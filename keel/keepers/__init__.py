"""Keeper bots: pure decisions over a snapshot, and the loop that carries them out."""
