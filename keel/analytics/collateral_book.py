"""What accounts have besides the settlement token, kept from the events of the contract that keeps it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from keel.analytics.tape import Entry
from keel.errors import DataError
from keel.model.cold_records import CollateralTerms
from keel.model.records import parse
from keel.model.validity import Price


@dataclass(slots=True)
class KindBook:
    """One kind.

    Attributes:
        token: Its address.
        terms: As last announced.
        price: As last announced.
        came: Deposited so far, token units; `went` withdrawn, `sold` sold.
        went: See `came`.
        sold: See `came`.
    """

    token: str
    terms: CollateralTerms
    price: Price
    came: int = 0
    went: int = 0
    sold: int = 0

    @property
    def held(self) -> int:
        """What must be there, token units."""
        return self.came - self.went - self.sold


class CollateralBook:
    """Event-sourced ledger of one collateral contract.

    Args:
        keeper: Its address; its events are entered, and what it pays into the core.

    Attributes:
        kinds: By id.
        holdings: Token units by account and kind.
        faults: What the events say and the rules do not allow.
    """

    def __init__(self, keeper: str) -> None:
        self.keeper = keeper
        self.kinds: dict[int, KindBook] = {}
        self.holdings: dict[tuple[int, int], int] = defaultdict(int)
        self.faults: list[str] = []
        self._handlers = {
            "CollateralListed": self._listed,
            "CollateralPriced": self._priced,
            "CollateralDeposited": self._deposited,
            "CollateralWithdrawn": self._withdrawn,
            "CollateralSold": self._sold,
        }
        # Sales whose proceeds have not shown up in the core: account and cost.
        self._due: list[tuple[int, int]] = []

    def read(self, entries: Iterable[Entry]) -> None:
        """Enter events, in order; those of one call at once.

        Raises:
            DataError: An event is of a kind that this book does not know, or one before it is missing.
        """
        for entry in entries:
            event = SimpleNamespace(**entry.log.args)
            if entry.log.address == self.keeper:
                handler = self._handlers.get(entry.log.event)
                if handler is None:
                    raise DataError(
                        f"the keeper emitted {entry.log.event}", "teach the book this event first"
                    )
                handler(event)
            elif entry.log.event == "Deposited" and event.payer == self.keeper:
                self._arrived(event)
        if self._due:
            self.faults.append(f"proceeds of {len(self._due)} sales went to no account")
            self._due.clear()

    def noted(self, account: int) -> int:
        """The kinds that the core must note for an account, bit `kind - 1` each."""
        return sum(1 << kind - 1 for (one, kind), held in self.holdings.items() if one == account and held)

    def _listed(self, e: Any) -> None:
        terms = parse(CollateralTerms, e.terms)
        if e.kind in self.kinds:
            self.kinds[e.kind].terms = terms
        else:
            self.kinds[e.kind] = KindBook(e.token, terms, Price())

    def _priced(self, e: Any) -> None:
        self._kind(e.kind).price = parse(Price, e.price)

    def _deposited(self, e: Any) -> None:
        book = self._kind(e.kind)
        book.came += e.tokens
        self.holdings[e.account, e.kind] += e.tokens
        if book.held > book.terms.cap:
            self.faults.append(f"kind {e.kind} took {book.held} with a cap of {book.terms.cap}")
        if book.price.index < book.terms.floor:
            self.faults.append(f"kind {e.kind} was taken below its floor")

    def _withdrawn(self, e: Any) -> None:
        self._kind(e.kind).went += e.tokens
        self._take(e)

    def _sold(self, e: Any) -> None:
        book = self._kind(e.kind)
        book.sold += e.tokens
        self._take(e)
        if e.discountBps > book.terms.haircut_bps:
            self.faults.append(f"kind {e.kind} was sold at {e.discountBps} bps, beyond its haircut")
        self._due.append((e.account, e.cost))

    def _arrived(self, e: Any) -> None:
        if (e.account, e.tokens) in self._due:
            self._due.remove((e.account, e.tokens))
        else:
            self.faults.append(f"{e.tokens} tokens came to {e.account:#x} from no sale")

    def _take(self, e: Any) -> None:
        self.holdings[e.account, e.kind] -= e.tokens
        if self.holdings[e.account, e.kind] < 0:
            self.faults.append(f"{e.account:#x} gave more of kind {e.kind} than it had")

    def _kind(self, kind: int) -> KindBook:
        if kind not in self.kinds:
            raise DataError(f"kind {kind} was never listed", "feed every event since the deployment")
        return self.kinds[kind]
