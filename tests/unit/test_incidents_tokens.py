"""Incidents of settlement tokens, each by its number: lists, pauses, false answers, rebases, decimals."""

import pytest
from support.adversary import (
    assert_books,
    balance,
    close,
    everybody,
    fund,
    liquidate,
    liquidated,
    refused_because,
    settle_all,
    take,
    to_ratio,
)
from support.bench import MARKET, PRICE, Bench, make_bench, rolled_back, with_token

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

SHARE = 10**24


class Odd(Bench):
    """A bench over a token whose issuer interferes; somebody unhealthy, and a claimable request."""

    def __init__(self):
        chain = RevmChain()
        super().__init__(Protocol(chain, deploy(chain, with_token(chain, "MockOddToken", 6))))
        self.use()
        self.token = chain.at("MockOddToken", self.protocol.contracts.token.address)
        self.weak = fund(self, self.newcomer, 6_000, 1)
        take(self, self.weak, WAD)
        for vault in (self.vault, self.insurance):
            args = (1_000 * SHARE, self.provider, self.provider)
            chain.send(vault, "requestRedeem", *args, sender=self.provider)
        self.later(86_400)
        to_ratio(self, self.weak, 40)

    def issue(self, function, *args):
        self.chain.send(self.token, function, *args, sender=self.stranger)


@pytest.fixture(scope="module")
def made():
    return Odd()


@pytest.fixture
def odd(made):
    with rolled_back(made.chain):
        yield made


def whom(odd, name):
    """Whom the issuer blocks."""
    places = {"insurance": odd.insurance.address, "timelock": odd.timelock, "vault": odd.vault.address}
    return places.get(name) or getattr(odd, name)


@pytest.mark.parametrize(
    "blocked", ["newcomer", "keeper", "provider", "insurance", "vault", "timelock", "trader", "rival"]
)
def test_predy_blacklisted_victim(odd, blocked):
    """F-26, F-25: no token moves in a liquidation, a trade or an accrual: no list stops them.

    What a blocked person owns stays on his balance: paid to another address, or to him later.
    """
    who = whom(odd, blocked)
    odd.issue("block_", who, True)
    reward = liquidated(liquidate(odd, odd.weak))["reward"]
    assert reward > 0
    assert odd.protocol.view("accountOf", account_id(odd.keeper)).balance == reward
    for owner in (odd.trader, odd.rival):
        close(odd, account_id(owner))
    odd.protocol.accrue(MARKET, odd.stranger)
    odd.protocol.update_price(MARKET, odd.stranger)
    assert_books(odd, everybody(odd, 2))
    mine = account_id(odd.trader)
    if blocked != "trader":
        odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader)
        return
    before = odd.digest()
    refused_because("TransferFailed", lambda: odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader))
    assert odd.digest() == before
    odd.protocol.withdraw(mine, odd.one, odd.operator, odd.trader)
    odd.issue("block_", who, False)
    odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader)


@pytest.mark.parametrize("place", ["vault", "insurance"])
def test_hubble_blacklisted_provider(odd, place):
    """F-26: a blocked provider keeps his shares and his place; others leave, and he may be paid elsewhere."""
    vault, owner = getattr(odd, place), odd.provider
    odd.issue("block_", owner, True)
    before = odd.digest()

    def leave(receiver):
        return odd.chain.send(vault, "redeem", SHARE, receiver, owner, sender=owner)

    refused_because("TransferFailed", lambda: leave(owner))
    assert odd.digest() == before
    tokens = balance(odd, odd.operator)
    paid = leave(odd.operator).result
    assert balance(odd, odd.operator) - tokens == paid > 0
    odd.issue("block_", owner, False)
    leave(owner)


