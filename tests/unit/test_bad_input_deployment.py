"""Constructors that must refuse, and settlement tokens of every kind."""

import pytest
from support.bench import MARKET, Bench, make_bench, with_token
from support.refusals import assert_refused, bytes32, refusal

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

NOBODY = "0x" + "77" * 20
CAP_LIMIT = 10**17
# 8 h rates of the local preset, WAD.
INTEREST, HEADROOM = 10**14, 22 * 10**14


@pytest.fixture
def chain():
    return RevmChain()


def refused(action, error, **args):
    with pytest.raises(Reverted) as failure:
        action()
    assert (failure.value.error, failure.value.named) == (error, args)


@pytest.mark.parametrize("contract", ["Keel", "KeelExtension", "KeelLiquidation"])
def test_tokens_that_are_no_tokens(chain, contract):
    aggregator = chain.deploy("MockAggregator", 8)
    access = chain.deploy("KeelAccess", chain.accounts[0])
    good = chain.deploy("MockToken", 6)
    parts = (chain.deploy("KeelExtension", good, access), chain.deploy("KeelLiquidation", good))
    more = {"Keel": (access, *parts), "KeelExtension": (access,), "KeelLiquidation": ()}[contract]
    for token, decimals in ((NOBODY, 0), (access.address, 0), (chain.deploy("MockToken", 19), 19)):
        act = lambda token=token: chain.deploy(contract, token, *more)  # noqa: E731
        refused(act, "TokenUnsupported", decimals=decimals)
    refused(
        lambda: chain.deploy(contract, chain.deploy("MockToken", 255), *more),
        "TokenUnsupported",
        decimals=255,
    )
    # Anything with at most 18 decimals is taken for a token: whoever deploys must look.
    chain.deploy(contract, aggregator, *more)


def test_a_core_without_a_part(chain):
    access = chain.deploy("KeelAccess", chain.accounts[0])
    token = chain.deploy("MockToken", 6)
    extension = chain.deploy("KeelExtension", token, access)
    for parts in ((NOBODY, chain.deploy("KeelLiquidation", token)), (extension, NOBODY)):
        act = lambda parts=parts: chain.deploy("Keel", token, access, *parts)  # noqa: E731
        refused(act, "ExtensionMissing", extension=NOBODY)


def test_the_deployment_stops_at_a_wrong_token(chain):
    settings = load_deployment().model_copy(update={"token": chain.deploy("MockToken", 24).address})
    refused(lambda: deploy(chain, settings), "TokenUnsupported", decimals=24)


def test_price_sources(chain):
    feed = chain.deploy("MockAggregator", 8)
    refused(
        lambda: chain.deploy("ChainlinkSource", feed, 0), "HeartbeatOutOfBounds", given=0, low=1, high=604_800
    )
    wide = chain.deploy("MockAggregator", 19)
    act = lambda: chain.deploy("ChainlinkSource", wide, 60)  # noqa: E731
    refused(act, "DecimalsUnsupported", given=19, limit=18)


# name, value, lowest, highest; rates are WAD per 8 h.
FUNDING = [
    ("interestMax", INTEREST - 1, INTEREST, 10**16),
    ("interestMax", 10**16 + 1, INTEREST, 10**16),
    ("interestBeta", 10**19 + 1, 0, 10**19),
    ("baseSigma", 10**16 - 1, 10**16, 10**19),
    ("baseSigma", 10**19 + 1, 10**16, 10**19),
    ("deadzone", 10**16 + 1, 0, 10**16),
    ("convexity", 10**14 - 1, 10**14, 10**18),
    ("convexity", 10**18 + 1, 10**14, 10**18),
    ("premiumFactor", 10**19 + 1, 0, 10**19),
    ("kink", 10**16 - 1, 10**16, 99 * 10**16),
    ("kink", 99 * 10**16 + 1, 10**16, 99 * 10**16),
    ("capLongsPay", HEADROOM + 4 * INTEREST - 1, HEADROOM + 4 * INTEREST, CAP_LIMIT),
    ("capLongsPay", CAP_LIMIT + 1, HEADROOM + 4 * INTEREST, CAP_LIMIT),
    ("capShortsPay", HEADROOM - 1, HEADROOM, CAP_LIMIT),
    ("capShortsPay", CAP_LIMIT + 1, HEADROOM, CAP_LIMIT),
    ("slowWeight", WAD + 1, 0, WAD),
    ("fastSeconds", 59, 60, 2_592_000),
    ("fastSeconds", 2_592_001, 60, 2_592_000),
    ("slowSeconds", 3_599, 3_600, 2_592_000),
    ("slowSeconds", 2_592_001, 3_600, 2_592_000),
    ("skewSeconds", 59, 60, 2_592_000),
    ("skewSeconds", 2_592_001, 60, 2_592_000),
    ("deviation", 10**12 - 1, 10**12, 10**16),
    ("deviation", 10**16 + 1, 10**12, 10**16),
    ("gain", 10**15 - 1, 10**15, 1_000 * WAD),
    ("gain", 1_000 * WAD + 1, 10**15, 1_000 * WAD),
]


