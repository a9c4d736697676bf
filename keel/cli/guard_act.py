"""`keel guard restrict` and `keel guard lift`: the only commands of this group that send anything."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from eth_account import Account
from eth_account.signers.local import LocalAccount

from keel.cli.guard_status import as_dict, as_told, open_guard, show, spelt
from keel.errors import ConfigError
from keel.evm.chain import Receipt
from keel.evm.scalars import normal_address
from keel.sdk.governance import Guard, Status
from keel.sdk.web3chain import Web3Chain

_Command = TypeVar("_Command", bound=Callable[..., Any])

_LEVELS = {spelt(status): status for status in Status if status is not Status.OPEN}


def _by_account(function: _Command) -> _Command:
    """The options that name who sends: one of them, and only one."""
    account = click.option("--account", metavar="ADDRESS", help="Account that the node signs for.")
    keystore = click.option(
        "--keystore",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Encrypted key file; its passphrase is asked for.",
    )
    decorated: _Command = account(keystore(function))
    return decorated


@click.command()
@click.argument("market", type=click.IntRange(1))
@click.option("--level", required=True, type=click.Choice(list(_LEVELS)), help="How tight.")
@as_told
@_by_account
def restrict(
    market: int,
    level: str,
    record_path: Path,
    rpc: str,
    as_json: bool,
    account: str | None,
    keystore: Path | None,
) -> None:
    """Tighten a market's status for 7 days: at once, by a guardian whose mandate is not over.

    reduce-only takes no new risk; closed takes neither pool deposits, redemptions nor withdrawals of who
    has a position either. Neither blocks reductions, margin, liquidations, prices or funding.

    \b
    Examples:
      keel guard restrict 1 --level reduce-only --deployment record.json --rpc "$RPC" --keystore guardian.json
      keel guard restrict 2 --level closed --deployment record.json --rpc "$RPC" --account 0x7099...79C8
    """  # noqa: D301, click's mark for lines that stay as they are
    _act(
        record_path,
        rpc,
        (account, keystore),
        market,
        lambda guard, sender: guard.restrict(market, _LEVELS[level], sender),
        as_json=as_json,
    )


@click.command()
@click.argument("market", type=click.IntRange(1))
@as_told
@_by_account
def lift(
    market: int, record_path: Path, rpc: str, as_json: bool, account: str | None, keystore: Path | None
) -> None:
    """End a guardian's restriction whose time is over: back to what governance had set. Anyone.

    \b
    Examples:
      keel guard lift 1 --deployment record.json --rpc http://127.0.0.1:8545 --account 0x7099...79C8
      keel guard lift 1 --deployment record.json --rpc "$RPC" --keystore me.json --json
    """  # noqa: D301, click's mark for lines that stay as they are
    _act(
        record_path,
        rpc,
        (account, keystore),
        market,
        lambda guard, sender: guard.lift(market, sender),
        as_json=as_json,
    )


def _act(
    record_path: Path,
    rpc: str,
    who: tuple[str | None, Path | None],
    market: int,
    act: Callable[[Guard, str], Receipt],
    *,
    as_json: bool,
) -> None:
    sender, signers = _sender(*who)
    guard = open_guard(Web3Chain(rpc, signers), record_path)
    guard.market(market)
    receipt = act(guard, sender)
    now = guard.market(market)
    if as_json:
        click.echo(json.dumps(as_dict(now, guard.names) | {"transaction": receipt.transaction}, indent=2))
    else:
        show((now,), guard.names)


def _sender(account: str | None, keystore: Path | None) -> tuple[str, tuple[LocalAccount, ...]]:
    """Who sends, and what this process signs with."""
    if account is not None and keystore is None:
        return normal_address(account), ()
    if keystore is None or account is not None:
        raise ConfigError("it is not clear who sends", "give --account or --keystore, one of them")
    passphrase = click.prompt("Passphrase", hide_input=True, err=True)
    try:
        signer: LocalAccount = Account.from_key(Account.decrypt(keystore.read_text(), passphrase))
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{keystore.name} does not open", "check file and passphrase") from None
    return signer.address, (signer,)
