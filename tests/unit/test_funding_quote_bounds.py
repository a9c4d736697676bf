"""`keel funding quote` refuses: every bound of every parameter by name, unstable sets, and bad input."""

import subprocess
import sys
from decimal import Decimal

import pytest
from click.testing import CliRunner

from keel.analytics.funding_quote import DeployedModel, FundingCase, explained
from keel.cli.funding_quote import quote
from keel.config.funding import FUNDING_MODELS, load_funding
from keel.errors import ConfigError, DataError, KeelError, Reverted
from keel.units import format_wad, parse_wad

MONTH, QUARTER = 30 * 86_400, 90 * 86_400


def refusal(*arguments):
    """The one line with which the command ends."""
    result = CliRunner().invoke(quote, arguments)
    assert isinstance(result.exception, KeelError), result.output
    line = str(result.exception)
    assert "\n" not in line
    return line


# Bounds, in human units

_INTEREST = {"interest_beta": ("0", "10"), "base_sigma": ("0.01", "10"), "deadzone": ("0", "0.01")}
_GAIN = {"premium_factor": ("0", "10"), "gain": ("0.001", "1000"), "deviation": ("0.000001", "0.01")}
_MEAN = {"deviation": ("0.000001", "0.01"), "mean_seconds": (3_600, QUARTER)}
BOUNDS = {
    "layered": _INTEREST
    | _GAIN
    | {
        "interest_max": ("0.0001", "0.01"),
        "convexity": ("0.0001", "1"),
        "kink": ("0.01", "0.99"),
        "kink_rate": ("0", "0.1"),
        "slope_rate": ("0", "0.1"),
        "cap_longs_pay": ("0.0026", "0.1"),
        "cap_shorts_pay": ("0.0022", "0.1"),
        "slow_weight": ("0", "1"),
        "fast_seconds": (60, MONTH),
        "slow_seconds": (3_600, MONTH),
        "skew_seconds": (60, MONTH),
    },
    "premium": _INTEREST
    | _GAIN
    | _MEAN
    | {
        "interest_max": ("0.0001", "0.01"),
        "premium_max": ("0.001", "1"),
        "scaling": ("0", "10"),
        "cap_longs_pay": ("0.001", "0.1"),
        "cap_shorts_pay": ("0.001", "0.1"),
        "smoothing_seconds": (60, MONTH),
        "offset_seconds": (0, 28_799),
    },
    "velocity": _MEAN
    | {
        "velocity": ("0", "2.4"),
        "skew_scale": (format_wad(1), format_wad(2**112)),
        "deadband": ("0", "0.99"),
        "leak_seconds": (60, QUARTER),
        "cap_longs_pay": ("0.0001", "0.1"),
        "cap_shorts_pay": ("0.0001", "0.1"),
    },
    "adaptive": _MEAN
    | {
        "increase": ("0", "0.000821917808219178"),
        "decrease": ("0", "0.000821917808219178"),
        "increase_threshold": ("0", "1"),
        "decrease_threshold": ("0", "0.04"),
        "rate_min": ("0", "0.000821917808219178"),
        "rate_max": ("0.000001", "0.1"),
    },
}
# Refused by another name or by the settings themselves; each has a test of its own.
APART = {"model", "interest", "interest_source", "smoothing"}


def outside():
    """Every bound, a step beyond it: model, parameter, value given, low, high."""
    for model, bounds in BOUNDS.items():
        for name, (low, high) in bounds.items():
            beyond = (
                [high + 1, low - 1]
                if isinstance(low, int)
                else [format_wad(parse_wad(high) + 1), format_wad(parse_wad(low) - 1)]
            )
            yield from (
                (model, name, str(given), str(low), str(high)) for given in beyond if Decimal(given) >= 0
            )


@pytest.mark.parametrize(("model", "name", "given", "low", "high"), outside())
def test_every_parameter_out_of_bounds_is_named(model, name, given, low, high):
    head, *rest = name.split("_")
    camel = head + "".join(map(str.capitalize, rest))
    line = refusal("--model", model, f"--{name.replace('_', '-')}", given)
    wanted = f"ParameterOutOfBounds(name={camel}, given={given}, low={low}, high={high})"
    assert line == f"{wanted}: choose a value from {low} to {high}"


def test_every_parameter_is_tried():
    for model, kind in FUNDING_MODELS.items():
        assert set(BOUNDS[model]) == set(kind.model_fields) - APART


NUMBERS = {name: model for model, kind in FUNDING_MODELS.items() for name in kind.model_fields}


@pytest.mark.parametrize("name", sorted(NUMBERS.keys() - (APART - {"interest"})))
def test_negative_parameters_are_named(name):
    line = refusal("--model", NUMBERS[name], f"--{name.replace('_', '-')}", "-1")
    assert line == f"{NUMBERS[name]}.{name}: Input should be greater than or equal to 0: correct that value"


@pytest.mark.parametrize("model", ["layered", "premium"])
def test_interest_is_bounded_by_its_highest(model):
    most = "0.0004" if model == "layered" else "0.001"
    line = refusal("--model", model, "--interest", "0.02")
    wanted = f"ParameterOutOfBounds(name=interestMax, given={most}, low=0.02, high=0.01)"
    assert line == f"{wanted}: its bounds follow from others: change those"


