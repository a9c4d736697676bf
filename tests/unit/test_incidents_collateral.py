"""Incidents of collateral, each by its number: odd tokens, a lost peg, a bad print, calls inside calls."""

import pytest
from support.adversary import assert_books, everybody, largest, refusal_of, refuses
from support.bench import MARKET, rolled_back
from support.calls import everything, plausible
from support.collateral_bench import USDE, WETH, CollateralBench, make_collateral_bench, over
from support.refusals import error_name

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import NO_LIMIT, Protocol, account_id
from keel.units import WAD

LOCK = "ReentrancyGuardReentrantCall"


class Odd(CollateralBench):
    """WETH is a token of an issuer who interferes; its holder has USDE besides."""

    def __init__(self, name="MockOddToken"):
        chain = RevmChain()
        self.issued = chain.deploy(name, 18)
        settings = load_deployment()
        weth = settings.collateral[0].model_copy(update={"token": self.issued.address})
        settings = settings.model_copy(update={"collateral": (weth, settings.collateral[1])})
        super().__init__(Protocol(chain, deploy(chain, settings)))
        self.use()

    def issue(self, function, *args):
        self.chain.send(self.issued, function, *args, sender=self.stranger)


@pytest.fixture(scope="module")
def made():
    odd = Odd()
    odd.mine = odd.stash(odd.newcomer, WETH, 10, 1)
    odd.stash(odd.newcomer, USDE, 1_000, 1)
    return odd


@pytest.fixture
def odd(made):
    with rolled_back(made.chain):
        yield made


def moves(bench):
    """In and out of WETH, by the newcomer."""
    account, owner = bench.mine, bench.newcomer
    return (
        lambda: bench.protocol.collateral_deposit(account, WETH, WAD, owner),
        lambda: bench.protocol.collateral_withdraw(account, WETH, WAD, owner, owner),
    )


@pytest.mark.parametrize(
    ("how", "errors"),
    [
        (("pause", True), ["TransferFromFailed", "TransferFailed"]),
        (("refuse", True), ["TransferFromFailed", "TransferFailed"]),
        (("seize", "collateral", 1), ["TokensMissing", "TokensMissing"]),
    ],
)
def test_velar_odd_collateral(odd, how, errors):
    """F-43: paused, answering false, rebased down: nothing is credited or paid, and no other kind suffers."""
    function, *args = how
    odd.issue(function, *(odd.collateral.address if arg == "collateral" else arg for arg in args))
    before = odd.digest()
    assert [refusal_of(act) for act in moves(odd)] == errors
    assert odd.digest() == before
    odd.protocol.collateral_withdraw(odd.mine, USDE, 1_000 * WAD, odd.newcomer, odd.newcomer)
    odd.protocol.collateral_deposit(odd.mine, USDE, 1_000 * WAD, odd.newcomer)
    odd.protocol.deposit(odd.mine, odd.one, odd.newcomer)
    odd.protocol.withdraw(odd.mine, odd.one, odd.newcomer, odd.newcomer)


def test_velar_collateral_that_rebases_up_is_nobodys(odd):
    """F-43: what comes from nowhere is credited to nobody."""
    values = odd.value(odd.mine)
    odd.issue("mint", odd.collateral.address, 10**24)
    assert odd.value(odd.mine) == values
    more = lambda: odd.protocol.collateral_withdraw(  # noqa: E731
        odd.mine, WETH, 10 * WAD + 1, odd.newcomer, odd.newcomer
    )
    assert refusal_of(more) == "TokensMissing"


def test_predy_blocked_owner_of_collateral(odd):
    """F-26: a blocked owner's collateral is sold all the same, and he may have it sent elsewhere."""
    odd.protocol.trade(odd.mine, MARKET, WAD, odd.newcomer)
    odd.fall_to(44_000)
    odd.protocol.trade(odd.mine, MARKET, -WAD, odd.newcomer)
    odd.issue("block_", odd.newcomer, True)
    sold = odd.protocol.collateral_buy(odd.mine, WETH, odd.keeper).event("CollateralSold").args
    assert odd.has(odd.keeper) == 100_000 * WAD + sold["tokens"]
    assert refusal_of(moves(odd)[1]) == "TransferFailed"
    odd.protocol.collateral_withdraw(odd.mine, WETH, WAD, odd.rival, odd.newcomer)


def test_fees_on_transfer_of_collateral_are_refused():
    """F-43: what arrives is less than what was sent: nothing is credited."""
    bench = Odd("MockFeeToken")
    mine = account_id(bench.newcomer)
    before = bench.digest()
    act = lambda: bench.protocol.collateral_deposit(mine, WETH, WAD, bench.newcomer)  # noqa: E731
    assert refusal_of(act) == "TokensMissing"
    assert bench.digest() == before


