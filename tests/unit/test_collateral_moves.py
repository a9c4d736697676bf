"""Collateral in and out: who may, caps, prices, margin that stays, decimals; listing and terms."""

import pytest
from support.adversary import refused_because
from support.bench import MARKET, NOBODY, rolled_back
from support.collateral_bench import USDE, WETH, CollateralBench, make_collateral_bench, over
from support.refusals import ANY, assert_refused, bytes32, refusal

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.model.validity import Action, Validity
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD


@pytest.fixture(scope="module")
def used():
    """The newcomer has 10 WETH in account 1, and an operator for it."""
    bench = make_collateral_bench()
    bench.ten = bench.stash(bench.newcomer, WETH, 10, 1)
    bench.send("setOperator", bench.ten, bench.operator, True, sender=bench.newcomer)
    return bench


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        used.later()
        used.settle_prices({WETH: 2_000, USDE: 1})
        yield used


def deposit(bench, account, tokens, sender, kind=WETH):
    return bench.protocol.collateral_deposit(account, kind, tokens, sender)


def withdraw(bench, account, tokens, to, sender, kind=WETH):
    return bench.protocol.collateral_withdraw(account, kind, tokens, to, sender)


def test_what_goes_in_is_told_and_comes_out(bench):
    mine, before = account_id(bench.trader), bench.has(bench.trader)
    told = deposit(bench, mine, 3 * WAD, bench.trader).event("CollateralDeposited").args
    assert told == {"account": mine, "kind": WETH, "by": bench.trader, "tokens": 3 * WAD}
    assert (bench.held(mine), bench.has(bench.collateral.address)) == (3 * WAD, 13 * WAD)
    assert bench.protocol.collateral_kind(WETH).held == 13 * WAD
    assert bench.protocol.view("accountOf", mine).collateral == 1
    withdraw(bench, mine, WAD, bench.trader, bench.trader)
    assert bench.protocol.view("accountOf", mine).collateral == 1
    told = withdraw(bench, mine, 2 * WAD, bench.rival, bench.trader).event("CollateralWithdrawn").args
    assert told == {"account": mine, "kind": WETH, "to": bench.rival, "tokens": 2 * WAD}
    assert (bench.held(mine), bench.has(bench.trader)) == (0, before - 2 * WAD)
    assert bench.protocol.view("accountOf", mine).collateral == 0


def test_the_operator_pays_in_and_pays_out_to_the_owner_only(bench):
    before = bench.has(bench.operator)
    deposit(bench, bench.ten, WAD, bench.operator)
    assert (bench.held(bench.ten), before - bench.has(bench.operator)) == (11 * WAD, WAD)
    not_yours = refusal("NotAuthorized", caller=bench.operator, account=bench.ten)
    assert_refused(bench, not_yours, lambda: withdraw(bench, bench.ten, WAD, bench.operator, bench.operator))
    withdraw(bench, bench.ten, WAD, bench.newcomer, bench.operator)
    bench.send("setOperator", bench.ten, bench.operator, False, sender=bench.newcomer)
    for act in (
        lambda: deposit(bench, bench.ten, WAD, bench.operator),
        lambda: withdraw(bench, bench.ten, WAD, bench.newcomer, bench.operator),
    ):
        assert_refused(bench, not_yours, act)


@pytest.mark.parametrize("kind", [0, 3, 9, 65_535])
def test_kinds_that_are_not_there(bench, kind):
    unknown = refusal("KindUnknown", kind=kind)
    for act in (
        lambda: deposit(bench, bench.ten, WAD, bench.newcomer, kind),
        lambda: withdraw(bench, bench.ten, WAD, bench.newcomer, bench.newcomer, kind),
        lambda: bench.protocol.collateral_buy(bench.ten, kind, bench.keeper),
        lambda: bench.protocol.collateral_update(kind, bench.keeper),
        lambda: bench.protocol.collateral_kind(kind),
        lambda: bench.protocol.collateral_sale(bench.ten, kind),
    ):
        assert_refused(bench, unknown, act)


