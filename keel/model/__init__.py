"""Integer twin of the contracts, and exact rationals for what is proved about them.

Modules carry the names of the Solidity libraries, functions the same names in snake_case. Every one is
exact to the last digit, refuses what the contract refuses, and imports nothing that talks to a chain.
"""
