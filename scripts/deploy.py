"""Deploy Keel on the network that ape is connected to.

\b
Examples:
  ape run deploy --network ethereum:local:foundry --account TEST::0
  ape run deploy --network ethereum:local:foundry --account TEST::0 --settings my.toml --record my.json
  ape run deploy --network ethereum:sepolia:node --account me --settings sepolia.toml --record sepolia.json

Settings are the name of a preset or the path of a TOML file. With --record every finished step is written
down: run the same line again after a failure, and it goes on where it stopped. On a public network the
settings name the real token, the feeds, a governor and a guardian, and a delay of a day at least; the account
only pays. On a local chain, without them, the account is governor and guardian itself.
"""  # noqa: D301, click's mark for lines that stay as they are

from pathlib import Path

import click
from ape.api.accounts import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option
from rich.console import Console
from rich.table import Table

from keel.config.deployment import load_deployment
from keel.errors import KeelError
from keel.sdk.apechain import ApeChain
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record, addresses, load_record


@click.command(cls=ConnectedProviderCommand, help=__doc__)
@account_option()
@click.option("--settings", default="local", show_default=True, help="Preset name or path of a .toml file.")
@click.option(
    "--record", "record_path", type=click.Path(dir_okay=False, path_type=Path), help="Progress file."
)
def cli(account: AccountAPI, settings: str, record_path: Path | None) -> None:
    """Run the deployment and print the addresses."""
    try:
        record = Record() if record_path is None else load_record(record_path)
        chain = ApeChain([account])
        sender = chain.accounts[0]
        done = deploy(chain, load_deployment(settings), sender, record, lambda step: click.echo(f"  {step}"))
    except KeelError as error:
        raise click.ClickException(str(error)) from None
    table = Table(title="Keel")
    table.add_column("contract")
    table.add_column("address", no_wrap=True)
    for role, address in addresses(done).items():
        table.add_row(role, address)
    Console().print(table)