@pytest.mark.parametrize(("name", "given", "low", "high"), FUNDING)
def test_funding_parameters(chain, name, given, low, high):
    params = load_deployment().markets[0].funding.abi() | {name: given}
    act = lambda: chain.deploy("LayeredFunding", params)  # noqa: E731
    refused(act, "ParameterOutOfBounds", name=bytes32(name), given=given, low=low, high=high)


def test_every_funding_parameter_is_tried():
    known = set(load_deployment().markets[0].funding.abi())
    # Bounded through interestMax and the caps; any address may be the source of the interest.
    assert known - {"interest", "kinkRate", "slopeRate", "interestSource"} == {row[0] for row in FUNDING}


def test_fees_on_transfer_are_refused():
    chain = RevmChain()
    settings = with_token(chain, "MockFeeToken", 6)
    bench = Bench(Protocol(chain, deploy(chain, settings)))
    for owner in (bench.provider, bench.trader):
        bench.protocol.fund(owner, 10**12)
    bench.settle_price(50_000)
    expected = refusal("TokensMissing", held=99 * 10**4, owed=10**6)
    act = lambda: bench.protocol.deposit(account_id(bench.trader), 10**6, bench.trader)  # noqa: E731
    assert_refused(bench, expected, act)
    for vault in (bench.vault, bench.insurance):
        act = lambda vault=vault: chain.send(  # noqa: E731
            vault, "deposit", 10**6, bench.provider, sender=bench.provider
        )
        assert_refused(bench, expected, act)


TOKENS = {
    "6 decimals": ("MockToken", 6),
    "8 decimals": ("MockToken", 8),
    "18 decimals": ("MockToken", 18),
    "no decimals": ("MockToken", 0),
    "returns nothing": ("MockSilentToken",),
}


@pytest.mark.parametrize("kind", TOKENS)
def test_the_whole_flow_works_with(kind):
    chain = RevmChain()
    settings = with_token(chain, *TOKENS[kind])
    bench = Bench(Protocol(chain, deploy(chain, settings))).use()
    protocol, me = bench.protocol, bench.trader
    token = protocol.contracts.token
    assert protocol.view("TOKEN_SCALE") == 10 ** (18 - protocol.contracts.token_decimals)
    bench.trade(me, -WAD)
    bench.trade(bench.rival, 4 * WAD // 10)
    before = chain.call(token, "balanceOf", me)
    left = protocol.view("accountOf", account_id(me)).balance // protocol.view("TOKEN_SCALE")
    protocol.withdraw(account_id(me), left, me, me)
    assert chain.call(token, "balanceOf", me) == before + left
    for vault in (bench.vault, bench.insurance):
        shares = chain.call(vault, "balanceOf", bench.provider)
        chain.send(vault, "requestRedeem", shares, bench.provider, bench.provider, sender=bench.provider)
    bench.later(86_400)
    bench.settle_price(50_000)
    for vault in (bench.vault, bench.insurance):
        shares = chain.call(vault, "claimableRedeemRequest", 0, bench.provider)
        paid = chain.send(vault, "redeem", shares, bench.provider, bench.provider, sender=bench.provider)
        assert paid.result > 0
    # What is left: the newcomer's and the rival's margin, insurance without stakers, dust of rounding.
    market = protocol.view("marketOf", MARKET)
    assert (market.shares, protocol.view("insurance").shares) == (0, 0)
    assert 0 <= market.cash < 2 * WAD
    balances = sum(protocol.view("accountOf", account_id(owner)).balance for owner in chain.accounts)
    owed = balances + market.cash + market.fundingClearing + protocol.view("insurance").assets
    assert protocol.view("booked") * protocol.view("TOKEN_SCALE") == owed
    assert chain.call(token, "balanceOf", bench.core) == protocol.view("booked")


def test_a_bench_over_the_default_token_has_six_decimals():
    assert make_bench().one == 10**6
