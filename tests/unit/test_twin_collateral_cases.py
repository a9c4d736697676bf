"""Collateral in the ledger and its twin: numbers worked by hand, every book compared after each step."""

from ledger_collateral import KIND_PRICES, CollateralWalk
from ledger_world import PRICES

from keel.model.ledger import account_id
from keel.model.ledger.books import STATUS_SHUT
from keel.units import WAD

ETHER, DOLLAR = 1, 2
USD = 10**6
DAY = 86_400
ALL = 2**128


class Case:
    """The world when all averages are long enough; nobody has collateral yet."""

    def __init__(self) -> None:
        self.walk = CalmWalk(0)
        self.world = self.walk.world
        self.user, self.other, self.buyer = self.world.users[1:4]
        self.account = account_id(self.user)
        self.prices()

    @property
    def balance(self) -> int:
        return self.world.twin.accounts[self.account].balance

    def expect(self, name: str, error: str | None) -> None:
        """The last call of this name ended so on both sides."""
        assert self.world.last == (name, error)

    def lean_on(self, kind: int, tokens: int) -> None:
        """Collateral in, all settlement tokens out."""
        self.world.collateral_deposit(self.user, self.account, kind, tokens)
        self.world.withdraw(self.user, self.account, self.balance // 10**12, self.user)
        assert self.balance == 0

    def trade(self, size: int, error: str | None = None, market: int = 1) -> None:
        self.world.trade(self.user, self.account, market, size, self.walk.limit(size), self.world.now)
        self.expect("trade", error)

    def prices(self, market: int | None = None, kind: int | None = None) -> None:
        """Prices in thousandths of the first ones, and time for the averages to follow."""
        if market is not None:
            self.walk.prices[0] = PRICES[0] * market // 1_000
        if kind is not None:
            self.walk.kind_prices[0] = KIND_PRICES[0] * kind // 1_000
        for seconds in (12, 400):
            self.world.chain.warp(seconds)
            self.walk.refresh()


class CalmWalk(CollateralWalk):
    """Every refresh takes every price."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.refresh()

    def refresh(self) -> None:
        super().refresh()
        for kind in self.world.kinds:
            self.world.update_kind_price(kind)


def in_debt(tokens: int, kept: int = 950, size: int = 10 * WAD) -> Case:
    """Base bought on ether alone, closed when the price has fallen; a debt is left."""
    case = Case()
    case.lean_on(ETHER, tokens)
    case.trade(size)
    case.prices(market=kept)
    case.trade(-size)
    assert case.balance < 0
    return case


def test_a_debt_of_more_than_a_hundredth_is_sold_at_the_least_discount() -> None:
    """1.5 ether count for 2,550; a loss of 5 % of 20,000 is more than a hundredth of that."""
    case = in_debt(15 * 10**17)
    world, debt = case.world, -case.balance
    assert world.twin.collateral_value(world.now, case.account, 1).value == 2_550 * WAD
    assert 1_000 * WAD < debt < 1_100 * WAD
    assert world.twin.sale_of(world.now, case.account, ETHER) == (debt, 300)
    paid = world.chain.call(world.token, "balanceOf", case.buyer)
    world.buy(case.buyer, case.account, ETHER, ALL)
    case.expect("buy", None)
    paid -= world.chain.call(world.token, "balanceOf", case.buyer)
    assert 0 <= case.balance < 10**12
    assert paid == -(-debt // 10**12)
    sold = 15 * 10**17 - world.twin.held_of(case.account, ETHER)
    # 2,000 less 3 % each.
    assert sold == -(-debt // 1_940)
    world.buy(case.buyer, case.account, ETHER, ALL)
    case.expect("buy", "NothingToSell")


def test_a_debt_of_less_than_a_hundredth_waits_and_keeps_the_collateral_in() -> None:
    """3 ether count for 5,100, 51 may wait: 5 % of 0.4 base at 2,000 are 40; 0.025 ether cannot leave."""
    case = in_debt(3 * 10**18, size=4 * WAD // 10)
    world, debt = case.world, -case.balance
    assert 40 * WAD < debt < 51 * WAD
    world.buy(case.buyer, case.account, ETHER, ALL)
    case.expect("buy", "NothingToSell")
    # What counts for the debt: debt / (2,000 * 0.85), ceil.
    stays = -(-debt // 1_700)
    world.collateral_withdraw(case.user, case.account, ETHER, 3 * 10**18 - stays + 1, case.user)
    case.expect("collateral_withdraw", "MarginTooLow")
    world.collateral_withdraw(case.user, case.account, ETHER, 3 * 10**18 - stays, case.user)
    case.expect("collateral_withdraw", None)
    world.deposit(case.user, case.account, -(-debt // 10**12))
    world.collateral_withdraw(case.user, case.account, ETHER, stays, case.user)
    case.expect("collateral_withdraw", None)
    assert world.twin.accounts[case.account].collateral == 0


def test_what_the_last_sale_leaves_insurance_and_pool_pay() -> None:
    """0.75 ether at 1,200 bring 873 at a discount of 3 %; the insurance has 100, the pool pays the rest."""
    case = in_debt(75 * 10**16)
    world, twin = case.world, case.world.twin
    world.insurance_deposit(case.buyer, 100 * USD)
    for kept in (900, 800, 700, 600, 600, 600):
        case.prices(kind=kept)
    assert twin.debt_markets[case.account] == 1
    debt, insured = -case.balance, twin.insurance_assets
    assert twin.sale_of(world.now, case.account, ETHER) == (debt, 300)
    cash = twin.markets[1].cash
    world.buy(case.buyer, case.account, ETHER, ALL)
    case.expect("buy", None)
    assert twin.accounts[case.account].collateral == case.balance == twin.insurance_assets == 0
    left = debt - 873 * WAD - insured
    assert left > 0
    assert cash - twin.markets[1].cash == left
    assert twin.losses_of(world.now, 1)[0] == left
    world.cover(case.buyer, case.account)
    case.expect("cover", "NothingToCover")


def test_the_end_of_an_account_passes_on_what_a_sale_cannot_bring() -> None:
    """Liquidated with 1 ether and a loss of about 2,400: 1,940 can be sold, the pool pays 500 at once."""
    case = Case()
    world, twin = case.world, case.world.twin
    case.lean_on(ETHER, 10**18)
    case.trade(15 * WAD)
    case.prices(market=920)
    world.liquidate(case.buyer, case.account)
    case.expect("liquidate", None)
    while twin.accounts[case.account].markets:
        case.prices()
        world.liquidate(case.buyer, case.account)
    assert 400 * WAD < twin.losses_of(world.now, 1)[0] < 600 * WAD
    insured, cash = twin.insurance_assets, twin.markets[1].cash
    assert case.balance == -1_940 * WAD
    assert twin.sale_of(world.now, case.account, ETHER) == (1_940 * WAD, 300)
    world.cover(case.buyer, case.account)
    case.expect("cover", "NothingToCover")
    world.buy(case.buyer, case.account, ETHER, ALL)
    case.expect("buy", None)
    assert twin.held_of(case.account, ETHER) == case.balance == 0
    assert (insured, cash) == (twin.insurance_assets, twin.markets[1].cash)


def test_in_a_shut_market_collateral_keeps_profit_and_debt_apart() -> None:
    """A profit smaller than the debt beside it is paid as a profit, where the account has collateral."""
    case = in_debt(2 * 10**18, kept=960)
    world, twin = case.world, case.world.twin
    debt = -case.balance
    case.trade(WAD)
    entry = twin.positions[case.account, 1].notional
    owed = -case.balance
    case.prices(market=980)
    world.hold(1, 2)
    world.shut(1)
    profit = twin.markets[1].price.index - entry
    assert 0 < profit < debt <= owed
    world.resolve(case.buyer, 1, [case.account])
    assert twin.resolution_mark_of(case.account, 1).profit == profit
    world.settle_all(1)
    assert twin.configs[1].status == STATUS_SHUT
    assert not twin.positions
    assert -case.balance < owed


def test_in_a_shut_market_a_winner_is_counted_net_of_a_debt_that_nothing_backs() -> None:
    """10 base from 1,920 to 2,120 win about 1,950; of about 850 of debt 2 ether at 400 can bring 776.

    The rest, about 80, is no profit to cut: it waits beside the profits, and the pool, which has enough,
    pays both: the account ends with its profit less its debt.
    """
    case = in_debt(2 * 10**18, kept=960)
    world, twin = case.world, case.world.twin
    case.trade(10 * WAD)
    case.prices(market=1_060)
    for kept in (900, 800, 700, 600, 500, 400, 300, *[200] * 12):
        case.prices(kind=kept)
    world.hold(1, 2)
    world.shut(1)
    entry = twin.positions[case.account, 1].notional
    profit = 10 * twin.markets[1].price.index - entry
    assert 1_800 * WAD < profit < 2_000 * WAD
    world.resolve(case.buyer, 1, [case.account])
    assert twin.proceeds_of(world.now, case.account, 1) == 776 * WAD
    net = twin.resolution_mark_of(case.account, 1).profit
    owed = -case.balance - 776 * WAD
    assert 50 * WAD < owed < 150 * WAD
    assert (net, twin.resolution_of(1).waiting) == (profit - owed, owed)
    debt = -case.balance
    world.settle_all(1)
    assert not twin.positions
    assert case.balance == profit - debt > 0


def test_a_higher_haircut_comes_over_a_week_for_liquidation_and_at_once_for_new_risk() -> None:
    """10,000 dollars at 4 %, then at 18 %: 9,600, after half a week 8,900, after a week 8,200."""
    case = Case()
    world, twin = case.world, case.world.twin
    case.lean_on(DOLLAR, 10_000 * USD)
    world.set_terms(DOLLAR, haircut_bps=1_800)
    case.expect("set_terms", None)

    def equities() -> tuple[int, int]:
        case.walk.refresh()
        world.check_views()
        health = twin.health_of(world.now, case.account)
        return health.equity // WAD, health.withdrawable // WAD

    assert equities() == (9_600, 8_200)
    since = twin.collateral_kinds[DOLLAR].haircut_since
    world.chain.warp(since + 7 * DAY // 2 - world.now)
    assert equities()[0] == 8_900
    world.chain.warp(7 * DAY // 2)
    case.prices()
    assert equities() == (8_200, 8_200)


def test_an_operator_brings_collateral_and_takes_it_to_the_owner() -> None:
    case = Case()
    world, twin = case.world, case.world.twin
    world.collateral_deposit(case.other, case.account, ETHER, 10**18)
    case.expect("collateral_deposit", "NotAuthorized")
    world.both(
        "set_operator",
        world.send("setOperator", case.account, case.other, True, sender=case.user),
        lambda: twin.set_operator(case.user, case.account, case.other, True),
    )
    world.collateral_deposit(case.other, case.account, ETHER, 10**18)
    case.expect("collateral_deposit", None)
    for to, error in ((case.other, "NotAuthorized"), (case.user, None)):
        world.collateral_withdraw(case.other, case.account, ETHER, 10**17, to)
        case.expect("collateral_withdraw", error)
    world.collateral_withdraw(case.user, case.account, ETHER, 9 * 10**17, case.buyer)
    case.expect("collateral_withdraw", None)


def test_only_the_collateral_contract_notes_and_it_is_set_once() -> None:
    case = Case()
    world, twin = case.world, case.world.twin
    world.both(
        "note",
        world.send("noteCollateral", case.account, 1, sender=case.user),
        lambda: twin.note_collateral(case.user, case.account, 1),
    )
    case.expect("note", "NotCollateral")
    world.both(
        "set",
        world.send("setCollateral", case.user, sender=world.admin),
        lambda: twin.set_collateral(case.user),
    )
    case.expect("set", "NotCollateral")
