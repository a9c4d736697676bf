"""Compile every contract: `make compile`, or `ape run compile`."""

from pathlib import Path

from keel.sources import compile_all


def main() -> None:
    """Compile the project this script is in."""
    compile_all(Path(__file__).resolve().parent.parent)


if __name__ == "__main__":
    main()
