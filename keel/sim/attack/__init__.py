"""Attacks on funding: strategies as data, played through real trades on the real bytecode."""
