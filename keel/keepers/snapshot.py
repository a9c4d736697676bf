"""What a keeper knows when it decides: a market, its feed and some accounts at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keel.model.validity import Validity
from keel.sdk.protocol import Protocol, account_id

# WAD per unit of the stored volatility.
_SIGMA_UNIT = 10**12


@dataclass(frozen=True, slots=True)
class MarketState:
    """A market as of now: prices, premium and rates WAD, sizes base WAD, equity quote WAD, times seconds.

    Attributes:
        backstop: The insurance's own position, base WAD.
        pushed: Value that liquidations pushed through the curve lately, quote WAD; `window` is the most.
        resolving: Whether the market shares out a loss, or is being settled for good.
    """

    id: int
    index: int
    twap: int
    mark: int
    premium: int
    price_at: int
    flags: int
    validity: Validity
    sigma: int
    skew: int
    depth: int
    equity: int
    utilization: int
    rate: int
    interest: int
    long_interest: int
    short_interest: int
    longs_paid: int
    shorts_paid: int
    funding_state: bytes
    stale_seconds: int
    backstop: int = 0
    pushed: int = 0
    window: int = 0
    resolving: bool = False


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account as of now, quote WAD; the position in the snapshot's market, base and quote WAD.

    Attributes:
        equity: At the index.
        equity_better: What the core liquidates by: a doubt about a price is in the account's favour.
        margin_ratio: Equity over maintenance, WAD; below 1e18 it can be liquidated.
    """

    id: int
    balance: int
    equity: int
    equity_better: int
    maintenance: int
    margin_ratio: int
    size: int
    notional: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a market.

    Attributes:
        time: Time of the block to come, seconds.
        market: The market, funding accrued, price as stored.
        feed_price: What the sources say now, WAD; 0 when none is usable.
        feed_flags: Defects of that answer.
        backstop_account: The insurance's own account.
        accounts: Watched accounts by id.
    """

    time: int
    market: MarketState
    feed_price: int
    feed_flags: int
    backstop_account: int = 0
    accounts: Mapping[int, AccountState] = field(default_factory=dict)

    @property
    def price_age(self) -> int:
        """Seconds since the stored price was taken."""
        return self.time - self.market.price_at


def take_snapshot(protocol: Protocol, market: int, accounts: Sequence[int] = ()) -> Snapshot:
    """Read a market, its feed and the given accounts."""
    view = protocol.market(market)
    # Governance may have linked another hub than the one the market was deployed with.
    hub = protocol.chain.at("OracleHub", view.links.oracle)
    price, _, flags = protocol.chain.call(hub, "peek")
    watched = protocol.chain.call(protocol.contracts.lens, "accounts", list(accounts)) if accounts else ()
    states = [_account(seen, market) for seen in watched]
    return Snapshot(
        time=protocol.chain.timestamp(),
        market=_market(view, protocol.defence(market)),
        feed_price=price,
        feed_flags=flags,
        backstop_account=account_id(protocol.core.address),
        accounts={state.id: state for state in states},
    )


def _market(view: Any, defence: Any) -> MarketState:
    state, price = view.state, view.state.price
    return MarketState(
        id=view.id,
        index=price.index,
        twap=price.twap,
        mark=view.mark,
        premium=view.premium,
        price_at=price.at,
        flags=price.flags,
        validity=Validity(view.validity),
        sigma=price.sigma * _SIGMA_UNIT,
        skew=view.skew,
        depth=view.depth,
        equity=view.equity,
        utilization=view.utilization,
        rate=view.funding.current,
        interest=view.funding.interest,
        long_interest=state.longInterest,
        short_interest=state.shortInterest,
        longs_paid=state.longsPaid,
        shorts_paid=state.shortsPaid,
        funding_state=state.fundingState,
        stale_seconds=view.config.staleSeconds,
        backstop=defence.backstop.size,
        pushed=defence.pushed,
        window=defence.window,
        resolving=defence.resolution.stage != 0,
    )


def _account(view: Any, market: int) -> AccountState:
    size, notional = 0, 0
    for held in view.positions:
        if held.market == market:
            size, notional = held.position.size, held.position.notional
    health = view.health
    return AccountState(
        id=view.id,
        balance=view.state.balance,
        equity=health.equity,
        equity_better=health.equityBetter,
        maintenance=health.maintenance,
        margin_ratio=view.marginRatio,
        size=size,
        notional=notional,
    )
