"""`keel funding quote`: what a deployed funding model answers, for any parameters and any market."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from keel.analytics.funding_quote import DeployedModel, FundingCase, FundingQuote
from keel.cli.quote import WAD_TYPE
from keel.config.funding import FUNDING_MODELS, funding_presets, load_funding
from keel.errors import ConfigError, DataError
from keel.units import BPS, format_units, format_wad

_STATE_BYTES = 32
_INTEGRAL_DECIMALS = 27
_NO_RATES = frozenset({"integral", "deviation"})


class _Time(click.ParamType):
    """Unix seconds, or an ISO time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ARG002, click's signature
        try:
            return int(value)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(value)
            seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):
            raise DataError(
                f"--since: {value!r} is no time", "write it like 1704067200 or 2024-01-01T08:00Z"
            ) from None
        if not seconds.is_integer():
            raise DataError(f"--since: {value!r} has a fraction of a second", "give whole seconds")
        return int(seconds)


class _Seconds(click.ParamType):
    """A whole number of seconds; whether it may be negative is for others to say."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ARG002
        try:
            return int(value)
        except ValueError:
            raise DataError(
                f"--elapsed: {value!r} is not a whole number of seconds", "write it like 28800"
            ) from None


class _State(click.ParamType):
    """A state word."""

    name = "hex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:  # noqa: ARG002
        try:
            word = bytes.fromhex(value.removeprefix("0x"))
        except ValueError:
            word = b""
        if len(word) != _STATE_BYTES:
            raise DataError(f"--state: {value!r} is no state word", "give 0x and 64 hexadecimal digits")
        return word


class _Sections(click.Command):
    """Lists the model's parameters apart from the rest."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both lists."""
        names = {option.name for option in _parameters()}
        records = [(param.name in names, param.get_help_record(ctx)) for param in self.get_params(ctx)]
        for title, wanted in (("Options", False), ("Parameters of the model, instead of the preset's", True)):
            with formatter.section(title):
                formatter.write_dl(
                    [record for is_parameter, record in records if is_parameter == wanted and record]
                )


def _parameters() -> Iterator[click.Option]:
    """An option for every field of every model's settings, by the field's own name and description."""
    models: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for model, kind in FUNDING_MODELS.items():
        for name, field in kind.model_fields.items():
            if name != "model":
                models.setdefault(name, []).append(model)
                texts.setdefault(name, field.description or "")
    for name, users in models.items():
        option = f"--{name.replace('_', '-')}"
        yield click.Option([option, name], metavar="VALUE", help=f"{texts[name]} [{', '.join(users)}]")


@click.command("quote", cls=_Sections, params=list(_parameters()))
@click.option("--model", help=f"One of {', '.join(FUNDING_MODELS)}; else the preset's, or layered.")
@click.option(
    "--preset", help=f"Reference set ({', '.join(funding_presets())}) or a .toml file; else the model's own."
)
@click.option("--premium", type=WAD_TYPE, default="0", help="mark / index - 1, a fraction.")
@click.option(
    "--utilization", type=WAD_TYPE, default="0", help="Of the pool, with the sign of the net position."
)
@click.option("--sigma", type=WAD_TYPE, default="0", help="Annualised volatility of the index, a fraction.")
@click.option("--long-interest", type=WAD_TYPE, default="0", help="Sum of long sizes, base.")
@click.option("--short-interest", type=WAD_TYPE, default="0", help="Sum of short sizes, base.")
@click.option(
    "--since", type=_Time(), default=0, help="Start, ISO time or Unix seconds; 0, the start of an interval."
)
@click.option("--elapsed", type=_Seconds(), default=28_800, help="For how long, seconds; else 8 hours.")
@click.option("--state", type=_State(), help="State word that the model returned; else one at rest.")
@click.option("--json", "as_json", is_flag=True, help="Print an object of decimal strings.")
def quote(model: str | None, preset: str | None, as_json: bool, **values: Any) -> None:
    """Rates, integral and next state of a funding model, by its deployed bytecode.

    Rates are fractions per 8 hours, positive when longs pay; `annualised` is 1,095 of them. The integral is
    over the elapsed time, in units of 8 hours: what one unit of notional pays. An interest source is written
    as in the settings.

    \b
    Examples:
      keel funding quote --model premium --premium 0.0008
      keel funding quote --model premium --preset premium-literal --premium 0.013333333333333333 --json
      keel funding quote --model layered --premium 0.01 --utilization 0.9 --sigma 1.2 --elapsed 3600
      keel funding quote --model velocity --long-interest 5300 --short-interest 5000
      keel funding quote --model adaptive --long-interest 60 --short-interest 40 --elapsed 54000
      keel funding quote --model premium --interest-source '{ kind = "fixed", annual_rate = 0.0005 }'
    """  # noqa: D301, click's mark for lines that stay as they are
    case = FundingCase(**{field.name: values.pop(field.name) for field in fields(FundingCase)})
    changes = {name: value for name, value in values.items() if value is not None}
    if "interest_source" in changes:
        changes["interest_source"] = _source(changes["interest_source"])
    settings = load_funding(preset, model, changes)
    texts = {"model": settings.model, **_texts(DeployedModel(settings).quote(case))}
    if as_json:
        click.echo(json.dumps(texts, indent=2))
    else:
        _show(texts)


def _source(text: str) -> Any:
    """The inline table of an interest source."""
    try:
        return tomllib.loads(f"source = {text}", parse_float=Decimal)["source"]
    except tomllib.TOMLDecodeError:
        remedy = 'write it like { kind = "fixed", annual_rate = 0.0005 }'
        raise ConfigError(f"--interest-source: {text!r} is no inline table", remedy) from None


def _texts(answer: FundingQuote) -> dict[str, str]:
    """Exact decimals by name; state words in hexadecimal digits."""
    texts = {}
    for name, value in asdict(answer).items():
        if isinstance(value, bytes):
            texts[name] = f"0x{value.hex()}"
        else:
            texts[name] = format_units(value, _INTEGRAL_DECIMALS) if name == "integral" else format_wad(value)
    return texts


def _show(texts: dict[str, str]) -> None:
    table = Table(box=SIMPLE_HEAD)
    for title in (texts["model"], "fraction", "bp"):
        table.add_column(title, justify="left" if title == texts["model"] else "right")
    words = {name: text for name, text in texts.items() if text.startswith("0x")}
    for name, text in texts.items():
        if name != "model" and name not in words:
            table.add_row(name, text, "" if name in _NO_RATES else f"{Decimal(text) * BPS:.4f}")
    Console().print(table)
    for name, word in words.items():
        click.echo(f"  {name:<11} {word}")