def test_a_token_that_answers_nothing_is_taken():
    """F-43: some old tokens return no bool: balances tell."""
    bench = Odd.__new__(Odd)
    chain = RevmChain()
    token = chain.deploy("MockSilentToken")
    CollateralBench.__init__(bench, Protocol(chain, deploy(chain, over(token=token.address))))
    bench.use()
    mine = bench.stash(bench.newcomer, WETH, 2, 1)
    assert bench.value(mine)[0] == 3_400 * WAD
    bench.protocol.collateral_withdraw(mine, WETH, 2 * 10**6, bench.newcomer, bench.newcomer)
    assert bench.has(bench.newcomer) == 100_000 * 10**6


def test_velar_depeg_blocks_deposits(odd):
    """F-43: a stablecoin is no dollar: below 0.97 none is taken, and those inside back nothing new."""
    odd.drift(USDE, "0.96", step=1)
    odd.settle_prices({WETH: 2_000, USDE: "0.96"})
    deposit = lambda: odd.protocol.collateral_deposit(odd.mine, USDE, WAD, odd.newcomer)  # noqa: E731
    assert refusal_of(deposit) == "PegLost"
    # 1,000 x 0.96 less 5 %.
    assert odd.value(odd.mine) == (17_912 * WAD, 17_000 * WAD, 17_912 * WAD)


