"""`keel collateral show`: what each kind counts for now, and how full it is."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from keel.cli.deployment import of_deployment, read_record
from keel.errors import ConfigError, DataError
from keel.evm.chain import Chain
from keel.model import collateral
from keel.model.records import parse
from keel.model.validity import Price, Validity, validity
from keel.sdk.deployment import Record, ask, bind, kind_names, require_steps
from keel.sdk.web3chain import Web3Chain
from keel.units import BPS, format_units, format_wad

_PERCENT_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class KindState:
    """One kind as stored; prices quote WAD per whole token, tokens in token units, parts in bps.

    Attributes:
        id: Kind id.
        name: From the record; empty for one that it does not know.
        token: Its address.
        decimals: Of the token.
        index: Stored price.
        twap: Its average.
        validity: Of the stored price, now.
        age: Since it was stored, seconds; the block time if there never was one.
        counted: What a token counts for in new risk now, before the haircut; 0 = nothing.
        floor: Price below which the peg is lost; 0 = there is none.
        ceiling: What a token counts for at most.
        haircut: Of maintenance now; `target` of new risk, and where the other goes.
        target: See `haircut`.
        discount: Least one of a sale.
        held: By all accounts.
        cap: The most that may be.
    """

    id: int
    name: str
    token: str
    decimals: int
    index: int
    twap: int
    validity: Validity
    age: int
    counted: int
    floor: int
    ceiling: int
    haircut: int
    target: int
    discount: int
    held: int
    cap: int

    @property
    def peg(self) -> str:
        """`none`, `held`, `lost`, or `unknown` while the price is not valid."""
        if not self.floor:
            return "none"
        if self.validity is not Validity.VALID:
            return "unknown"
        return "held" if self.index >= self.floor else "lost"

    @property
    def use(self) -> int:
        """Of the cap, bps, floor; all of it where the cap is 0."""
        return self.held * BPS // self.cap if self.cap else BPS


class CollateralReader:
    """Asks the contract that keeps collateral.

    Args:
        chain: Chain of the deployment.
        record: Its record: it names the core, and kinds.

    Raises:
        ConfigError: The record knows no core, or the deployment takes no such collateral.
        ChainError: There is no core on this chain.
    """

    def __init__(self, chain: Chain, record: Record) -> None:
        require_steps(record, "core")
        self._chain, self._names = chain, kind_names(record)
        if "collateral" not in record.contracts:
            raise ConfigError(
                "the deployment takes settlement tokens only",
                "give the record of one whose settings list kinds under [[collateral]]",
            )
        self._keeper = bind(chain, record, "collateral")

    def kinds(self, kind: int | None = None) -> tuple[KindState, ...]:
        """All kinds in order of their ids, or one.

        Raises:
            DataError: There is no kind of that id.
            ChainError: The contract is not on this chain.
        """
        count = self._ask("kindCount")
        if kind is not None and not 1 <= kind <= count:
            raise DataError(f"the deployment has no kind {kind}", f"choose 1 to {count}")
        return tuple(self._state(one) for one in ([kind] if kind else range(1, count + 1)))

    def _state(self, kind: int) -> KindState:
        listed, price = self._ask("kindOf", kind), parse(Price, self._ask("priceOf", kind))
        terms, now = listed.terms, self._chain.timestamp()
        good = validity(price, terms.freshSeconds, terms.freshSeconds, now)
        _, worse, _ = collateral.prices(price, terms.floor, terms.ceiling)
        elapsed = now - listed.haircutSince
        return KindState(
            id=kind,
            name=self._names.get(kind, ""),
            token=listed.token,
            decimals=listed.decimals,
            index=price.index,
            twap=price.twap,
            validity=good,
            age=now - price.at,
            counted=worse if good is Validity.VALID else 0,
            floor=terms.floor,
            ceiling=terms.ceiling,
            haircut=collateral.haircut(listed.haircutBefore, terms.haircutBps, elapsed),
            target=terms.haircutBps,
            discount=terms.discountBps,
            held=listed.held,
            cap=terms.cap,
        )

    def _ask(self, function: str, *arguments: Any) -> Any:
        return ask(self._chain, self._keeper, "collateral contract", function, *arguments)


@click.command()
@of_deployment
@click.option("--kind", type=click.IntRange(1), metavar="ID", help="One kind; else all.")
@click.option("--json", "as_json", is_flag=True, help="Print an array, amounts as decimal strings.")
def show(record_path: Path, rpc: str, kind: int | None, as_json: bool) -> None:
    """Show what each kind of collateral counts for, and how full it is.

    The stored price and how good it is, the haircut of maintenance and where it goes, the peg, tokens held of
    the cap. A price that is not valid counts for nothing new: `updatePrice` of the contract takes another.

    \b
    Examples:
      keel collateral show --deployment record.json --rpc http://127.0.0.1:8545
      keel collateral show --deployment record.json --rpc "$RPC" --kind 2 --json
    """  # noqa: D301, click's mark for lines that stay as they are
    states = CollateralReader(Web3Chain(rpc), read_record(record_path)).kinds(kind)
    if as_json:
        click.echo(json.dumps([as_object(state) for state in states], indent=2))
        return
    console = Console(highlight=False)
    for state in states:
        console.print(f"{state.name or 'collateral'} (kind {state.id})", style="bold")
        table = Table(box=None, show_header=False, pad_edge=False)
        for row in facts(state):
            table.add_row(*row)
        console.print(table)


def facts(state: KindState) -> list[tuple[str, str]]:
    """What a person is told of a kind, line by line."""
    good = state.validity.name.lower().replace("_", " ")
    counts = f"{format_wad(state.counted)} quote" if state.counted else "nothing"
    haircut = f"{_percent(state.haircut)} %"
    if state.haircut != state.target:
        haircut += f" for maintenance, on its way to {_percent(state.target)} %"
    held, cap = (format_units(tokens, state.decimals) for tokens in (state.held, state.cap))
    rows = [
        ("price", f"{format_wad(state.index)} quote, average {format_wad(state.twap)}"),
        ("validity", f"{good}, {state.age} seconds old" if state.index else "never priced"),
        ("counts for", f"{counts} a token in new risk, before the haircut"),
        ("haircut", haircut),
        ("least discount", f"{_percent(state.discount)} %"),
        ("held", f"{held} of {cap} tokens, {_percent(state.use)} %"),
    ]
    if state.floor:
        rows.append(("peg", f"{state.peg}, floor {format_wad(state.floor)}"))
    return rows


def as_object(state: KindState) -> dict[str, Any]:
    """The same for programs: parts as fractions."""
    wad = ("index", "twap", "counted", "floor", "ceiling")
    parts = ("haircut", "target", "discount", "use")
    return {
        "kind": state.id,
        "name": state.name,
        "token": state.token,
        "validity": state.validity.name.lower(),
        "age": state.age,
        **{name: format_wad(getattr(state, name)) for name in wad},
        **{name: format_units(getattr(state, name), 4) for name in parts},
        **{name: format_units(getattr(state, name), state.decimals) for name in ("held", "cap")},
        "peg": state.peg,
    }


def _percent(part: int) -> str:
    return format_units(part, _PERCENT_DECIMALS)
