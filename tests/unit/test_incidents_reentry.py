"""Incidents of calls inside calls, each by its number: a settlement token that calls everything back."""

import pytest
from support.adversary import assert_books, everybody, refuses, to_ratio
from support.bench import MARKET, Bench, rolled_back, with_token
from support.calls import SHARE, everything, plausible
from support.refusals import error_name

from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import NO_LIMIT, Protocol, account_id
from keel.units import WAD

#: What the lock of the core must refuse inside a transfer that the core makes.
LOCKED = {
    *("core.deposit", "core.withdraw", "core.trade", "core.updateAndTrade", "core.liquidate"),
    *("core.claimFunding", "core.accrue", "core.updatePrice", "core.multicall"),
    *("core.poolDeposit", "core.poolRedeem", "core.insuranceDeposit", "core.insuranceRedeem"),
    *("core.unwind", "core.resolve", "core.deleverage"),
    *("vault.deposit", "vault.mint", "vault.redeem", "vault.depositAtLeast", "vault.redeemAtLeast"),
    *("insurance.deposit", "insurance.mint", "insurance.redeem"),
    *("insurance.depositAtLeast", "insurance.redeemAtLeast"),
}
#: What nobody locks, because it moves what belongs to the caller alone and no token.
FREE = {
    *("core.setOperator", "core.permit", "extension.permit", "access manager.multicall"),
    # It passes over what the lock refuses.
    *("core.liquidateBatch", "liquidation.liquidateBatch"),
    *("access manager.renounceRole", "timelock.renounceRole"),
    # It takes a price that no transfer of settlement tokens asks for; its own lock is another one.
    "collateral.updatePrice",
    *("timelock.onERC721Received", "timelock.onERC1155Received", "timelock.onERC1155BatchReceived"),
}
FREE |= {
    f"{place}.{name}"
    for place in ("vault", "insurance")
    for name in ("approve", "transfer", "transferFrom", "setOperator", "requestRedeem", "cancelRequest")
}
LOCK = "ReentrancyGuardReentrantCall"


