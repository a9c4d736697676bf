"""Deposits, withdrawals and operators that must be refused."""

import pytest
from support.bench import COLLATERAL, POOL, rolled_back
from support.refusals import assert_refused, refusal
from support.validity import STALE, WITHDRAW, not_good_for

from keel.evm.chain import NOBODY
from keel.units import WAD

SCALE = 10**12
MAX_TOKENS = 2**100 // SCALE
HUGE = 2**256 - 1


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


@pytest.fixture
def mine(bench):
    return bench.account(bench.newcomer)


def deposit(bench, tokens, sender=None):
    sender = sender or bench.newcomer
    return lambda: bench.protocol.deposit(bench.account(bench.newcomer), tokens, sender)


def withdraw(bench, tokens, owner=None, to=None, sender=None):
    owner = owner or bench.newcomer
    account = bench.account(owner)
    return lambda: bench.protocol.withdraw(account, tokens, to or owner, sender or owner)


def test_deposit_of_nothing(bench):
    assert_refused(bench, refusal("ZeroAmount"), deposit(bench, 0))


def test_deposit_without_tokens_or_allowance(bench):
    assert_refused(bench, refusal("TransferFromFailed"), deposit(bench, 1, bench.stranger))
    bench.chain.send(bench.protocol.contracts.token, "mint", bench.stranger, 1, sender=bench.stranger)
    assert_refused(bench, refusal("TransferFromFailed"), deposit(bench, 1, bench.stranger))


@pytest.mark.parametrize("tokens", [10 * POOL * 10**6 + 1, HUGE])
def test_deposit_of_more_than_the_payer_has(bench, tokens):
    assert_refused(bench, refusal("TransferFromFailed"), deposit(bench, tokens))


@pytest.mark.parametrize("tokens", [MAX_TOKENS + 1, 2**128, 2**255])
def test_deposit_of_more_than_an_account_holds(bench, tokens):
    bench.chain.send(bench.protocol.contracts.token, "mint", bench.newcomer, tokens, sender=bench.stranger)
    expected = refusal("AmountOutOfRange", given=tokens, limit=MAX_TOKENS)
    assert_refused(bench, expected, deposit(bench, tokens))


def test_the_largest_deposit_is_accepted(bench, mine):
    bench.chain.send(
        bench.protocol.contracts.token, "mint", bench.newcomer, MAX_TOKENS, sender=bench.stranger
    )
    deposit(bench, MAX_TOKENS)()
    withdraw(bench, MAX_TOKENS)()
    assert bench.protocol.view("accountOf", mine).balance == COLLATERAL * WAD


def test_one_token_unit_goes_in_and_out(bench, mine):
    deposit(bench, 1)()
    assert bench.protocol.view("accountOf", mine).balance == COLLATERAL * WAD + SCALE
    withdraw(bench, 1)()
    assert bench.protocol.view("accountOf", mine).balance == COLLATERAL * WAD


def test_withdrawal_of_nothing(bench):
    assert_refused(bench, refusal("ZeroAmount"), withdraw(bench, 0))


@pytest.mark.parametrize("tokens", [MAX_TOKENS + 1, 2**128, 2**255, HUGE])
def test_withdrawal_of_more_than_an_account_holds(bench, tokens):
    expected = refusal("AmountOutOfRange", given=tokens, limit=MAX_TOKENS)
    assert_refused(bench, expected, withdraw(bench, tokens))


@pytest.mark.parametrize("excess", [1, MAX_TOKENS - COLLATERAL * 10**6])
def test_withdrawal_of_more_than_the_balance(bench, excess):
    expected = refusal("MarginTooLow", equity=-excess * SCALE, required=0)
    assert_refused(bench, expected, withdraw(bench, COLLATERAL * bench.one + excess))


def test_withdrawal_that_breaks_the_initial_margin(bench):
    health = bench.protocol.account(bench.account(bench.trader)).health
    assert health.initial == 1_000 * WAD  # 2 % of 50,000
    free = (health.withdrawable - health.initial) // SCALE
    left = health.withdrawable - (free + 1) * SCALE
    expected = refusal("MarginTooLow", equity=left, required=health.initial)
    assert_refused(bench, expected, withdraw(bench, free + 1, bench.trader))
    withdraw(bench, free, bench.trader)()


def test_unrealised_profit_is_not_withdrawn(bench):
    bench.later(10)
    bench.settle_price(60_000)
    health = bench.protocol.account(bench.account(bench.trader)).health
    balance = bench.protocol.view("accountOf", bench.account(bench.trader)).balance
    assert health.equity > balance + 9_000 * WAD
    assert health.withdrawable <= balance
    tokens = health.withdrawable // SCALE
    expected = refusal("MarginTooLow", equity=health.withdrawable - tokens * SCALE, required=health.initial)
    assert_refused(bench, expected, withdraw(bench, tokens, bench.trader))


def test_withdrawal_at_a_stale_price(bench):
    bench.later(61)
    expected = not_good_for(WITHDRAW, STALE, 61)
    assert_refused(bench, expected, withdraw(bench, 1, bench.trader))
    # Without positions no price is needed.
    withdraw(bench, 1, bench.newcomer)()


def test_withdrawal_by_others(bench, mine):
    for sender in (bench.stranger, bench.trader):
        expected = refusal("NotAuthorized", caller=sender, account=mine)
        assert_refused(bench, expected, withdraw(bench, 1, to=sender, sender=sender))
        assert_refused(bench, expected, withdraw(bench, 1, sender=sender))


def test_withdrawal_by_an_operator_to_others(bench, mine):
    bench.send("setOperator", mine, bench.operator, True, sender=bench.newcomer)
    expected = refusal("NotAuthorized", caller=bench.operator, account=mine)
    for to in (bench.operator, bench.stranger):
        assert_refused(bench, expected, withdraw(bench, 1, to=to, sender=bench.operator))
    withdraw(bench, 1, sender=bench.operator)()


def test_a_dismissed_operator_is_a_stranger(bench, mine):
    bench.send("setOperator", mine, bench.operator, True, sender=bench.newcomer)
    bench.send("setOperator", mine, bench.operator, False, sender=bench.newcomer)
    expected = refusal("NotAuthorized", caller=bench.operator, account=mine)
    assert_refused(bench, expected, withdraw(bench, 1, sender=bench.operator))
    assert_refused(bench, expected, lambda: bench.trade(bench.newcomer, WAD, sender=bench.operator))


def test_withdrawal_to_where_tokens_are_lost(bench):
    for to in (NOBODY, bench.core.address):
        assert_refused(bench, refusal("RecipientInvalid", to=to), withdraw(bench, 1, to=to))


def test_an_operator_of_one_account_is_none_of_another(bench, mine):
    bench.send("setOperator", mine, bench.operator, True, sender=bench.newcomer)
    expected = refusal("NotAuthorized", caller=bench.operator, account=mine + 1)
    action = bench.protocol.withdraw
    assert_refused(bench, expected, lambda: action(mine + 1, 1, bench.newcomer, bench.operator))


def test_operators_are_named_by_the_owner_only(bench, mine):
    bench.send("setOperator", mine, bench.operator, True, sender=bench.newcomer)
    for sender in (bench.stranger, bench.operator):
        expected = refusal("NotAuthorized", caller=sender, account=mine)
        act = lambda sender=sender: bench.send("setOperator", mine, sender, True, sender=sender)  # noqa: E731
        assert_refused(bench, expected, act)
