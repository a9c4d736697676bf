"""I-11: somebody has the governor's key, or the guardian's: what he can do, and from when on."""

import pytest
from support.bench import COLLATERAL, MARKET, POOL, rolled_back
from support.guard import CANCELLER, GUARDIAN, TERM, make_guarded
from support.listing import config_of, hub_of, links_of
from support.refusals import ANY, assert_refused, out_of_bounds, refusal

from keel.artifacts import artifact
from keel.errors import Reverted
from keel.sdk.governance import GOVERNOR_FUNCTIONS, execute, propose
from keel.sdk.protocol import account_id
from keel.units import WAD

DELAY = 2 * 86_400
WORD = 32


@pytest.fixture(scope="module")
def used():
    return make_guarded(timelock_seconds=DELAY)


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


@pytest.fixture
def thief(bench):
    """Who has the key of the timelock's proposer."""
    return bench.provider


def held(bench):
    """Tokens of the core."""
    return bench.chain.call(bench.protocol.contracts.token, "balanceOf", bench.core)


def _set_market(b):
    return b.core, "setMarket", MARKET, config_of(b, takerFeePpm=1_000), links_of(b)


def _list_market(b):
    return b.core, "listMarket", config_of(b), links_of(b, oracle=hub_of(b, MARKET + 1).address)


def _open_to_all(b):
    selectors = [b.core.abi.function(name).selector for name in ("setMarket", "reopenMarket")]
    return b.access, "setTargetFunctionRole", b.core, selectors, 2**64 - 1


def _authority(b):
    return b.chain.at("KeelExtension", b.core.address), "setAuthority", b.access


# Every change that only a role can make, as somebody would make it who wants the money.
GRABS = {
    "listMarket": _list_market,
    "setMarket": _set_market,
    "holdMarket": lambda b: (b.core, "holdMarket", MARKET, 3),
    "reopenMarket": lambda b: (b.core, "reopenMarket", MARKET),
    "shutMarket": lambda b: (b.core, "shutMarket", MARKET),
    "setInsuranceVault": lambda b: (b.core, "setInsuranceVault", b.stranger),
    "setCollateral": lambda b: (b.core, "setCollateral", b.stranger),
    "setAuthority": _authority,
    "poolRedeem": lambda b: (b.core, "poolRedeem", MARKET, 10**24, b.stranger),
    "insuranceRedeem": lambda b: (b.core, "insuranceRedeem", 10**24, b.stranger),
    "refresh": lambda b: (b.hub_of(), "refresh", 0),
    "grantRole": lambda b: (b.access, "grantRole", b.roles.governor, b.stranger, 0),
    "grant the guardian's role": lambda b: (b.access, "grantRole", b.roles.guardian, b.stranger, 0),
    "revokeRole": lambda b: (b.access, "revokeRole", b.roles.guardian, GUARDIAN),
    "setTargetFunctionRole": _open_to_all,
    "setTargetClosed": lambda b: (b.access, "setTargetClosed", b.core, True),
    "setTargetAdminDelay": lambda b: (b.access, "setTargetAdminDelay", b.core, 1),
    "updateAuthority": lambda b: (b.access, "updateAuthority", b.core, b.access),
    "setRoleAdmin": lambda b: (b.access, "setRoleAdmin", b.roles.governor, b.roles.guardian),
    "setRoleGuardian": lambda b: (b.access, "setRoleGuardian", b.roles.governor, b.roles.guardian),
    "setGrantDelay": lambda b: (b.access, "setGrantDelay", b.roles.governor, 1),
    "labelRole": lambda b: (b.access, "labelRole", b.roles.governor, "mine"),
    "updateDelay": lambda b: (b.protocol.contracts.timelock, "updateDelay", 0),
    "a role of the timelock": lambda b: (b.protocol.contracts.timelock, "grantRole", bytes(WORD), b.stranger),
}
# What anyone may do to the access manager: to what he scheduled himself, and to a role of his own.
OWN = {"schedule", "execute", "cancel", "consumeScheduledOp", "renounceRole", "multicall"}
NOT_YOU = {
    *("AccessManagedUnauthorized", "AccessManagerUnauthorizedAccount", "AccessControlUnauthorizedAccount"),
    *("NotVault", "NotCore", "NotAuthorized", "TimelockUnauthorizedCaller"),
}


@pytest.mark.parametrize("name", GRABS)
def test_nothing_without_the_timelock(bench, name):
    """Neither the governor's own key nor the guardian's does it directly."""
    before, tokens = bench.digest(), held(bench)
    target, function, *arguments = GRABS[name](bench)
    for key in (bench.provider, GUARDIAN, CANCELLER):
        with pytest.raises(Reverted) as refused:
            bench.chain.send(target, function, *arguments, sender=key)
        assert refused.value.error in NOT_YOU
    assert (bench.digest(), held(bench)) == (before, tokens)


