"""A private anvil node for tests and demonstrations, alive as long as its `with` block."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from keel.errors import ChainError, RpcError
from keel.evm.chain import BLOCK_GAS_LIMIT, CHAIN_ID, GENESIS_TIME
from keel.sdk.rpc import Rpc

_HOST = "127.0.0.1"
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_CHECKOUT = Path(__file__).resolve().parent.parent.parent


def freeze(url: str) -> None:
    """Let a running anvil's time stand still between warps, as on the engines inside this process.

    Raises:
        RpcError: The node does not answer, or is no anvil.
    """
    Rpc(url).request("anvil_setBlockTimestampInterval", 0)


class Anvil:
    """A development node on a free port of this machine, which mines each transaction at once and in order.

    Args:
        timestamp: Time of the first block, in seconds since 1970.
        frozen: Let time stand still until something warps, as on the engines inside this process; otherwise
            it runs with the clock.
        base_fee: Base fee of the first block, in wei; 0 keeps transactions free.
        gas_limit: Gas limit of a block.
        hardfork: EVM version.
    """

    def __init__(
        self,
        *,
        timestamp: int = GENESIS_TIME,
        frozen: bool = True,
        base_fee: int = 0,
        gas_limit: int = BLOCK_GAS_LIMIT,
        hardfork: str = "cancun",
    ) -> None:
        self._options = [
            f"--host={_HOST}",
            "--silent",
            "--order=fifo",
            f"--chain-id={CHAIN_ID}",
            f"--timestamp={timestamp}",
            f"--block-base-fee-per-gas={base_fee}",
            f"--gas-limit={gas_limit}",
            f"--hardfork={hardfork}",
        ]
        self._frozen = frozen
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Address of the running node."""
        if self._process is None:
            raise ChainError("the node is not running", "start it, or use it in a with block")
        return f"http://{_HOST}:{self._port}"

    def start(self) -> Self:
        """Start the node and wait until it answers.

        Raises:
            ChainError: anvil is not installed, or does not come up.
        """
        self._port = _free_port()
        command = [_binary(), f"--port={self._port}", *self._options]
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115, closed by stop()
        # A group of its own, so that Ctrl-C reaches the node only through stop().
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=self._complaints, start_new_session=True
        )
        try:
            self._wait(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the node; does nothing if it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._complaints.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        rpc, deadline = Rpc(self.url), time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                self._complaints.seek(0)
                reason = self._complaints.readline().decode(errors="replace").strip()
                raise ChainError(f"anvil did not start ({reason})", "try again, or check its options")
            try:
                rpc.request("eth_chainId")
            except RpcError:
                time.sleep(0.02)
                continue
            if self._frozen:
                freeze(self.url)
            return
        raise ChainError(
            f"anvil did not answer within {_START_SECONDS:.0f} s", "try again on an idle machine"
        )


def _binary() -> str:
    places = [Path(sys.prefix) / "bin", _CHECKOUT / ".venv" / "bin", _CHECKOUT / "node_modules" / ".bin"]
    search = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    found = shutil.which("anvil", path=search)
    if found is None:
        raise ChainError("anvil is not installed", "run `make setup`, or put it on the PATH")
    # npm installs a launcher that runs the node as its child and does not wait for it to stop: go around it.
    native = next(Path(found).resolve().parent.parent.glob("anvil-*/bin/anvil"), None)
    return str(native or found)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
