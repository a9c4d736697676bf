"""Proof of the books: what the chain holds, against what it owes and against what its events say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from keel.analytics.books import Books
from keel.analytics.collateral_book import CollateralBook
from keel.analytics.insurance_book import insurance_worth
from keel.model.records import (
    Account,
    Escrow,
    EscrowClaim,
    Market,
    MarketConfig,
    MarketLinks,
    Position,
    parse,
)
from keel.model.validity import Defect
from keel.sdk.protocol import Protocol
from keel.units import format_wad


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true, to the wei.

    Attributes:
        name: What is claimed.
        holds: Whether it is so.
        detail: The figures.
    """

    name: str
    holds: bool
    detail: str


def prove(protocol: Protocol, books: Books) -> list[Check]:
    """Compare chain and books. Every event of the core so far must be in the books."""
    return [
        _tokens(protocol),
        _buckets(protocol, books),
        *(_funding(protocol, books, market) for market in books.markets),
        *(_pool(protocol, books, market) for market in books.markets),
        _insurance(protocol, books),
        *_collateral(protocol, books.collateral),
        _rebuilt(protocol, books),
        Check("every event is what the model says", not books.faults, _faults(books.faults)),
    ]


def _tokens(protocol: Protocol) -> Check:
    held = protocol.chain.call(protocol.contracts.token, "balanceOf", protocol.core)
    owed = protocol.view("booked")
    return Check("tokens held by the core cover what it owes", held >= owed, f"{held} held, {owed} owed")


def _buckets(protocol: Protocol, books: Books) -> Check:
    """Everything is read from the chain; the books only say which accounts and markets there are."""
    balances = sum(protocol.view("accountOf", account).balance for account in books.accounts)
    states = [protocol.view("marketOf", market) for market in books.markets]
    cash = sum(state.cash for state in states)
    clearing = sum(state.fundingClearing for state in states)
    reserves = sum(protocol.view("escrowOf", market).reserve for market in books.markets)
    assets = protocol.view("insurance").assets
    total = balances + cash + clearing + reserves + assets
    owed = protocol.view("booked") * protocol.view("TOKEN_SCALE")
    parts = {"accounts": balances, "pools": cash, "clearing": clearing, "escrow": reserves}
    parts["insurance"] = assets
    detail = " + ".join(f"{name} {format_wad(amount)}" for name, amount in parts.items())
    return Check("all buckets add up to the booked tokens", total == owed, f"{detail} = {format_wad(owed)}")


def _funding(protocol: Protocol, books: Books, market: int) -> Check:
    """Traders, pool and insurance from events; what is still in clearing and in escrow from the chain."""
    book = books.markets[market]
    clearing = protocol.view("marketOf", market).fundingClearing
    received = {
        "traders": -book.traders_paid,
        "pool": book.report.funding,
        "insurance": book.surplus + book.swept + book.forfeited,
        "clearing": clearing,
        "escrow": protocol.view("escrowOf", market).reserve,
    }
    detail = ", ".join(f"{name} {format_wad(amount)}" for name, amount in received.items())
    return Check(f"funding of market {market} sums to zero", sum(received.values()) == 0, detail)


def _pool(protocol: Protocol, books: Books, market: int) -> Check:
    report = books.markets[market].report
    equity = _stored_equity(protocol, market)
    detail = (
        f"fees {format_wad(report.fees)} + funding {format_wad(report.funding)} + trader PnL "
        f"{format_wad(report.trader_pnl)} + curve gain {format_wad(report.curve_gain)} + bad debt "
        f"{format_wad(report.bad_debt)} + flows {format_wad(report.deposits + report.redemptions)} = "
        f"{format_wad(equity)}"
    )
    return Check(f"the report of pool {market} is the change of its equity", report.total == equity, detail)


