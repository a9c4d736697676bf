"""What the insurance is worth, as events tell it: its assets, and the positions that it has taken over."""

from keel.analytics.books import Books
from keel.analytics.market_book import MarketBook
from keel.model.funding import due, due_between
from keel.model.records import Position
from keel.model.validity import Defect, suspect
from keel.units import BPS, WAD


def insurance_worth(books: Books) -> tuple[int, int]:
    """Assets with its own positions, at least 0, at the prices that are worse and better for it.

    Returns:
        The lower and the higher worth, quote WAD, floor; both the assets where it has no positions.
    """
    account = books.backstop
    held = {market: p for (owner, market), p in books.positions.items() if owner == account}
    if not held:
        return books.insurance, books.insurance
    worse = better = books.insurance + books.accounts[account].balance
    for market, position in held.items():
        at_index, low, in_favour = _profits(books.markets[market], position)
        worse, better = worse + low, better + max(at_index, in_favour)
    return max(worse, 0), max(better, 0)


def _profits(book: MarketBook, position: Position) -> tuple[int, int, int]:
    """Profit at the index, at the worse and at the better price for it, pending funding included."""
    price, size = book.state.price, position.size
    paid, received, _ = due(book.state, book.config.tiers, position)
    carried = received - paid - position.notional
    if suspect(price.flags):
        waits = book.escrow.state
        carried -= due_between(size, book.config.tiers, waits.longs_paid, waits.shorts_paid)[0]
    at_index, at_twap = size * price.index // WAD + carried, size * price.twap // WAD + carried
    doubt = abs(size) * price.index * price.spread_bps // (WAD * BPS)
    in_favour = at_index
    if price.flags & (Defect.UNCERTAIN | Defect.VOLATILE):
        grace = price.flags & Defect.SEQUENCER_GRACE
        in_favour = at_index + doubt if grace else max(at_index + doubt, at_twap)
    return at_index, min(at_index - doubt, at_twap), in_favour
