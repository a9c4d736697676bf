"""What all settings share: exact numbers, closed sets of fields, TOML, and errors that name the value.

People write fractions (0.0005), percentages never; seconds; quote and base units as decimals.
"""

import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from keel.errors import ConfigError, DataError
from keel.units import parse_wad

PRESETS = Path(__file__).parent / "presets"

_INT256 = 2**255


class Settings(BaseModel):
    """A closed set of fields that never changes; texts below fields are their descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _exact(value: object) -> Decimal:
    """TOML floats are read as Decimal already; anything else must be text or a whole number."""
    if isinstance(value, float):
        raise ValueError("write it as text, such as '0.1'")  # noqa: TRY004, pydantic reports ValueError
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None


def _fits_wad(value: Decimal) -> Decimal:
    try:
        fits = abs(parse_wad(value)) < _INT256
    except DataError as problem:
        raise ValueError(problem.message) from None
    if not fits:
        raise ValueError(f"{value} is too large")
    return value


Number = Annotated[Decimal, BeforeValidator(_exact)]
# What contracts take as a WAD: at most 18 decimals.
SignedWad = Annotated[Number, AfterValidator(_fits_wad)]
Wad = Annotated[SignedWad, Field(ge=0)]
Seconds = Annotated[int, Field(ge=0, lt=_INT256)]


def read_toml(folder: Path, name_or_path: str, what: str) -> dict[str, Any]:
    """Read a preset by name or a TOML file by path.

    Args:
        folder: Where the presets are.
        name_or_path: A file name without its ending, or anything that ends in `.toml`.
        what: What the file is, for errors.

    Raises:
        ConfigError: There is no such preset or file, or it is not TOML.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = folder / f"{name_or_path}.toml"
    try:
        return tomllib.loads(path.read_text(), parse_float=Decimal)
    except FileNotFoundError:
        known = ", ".join(preset_names(folder))
        raise ConfigError(
            f"no {what} {name_or_path!r}", f"use a preset ({known}) or the path of a .toml file"
        ) from None
    except (OSError, ValueError) as problem:
        raise ConfigError(f"cannot read {path.name} ({problem})", "check the file") from None


def preset_names(folder: Path) -> list[str]:
    """Presets in a folder, sorted."""
    return sorted(preset.stem for preset in folder.glob("*.toml"))


def problem_of(problem: ValidationError) -> tuple[str, str]:
    """Where the first wrong value is (dotted), and what is wrong with it, in one line."""
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return where, first["msg"].removeprefix("Value error, ")


def camel(name: str) -> str:
    """`max_skew_ppm` as `maxSkewPpm`: the contracts' spelling."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
