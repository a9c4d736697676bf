"""`keel quote`: prices of the deployed bytecode, for any state."""

import json
from dataclasses import asdict
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.analytics.curve_quote import CurveLens, CurveQuote, CurveState
from keel.errors import DataError
from keel.units import format_wad, parse_wad


class _Wad(click.ParamType):
    """Plain decimal text, at most 18 decimals, kept exact."""

    name = "decimal"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ARG002, click's signature
        try:
            return parse_wad(value)
        except DataError as problem:
            option = param.opts[-1] if param is not None else "value"
            raise DataError(f"{option}: {problem.message}", problem.remedy) from None


WAD_TYPE = _Wad()


@click.group()
def command() -> None:
    """What the deployed bytecode's formulas give for any state.

    \b
    Example:
      keel quote curve --index 10 --depth 100 --skew 0 --quote 600
    """  # noqa: D301, click's mark for lines that stay as they are


@command.command()
@click.option("--index", type=WAD_TYPE, required=True, help="Index price, quote per base; above 0.")
@click.option("--depth", type=WAD_TYPE, required=True, help="Curve depth, base; above 0.")
@click.option("--skew", type=WAD_TYPE, required=True, help="Net trader position, base; below depth.")
@click.option("--base", type=WAD_TYPE, help="Base to buy; negative: to sell.")
@click.option("--quote", type=WAD_TYPE, help="Quote to spend; negative: to receive.")
@click.option("--json", "as_json", is_flag=True, help="Print an object of decimal strings.")
def curve(index: int, depth: int, skew: int, base: int | None, quote: int | None, as_json: bool) -> None:
    """Price one trade on the curve, market limits and fees aside.

    With --quote, base is what that much quote buys (floor); with --base, quote is what it costs (ceil).
    Amounts are decimals with at most 18 places and are never rounded on the way in.

    \b
    Examples:
      keel quote curve --index 10 --depth 100 --skew 0 --quote 600
      keel quote curve --index 10 --depth 100 --skew -20 --base -5 --json
    """  # noqa: D301, click's mark for lines that stay as they are
    answer = _price(CurveState(index, depth, skew), base, quote)
    texts = {name: format_wad(value) for name, value in asdict(answer).items()}
    if as_json:
        click.echo(json.dumps(texts, indent=2))
    else:
        Console().print(_table(texts))


def _price(state: CurveState, base: int | None, quote: int | None) -> CurveQuote:
    if base is not None and quote is None:
        return CurveLens().for_base(state, base)
    if quote is not None and base is None:
        return CurveLens().for_quote(state, quote)
    raise DataError("a quote needs exactly one of --base and --quote", "give one of them")


def _table(texts: dict[str, str]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, text in texts.items():
        table.add_row(name, text)
    return table
