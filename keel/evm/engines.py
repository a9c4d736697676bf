"""Which engine runs is a choice of name; nothing above this layer depends on it."""

from typing import Literal

from keel.errors import ChainError
from keel.evm.chain import GENESIS_TIME, Chain

Engine = Literal["revm", "pyevm"]


def open_chain(engine: Engine = "revm", timestamp: int = GENESIS_TIME) -> Chain:
    """Start a chain inside this process.

    Args:
        engine: `revm` (fast, the default) or `pyevm` (slow, exact gas).
        timestamp: Time of the first block, in seconds since 1970.

    Raises:
        ChainError: No engine has that name, or it is not installed.
    """
    try:
        if engine == "revm":
            from keel.evm.revm import RevmChain

            return RevmChain(timestamp)
        if engine == "pyevm":
            from keel.evm.pyevm import PyEvmChain

            return PyEvmChain(timestamp)
    except ImportError as problem:
        raise ChainError(f"the {engine} engine is not installed ({problem})", "run `make setup`") from problem
    raise ChainError(f"no engine is called {engine}", "use revm or pyevm")
