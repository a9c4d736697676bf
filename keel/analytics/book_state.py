"""What books of a core keep, whatever tells them."""

from collections import defaultdict

from keel.analytics.market_book import MarketBook
from keel.errors import DataError
from keel.model.records import Account, Position


class BookState:
    """Accounts, positions, markets and sums.

    Attributes:
        accounts: Accounts by id.
        positions: Open positions by account id and market.
        markets: Markets by id.
        insurance: Insurance assets, quote WAD.
        insurance_shares: 24 decimals.
        booked: Tokens in less tokens out, token units.
        faults: What the events say that the model does not.
    """

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = defaultdict(Account)
        self.positions: dict[tuple[int, int], Position] = {}
        self.markets: dict[int, MarketBook] = {}
        self.insurance = self.insurance_shares = self.booked = 0
        self.faults: list[str] = []

    def _book(self, market: int) -> MarketBook:
        if market not in self.markets:
            raise DataError(f"market {market} was never configured", "feed every event since the deployment")
        return self.markets[market]

    def _held(self, account: int, market: int) -> Position:
        held = self.positions.get((account, market))
        if held is None:
            raise DataError(f"account {account:#x} never traded", "feed every event since the deployment")
        return held

    def _expect(self, what: str, said: object, expected: object) -> None:
        if said != expected:
            self.faults.append(f"{what} is {said}, the model says {expected}")