@pytest.mark.parametrize("name", GRABS)
def test_nothing_before_the_delay(bench, thief, name):
    """Proposed at once, it cannot be executed a second too early, in whatever order it is tried."""
    target, function, *arguments = GRABS[name](bench)
    timelock = bench.protocol.contracts.timelock
    proposal = propose(bench.chain, timelock, target, function, *arguments, sender=thief)
    bench.price(50_000)
    before, tokens = bench.digest(), held(bench)
    early = refusal("TimelockUnexpectedOperationState", operationId=ANY, expectedStates=ANY)
    for wait in (0, DELAY // 2, DELAY - 1 - DELAY // 2):
        if wait:
            bench.later(wait)
        assert_refused(bench, early, lambda: execute(bench.chain, timelock, proposal, thief))
        with pytest.raises(Reverted, match="TimelockInsufficientDelay"):
            bench.chain.send(timelock, "schedule", *_again(proposal), DELAY - 1, sender=thief)
    with pytest.raises(Reverted, match="TimelockUnexpectedOperationState"):
        bench.chain.send(timelock, "executeBatch", *_batch(proposal), sender=thief)
    assert bench.digest() == before
    assert held(bench) == tokens


def _again(proposal):
    """The same call under another salt."""
    return (*proposal.operation[:-1], (proposal.salt + 99).to_bytes(WORD, "big"))


def _batch(proposal):
    """The same call as a batch that nobody scheduled."""
    target, value, data, predecessor, salt = proposal.operation
    return [target], [value], [data], predecessor, salt


def test_everybody_leaves_before_it_counts(bench, thief):
    """Meanwhile tokens leave by normal withdrawals only, and those work, with half of the delay to spare."""
    timelock = bench.protocol.contracts.timelock
    change = config_of(bench, takerFeePpm=1_000), links_of(bench)
    proposal = propose(bench.chain, timelock, bench.core, "setMarket", MARKET, *change, sender=thief)
    owed = held(bench)
    shares = bench.chain.call(bench.vault, "balanceOf", bench.provider)
    bench.protocol.pool_request(MARKET, shares, bench.provider)
    for owner, size in ((bench.trader, -WAD), (bench.rival, 4 * WAD // 10)):
        bench.trade(owner, size)
    assert bench.protocol.view("configOf", MARKET).config.takerFeePpm == 500
    out = 0
    for owner in (bench.trader, bench.rival, bench.newcomer):
        tokens = bench.protocol.view("accountOf", account_id(owner)).balance // 10**12
        bench.protocol.withdraw(account_id(owner), tokens, owner, owner)
        out += tokens
    assert held(bench) == owed - out
    assert out > 3 * COLLATERAL * bench.one * 99 // 100
    bench.later(86_400)
    bench.settle_price(50_000)
    before = held(bench)
    bench.protocol.pool_redeem(MARKET, shares, bench.provider)
    assert before - held(bench) > POOL * bench.one * 999 // 1_000
    bench.later(DELAY - 86_400)
    execute(bench.chain, timelock, proposal, thief)
    assert bench.protocol.view("configOf", MARKET).config.takerFeePpm == 1_000


BEYOND = [
    ("takerFeePpm", 10_001, 0, 10_000),
    ("maxExposurePpm", 10**7, 10_000, 1_633_333),
    ("staleSeconds", 65_535, 60, 7_200),
    ("minNotional", 2**32 - 1, 1, 10**6),
    ("depthPerShare", 0, 1, 2**88 - 1),
]


@pytest.mark.parametrize(("name", "given", "low", "high"), BEYOND)
def test_nothing_beyond_its_bounds_ever(bench, thief, name, given, low, high):
    """The delay is over, and the bounds still hold; bad input of every parameter has a test of its own."""
    timelock = bench.protocol.contracts.timelock
    change = config_of(bench, **{name: given}), links_of(bench)
    proposal = propose(bench.chain, timelock, bench.core, "setMarket", MARKET, *change, sender=thief)
    bench.later(DELAY)
    expected = out_of_bounds(name, given, low, high)
    assert_refused(bench, expected, lambda: execute(bench.chain, timelock, proposal, thief))


def test_no_fake_oracle_without_a_hub_of_this_market(bench, thief):
    timelock = bench.protocol.contracts.timelock
    links = links_of(bench, oracle=bench.protocol.contracts.markets[0].sources[0].address)
    proposal = propose(
        bench.chain, timelock, bench.core, "setMarket", MARKET, config_of(bench), links, sender=thief
    )
    bench.later(DELAY)
    expected = refusal("HubUnknown", oracle=links["oracle"], market=MARKET)
    assert_refused(bench, expected, lambda: execute(bench.chain, timelock, proposal, thief))


def test_the_delay_never_falls_below_its_first(bench, thief):
    """The usual first step, no delay any more, takes the delay and then changes nothing."""
    timelock = bench.protocol.contracts.timelock
    proposal = propose(bench.chain, timelock, timelock, "updateDelay", 0, sender=thief)
    bench.later(DELAY)
    execute(bench.chain, timelock, proposal, thief)
    assert bench.chain.call(timelock, "getMinDelay") == DELAY
    with pytest.raises(Reverted, match="TimelockInsufficientDelay"):
        bench.chain.send(timelock, "schedule", *_again(proposal), DELAY - 1, sender=thief)


@pytest.mark.parametrize(
    ("asked", "found"), [(DELAY + 1, DELAY + 1), (30 * 86_400 + 1, 30 * 86_400), (2**200, 30 * 86_400)]
)
def test_nor_does_governance_lock_itself_out(bench, thief, asked, found):
    timelock = bench.protocol.contracts.timelock
    proposal = propose(bench.chain, timelock, timelock, "updateDelay", asked, sender=thief)
    bench.later(DELAY)
    execute(bench.chain, timelock, proposal, thief)
    assert bench.chain.call(timelock, "getMinDelay") == found


def test_a_timelock_too_slow_is_not_deployed(bench):
    with pytest.raises(Reverted) as refused:
        bench.chain.deploy("KeelTimelock", 30 * 86_400 + 1, [], [], [], sender=bench.stranger)
    assert (refused.value.error, refused.value.named) == (
        "DelayTooLong",
        {"given": 2_592_001, "limit": 2_592_000},
    )


def test_the_canceller_stops_it(bench, thief):
    """He can cancel, and neither propose nor execute before the time; the guardian cannot even cancel."""
    timelock = bench.protocol.contracts.timelock
    proposal = propose(bench.chain, timelock, bench.core, "reopenMarket", MARKET, sender=thief)
    identity = bench.chain.call(timelock, "hashOperation", *proposal.operation)
    for nobody in (GUARDIAN, bench.stranger):
        expected = refusal("AccessControlUnauthorizedAccount", account=nobody, neededRole=ANY)
        assert_refused(
            bench,
            expected,
            lambda nobody=nobody: bench.chain.send(timelock, "cancel", identity, sender=nobody),
        )
    expected = refusal("AccessControlUnauthorizedAccount", account=CANCELLER, neededRole=ANY)
    assert_refused(
        bench,
        expected,
        lambda: propose(bench.chain, timelock, bench.core, "reopenMarket", MARKET, sender=CANCELLER),
    )
    bench.chain.send(timelock, "cancel", identity, sender=CANCELLER)
    bench.later(DELAY)
    with pytest.raises(Reverted, match="TimelockUnexpectedOperationState"):
        execute(bench.chain, timelock, proposal, thief)


def test_the_guardians_key_only_tightens(bench):
    """All it does is restrict: nothing leaves by it, the exits of positions stay open, and it lapses."""
    tokens = held(bench)
    bench.restrict(3)
    assert held(bench) == tokens
    bench.trade(bench.trader, -WAD)
    bench.protocol.withdraw(account_id(bench.trader), bench.one, bench.trader, bench.trader)
    bench.later(TERM)
    bench.lift()
    with pytest.raises(Reverted, match="GuardianRests"):
        bench.restrict(2)
    bench.settle_price(50_000)
    bench.trade(bench.trader, WAD)


def test_an_access_manager_that_closes_the_core_closes_no_exit(bench, thief):
    """After its delay the thief closes the core to all roles: users do not ask the access manager."""
    timelock = bench.protocol.contracts.timelock
    proposal = propose(bench.chain, timelock, bench.access, "setTargetClosed", bench.core, True, sender=thief)
    bench.restrict(2)
    bench.later(max(DELAY, TERM))
    execute(bench.chain, timelock, proposal, thief)
    bench.settle_price(50_000)
    bench.lift()
    bench.trade(bench.trader, -WAD)
    tokens = bench.protocol.view("accountOf", account_id(bench.trader)).balance // 10**12
    bench.protocol.withdraw(account_id(bench.trader), tokens, bench.trader, bench.trader)
    assert_refused(bench, refusal("AccessManagedUnauthorized", caller=GUARDIAN), lambda: bench.restrict(2))


def test_every_restricted_function_is_tried():
    assert {*GOVERNOR_FUNCTIONS} < {*GRABS}
    changing = {
        entry["name"]
        for entry in artifact("KeelAccess").abi
        if entry["type"] == "function" and entry["stateMutability"] in {"nonpayable", "payable"}
    }
    assert changing - OWN < {*GRABS}