def _insurance(protocol: Protocol, books: Books) -> Check:
    """What its shares are worth; the markets must be accrued."""
    lower, higher = protocol.view("insuranceEquity")
    worth = insurance_worth(books)
    balance = protocol.view("accountOf", books.backstop).balance
    gifts = books.accounts[books.backstop].balance if books.backstop in books.accounts else 0
    detail = (
        f"assets {format_wad(books.insurance)}, with its positions {format_wad(worth[0])} to "
        f"{format_wad(worth[1])}, balance beside {format_wad(balance)}"
    )
    holds = (lower, higher) == worth and balance == gifts
    return Check("the insurance is worth its assets and its own positions", holds, detail)


def _collateral(protocol: Protocol, book: CollateralBook | None) -> Iterator[Check]:
    """Kind by kind: what came less what went is what the contract says it keeps, and is there."""
    for kind, kept in book.kinds.items() if book else ():
        listed = protocol.collateral_kind(kind)
        token = protocol.chain.at("MockToken", listed.token)
        there = protocol.chain.call(token, "balanceOf", protocol.collateral)
        held = (
            {one: tokens for (one, which), tokens in book.holdings.items() if which == kind} if book else {}
        )
        wrong = [f"{one:#x}" for one, tokens in held.items() if protocol.collateral_held(one, kind) != tokens]
        detail = (
            f"{kept.came} came, {kept.went} went, {kept.sold} sold, {listed.held} kept, {there} there"
            + (f"; not as told: {', '.join(wrong)}" if wrong else "")
        )
        holds = not wrong and kept.held == sum(held.values()) == listed.held <= there
        yield Check(f"collateral {kind} is what came less what went", holds, detail)


def _stored_equity(protocol: Protocol, market: int) -> int:
    """Equity on the chain as of now; the market must be accrued."""
    equity: int = protocol.market(market).equity
    return equity


def _rebuilt(protocol: Protocol, books: Books) -> Check:
    differences = list(_differences(protocol, books))
    count = f"{len(books.accounts)} accounts, {len(books.positions)} positions, {len(books.markets)} markets"
    return Check(
        "events alone rebuild every account, position and market",
        not differences,
        _faults(differences) or count,
    )


def _differences(protocol: Protocol, books: Books) -> Iterator[str]:
    for account, balance in books.accounts.items():
        yield from _compare(
            f"account {account:#x}", balance, parse(Account, protocol.view("accountOf", account))
        )
        for market in books.markets:
            found = parse(Position, protocol.view("positionOf", account, market))
            kept = books.positions.get((account, market), Position())
            yield from _compare(f"position {account:#x} in {market}", kept, found)
            claim, _ = protocol.view("escrowClaimOf", account, market)
            waits = books.markets[market].escrow.claims.get(account, EscrowClaim())
            yield from _compare(f"claim of {account:#x} in {market}", waits, parse(EscrowClaim, claim))
    for market, book in books.markets.items():
        config, links = protocol.view("configOf", market)
        state = parse(Market, protocol.view("marketOf", market))
        yield from _compare(f"market {market}", _announced(book.state, config), _announced(state, config))
        escrow = parse(Escrow, protocol.view("escrowOf", market))
        yield from _compare(f"escrow of {market}", book.escrow.state, escrow)
        yield from _compare(f"parameters of {market}", book.config, parse(MarketConfig, config))
        yield from _compare(f"links of {market}", book.links, parse(MarketLinks, links))
    insurance = protocol.view("insurance")
    yield from _compare("insurance", books.insurance, insurance.assets)
    yield from _compare("insurance shares", books.insurance_shares, insurance.shares)
    yield from _compare("booked tokens", books.booked, protocol.view("booked"))
    yield from _compare("number of markets", len(books.markets), protocol.view("marketCount"))


def _announced(state: Market, config: Any) -> Market:
    """A market without what no event says: stress, ramp, and an accrual where funding has stopped."""
    end = 0 if state.price.flags & Defect.INVALID else state.price.at + config.heartbeatSeconds
    return replace(state, stress=0, ramp=0, accrued_at=min(state.accrued_at, end))


def _compare(what: str, kept: Any, found: Any) -> Iterator[str]:
    if kept != found:
        yield f"{what}: books {kept}, chain {found}"


def _faults(faults: list[str]) -> str:
    if not faults:
        return ""
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{faults[0]}{more}"
