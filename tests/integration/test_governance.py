"""Who may do what: operators, permits, the guardian, and governance behind its delay."""

import pytest
from eth_account.messages import encode_typed_data
from support.bench import COLLATERAL, MARKET, POOL, PRICE, Bench, rolled_back
from support.listing import config_of, hub_of, links_of
from support.refusals import ANY, assert_refused, refusal

from keel.config.deployment import load_deployment
from keel.sdk.deploy import deploy
from keel.sdk.protocol import NO_LIMIT, Protocol, account_id
from keel.units import WAD

TWO_DAYS = 172_800
SALT = b"\1" * 32


@pytest.fixture(scope="session")
def delayed(chain):
    """A deployment whose governance waits for two days."""
    settings = load_deployment().model_copy(update={"timelock_seconds": TWO_DAYS})
    return Bench(Protocol(chain, deploy(chain, settings)))


@pytest.fixture
def slow(delayed):
    with rolled_back(delayed.chain):
        yield delayed


def propose(bench, target, function, *args):
    """Schedule at the timelock; gives the proposal for its execution."""
    data = target.abi.function(function).encode(args)
    proposal = (target, 0, data, bytes(32), SALT)
    delay = bench.chain.call(bench.protocol.contracts.timelock, "getMinDelay")
    timelock = bench.protocol.contracts.timelock
    bench.chain.send(timelock, "schedule", *proposal, delay, sender=bench.provider)
    return proposal


def execute(bench, proposal):
    timelock = bench.protocol.contracts.timelock
    return bench.chain.send(timelock, "execute", *proposal, sender=bench.stranger)


def test_an_operator_trades_and_pays_out_to_the_owner(bench):
    me, helper = account_id(bench.newcomer), bench.operator
    bench.send("setOperator", me, helper, True, sender=bench.newcomer)
    bench.protocol.trade(me, MARKET, WAD, helper)
    bench.protocol.trade(me, MARKET, -WAD, helper)
    held = bench.chain.call(bench.protocol.contracts.token, "balanceOf", bench.newcomer)
    bench.protocol.withdraw(me, 100 * bench.one, bench.newcomer, helper)
    now = bench.chain.call(bench.protocol.contracts.token, "balanceOf", bench.newcomer)
    assert now == held + 100 * bench.one
    expected = refusal("NotAuthorized", caller=helper, account=me)
    assert_refused(bench, expected, lambda: bench.protocol.withdraw(me, bench.one, helper, helper))


def permit_of(bench, signer, tokens, deadline):
    """An EIP-2612 signature of an ape account for the core."""
    token = bench.protocol.contracts.token
    fields = ("owner address", "spender address", "value uint256", "nonce uint256", "deadline uint256")
    message = {
        "owner": signer.address,
        "spender": bench.core.address,
        "value": tokens,
        "nonce": bench.chain.call(token, "nonces", signer.address),
        "deadline": deadline,
    }
    domain = {
        "name": "Keel Test Dollar",
        "version": "1",
        "chainId": bench.chain_id,
        "verifyingContract": token.address,
    }
    types = {"Permit": [dict(zip(("name", "type"), field.split(), strict=True)) for field in fields]}
    return signer.sign_message(encode_typed_data(domain, types, message))