def test_nothing_and_more_than_there_is(bench):
    zero = refusal("ZeroAmount")
    assert_refused(bench, zero, lambda: deposit(bench, bench.ten, 0, bench.newcomer))
    assert_refused(bench, zero, lambda: withdraw(bench, bench.ten, 0, bench.newcomer, bench.newcomer))
    missing = refusal("TokensMissing", held=10 * WAD, owed=10 * WAD + 1)
    assert_refused(
        bench, missing, lambda: withdraw(bench, bench.ten, 10 * WAD + 1, bench.newcomer, bench.newcomer)
    )


def test_the_cap_is_of_all_accounts_together(bench):
    bench.terms(cap=12 * WAD)
    full = refusal("CapExceeded", wanted=12 * WAD + 1, cap=12 * WAD)
    rest = account_id(bench.trader)
    assert_refused(bench, full, lambda: deposit(bench, rest, 2 * WAD + 1, bench.trader))
    deposit(bench, rest, 2 * WAD, bench.trader)
    bench.terms(cap=0)
    # A lower cap takes nothing away, it only stops what comes.
    assert bench.value(bench.ten)[0] == 17_000 * WAD
    full = refusal("CapExceeded", wanted=12 * WAD + 1, cap=0)
    assert_refused(bench, full, lambda: deposit(bench, rest, 1, bench.trader))
    withdraw(bench, rest, 2 * WAD, bench.trader, bench.trader)


def test_a_price_that_is_not_valid_takes_nothing(bench):
    """Taken within the deposit: an old one is renewed, a broken or a volatile one refused; out it goes."""
    bench.later(7_200)
    broken = refusal(
        "PriceNotGoodFor", action=int(Action.OPEN), validity=int(Validity.INVALID), ageSeconds=ANY
    )
    assert_refused(bench, broken, lambda: deposit(bench, bench.ten, WAD, bench.newcomer))
    bench.protocol.collateral_publish(WETH, 1_700 * 10**8, bench.provider)
    bench.later()
    volatile = refusal(
        "PriceNotGoodFor", action=int(Action.OPEN), validity=int(Validity.VOLATILE), ageSeconds=0
    )
    assert_refused(bench, volatile, lambda: deposit(bench, bench.ten, WAD, bench.newcomer))
    withdraw(bench, bench.ten, 10 * WAD, bench.newcomer, bench.newcomer)