def test_collateral_depeg_and_adl():
    """I-08: the feed of a collateral prints 35 % less for ten minutes, then recovers.

    Asserted: balances, positions, insurance and status are as they were, and who has settlement tokens only
    trades on; nobody is liquidated who was healthy, a volatile price counts at its average; nothing is
    sold at the print; no profit is cut. Who had collateral takes no new risk meanwhile, and has it all after.
    """
    bench = make_collateral_bench()
    backed = bench.stash(bench.newcomer, USDE, 4_000, 1)
    bench.protocol.trade(backed, MARKET, WAD, bench.newcomer)
    plain = [account_id(owner) for owner in (bench.trader, bench.rival)]
    positions = [bench.position(one) for one in (*plain, backed)]
    balances = [bench.balance(one) for one in (*plain, backed)]
    insured, status = bench.insured(), bench.protocol.view("configOf", MARKET).config.status
    for _ in range(10):
        bench.later(60)
        bench.price(50_000)
        bench.kind_price(USDE, "0.65")
        assert bench.health(backed).equity < 2_500 * WAD
        for account in (*plain, backed):
            assert (
                refusal_of(lambda a=account: bench.protocol.liquidate(a, bench.keeper)) == "NotLiquidatable"
            )
        buy = lambda: bench.protocol.collateral_buy(backed, USDE, bench.keeper)  # noqa: E731
        assert refusal_of(buy) == "PriceNotGoodFor"
        grow = lambda: bench.protocol.trade(backed, MARKET, WAD // 10, bench.newcomer)  # noqa: E731
        with rolled_back(bench.chain):
            assert refusal_of(grow) == "MarginTooLow"
        with rolled_back(bench.chain):
            bench.trade(bench.trader, WAD // 10)
    for _ in range(12):
        bench.settle_prices({USDE: 1})
    assert bench.value(backed) == (3_800 * WAD,) * 3
    held = [bench.position(one) for one in (*plain, backed)]
    assert [(one.size, one.notional) for one in held] == [(one.size, one.notional) for one in positions]
    assert [bench.balance(one) for one in (*plain, backed)] == balances
    assert bench.insured() == insured
    assert bench.protocol.view("configOf", MARKET).config.status == status
    assert bench.protocol.view("resolutionOf", MARKET).number == 0
    bench.protocol.trade(backed, MARKET, WAD // 10, bench.newcomer)


class Hostile(Odd):
    """WETH calls back; the token itself has margin, collateral and a position, and somebody is in debt."""

    def __init__(self):
        super().__init__("MockHostileToken")
        self.mine, self.weak = account_id(self.issued.address), account_id(self.newcomer, 1)
        token, settlement = self.issued, self.protocol.contracts.token
        for asset in (token, settlement):
            self.chain.send(asset, "mint", token, 10**24, sender=self.provider)
            for spender in (self.core, self.collateral, self.vault, self.insurance):
                self.act(asset, "approve", spender, NO_LIMIT)
        self.act(self.core, "deposit", self.mine, 10**10)
        self.act(self.collateral, "deposit", self.mine, WETH, 5 * WAD)
        self.act(self.core, "trade", self.mine, MARKET, WAD // 10, NO_LIMIT, NO_LIMIT)
        self.stash(self.newcomer, WETH, 10, 1)
        self.protocol.trade(self.weak, MARKET, WAD, self.newcomer)
        self.fall_to(44_000)
        self.protocol.trade(self.weak, MARKET, -WAD, self.newcomer)
        given = plausible(self, token.address, self.weak)
        self.entries = [entry for entry in everything(self) if entry.changes]
        self.data = {e: e.encode(lambda p, e=e: self.argument(e, p, given)) for e in self.entries}

    def argument(self, entry, parameter, given):
        wants_weak = str(entry) in ("collateral.buy", "core.cover") and parameter["name"] == "account"
        return self.weak if wants_weak else given(parameter)

    def act(self, target, function, *args):
        self.raw(target.address, target.abi.function(function).encode(args))

    def raw(self, target, data):
        self.chain.send(self.issued, "act", target, data, sender=self.stranger)

    def arm(self, entries):
        attempts = [(entry.target, self.data[entry]) for entry in entries]
        self.chain.send(self.issued, "arm", attempts, sender=self.stranger)

    def outcomes(self):
        told = self.chain.call(self.issued, "told")
        return ["done" if one.done else error_name(one.error) for one in told]

    def seen(self):
        ask = self.protocol
        ids = (self.mine, self.weak)
        return (
            self.digest(),
            [
                (ask.view("accountOf", one), self.held(one), ask.view("positionOf", one, MARKET))
                for one in ids
            ],
        )

    def after(self, *steps):
        with rolled_back(self.chain):
            for step in steps:
                step()
            return self.seen()


#: Calls in which WETH moves: by its own account, which would gain, and by a buyer.
OUTER = {
    "deposit": lambda h: h.act(h.collateral, "deposit", h.mine, WETH, WAD),
    "withdraw": lambda h: h.act(h.collateral, "withdraw", h.mine, WETH, 4 * WAD, h.issued.address),
    "buy": lambda h: h.protocol.collateral_buy(h.weak, WETH, h.keeper, tokens=WAD),
}


@pytest.fixture(scope="module")
def hostile():
    return Hostile()


@pytest.mark.parametrize("outer", OUTER)
def test_reenter_from_a_collateral_token(hostile, outer):
    """F-45, I-03: inside a transfer of the token every function is called by one who may call it.

    The contract that keeps it is locked; whatever of the rest goes through does what it would have done
    before or after: nobody counts what is on its way twice.
    """
    run = lambda: OUTER[outer](hostile)  # noqa: E731
    with rolled_back(hostile.chain):
        hostile.arm(hostile.entries)
        run()
        told = dict(zip(map(str, hostile.entries), hostile.outcomes(), strict=True))
    for name in ("deposit", "withdraw", "buy", "updatePrice"):
        assert told[f"collateral.{name}"] == LOCK
    undisturbed = hostile.after(run)
    passed = [entry for entry in hostile.entries if told[str(entry)] == "done"]
    assert {"core.trade", "core.withdraw"} <= {str(entry) for entry in passed}
    for entry in passed:
        nested = lambda e=entry: refuses(lambda: hostile.raw(e.target, hostile.data[e]))  # noqa: E731
        with rolled_back(hostile.chain):
            hostile.arm([entry])
            run()
            seen = hostile.seen()
            assert_books(hostile, [*everybody(hostile, 2), hostile.mine])
        assert seen in (hostile.after(nested, run), hostile.after(run, nested), undisturbed), str(entry)


def test_a_withdrawal_and_a_trade_inside_share_the_margin(hostile):
    """F-45: all collateral leaves: inside its transfer the account trades as one without it."""
    with rolled_back(hostile.chain):
        entry = next(e for e in hostile.entries if str(e) == "core.trade")
        order = hostile.core.abi.function("trade")
        trade = lambda size: order.encode((hostile.mine, MARKET, size, NO_LIMIT, NO_LIMIT))  # noqa: E731
        # What it can with its 5 WETH.
        most = largest(hostile, lambda size: hostile.raw(entry.target, trade(size)), 12 * WAD)
        data = trade(most)
        hostile.chain.send(hostile.issued, "arm", [(entry.target, data)], sender=hostile.stranger)
        with pytest.raises(Reverted):
            hostile.act(hostile.collateral, "withdraw", hostile.mine, WETH, 5 * WAD + 1, hostile.stranger)
        hostile.act(hostile.collateral, "withdraw", hostile.mine, WETH, 5 * WAD, hostile.stranger)
        (told,) = hostile.outcomes()
        assert told != "done"