@pytest.mark.parametrize(("switch", "error"), [("pause", "TransferFailed"), ("refuse", "TransferFailed")])
def test_velar_paused_or_refusing_token(odd, switch, error):
    """F-43: paused, or answering false: nothing is credited or paid, nothing else stops."""
    odd.issue(switch, True)
    before = odd.digest()
    mine = account_id(odd.trader)
    for moves in (
        lambda: odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader),
        lambda: odd.protocol.pool_redeem(MARKET, SHARE, odd.provider),
        lambda: odd.protocol.insurance_redeem(SHARE, odd.provider),
    ):
        refused_because(error, moves)
    for moves in (
        lambda: odd.protocol.deposit(mine, odd.one, odd.trader),
        lambda: odd.protocol.pool_deposit(MARKET, odd.one, odd.provider),
        lambda: odd.protocol.insurance_deposit(odd.one, odd.provider),
    ):
        refused_because("TransferFromFailed", moves)
    assert odd.digest() == before
    with rolled_back(odd.chain):
        liquidate(odd, odd.weak)
        close(odd, account_id(odd.rival))
        assert_books(odd, everybody(odd, 2))
    odd.issue(switch, False)
    odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader)
    odd.protocol.pool_redeem(MARKET, SHARE, odd.provider)


def test_hubble_token_that_rebases_down(odd):
    """F-43: a unit less than is owed: nobody is paid, first or last, until it is there again."""
    core, mine = odd.core.address, account_id(odd.trader)
    odd.issue("seize", core, 1)
    before = odd.digest()
    for moves in (
        lambda: odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader),
        lambda: odd.protocol.pool_redeem(MARKET, SHARE, odd.provider),
        lambda: odd.protocol.deposit(mine, odd.one, odd.trader),
    ):
        told = refused_because("TokensMissing", moves)
        assert told["owed"] - told["held"] == 1
    assert odd.digest() == before
    liquidate(odd, odd.weak)
    close(odd, mine)
    odd.chain.send(odd.token, "mint", core, 1, sender=odd.stranger)
    odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader)


def test_hubble_token_that_rebases_up(odd):
    """F-43, I-33: what comes from nowhere is nobody's: no balance, share price or utilization knows of it."""
    with rolled_back(odd.chain):
        expected = odd.digest()[:-3]
    odd.chain.send(odd.token, "mint", odd.core, 10**12, sender=odd.stranger)
    assert odd.digest()[:-3] == expected
    refused_because(
        "MarginTooLow", lambda: odd.protocol.withdraw(account_id(odd.trader), 10**11, odd.trader, odd.trader)
    )


def played(decimals):
    """Figures of a liquidation, a redemption and a withdrawal over a token with so many decimals."""
    chain = RevmChain()
    settings = load_deployment().model_copy(update={"token_decimals": decimals})
    bench = Bench(Protocol(chain, deploy(chain, settings))).use()
    weak = fund(bench, bench.newcomer, 6_000, 1)
    take(bench, weak, WAD)
    bench.protocol.pool_request(MARKET, 1_000 * SHARE, bench.provider)
    bench.later(86_400)
    settle_all(bench, PRICE * 89 // 100)
    done = liquidated(liquidate(bench, weak))
    tokens = balance(bench, bench.provider)
    bench.protocol.pool_redeem(MARKET, 1_000 * SHARE, bench.provider)
    paid = (balance(bench, bench.provider) - tokens) * 10 ** (18 - decimals)
    health = bench.protocol.view("healthOf", account_id(bench.trader))
    market = bench.protocol.market(MARKET)
    exact = (done["tier"], done["fill"], done["penalty"], done["reward"], health, market.mark)
    return exact, paid, market.equity


@pytest.fixture(scope="module")
def six():
    return played(6)


@pytest.mark.parametrize("decimals", [0, 8, 18])
def test_boros_decimals(six, decimals):
    """F-42: liquidations and health are the same to the wei at any decimals, payments to a unit."""
    exact, paid, equity = played(decimals)
    unit = 10 ** (18 - min(decimals, 6))
    assert exact == six[0]
    assert abs(paid - six[1]) < unit
    assert abs(equity - six[2]) < unit


def test_the_odd_token_is_an_honest_one_until_it_is_told(odd):
    """The same calls go through while the issuer does nothing: it is he who stops them above."""
    mine = account_id(odd.trader)
    odd.protocol.deposit(mine, odd.one, odd.trader)
    odd.protocol.withdraw(mine, odd.one, odd.trader, odd.trader)
    odd.protocol.pool_redeem(MARKET, SHARE, odd.provider)
    odd.protocol.insurance_redeem(SHARE, odd.provider)
    assert make_bench().one == odd.one
