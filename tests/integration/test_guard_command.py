"""`keel guard` against a node: what it shows, what it sends, and what it refuses to send."""

import json

import pytest
from click.testing import CliRunner
from eth_account import Account

from keel.cli.guard import command
from keel.config.deployment import load_deployment
from keel.errors import ConfigError, DataError, Reverted
from keel.evm.chain import DEV_ACCOUNTS
from keel.sdk.anvil import Anvil
from keel.sdk.deploy import deploy
from keel.sdk.deployment import load_record
from keel.sdk.web3chain import Web3Chain

TERM = 7 * 86_400
GUARDIAN, STRANGER = DEV_ACCOUNTS[7], DEV_ACCOUNTS[5]
SIGNER = Account.from_key("0x" + "0a" * 32)


@pytest.fixture(scope="module")
def node():
    with Anvil() as running:
        yield running


@pytest.fixture(scope="module")
def chain(node):
    return Web3Chain(node.url)


@pytest.fixture(scope="module")
def record(chain, tmp_path_factory):
    path = tmp_path_factory.mktemp("guard") / "record.json"
    settings = load_deployment().model_copy(update={"guardian": GUARDIAN})
    deploy(chain, settings, record=load_record(path))
    return path


@pytest.fixture
def keel(node, chain, record):
    """Runs the command on the deployment; what it did is taken back."""
    before = chain.snapshot()

    def run(*arguments, text=None, code=0):
        done = CliRunner().invoke(
            command, [*arguments, "--deployment", str(record), "--rpc", node.url], input=text
        )
        if isinstance(done.exception, Exception) and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout

    yield run
    chain.revert(before)


def status(keel, code=0):
    return json.loads(keel("status", "--json", code=code))


def test_an_open_market(keel):
    assert status(keel) == [
        {
            "market": 1,
            "name": "BTC",
            "status": "open",
            "by": None,
            "until": None,
            "lapsed": False,
            "guardian_rests_until": None,
        }
    ]
    shown = keel("status")
    assert "1 BTC" in shown
    assert "open" in shown


@pytest.mark.parametrize("level", ["reduce-only", "closed"])
def test_restrict_and_lift(keel, chain, level):
    done = json.loads(keel("restrict", "1", "--level", level, "--account", GUARDIAN, "--json"))
    (one,) = status(keel, code=1)
    assert one == {key: value for key, value in done.items() if key != "transaction"}
    assert done["transaction"].startswith("0x")
    assert (one["status"], one["by"], one["lapsed"]) == (level, GUARDIAN, False)
    assert one["guardian_rests_until"] - one["until"] == TERM
    assert abs(one["until"] - chain.timestamp() - TERM) <= 2
    assert GUARDIAN[:12] in keel("status", code=1)
    with pytest.raises(Reverted, match="NothingToLift"):
        keel("lift", "1", "--account", STRANGER)
    chain.warp(TERM)
    assert status(keel, code=1)[0]["lapsed"]
    assert "lift" in keel("status", "--market", "1", code=1)
    assert "open" in keel("lift", "1", "--account", STRANGER)
    (one,) = status(keel)
    assert (one["status"], one["by"], one["until"]) == ("open", None, None)


def test_a_key_file_signs_here(keel, chain, tmp_path):
    """A stranger's: the contract refuses it, so it was the sender; a lapsed restriction it may lift."""
    path = tmp_path / "key.json"
    path.write_text(json.dumps(Account.encrypt(SIGNER.key, "secret", iterations=2)))
    chain._control("anvil_setBalance", SIGNER.address, hex(10**18))
    with pytest.raises(Reverted) as refused:
        keel("restrict", "1", "--level", "closed", "--keystore", str(path), text="secret\n")
    assert (refused.value.error, refused.value.named) == (
        "AccessManagedUnauthorized",
        {"caller": SIGNER.address},
    )
    with pytest.raises(ConfigError, match="does not open") as wrong:
        keel("restrict", "1", "--level", "closed", "--keystore", str(path), text="guess\n")
    assert "guess" not in str(wrong.value)
    keel("restrict", "1", "--level", "closed", "--account", GUARDIAN)
    chain.warp(TERM)
    assert "open" in keel("lift", "1", "--keystore", str(path), text="secret\n")


@pytest.mark.parametrize("who", [(), ("--account", GUARDIAN, "--keystore", __file__)])
def test_nothing_is_sent_without_one_account(keel, who):
    with pytest.raises(ConfigError, match="who sends"):
        keel("restrict", "1", "--level", "closed", *who)
    assert status(keel)[0]["status"] == "open"


def test_markets_and_records_that_are_not_there(keel, node, tmp_path):
    for arguments in (("status",), ("lift", "--account", GUARDIAN)):
        name, *rest = arguments
        market = ["--market", "2"] if name == "status" else ["2"]
        with pytest.raises(DataError, match="no market 2"):
            keel(name, *market, *rest)
    absent, empty = tmp_path / "absent.json", tmp_path / "empty.json"
    empty.write_text('{"contracts": {}, "done": []}')
    for path, told in ((absent, "there is no absent.json"), (empty, "empty.json has no core")):
        done = CliRunner().invoke(command, ["status", "--deployment", str(path), "--rpc", node.url])
        assert isinstance(done.exception, ConfigError)
        assert told in str(done.exception)


@pytest.mark.parametrize("name", ["status", "restrict", "lift"])
def test_help_has_examples(name):
    told = CliRunner().invoke(command, [name, "--help"]).output
    assert f"keel guard {name}" in told.partition("Examples:")[2]
    assert "--json" in told
