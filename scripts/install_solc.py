"""Put the Solidity compiler of this project where py-solc-x, and so `ape compile`, looks for it.

The native compiler is tried first. Where its download is not reachable, or the machine has no native
build, a launcher over the wasm compiler of the npm package `solc` takes its place: same version, same
bytecode, slower.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import click
from solcx.exceptions import SolcError
from solcx.install import get_solcx_install_folder
from solcx.wrapper import get_solc_version

VERSION = "0.8.30"
PROBE_SECONDS = 10
DOWNLOAD_SECONDS = 120
ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = ROOT / "scripts" / "solc_launcher.js"
WASM = ROOT / "node_modules" / "solc" / "soljson.js"
# py-solc-x wants one executable file; sh spares node the question which module type a bare file is.
LAUNCHER_HEAD = b"#!/bin/sh\nexec node"


class InstallError(click.ClickException):
    """The compiler could be neither downloaded nor taken from `node_modules`."""


def answers(binary: Path) -> bool:
    """Tell whether `binary` runs and is the wanted version."""
    try:
        return str(get_solc_version(binary)) == VERSION
    except (OSError, SolcError, subprocess.SubprocessError):
        return False


def run_solcx(code: str, seconds: int) -> bool:
    """Run py-solc-x code apart, since its requests have no timeout of their own."""
    command = [sys.executable, "-c", f"import solcx; {code}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=seconds, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def install_native(binary: Path) -> bool:
    """Let py-solc-x download the native compiler; leave nothing broken behind."""
    if not run_solcx("solcx.get_installable_solc_versions()", PROBE_SECONDS):
        return False
    if run_solcx(f"solcx.install_solc('{VERSION}')", DOWNLOAD_SECONDS) and answers(binary):
        return True
    binary.unlink(missing_ok=True)
    return False


def is_launcher(binary: Path) -> bool:
    """Tell whether `binary` is the one `install_wasm` writes, which a newer clone may refresh."""
    return binary.is_file() and binary.read_bytes()[: len(LAUNCHER_HEAD)] == LAUNCHER_HEAD


def replace(target: Path, content: bytes, *, executable: bool = False) -> None:
    """Write `target` in one step, so that a compiler in use elsewhere never sees half a file."""
    if target.exists() and target.read_bytes() == content:
        return
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_bytes(content)
    fresh.chmod(0o755 if executable else 0o644)
    fresh.replace(target)


def install_wasm(binary: Path) -> None:
    """Copy the wasm compiler and its launcher, so that they outlive this clone."""
    node = shutil.which("node")
    if node is None or not WASM.is_file():
        raise InstallError("The wasm compiler needs node and node_modules/solc: run `make setup`.")
    home = binary.parent / f"wasm-{VERSION}"
    home.mkdir(parents=True, exist_ok=True)
    replace(home / "soljson.cjs", WASM.read_bytes())
    replace(home / "launcher.cjs", LAUNCHER.read_bytes())
    script = LAUNCHER_HEAD + f' "$(dirname "$0")/{home.name}/launcher.cjs" "$@"\n'.encode()
    replace(binary, script, executable=True)
    if not answers(binary):
        raise InstallError(f"{binary} does not run: is `node` 20 or newer on PATH?")


@click.command()
def cli() -> None:
    """Install the Solidity compiler for `ape compile`."""
    binary = get_solcx_install_folder() / f"solc-v{VERSION}"
    binary.parent.mkdir(parents=True, exist_ok=True)
    launched = is_launcher(binary)
    if answers(binary) and not launched:
        click.echo(f"solc {VERSION}: already installed")
    elif not launched and install_native(binary):
        click.echo(f"solc {VERSION}: native compiler installed")
    else:
        install_wasm(binary)
        click.echo(f"solc {VERSION}: wasm compiler over node (delete {binary} to try the native one again)")


if __name__ == "__main__":
    cli()