def test_a_lost_peg_takes_nothing_and_lets_go(bench):
    """0.965 is a price like others, but below 0.97."""
    mine = bench.stash(bench.newcomer, USDE, 1_000, 2)
    bench.protocol.collateral_publish(USDE, 97 * 10**6 - 1, bench.provider)
    for _ in range(3):
        bench.later(301)
        bench.protocol.collateral_update(USDE, bench.provider)
    lost = refusal("PegLost", price=(97 * 10**6 - 1) * 10**10, floor=97 * WAD // 100)
    assert_refused(bench, lost, lambda: deposit(bench, mine, WAD, bench.newcomer, USDE))
    withdraw(bench, mine, 1_000 * WAD, bench.newcomer, bench.newcomer, USDE)


def test_what_stays_covers_the_initial_margin(bench):
    """1 base at 50,000 asks for 1,000 at least; of 17,000 less its cost and what is asked, 85 % a token."""
    bench.protocol.trade(bench.ten, MARKET, WAD, bench.newcomer)
    health = bench.health(bench.ten)
    spare = (health.withdrawable - health.initial) * 10_000 // (2_000 * 8_500)
    # A wei of token counts for 1,700 wei and is floored.
    assert_refused(
        bench,
        refusal("MarginTooLow", equity=ANY, required=health.initial),
        lambda: withdraw(bench, bench.ten, spare + 2, bench.newcomer, bench.newcomer),
    )
    withdraw(bench, bench.ten, spare - 1, bench.newcomer, bench.newcomer)
    assert 0 <= bench.health(bench.ten).withdrawable - health.initial < 10_000


def test_settlement_tokens_do_not_go_below_zero(bench):
    """17,000 of collateral, and not one unit is lent against it."""
    low = refusal("MarginTooLow", equity=-(10**12), required=0)
    assert_refused(bench, low, lambda: bench.protocol.withdraw(bench.ten, 1, bench.newcomer, bench.newcomer))
    bench.protocol.deposit(bench.ten, bench.one, bench.newcomer)
    low = refusal("MarginTooLow", equity=-(10**12), required=0)
    assert_refused(
        bench, low, lambda: bench.protocol.withdraw(bench.ten, bench.one + 1, bench.newcomer, bench.newcomer)
    )
    bench.protocol.withdraw(bench.ten, bench.one, bench.newcomer, bench.newcomer)


def test_a_debt_is_margin_too(bench):
    """Without positions: what stays counts for at least the debt."""
    bench.protocol.trade(bench.ten, MARKET, WAD, bench.newcomer)
    bench.protocol.trade(bench.ten, MARKET, -WAD, bench.newcomer)
    debt = -bench.balance(bench.ten)
    assert debt > 0
    assert_refused(
        bench,
        refusal("MarginTooLow", equity=-debt, required=0),
        lambda: withdraw(bench, bench.ten, 10 * WAD, bench.newcomer, bench.newcomer),
    )
    needed = -(-debt // 1_700)
    withdraw(bench, bench.ten, 10 * WAD - needed, bench.newcomer, bench.newcomer)
    assert 0 <= bench.health(bench.ten).equity < 1_700


def test_an_old_price_lets_only_those_out_who_owe_nothing(bench):
    bench.protocol.trade(bench.ten, MARKET, WAD, bench.newcomer)
    bench.later(301)
    bench.price(50_000)
    assert bench.balance(bench.ten) < 0
    assert_refused(
        bench,
        refusal("MarginTooLow", equity=ANY, required=ANY),
        lambda: withdraw(bench, bench.ten, 1, bench.newcomer, bench.newcomer),
    )
    mine = account_id(bench.trader, 1)
    bench.refresh()
    deposit(bench, mine, WAD, bench.trader)
    bench.later(10**6)
    withdraw(bench, mine, WAD, bench.trader, bench.trader)


def test_a_closed_market_holds_collateral_as_it_holds_margin(bench):
    bench.protocol.trade(bench.ten, MARKET, WAD, bench.newcomer)
    bench.send("restrictMarket", MARKET, 3, sender=bench.provider)
    closed = refusal("MarketClosed", market=MARKET)
    assert_refused(bench, closed, lambda: withdraw(bench, bench.ten, 1, bench.newcomer, bench.newcomer))
    assert_refused(bench, closed, lambda: bench.send("checkWithdrawal", bench.ten, sender=bench.keeper))


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_decimals_of_the_token(decimals):
    """The same whole tokens count for the same, to the wei, and leave whole."""
    bench = make_collateral_bench(over(token_decimals=decimals))
    mine = bench.stash(bench.newcomer, WETH, 7, 1)
    assert bench.value(mine) == (11_900 * WAD,) * 3
    assert bench.held(mine) == 7 * 10**decimals
    bench.protocol.trade(mine, MARKET, WAD, bench.newcomer)
    bench.protocol.trade(mine, MARKET, -WAD, bench.newcomer)
    withdraw(bench, mine, 6 * 10**decimals, bench.newcomer, bench.newcomer)
    assert bench.has(bench.newcomer) == (100_000 - 1) * 10**decimals


def test_too_many_decimals(bench):
    """18 are the most."""
    token = bench.chain.deploy("MockToken", 19)
    terms = bench.protocol.collateral_kind(WETH).terms
    govern = lambda: bench.govern(bench.collateral, "listKind", token, terms)  # noqa: E731
    assert_refused(bench, term("decimals", 19, 0, 18), govern)


def term(name, given, low, high):
    return refusal("TermOutOfBounds", name=bytes32(name), given=given, low=low, high=high)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"haircutBps": 99}, ("haircutBps", 99, 100, 9_000)),
        ({"haircutBps": 9_001}, ("haircutBps", 9_001, 100, 9_000)),
        ({"discountBps": 0}, ("discountBps", 0, 1, 1_500)),
        ({"discountBps": 1_501}, ("discountBps", 1_501, 1, 1_500)),
        ({"freshSeconds": 0}, ("freshSeconds", 0, 1, 3_600)),
        ({"freshSeconds": 3_601}, ("freshSeconds", 3_601, 1, 3_600)),
        ({"ceiling": 0}, ("ceiling", 0, 1, 2**88 - 1)),
        ({"floor": 2, "ceiling": 1}, ("floor", 2, 0, 1)),
    ],
)
def test_terms_out_of_bounds(bench, changes, told):
    assert_refused(bench, term(*told), lambda: bench.terms(**changes))


