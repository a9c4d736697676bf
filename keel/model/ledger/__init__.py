"""Whole-protocol integer twin: the books of the core, for any number of markets and accounts.

`Ledger` has the contract's functions under their names in snake_case. Each takes the block time `now` and the
`sender` where they matter, changes everything or nothing, and raises `Refused` with the name of the error
that the contract would revert with. It holds no tokens: transfers are taken to succeed.
"""

from keel.model.ledger.accounts import account_id
from keel.model.ledger.core import Ledger

__all__ = ["Ledger", "account_id"]
