"""Incidents of keys, pauses, parameters and arguments, each by its number."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.adversary import (
    assert_books,
    balance,
    close,
    everybody,
    fund,
    liquidate,
    ratio_of,
    refusal_of,
    refused_because,
    refuses,
    take,
    to_ratio,
    walk,
)
from support.bench import MARKET, PRICE, Bench, rolled_back
from support.calls import everything, plausible

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

ROOT = Path(__file__).resolve().parents[2]
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
TIMELOCK = 172_800
# What moves only what is the caller's.
OWN = {"deposit", "withdraw", "redeem", "mint", "trade", "updateAndTrade", "requestRedeem", "multicall"}
OWN |= {"depositAtLeast", "redeemAtLeast"}


@pytest.fixture(scope="module")
def slow():
    """Governance waits for two days; the provider holds every key there is."""
    chain = RevmChain()
    settings_ = load_deployment().model_copy(update={"timelock_seconds": TIMELOCK})
    return Bench(Protocol(chain, deploy(chain, settings_))).use()


def powers(bench, who):
    """Functions of the core that the access manager lets somebody call, and its own administrators."""
    chain, access = bench.chain, bench.protocol.contracts.access
    found = set()
    for entry in everything(bench):
        if entry.place == "core" and entry.changes:
            selector = entry.encode(plausible(bench, who))[:4]
            if chain.call(access, "canCall", who, bench.core, selector)[0]:
                found.add(entry.name)
    return found, chain.call(access, "hasRole", 0, who)[0]


def rules(bench):
    """Parameters, links and who governs."""
    view, people = bench.protocol.view, (*bench.chain.accounts[:7], bench.timelock)
    config, links = view("configOf", MARKET)
    return config._replace(status=1), links, view("insurance").vault, [powers(bench, one) for one in people]


def riches(bench):
    """What accounts, pool and insurance have inside, and what the core holds."""
    view = bench.protocol.view
    inside = [view("accountOf", one) for one in everybody(bench)]
    return inside, view("marketOf", MARKET).cash, view("insurance"), balance(bench, bench.core.address)


def test_admin_takeover(slow):
    """I-11: with the keys of proposer, executor and guardian only a market's status changes in two days.

    The thief calls every function of every contract, again and again; neither rules nor roles move, and no
    token leaves but his own.
    """
    with rolled_back(slow.chain):
        bench, thief = slow, slow.provider
        assert powers(bench, thief) == ({"restrictMarket"}, False)
        before, rich = rules(bench), riches(bench)
        given_ = plausible(bench, thief, account_id(bench.trader))
        took = 0
        for wait in (1, TIMELOCK // 2, TIMELOCK // 2 - 2):
            bench.later(wait)
            for entry in everything(bench):
                if entry.changes and entry.name not in OWN:
                    data = entry.encode(given_)
                    took += not refuses(lambda e=entry, d=data: bench.chain.send_raw(e.target, d, thief))
            assert rules(bench) == before
        assert took > 10
        inside, cash, insured, held = riches(bench)
        assert (inside, insured, held) == (rich[0], rich[2], rich[3])
        assert cash >= rich[1]
        # The guardian's part of it: closing and reducing go on, and people leave at the old feed's price.
        assert bench.protocol.view("configOf", MARKET).config.status == 2
        bench.settle_price(PRICE)
        for owner in (bench.trader, bench.rival):
            close(bench, account_id(owner))
            units = bench.protocol.view("accountOf", account_id(owner)).balance // 10**12
            bench.protocol.withdraw(account_id(owner), units, owner, owner)


def test_governor_reaches_no_balance(slow):
    """I-11: even when the delay has passed, no proposal moves what accounts, pool or insurance own."""
    with rolled_back(slow.chain):
        bench, thief, chain = slow, slow.provider, slow.chain
        token, timelock = bench.protocol.contracts.token, bench.protocol.contracts.timelock
        victim = account_id(bench.trader)
        steal = [
            (token, token.abi.function("transferFrom").encode((bench.core.address, thief, 1))),
            (token, token.abi.function("transferFrom").encode((bench.trader, thief, 1))),
            (bench.core, bench.core.abi.function("withdraw").encode((victim, 1, thief))),
            (bench.core, bench.core.abi.function("poolRedeem").encode((MARKET, 10**24, thief))),
            (bench.core, bench.core.abi.function("insuranceRedeem").encode((10**24, thief))),
            (bench.core, bench.core.abi.function("setInsuranceVault").encode((thief,))),
            (bench.vault, bench.vault.abi.function("redeem").encode((1, thief, bench.provider))),
        ]
        proposals = [(target, 0, data, bytes(32), bytes([n] * 32)) for n, (target, data) in enumerate(steal)]
        for proposal in proposals:
            chain.send(timelock, "schedule", *proposal, TIMELOCK, sender=thief)
        chain.warp(TIMELOCK)
        before = riches(bench)
        for proposal in proposals:
            assert refuses(lambda p=proposal: chain.send(timelock, "execute", *p, sender=thief))
        assert riches(bench) == before
        assert powers(bench, bench.timelock)[0] >= {"setMarket", "listMarket", "reopenMarket"}


def test_kiloex_every_contract_is_in_the_access_matrix():
    """I-04, I-18: whatever can be deployed has its rows in the table that is compared with the bytecode."""
    text = (ROOT / "docs" / "access.md").read_text()
    known = set(re.findall(r"^## (\w+)", text, re.MULTILINE)) | set(re.findall(r"`([A-Z]\w+)`", text))
    defined = {
        name
        for path in (ROOT / "contracts").rglob("*.sol")
        if not {".cache", "mocks"} & set(path.parts)
        for name in re.findall(r"^contract (\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(defined) > 15
    # What the core's other parts can do are the core's rows; a push of Pyth prices moves nothing of Keel's.
    assert defined - known <= {"KeelExtension", "KeelLiquidation", "PythUpdater"}


def test_level_array_arguments(bench):
    """I-23: the same call twice is two calls, no call is nothing, a long list costs its length."""
    mine, owner = account_id(bench.newcomer), bench.newcomer
    call = bench.core.abi.function("withdraw").encode((mine, bench.one, owner))
    before = balance(bench, owner)
    bench.send("multicall", [call, call], sender=owner)
    assert balance(bench, owner) - before == 2 * bench.one
    digest = bench.digest()
    assert bench.send("multicall", [], sender=owner).result == []
    assert bench.digest() == digest
    refused_because("NotAuthorized", lambda: bench.send("multicall", [call] * 2, sender=bench.stranger))
    accrue = bench.core.abi.function("accrue").encode((MARKET,))
    costs = [bench.send("multicall", [accrue] * n, sender=owner).gas_used for n in (1, 10, 100)]
    assert costs[2] - costs[1] < 11 * (costs[1] - costs[0])
    ratios = bench.protocol.margin_ratios([mine, account_id(bench.trader), mine])
    assert ratios[0] == ratios[2] != ratios[1]
    assert bench.protocol.margin_ratios([]) == []


def test_hubble_pause_hurts_no_user(bench):
    """F-30: a restricted market takes margin, reductions, closings and liquidations, and no new risk.

    It moves nobody's health; reopened, nobody is liquidated who was not before, because nothing had waited.
    """
    mine = fund(bench, bench.newcomer, 6_000, 1)
    take(bench, mine, WAD)
    to_ratio(bench, mine, 120)
    before = [ratio_of(bench, one) for one in everybody(bench, 2)]
    bench.send("restrictMarket", MARKET, 2, sender=bench.provider)
    assert [ratio_of(bench, one) for one in everybody(bench, 2)] == before
    refused_because("MarketReduceOnly", lambda: take(bench, mine, WAD // 10))
    refused_because("MarketReduceOnly", lambda: take(bench, mine, -2 * WAD))
    index = bench.protocol.view("marketOf", MARKET).price.index // WAD
    with rolled_back(bench.chain):
        bench.govern(bench.core, "reopenMarket", MARKET)
        assert [ratio_of(bench, one) for one in everybody(bench, 2)] == before
        refused_because("NotLiquidatable", lambda: liquidate(bench, mine))
        take(bench, account_id(bench.trader), WAD // 10)
    walk(bench, index * 98 // 100)
    with rolled_back(bench.chain):
        bench.protocol.deposit(mine, 2_000 * bench.one, bench.newcomer)
        take(bench, mine, -WAD // 2)
        close(bench, account_id(bench.rival))
        # The other way across zero is new risk; towards the index is not.
        close(bench, account_id(bench.trader))
    assert liquidate(bench, mine).result.size < 0
    bench.protocol.withdraw(account_id(bench.trader), bench.one, bench.trader, bench.trader)


def drawn(config, draw):
    """The same parameters with some of them anywhere inside their bounds."""
    choices = {
        "takerFeePpm": st.integers(0, 1_000),
        "deviationFeePpm": st.integers(0, 1_000),
        "insuranceFeeSharePpm": st.integers(0, 1_000_000),
        "maxExposurePpm": st.integers(10_000, 1_600_000),
        "maxSkewPpm": st.integers(10_000, 300_000),
        "baseSigmaBps": st.integers(100, 50_000),
        "minNotional": st.integers(1, 100_000),
        "freshSeconds": st.integers(1, 300),
    }
    names = draw(st.lists(st.sampled_from(sorted(choices)), min_size=1, max_size=4, unique=True))
    return config._replace(**{name: draw(choices[name]) for name in names})


@QUICK
@given(data=st.data(), fall=st.integers(-3, 3))
def test_perennial_parameters_mid_run(used, data, fall):
    """F-48: parameters change while positions are open: funding so far is settled as before, the books hold.

    Whoever was healthy is healthy; a limit below what is open stops what adds to it and nothing else.
    """
    with rolled_back(used.chain):
        bench, protocol = used, used.protocol
        bench.later(600)
        bench.price(PRICE)
        mine = fund(bench, bench.newcomer, 100_000, 1)
        take(bench, mine, 6 * WAD)
        bench.later(60)
        accrued = protocol.view("marketNow", MARKET)
        ratios = [ratio_of(bench, one) for one in everybody(bench, 2)]
        config, links = protocol.view("configOf", MARKET)
        changed = drawn(config, data.draw)
        if refuses(lambda: bench.govern(bench.core, "setMarket", MARKET, changed, links)):
            return
        after = protocol.view("marketOf", MARKET)
        assert (after.longsPaid, after.shortsPaid) == (accrued.longsPaid, accrued.shortsPaid)
        assert [ratio_of(bench, one) for one in everybody(bench, 2)] == ratios
        assert_books(bench, everybody(bench, 2))
        bench.settle_price(PRICE * (100 + fall) // 100)
        before = protocol.market(MARKET)
        refusal = refusal_of(lambda: take(bench, mine, WAD))
        if refusal:
            assert refusal in ("UtilizationExceeded", "BandExceeded", "MarginTooLow")
        else:
            assert before.utilization < protocol.market(MARKET).utilization <= WAD
        protocol.deposit(mine, bench.one, bench.operator)
        for one in everybody(bench, 2):
            close(bench, one)
        market = protocol.view("marketOf", MARKET)
        assert (market.longInterest, market.shortInterest, market.openNotional) == (0, 0, 0)
        assert_books(bench, everybody(bench, 2))


def test_gmx_new_brackets_liquidate_nobody_at_once(bench):
    """F-48: maintenance is doubled: nobody is less healthy in that block, an hour later by a tenth at most.

    Within a day the new brackets count in full; new risk needs the new margin from the first moment.
    """
    mine = fund(bench, bench.newcomer, 6_000, 1)
    take(bench, mine, WAD)
    to_ratio(bench, mine, 115)
    index = bench.protocol.view("marketOf", MARKET).price.index // WAD
    config, links = bench.protocol.view("configOf", MARKET)
    rates = [f"{kind}{i}" for kind in ("maintenance", "initial") for i in range(1, 5)]
    doubled = config.brackets._replace(**{name: 2 * getattr(config.brackets, name) for name in rates})
    before = [ratio_of(bench, one) for one in everybody(bench, 2)]
    initial = bench.protocol.view("healthOf", mine).initial
    bench.govern(bench.core, "setMarket", MARKET, config._replace(brackets=doubled), links)
    assert all(ratio_of(bench, one) >= was for one, was in zip(everybody(bench, 2), before, strict=True))
    refused_because("NotLiquidatable", lambda: liquidate(bench, mine))
    assert bench.protocol.view("healthOf", mine).initial > initial * 19 // 10
    asked = [bench.protocol.view("healthOf", mine).maintenance]
    for _ in range(24):
        bench.later(3_600)
        bench.settle_price(index)
        asked.append(bench.protocol.view("healthOf", mine).maintenance)
    # An hour and five minutes at a tenth each hour.
    assert all(now <= was * 112 // 100 for was, now in pairwise(asked))
    assert asked[1] > asked[0]
    assert asked[-1] >= 2 * asked[0]


def test_hubble_zero_amounts(bench):
    """F-44, I-23: all functions of core and vaults with zeros and empty lists: nothing changes."""
    owner = bench.trader

    def nothing(parameter):
        kind, name = parameter["type"], parameter["name"]
        if kind == "tuple":
            return {member["name"]: nothing(member) for member in parameter["components"]}
        known = {"account": account_id(owner), "market": MARKET, "deadline": 2**64}
        if kind == "address":
            return owner
        if kind.startswith("uint") and not kind.endswith("[]"):
            return known.get(name, 0)
        plain = {"bool": False, "bytes32": bytes(32), "int256": 0}
        return plain.get(kind, [])

    bench.protocol.accrue(MARKET, owner)
    tried, rich, digest = 0, balance(bench, owner), bench.digest()
    for entry in everything(bench):
        if entry.place not in ("core", "vault", "insurance") or not entry.changes:
            continue
        with rolled_back(bench.chain):
            # An approval of nothing, and an operator who is none, are what was before.
            refuses(lambda e=entry: bench.chain.send_raw(e.target, e.encode(nothing), owner))
            assert bench.digest() == digest, str(entry)
            assert balance(bench, owner) == rich
            tried += 1
    assert tried > 35


def test_jojo_arbitrary_call(bench):
    """F-49: a victim allows core and vaults to take all he has; no argument takes it for another.

    Every address is tried as token, victim and thief, every calldata is a transfer from the victim.
    """
    thief, victim, token = bench.keeper, bench.newcomer, bench.protocol.contracts.token
    assert bench.chain.call(token, "allowance", victim, bench.core) > 10**30
    steal = token.abi.function("transferFrom").encode((victim, thief, bench.one))
    before = balance(bench, victim)
    for address in (token.address, victim, thief):
        given_ = plausible(bench, address)

        def argument(parameter, given=given_):
            if parameter["type"] in ("bytes", "bytes[]"):
                return [steal] if parameter["type"].endswith("]") else steal
            return given(parameter)

        for entry in everything(bench):
            if entry.changes:
                refuses(lambda e=entry, a=argument: bench.chain.send_raw(e.target, e.encode(a), thief))
                assert balance(bench, victim) == before, str(entry)
    sources = [
        path for path in (ROOT / "contracts").rglob("*.sol") if not {".cache", "mocks"} & set(path.parts)
    ]
    calls = {
        (path.name, found)
        for path in sources
        for found in re.findall(
            r"\.(call|delegatecall|functionCall\w*|functionDelegateCall)[({]", path.read_text()
        )
    }
    # The core's constructor, on its own extension; and a batch of its own liquidations.
    assert calls == {("Keel.sol", "functionDelegateCall"), ("Liquidations.sol", "delegatecall")}