def test_permit_and_deposit_in_one_transaction(bench, accounts, chain_id):
    bench.chain_id = chain_id
    signer = next(account for account in accounts if account.address == bench.stranger)
    token, tokens = bench.protocol.contracts.token, 250 * bench.one
    bench.chain.send(token, "mint", signer.address, tokens, sender=bench.stranger)
    signed = permit_of(bench, signer, tokens, NO_LIMIT)
    me = account_id(signer.address)
    calls = [
        bench.core.abi.function("permit").encode((tokens, NO_LIMIT, signed.v, signed.r, signed.s)),
        bench.core.abi.function("deposit").encode((me, tokens)),
        bench.core.abi.function("trade").encode((me, MARKET, WAD // 100, NO_LIMIT, NO_LIMIT)),
    ]
    done = bench.send("multicall", calls, sender=signer.address)
    assert done.event("Deposited").args["payer"] == signer.address
    assert done.event("Traded").args["fill"].sizeAfter == WAD // 100
    assert bench.chain.call(token, "allowance", signer.address, bench.core) == 0


def test_a_permit_used_by_somebody_else_does_no_harm(bench, accounts, chain_id):
    bench.chain_id = chain_id
    signer = next(account for account in accounts if account.address == bench.stranger)
    token, tokens = bench.protocol.contracts.token, 250 * bench.one
    bench.chain.send(token, "mint", signer.address, tokens, sender=bench.stranger)
    signed = permit_of(bench, signer, tokens, NO_LIMIT)
    r, s = bytes(signed.r), bytes(signed.s)
    args = (signer.address, bench.core, tokens, NO_LIMIT, signed.v, r, s)
    bench.chain.send(token, "permit", *args, sender=bench.keeper)
    calls = [
        bench.core.abi.function("permit").encode((tokens, NO_LIMIT, signed.v, r, s)),
        bench.core.abi.function("deposit").encode((account_id(signer.address), tokens)),
    ]
    bench.send("multicall", calls, sender=signer.address)
    assert bench.protocol.view("accountOf", account_id(signer.address)).balance == 250 * WAD


def test_a_multicall_is_all_or_nothing(bench):
    me = account_id(bench.newcomer)
    calls = [
        bench.core.abi.function("deposit").encode((me, bench.one)),
        bench.core.abi.function("withdraw").encode((me, 2 * COLLATERAL * bench.one, bench.newcomer)),
    ]
    expected = refusal("MarginTooLow", equity=ANY, required=0)
    assert_refused(bench, expected, lambda: bench.send("multicall", calls, sender=bench.newcomer))


def test_the_guardian_restricts_and_governance_reopens(bench):
    guardian = bench.provider
    done = bench.chain.send(bench.core, "restrictMarket", MARKET, 2, sender=guardian)
    assert done.event("MarketStatusSet").args["status"] == 2
    expected = refusal("MarketReduceOnly", market=MARKET)
    assert_refused(bench, expected, lambda: bench.trade(bench.newcomer, WAD))
    # Whoever is in gets out: reductions, margin and withdrawals go on.
    bench.trade(bench.trader, -WAD)
    bench.protocol.deposit(account_id(bench.trader), bench.one, bench.trader)
    bench.protocol.withdraw(account_id(bench.trader), bench.one, bench.trader, bench.trader)
    bench.govern(bench.core, "reopenMarket", MARKET)
    bench.trade(bench.newcomer, WAD)


def test_governance_waits_for_the_timelock(slow):
    config = config_of(slow, takerFeePpm=400)
    proposal = propose(slow, slow.core, "setMarket", MARKET, config, links_of(slow))
    timelock = slow.protocol.contracts.timelock
    early = refusal("TimelockUnexpectedOperationState", operationId=ANY, expectedStates=ANY)
    with pytest.raises(Exception, match=early.error):
        execute(slow, proposal)
    slow.later(TWO_DAYS - 60)
    with pytest.raises(Exception, match=early.error):
        execute(slow, proposal)
    assert slow.protocol.view("configOf", MARKET).config.takerFeePpm == 500
    slow.later(60)
    execute(slow, proposal)
    assert slow.protocol.view("configOf", MARKET).config.takerFeePpm == 400
    # Less than the delay cannot even be proposed.
    short = refusal("TimelockInsufficientDelay", delay=TWO_DAYS - 1, minDelay=TWO_DAYS)
    again = (*proposal[:4], b"\2" * 32)
    with pytest.raises(Exception, match=short.error) as refused:
        slow.chain.send(timelock, "schedule", *again, TWO_DAYS - 1, sender=slow.provider)
    assert refused.value.named == short.args


def test_a_proposal_can_be_cancelled(slow):
    proposal = propose(slow, slow.core, "reopenMarket", MARKET)
    timelock = slow.protocol.contracts.timelock
    identity = slow.chain.call(timelock, "hashOperation", *proposal)
    slow.chain.send(timelock, "cancel", identity, sender=slow.provider)
    slow.later(TWO_DAYS)
    with pytest.raises(Exception, match="TimelockUnexpectedOperationState"):
        execute(slow, proposal)


def test_a_second_market_is_listed_by_governance(bench):
    vault = bench.chain.deploy("ShareVault", bench.core, 2, 0, "Second", "k2", sender=bench.provider)
    links = links_of(bench, vault=vault.address, oracle=hub_of(bench, 2).address)
    bench.govern(bench.core, "listMarket", config_of(bench, minNotional=100), links)
    assert bench.protocol.view("marketCount") == 2
    bench.chain.send(bench.protocol.contracts.token, "approve", vault, NO_LIMIT, sender=bench.provider)
    bench.settle_price(50_000, market=2)
    bench.protocol.update_price(MARKET, bench.provider)
    bench.chain.send(vault, "deposit", POOL * bench.one, bench.provider, sender=bench.provider)
    bench.trade(bench.newcomer, WAD, market=MARKET)
    bench.trade(bench.newcomer, -WAD, market=2)
    account = bench.protocol.account(account_id(bench.newcomer))
    assert [position.market for position in account.positions] == [1, 2]
    # Maintenance of two positions of 50,000 each at 1 %, of which 30 % net.
    assert account.health.maintenance == 700 * WAD
    markets = bench.chain.call(bench.protocol.contracts.lens, "markets")
    assert [view.id for view in markets] == [1, 2]


def test_a_parameter_change_settles_at_the_old_parameters_first(bench):
    bench.later(600)
    pending = bench.protocol.view("marketNow", MARKET)
    bench.govern(bench.core, "setMarket", MARKET, config_of(bench, maxExposurePpm=500_000), links_of(bench))
    stored = bench.protocol.view("marketOf", MARKET)
    assert stored.accruedAt >= pending.accruedAt
    assert stored.longsPaid >= pending.longsPaid > 0


def test_a_new_feed_is_a_new_hub_behind_the_timelock(slow):
    """I-32: nobody moves a market to another feed faster than its users can leave."""
    slow.price(PRICE)
    old, new = slow.hub_of(), hub_of(slow, MARKET, maxDeviationBps=100)
    links = links_of(slow, oracle=new.address)
    proposal = propose(slow, slow.core, "setMarket", MARKET, config_of(slow), links)
    slow.later(TWO_DAYS - 60)
    with pytest.raises(Exception, match="TimelockUnexpectedOperationState"):
        execute(slow, proposal)
    assert slow.hub_of().address == old.address
    slow.later(60)
    execute(slow, proposal)
    assert slow.hub_of().address == new.address
    assert slow.chain.call(new, "feed").limits.maxDeviationBps == 100
    # It goes on from the stored price; its average is its own, and covers what it has seen.
    before = slow.protocol.view("marketOf", MARKET).price
    slow.price(PRICE + 1)
    after = slow.protocol.view("marketOf", MARKET).price
    assert (before.index, after.index) == (PRICE * WAD, (PRICE + 1) * WAD)
    with pytest.raises(Exception, match="NotCore"):
        slow.chain.send(old, "refresh", 0, sender=slow.provider)