def test_the_hub_must_serve_this_contract_and_kind(bench):
    for hub in (bench.hub_of().address, bench.protocol.kind_contracts(USDE).hub.address):
        assert_refused(bench, term("oracle", 0, 1, 1), lambda hub=hub: bench.terms(oracle=hub))


def test_what_cannot_be_listed(bench):
    """The settlement token, a token twice, a ninth kind; and nobody lists but governance."""
    terms = bench.protocol.collateral_kind(WETH).terms
    settlement = bench.protocol.contracts.token
    for token in (settlement, bench.token(WETH)):
        refused = refusal("KindRefused", token=token.address)
        assert_refused(bench, refused, lambda t=token: bench.govern(bench.collateral, "listKind", t, terms))
    for function, args in (("listKind", (settlement, terms)), ("setTerms", (WETH, terms))):
        refused_because(
            "AccessManagedUnauthorized",
            lambda f=function, a=args: bench.chain.send(bench.collateral, f, *a, sender=bench.provider),
        )
    feed = bench.chain.call(bench.protocol.kind_contracts(WETH).hub, "feed")
    for kind in range(3, 10):
        token = bench.chain.deploy("MockToken", 6)
        hub = bench.chain.deploy("OracleHub", bench.collateral, kind, feed, NOBODY)
        listed = terms._replace(oracle=hub.address)
        act = lambda t=token, one=listed: bench.govern(bench.collateral, "listKind", t, one)  # noqa: E731
        if kind == 9:
            assert_refused(bench, refusal("KindRefused", token=token.address), act)
        else:
            act()
            assert bench.chain.call(bench.collateral, "kindCount") == kind


def test_the_contract_is_set_once_and_notes_alone(bench):
    other = bench.stranger
    twice = refusal("NotCollateral", caller=other)
    assert_refused(bench, twice, lambda: bench.govern(bench.core, "setCollateral", other))
    assert_refused(bench, twice, lambda: bench.send("noteCollateral", bench.ten, 0, sender=other))
    assert bench.protocol.view("collateralContract") == bench.collateral.address


def test_prices_are_taken_once_a_block(bench):
    bench.later()
    bench.protocol.collateral_publish(WETH, 2_050 * 10**8, bench.provider)
    (told,) = bench.protocol.collateral_update(WETH, bench.stranger).events("CollateralPriced")
    assert (told.args["kind"], told.args["price"].index) == (WETH, 2_050 * WAD)
    bench.protocol.collateral_publish(WETH, 2_060 * 10**8, bench.provider)
    assert not bench.protocol.collateral_update(WETH, bench.stranger).events("CollateralPriced")
    assert bench.protocol.collateral_price(WETH).index == 2_050 * WAD


def test_a_deployment_without_kinds_takes_settlement_tokens_only():
    chain = RevmChain()
    settings = load_deployment().model_copy(update={"collateral": ()})
    bench = CollateralBench(Protocol(chain, deploy(chain, settings))).use()
    assert bench.protocol.contracts.collateral is None
    assert int(bench.protocol.view("collateralContract"), 16) == 0
    refused_because("NotCollateral", lambda: bench.send("noteCollateral", 1, 1, sender=bench.stranger))
