"""`keel market show`: sides, margin multipliers, the window of liquidations, what the insurance holds."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from keel.analytics.tables import percent, quote
from keel.cli.deployment import of_deployment, read_record
from keel.errors import DataError
from keel.evm.chain import Chain, Contract
from keel.model import multiplier, pool
from keel.model.records import Market, MarketConfig, parse
from keel.sdk.deployment import Record, ask, bind, market_names, require_steps
from keel.sdk.protocol import account_id
from keel.sdk.web3chain import Web3Chain
from keel.units import WAD, format_units, format_wad

_PPM_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class MarketState:
    """A market's limits, and how far they are used; prices and amounts quote WAD, shares of a limit WAD.

    Attributes:
        id: Market id.
        name: From the record; empty for one that it does not know.
        index: Stored index.
        skew: Net position, base.
        longs: Value of all longs at the index; `shorts` of all shorts.
        shorts: See `longs`.
        equity: Of the pool.
        utilization: Net position over what may be carried.
        side_use: Larger side over what may be left when the other one closes.
        volatility: Multiplier of margin for it, 1e-6; `funding` and `crowding` the same.
        funding: See `volatility`.
        crowding: See `volatility`.
        initial: All of them, for new risk, 1e-6.
        ramp: What maintenance follows them with, 1e-6.
        pushed: What liquidations pushed through the curve lately.
        window: The most that they may.
        backstop_size: The insurance's own position, base.
        backstop_pnl: What it has gained at the index, funding aside.
    """

    id: int
    name: str
    index: int
    skew: int
    longs: int
    shorts: int
    equity: int
    utilization: int
    side_use: int
    volatility: int
    funding: int
    crowding: int
    initial: int
    ramp: int
    pushed: int
    window: int
    backstop_size: int
    backstop_pnl: int


@dataclass(frozen=True, slots=True)
class InsuranceState:
    """The insurance, quote WAD.

    Attributes:
        assets: Without its positions.
        lower: With its positions at the worse price; `higher` at the better one.
        higher: See `lower`.
        tied: Maintenance of its positions, which cannot be withdrawn.
    """

    assets: int
    lower: int
    higher: int
    tied: int


class MarketReader:
    """Asks the core and the lens of a deployment.

    Args:
        chain: Chain of the deployment.
        record: Its record: it names core, lens and markets.

    Raises:
        ConfigError: The record knows no core or no lens.
    """

    def __init__(self, chain: Chain, record: Record) -> None:
        require_steps(record, "core", "lens")
        self._chain, self._lens = chain, bind(chain, record, "lens")
        self._core = chain.at("IKeel", record.contracts["core"][1])
        self._names = market_names(record)
        self._backstop = account_id(self._core.address)

    def markets(self, market: int | None = None) -> tuple[MarketState, ...]:
        """All markets in order of their ids, or one.

        Raises:
            DataError: The deployment has no market of that id.
            ChainError: There is no such deployment on this chain.
        """
        count = self._ask(self._core, "marketCount")
        if market is not None and not 1 <= market <= count:
            raise DataError(f"the deployment has no market {market}", f"choose 1 to {count}")
        return tuple(self._state(one) for one in ([market] if market else range(1, count + 1)))

    def insurance(self) -> InsuranceState:
        """The insurance, with its positions in all markets. Raises ChainError."""
        lower, higher = self._ask(self._core, "insuranceEquity")
        assets = self._ask(self._core, "insurance").assets
        return InsuranceState(
            assets, lower, higher, self._ask(self._core, "healthOf", self._backstop).maintenance
        )

    def _state(self, market: int) -> MarketState:
        seen = self._ask(self._lens, "market", market)
        state, config = parse(Market, seen.state), parse(MarketConfig, seen.config)
        index, side = state.price.index, max(state.long_interest, state.short_interest)
        pushed, window = self._ask(self._core, "windowOf", market)
        held = self._ask(self._core, "positionOf", self._backstop, market)
        return MarketState(
            id=market,
            name=self._names.get(market, ""),
            index=index,
            skew=seen.skew,
            longs=state.long_interest * index // WAD,
            shorts=state.short_interest * index // WAD,
            equity=seen.equity,
            utilization=seen.utilization,
            side_use=pool.utilization(index, side, pool.equity_of(state, config), config.max_side_ppm),
            volatility=multiplier.volatility(state.price.sigma, config.base_sigma_bps),
            funding=multiplier.ONE * (multiplier.STRESS_UNITS + state.stress) // multiplier.STRESS_UNITS,
            crowding=multiplier.crowding(state, config),
            initial=multiplier.initial(state, config),
            ramp=state.ramp,
            pushed=pushed,
            window=window,
            backstop_size=held.size,
            backstop_pnl=held.size * index // WAD - held.notional,
        )

    def _ask(self, target: Contract, function: str, *arguments: Any) -> Any:
        return ask(self._chain, target, "core or lens", function, *arguments)


@click.command()
@of_deployment
@click.option("--market", type=click.IntRange(1), metavar="ID", help="One market; else all.")
@click.option("--json", "as_json", is_flag=True, help="Print an object, amounts as decimal strings.")
def show(record_path: Path, rpc: str, market: int | None, as_json: bool) -> None:
    """Show how near each market is to its limits, and what stands behind them.

    Sides and net position over what the pool may carry, the multipliers of margin one by one, how far
    maintenance has followed, what liquidations may still push through the curve, what the insurance holds.

    \b
    Examples:
      keel market show --deployment record.json --rpc http://127.0.0.1:8545
      keel market show --deployment record.json --rpc "$RPC" --market 1 --json
    """  # noqa: D301, click's mark for lines that stay as they are
    reader = MarketReader(Web3Chain(rpc), read_record(record_path))
    states, insurance = reader.markets(market), reader.insurance()
    if as_json:
        click.echo(json.dumps(as_object(states, insurance), indent=2))
        return
    console = Console(highlight=False)
    for state in states:
        console.print(f"{state.name or 'market'} (market {state.id})", style="bold")
        console.print(_table(facts(state)))
    console.print("Insurance", style="bold")
    console.print(_table(insurance_facts(insurance)))


def facts(state: MarketState) -> list[tuple[str, str]]:
    """What a person is told of a market, line by line."""
    parts = (("volatility", state.volatility), ("funding", state.funding), ("crowding", state.crowding))
    product = " x ".join(f"{name} {_times(part)}" for name, part in parts)
    rows = [
        ("index", format_wad(state.index)),
        ("longs / shorts", f"{quote(state.longs)} / {quote(state.shorts)} quote"),
        ("pool equity", f"{quote(state.equity)} quote"),
        ("net position", f"{percent(state.utilization)} % of what the pool may carry"),
        ("larger side", f"{percent(state.side_use)} % of what it may be left with"),
        ("initial margin", f"x {_times(state.initial)}: {product}"),
        ("maintenance", f"x {_times(min(state.ramp, state.initial))}, ramp {_times(state.ramp)}"),
        ("window", f"{quote(state.pushed)} of {quote(state.window)} quote pushed through the curve"),
    ]
    if state.backstop_size:
        held = f"{format_wad(state.backstop_size)} base, {quote(state.backstop_pnl)} quote at the index"
        rows.append(("insurance holds", held))
    return rows


def insurance_facts(state: InsuranceState) -> list[tuple[str, str]]:
    """The same of the insurance."""
    rows = [("assets", f"{quote(state.assets)} quote")]
    if state.tied:
        rows.append(("with positions", f"{quote(state.lower)} to {quote(state.higher)} quote"))
        rows.append(("tied", f"{quote(state.tied)} quote, the maintenance of its positions"))
    return rows


def as_object(states: tuple[MarketState, ...], insurance: InsuranceState) -> dict[str, Any]:
    """The same for programs."""
    return {
        "markets": [_market_json(state) for state in states],
        "insurance": {
            name: format_wad(getattr(insurance, name)) for name in ("assets", "lower", "higher", "tied")
        },
    }


def _market_json(state: MarketState) -> dict[str, Any]:
    wad = ("index", "skew", "longs", "shorts", "equity", "utilization", "side_use")
    return {
        "market": state.id,
        "name": state.name,
        **{name: format_wad(getattr(state, name)) for name in wad},
        "multipliers": {
            name: _times(getattr(state, name)) for name in ("volatility", "funding", "crowding", "initial")
        },
        "ramp": _times(state.ramp),
        "window": {"pushed": format_wad(state.pushed), "capacity": format_wad(state.window)},
        "backstop": {"size": format_wad(state.backstop_size), "pnl": format_wad(state.backstop_pnl)},
    }


def _table(rows: list[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return table


def _times(factor: int) -> str:
    return format_units(factor, _PPM_DECIMALS)