class Stage:
    """A bench over the hostile token, which has all that a user can have, and somebody to liquidate."""

    def __init__(self):
        chain = RevmChain()
        bench = Bench(Protocol(chain, deploy(chain, with_token(chain, "MockHostileToken", 6)))).use()
        self.bench, self.chain = bench, chain
        self.token = chain.at("MockHostileToken", bench.protocol.contracts.token.address)
        self.mine, self.weak = account_id(self.token.address), account_id(bench.operator, 1)
        bench.protocol.deposit(self.weak, 6_000 * bench.one, bench.operator)
        bench.protocol.trade(self.weak, MARKET, WAD, bench.operator)
        self._get_rich()
        to_ratio(bench, self.weak, 60)
        self._ask_for_shares()
        # The one that takes a request back comes last: others want to claim it.
        self.entries = sorted(everything(bench), key=lambda entry: entry.name == "cancelRequest")
        given = plausible(bench, self.token.address, self.weak)
        self.data = {
            entry: entry.encode(lambda p, e=entry: self._argument(e, p, given)) for entry in self.entries
        }

    def _argument(self, entry, parameter, given):
        if entry.name in ("liquidate", "liquidateBatch") and parameter["name"] == "account":
            return self.weak
        return given(parameter)

    def _get_rich(self):
        bench, chain, token = self.bench, self.chain, self.token
        chain.send(token, "mint", token, 10**12, sender=bench.provider)
        for spender in (bench.core, bench.vault, bench.insurance):
            self.act(token, "approve", spender, NO_LIMIT)
        self.act(bench.core, "deposit", self.mine, 10**10)
        self.act(bench.core, "trade", self.mine, MARKET, WAD // 10, NO_LIMIT, NO_LIMIT)
        for vault in (bench.vault, bench.insurance):
            self.act(vault, "deposit", 10**10, token.address)

    def _ask_for_shares(self):
        """Late: a claim ends two days after its cooldown."""
        bench, index = self.bench, self.bench.protocol.view("marketOf", MARKET).price.index
        for vault in (bench.vault, bench.insurance):
            for owner in (self.token.address, bench.provider):
                do = self.act if owner == self.token.address else self._by_provider
                do(vault, "requestRedeem", 5 * SHARE, owner, owner)
        bench.later(bench.chain.call(bench.insurance, "COOLDOWN"))
        bench.settle_price(index // WAD)

    def _by_provider(self, target, function, *args):
        self.chain.send(target, function, *args, sender=self.bench.provider)

    def act(self, target, function, *args):
        """Let the token call."""
        self.raw(target.address, target.abi.function(function).encode(args))

    def raw(self, target, data):
        self.chain.send(self.token, "act", target, data, sender=self.bench.stranger)

    def arm(self, entries):
        """Make the token call these inside the next transfer."""
        attempts = [(entry.target, self.data[entry]) for entry in entries]
        self.chain.send(self.token, "arm", attempts, sender=self.bench.stranger)

    def outcomes(self, entries):
        """What became of the calls: `done`, or the name of the error, by function."""
        told = self.chain.call(self.token, "told")
        assert len(told) == len(entries)
        return {
            str(entry): "done" if one.done else error_name(one.error)
            for entry, one in zip(entries, told, strict=True)
        }

    def answers(self, entries):
        """Hashes of what functions answer now, or the selector of the refusal, as the token keeps them."""
        self.arm(entries)
        self.chain.send(self.token, "transfer", self.bench.stranger, 0, sender=self.bench.provider)
        return self.chain.call(self.token, "told")

    def digest(self):
        """Everything that anyone sees, with what the token has."""
        view, call, bench = self.bench.protocol.view, self.chain.call, self.bench
        shares = [call(vault, "balanceOf", self.token) for vault in (bench.vault, bench.insurance)]
        mine = (view("accountOf", self.mine), view("positionOf", self.mine, MARKET))
        return (
            bench.digest(),
            mine,
            view("accountOf", self.weak),
            view("positionOf", self.weak, MARKET),
            shares,
        )


#: Calls by the provider in which tokens move: out of the core, into it, through a vault.
OUTER = {
    "withdraw": lambda s: s.bench.protocol.withdraw(s.paid, 10**6, s.bench.provider, s.bench.provider),
    "deposit": lambda s: s.bench.protocol.deposit(s.paid, 10**6, s.bench.provider),
    "redeem": lambda s: s.bench.protocol.pool_redeem(MARKET, SHARE, s.bench.provider),
    "unstake": lambda s: s.bench.protocol.insurance_redeem(SHARE, s.bench.provider),
    "provide": lambda s: s.bench.protocol.pool_deposit(MARKET, 10**6, s.bench.provider),
    "stake": lambda s: s.bench.protocol.insurance_deposit(10**6, s.bench.provider),
}
BEHIND_THE_LOCK = ("withdraw", "deposit", "redeem", "unstake")


@pytest.fixture(scope="module")
def made():
    stage = Stage()
    stage.paid = account_id(stage.bench.provider)
    stage.bench.protocol.deposit(stage.paid, 10**8, stage.bench.provider)
    return stage


@pytest.fixture
def stage(made):
    with rolled_back(made.chain):
        yield made


def after(stage, *steps):
    """What the world looks like after these steps, which are taken back."""
    with rolled_back(stage.chain):
        for step in steps:
            step()
        return stage.digest()


@pytest.mark.parametrize("outer", OUTER)
def test_reenter_every_external(stage, outer):
    """I-03, I-38, F-45: inside a transfer every function of every contract is called by one who may call it.

    While the core is locked all that move margin, positions, shares or prices are refused by the lock;
    what is not refused did exactly what it would have done before or after: nothing is seen half done.
    """
    entries = [entry for entry in stage.entries if entry.changes]
    run = lambda: OUTER[outer](stage)  # noqa: E731
    undisturbed = after(stage, run)
    with rolled_back(stage.chain):
        stage.arm(entries)
        run()
        told = stage.outcomes(entries)
    passed = {entry for entry in entries if told[str(entry)] == "done"}
    if outer in BEHIND_THE_LOCK:
        assert {name for name, error in told.items() if error == LOCK} >= LOCKED
        assert {str(entry) for entry in passed} <= FREE
        refused = [entry for entry in entries if entry not in passed]
        with rolled_back(stage.chain):
            stage.arm(refused)
            run()
            assert stage.digest() == undisturbed
    for entry in sorted(passed, key=str):
        nested = lambda e=entry: refuses(lambda: stage.raw(e.target, stage.data[e]))  # noqa: E731
        with rolled_back(stage.chain):
            stage.arm([entry])
            run()
            seen = stage.digest()
            assert_books(stage.bench, [*everybody(stage.bench, 2), stage.mine])
        assert seen in (after(stage, nested, run), after(stage, run, nested), undisturbed), str(entry)


@pytest.mark.parametrize("outer", OUTER)
def test_gmx_read_only_reentry(stage, outer):
    """I-03: whatever is asked inside a transfer answers as before the call or as after it.

    Prices of shares, health, utilization, funding: a contract that reads them meanwhile is not deceived.
    """
    entries = [entry for entry in stage.entries if not entry.changes]
    with rolled_back(stage.chain):
        before = stage.answers(entries)
    with rolled_back(stage.chain):
        OUTER[outer](stage)
        later = stage.answers(entries)
    stage.arm(entries)
    OUTER[outer](stage)
    inside = stage.chain.call(stage.token, "told")
    assert sum(one.done for one in inside) > 80
    wrong = [
        str(entry)
        for entry, *seen in zip(entries, before, inside, later, strict=True)
        if seen[1] not in (seen[0], seen[2])
    ]
    assert wrong == []
    assert before != later


def test_the_hostile_token_may_call_what_the_lock_refuses(stage):
    """Outside of a transfer these calls go through: it is the lock that refuses them above."""
    refused = set()
    for entry in stage.entries:
        if str(entry) in LOCKED:
            with rolled_back(stage.chain):
                if refuses(lambda e=entry: stage.raw(e.target, stage.data[e])):
                    refused.add(str(entry))
    # There is nothing to claim, unwind or resolve, and the core's own entries are the vaults'.
    own = {"core.poolDeposit", "core.poolRedeem", "core.insuranceDeposit", "core.insuranceRedeem"}
    idle = {"core.claimFunding", "core.unwind", "core.resolve", "core.deleverage"}
    assert refused == {*idle, *own}
    with pytest.raises(Reverted):
        stage.raw(stage.bench.core.address, b"\xde\xad\xbe\xef")
