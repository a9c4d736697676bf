"""Prices of a deployment as monitors want to see them, and what the deployed matrix allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keel.errors import DataError
from keel.evm.chain import NOBODY, Chain, Contract
from keel.model.validity import Action, Defect, Validity
from keel.sdk.deployment import Record, ask, bind, market_names, require_steps

_LENS = "oracle_lens"


@dataclass(frozen=True, slots=True)
class SourceState:
    """One price source, asked now; prices WAD quote per base.

    Attributes:
        name: Its contract's name; empty for one that the record does not know.
        address: Where it is.
        usable: Whether the hub would use what it says.
        price: What it says, 0 = nothing.
        spread: Half-width of its confidence interval, 0 where it gives none.
        published_at: When it says the price was observed, seconds; 0 = never.
        age: Seconds since then; the block time if never, 0 if its clock is ahead.
    """

    name: str
    address: str
    usable: bool
    price: int
    spread: int
    published_at: int
    age: int


@dataclass(frozen=True, slots=True)
class EscrowState:
    """Funding of a market's last or open stretch of suspect prices; prices and amounts WAD.

    Attributes:
        open: Whether the stored price is suspect, so that funding goes here now.
        period: Number of the stretch, from 1; 0 = there was none.
        low: Lowest suspect index of it.
        high: Highest suspect index of it.
        reserve: What accounts paid in, of this and earlier stretches, and have not claimed yet, quote.
    """

    open: bool
    period: int
    low: int
    high: int
    reserve: int


@dataclass(frozen=True, slots=True)
class OracleState:
    """The price of a market, stored and live; prices WAD quote per base.

    Attributes:
        market: Market id.
        name: Market name; empty for one that the record does not know.
        validity: How good the stored price is now.
        actions: What the matrix allows now.
        age: Seconds since a usable price was stored; the block time if none ever was.
        index: Stored index.
        twap: Its 5-minute average when it was stored.
        sigma: Annualised volatility, 1e-6.
        spread_bps: How far from the index the true price may lie, bps, ceil.
        defects: Found when the price was taken.
        peek_price: What the sources say together now, 0 = nothing usable.
        peek_spread: How far from that the true price may lie.
        peek_defects: Found now.
        on_reference: Whether the reference stands in for a silent primary.
        agrees_since: Since when primary and reference agree again, seconds; 0 = they do not.
        twap5: Average of the last 5 minutes, now; None where the history is too short.
        twap30: The same over 30 minutes.
        escrow: Funding at prices that may be wrong.
        sources: One by one, in the feed's order.
    """

    market: int
    name: str
    validity: Validity
    actions: frozenset[Action]
    age: int
    index: int
    twap: int
    sigma: int
    spread_bps: int
    defects: Defect
    peek_price: int
    peek_spread: int
    peek_defects: Defect
    on_reference: bool
    agrees_since: int
    twap5: int | None
    twap30: int | None
    escrow: EscrowState
    sources: tuple[SourceState, ...]


class OracleReader:
    """Asks the oracle lens of a deployment.

    Args:
        chain: Chain of the deployment.
        record: Its record: it names the lens, the markets and the sources.

    Raises:
        ConfigError: The record knows no oracle lens.
    """

    def __init__(self, chain: Chain, record: Record) -> None:
        require_steps(record, _LENS)
        self._chain, self._lens = chain, bind(chain, record, _LENS)
        self._names = market_names(record)
        self._contracts = {address: name for name, address in record.contracts.values()}

    def markets(self) -> tuple[OracleState, ...]:
        """All markets, in order of their ids.

        Raises:
            ChainError: There is no such lens on this chain.
            Reverted: A market's hub refuses.
        """
        return tuple(map(self._state, self._ask("oracles")))

    def market(self, market: int) -> OracleState:
        """One market by its id.

        Raises:
            DataError: The deployment has no market of that id.
            ChainError: There is no such lens on this chain.
        """
        core = self._chain.at("IKeel", self._ask("CORE"))
        count = self._chain.call(core, "marketCount", sender=NOBODY)
        if not 1 <= market <= count:
            raise DataError(f"the deployment has no market {market}", f"choose 1 to {count}")
        return self._state(self._ask("oracleOf", market))

    def _ask(self, function: str, *arguments: Any) -> Any:
        return ask(self._chain, self._lens, "lens", function, *arguments)

    def _state(self, seen: Any) -> OracleState:
        stored = seen.price
        return OracleState(
            market=seen.id,
            name=self._names.get(seen.id, ""),
            validity=Validity(seen.validity),
            actions=actions_of(seen.actions),
            age=seen.age,
            index=stored.index,
            twap=stored.twap,
            sigma=stored.sigma,
            spread_bps=stored.spreadBps,
            defects=Defect(stored.flags),
            peek_price=seen.peekPrice,
            peek_spread=seen.peekSpread,
            peek_defects=Defect(seen.peekFlags),
            on_reference=seen.onReference,
            agrees_since=seen.agreesSince,
            twap5=seen.twap5.price if seen.twap5.covered else None,
            twap30=seen.twap30.price if seen.twap30.covered else None,
            escrow=_escrow(seen.suspect, seen.escrow),
            sources=tuple(_source(one, self._contracts) for one in seen.sources),
        )


def actions_of(bits: int) -> frozenset[Action]:
    """Actions by the lens's bits."""
    return frozenset(action for action in Action if bits >> action & 1)


def action_matrix(chain: Chain, lens: Contract) -> dict[Validity, frozenset[Action]]:
    """What the deployed code allows at each validity."""
    return {
        validity: actions_of(chain.call(lens, "actionsAt", validity, sender=NOBODY)) for validity in Validity
    }


def _escrow(suspect: bool, seen: Any) -> EscrowState:
    return EscrowState(suspect, seen.period, seen.low, seen.high, seen.reserve)


def _source(seen: Any, contracts: Mapping[str, str]) -> SourceState:
    return SourceState(
        name=contracts.get(seen.source, ""),
        address=seen.source,
        usable=seen.usable,
        price=seen.price,
        spread=seen.spread,
        published_at=seen.publishedAt,
        age=seen.age,
    )
