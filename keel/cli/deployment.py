"""The deployment that a command is about: its record, and a node of its chain."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from keel.errors import ConfigError
from keel.sdk.deployment import Record, load_record

_Command = TypeVar("_Command", bound=Callable[..., Any])


def of_deployment(function: _Command) -> _Command:
    """The options `--deployment` and `--rpc`, as `record_path` and `rpc`."""
    record = click.option(
        "--deployment",
        "record_path",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="Record of the deployment, as `ape run deploy --record` writes it.",
    )
    rpc = click.option("--rpc", required=True, metavar="URL", help="Node of its chain; never printed.")
    decorated: _Command = record(rpc(function))
    return decorated


def read_record(path: Path) -> Record:
    """The record of a deployment. Raises ConfigError where there is none."""
    if not path.is_file():
        raise ConfigError(f"there is no {path.name}", "deploy with --record, and give that file")
    return load_record(path)