@pytest.mark.parametrize(
    ("arguments", "gain", "limit"),
    [
        (("--model", "layered", "--gain", "4"), "8", "6"),
        (("--model", "layered", "--cap-shorts-pay", "0.0176"), "6.02", "6"),
        (("--model", "premium", "--gain", "0.126"), "0.126", "0.125"),
        (("--model", "premium", "--smoothing-seconds", "57600"), "0.1", "0.0625"),
        (("--preset", "premium-exponential", "--premium-factor", "2.1"), "6.3", "6"),
        (("--preset", "premium-literal", "--scaling", "2.5"), "7.5", "6"),
    ],
)
def test_unstable_sets_are_refused(arguments, gain, limit):
    assert refusal(*arguments).startswith(f"Unstable(loopGain={gain}, limit={limit}): choose a smaller gain")


# Bad input

BAD = {
    "model": (
        ("--model", "hill"),
        "no funding model 'hill': use one of layered, premium, velocity, adaptive",
    ),
    "preset": (("--preset", "mine"), "no funding preset 'mine': use a preset (adaptive, layered,"),
    "model and preset": (
        ("--model", "velocity", "--preset", "premium"),
        "premium is a set of the premium model",
    ),
    "parameter": (
        ("--model", "velocity", "--deadzone", "0"),
        "the velocity model has no deadzone: it has velocity",
    ),
    "text": (("--deadzone", "wide"), "layered.deadzone: 'wide' is not a number"),
    "smoothing": (("--model", "premium", "--smoothing", "box"), "premium.smoothing: Input should be 'spot'"),
    "source": (
        ("--interest-source", "fixed"),
        "--interest-source: 'fixed' is no inline table: write it like",
    ),
    "kind": (("--interest-source", '{kind="bank"}'), "layered.interest_source: Input tag 'bank'"),
    "vault": (
        ("--interest-source", f'{{kind="lending", vault="0x{"11" * 20}"}}'),
        "a lending vault lives on a chain",
    ),
    "elapsed < 0": (("--elapsed", "-1"), "elapsed is -1 seconds"),
    "elapsed": (("--elapsed", "an hour"), "--elapsed: 'an hour' is not a whole number of seconds"),
    "elapsed, part": (("--elapsed", "1.5"), "--elapsed: '1.5' is not a whole number of seconds"),
    "since < 0": (("--since", "-1"), "since is -1 seconds"),
    "since < 1970": (("--since", "1969-12-31T23:59:59"), "since is -1 seconds"),
    "since": (("--since", "yesterday"), "--since: 'yesterday' is no time"),
    "since, part": (("--since", "2024-01-01T00:00:00.5"), "--since: '2024-01-01T00:00:00.5' has a fraction"),
    "end": (("--since", str(2**32 - 10), "--elapsed", "10"), "since + elapsed is 4294967296 seconds"),
    "state": (("--state", "0x12"), "--state: '0x12' is no state word"),
    "state, text": (("--state", "rest"), "--state: 'rest' is no state word"),
    "state, foreign": (
        ("--state", "0x" + "7f" * 32),
        "makes a rate of 0.470384739862309758, beyond the model's caps",
    ),
    "premium": (
        ("--premium", "15.000000000000000001"),
        "premium 15.000000000000000001 is out of range: from -1 to 15",
    ),
    "premium < -1": (("--premium", "-1.1"), "premium -1.1 is out of range"),
    "premium, text": (("--premium", "1%"), "--premium: '1%' is not a plain decimal number"),
    "utilization": (
        ("--utilization", format_wad(10**36 + 1)),
        "utilization 1000000000000000000.000000000000000001 is",
    ),
    "sigma": (("--sigma", "-0.1"), "sigma -0.1 is out of range"),
    "sigma, high": (("--sigma", "1099.6"), "sigma 1099.6 is out of range"),
    "longs": (("--long-interest", "-1"), "long interest -1 is out of range"),
    "shorts": (
        ("--short-interest", format_wad(2**112)),
        "short interest 5192296858534827.628530496329220096 is",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    arguments, expected = BAD[case]
    assert expected in refusal(*arguments)


def test_other_refusals_stay_what_they_are():
    halted = Reverted("Halted", ("OutOfGas",), {"reason": "OutOfGas"})
    assert explained(halted) is halted


def test_the_library_refuses_as_the_command_does():
    with pytest.raises(ConfigError, match="Unstable"):
        DeployedModel(load_funding("layered", None, {"gain": 4}))
    with pytest.raises(DataError, match="elapsed is -1 seconds"):
        DeployedModel(load_funding()).quote(FundingCase(elapsed=-1))


def test_the_command_ends_with_one_line_and_exit_code_2():
    command_line = [sys.executable, "-c", "from keel.cli.main import main; main()", "funding", "quote"]
    done = subprocess.run([*command_line, "--deadzone", "1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    refused = "ParameterOutOfBounds(name=deadzone, given=1, low=0, high=0.01)"
    assert done.stderr == f"keel: {refused}: choose a value from 0 to 0.01\n"
