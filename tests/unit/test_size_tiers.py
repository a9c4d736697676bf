"""Size tiers of funding on the deployed core: what large positions pay more, and where it goes."""

import pytest
from support.bench import MARKET, rolled_back
from support.funding_bench import HOUR, INDEX, LIQUIDITY, TIERS, make_funding_bench, steady
from support.refusals import assert_refused, refusal

from keel.errors import Reverted
from keel.sdk.protocol import account_id
from keel.units import RAY, WAD

QUARTER = WAD // 4


@pytest.fixture(scope="module", params=["0.001", "-0.001"], ids=["longs pay", "shorts pay"])
def both_signs(request):
    """10 bp per 8 h: on an index of 2,000, a base pays 0.25 in an hour. The payer's sign comes with it."""
    return make_funding_bench(steady(request.param)).use(), -1 if request.param.startswith("-") else 1


@pytest.fixture(scope="module")
def tiered():
    return make_funding_bench(steady("0.001")).use()


@pytest.fixture
def bench(tiered):
    with rolled_back(tiered.chain):
        yield tiered


@pytest.mark.parametrize(
    ("payer", "receivers", "paid", "to_pool"),
    [
        # 225 of the long 700: 100 for the shorts, 75 for the pool, 50 for the insurance.
        (700, (400,), "225", "75"),
        (700, (300, 100), "225", "75"),
        # 118.75 of the long 400: the pool adds 75 for the shorts' 175, 18.75 are for the insurance.
        (400, (700,), "118.75", "-75"),
        (400, (600, 100), "118.75", "-75"),
        # Up to the first limit a position pays for its size.
        (100, (700,), "25", "-150"),
    ],
)
def test_what_an_hour_costs(both_signs, payer, receivers, paid, to_pool):
    bench, sign = both_signs
    owners = (bench.trader, bench.rival, bench.newcomer)
    sizes = (payer, *(-size for size in receivers))
    with rolled_back(bench.chain):
        bench.open({owner: sign * size for owner, size in zip(owners, sizes, strict=False)})
        cash, insured = bench.cash(), bench.insured()
        bench.hold()
        assert bench.cash() - cash == wad(to_pool)
        surplus = wad(paid) - payer * QUARTER
        assert bench.close(bench.trader) == (wad(paid), 0, surplus)
        for owner, size in zip(owners[1:], receivers, strict=False):
            assert bench.close(owner) == (0, size * QUARTER, 0)
        assert bench.insured() - insured == surplus
        # Traders, pool and insurance: nothing came from nowhere, nothing is left over.
        assert -wad(paid) + sum(receivers) * QUARTER + wad(to_pool) + surplus == 0
        assert bench.protocol.view("marketOf", MARKET).fundingClearing == 0


def test_splitting_over_accounts_avoids_the_surplus(bench):
    """Tiers price convenience, not identity: 700 base pay as 900, in halves as 825, in sevenths as 700."""
    weights = {}
    for parts in (1, 2, 7):
        with rolled_back(bench.chain):
            for sub in range(parts):
                account = account_id(bench.trader, sub)
                if sub:
                    bench.protocol.deposit(account, 100_000 * bench.one, bench.trader)
                bench.protocol.trade(account, MARKET, 700 * WAD // parts, bench.trader)
            bench.hold()
            paid = [bench.close(bench.trader, sub)[0] for sub in range(parts)]
            weights[parts] = sum(paid) / QUARTER
    assert weights == {1: 900, 2: 825, 7: 700}


def test_health_counts_the_surplus_before_it_is_settled(bench):
    bench.open({bench.trader: 700, bench.rival: -700})
    owners = (bench.trader, bench.rival)
    before = [bench.health(owner) for owner in owners]
    balance = bench.protocol.view("accountOf", account_id(bench.trader)).balance
    bench.later(HOUR)
    after = [bench.health(owner) for owner in owners]
    for measure in ("equity", "equityWorse", "equityBetter"):
        changes = [
            getattr(new, measure) - getattr(old, measure) for old, new in zip(before, after, strict=True)
        ]
        assert changes == [-225 * WAD, 175 * WAD]
    assert bench.protocol.account(account_id(bench.trader)).health == after[0]
    # Nothing was settled for it.
    assert bench.protocol.view("accountOf", account_id(bench.trader)).balance == balance


def slack_after_a_fall(bench, collateral):
    """Equity above maintenance of a long 700 after a fall by 2 % and an hour, quote WAD; it stays open."""
    bench.protocol.deposit(account_id(bench.operator), collateral, bench.operator)
    bench.open({bench.operator: 700})
    bench.hold(price=INDEX * 98 // 100)
    health = bench.health(bench.operator)
    return health.equity - int(health.maintenance)


@pytest.mark.parametrize("tiers", [None, TIERS], ids=["no tiers", "tiers"])
def test_the_surplus_alone_can_make_an_account_liquidatable(tiers):
    """An account that stands 20 above maintenance with funding of 175 is 30 below it with a surplus of 50."""
    bench = make_funding_bench(steady("0.001"), tiers).use()
    bench.protocol.fund(bench.operator, LIQUIDITY * bench.one)
    surplus = 50 * WAD if tiers else 0
    with rolled_back(bench.chain):
        ample = slack_after_a_fall(bench, 1_000_000 * bench.one) + surplus
    enough = 1_000_000 * bench.one - (ample - 20 * WAD) * bench.one // WAD
    slack = slack_after_a_fall(bench, enough)
    assert abs(slack - (20 * WAD - surplus)) <= WAD // bench.one
    account, insured = account_id(bench.operator), bench.insured()
    if not tiers:
        with pytest.raises(Reverted, match="NotLiquidatable"):
            bench.protocol.liquidate(account, bench.keeper)
        return
    receipt = bench.protocol.liquidate(account, bench.keeper)
    done = receipt.event("Liquidated").args
    assert (done["settled"].paid, done["settled"].surplus) == (225 * WAD, 50 * WAD)
    assert bench.insured() - insured == surplus + done["penalty"] - done["reward"]


def test_the_surplus_pays_bad_debt_before_the_pool_does():
    """What a liquidation brings the insurance covers that liquidation's own shortfall first."""
    bench = make_funding_bench(steady("0.01")).use(collateral=70_000)
    bench.open({bench.trader: 700})
    for _ in range(2):
        bench.hold()
    bench.hold(price=1_850)
    insured = bench.insured()
    receipt = bench.protocol.liquidate(account_id(bench.trader), bench.keeper)
    done, covered = (receipt.event(name).args for name in ("Liquidated", "BadDebtCovered"))
    assert done["settled"].surplus > 1_000 * WAD
    brought = done["settled"].surplus + done["penalty"] - done["reward"]
    assert covered["fromInsurance"] == insured + brought
    assert covered["fromPool"] > 0
    assert bench.insured() < 100


def changed(bench, **changes):
    """Market parameters with some of them changed, as governance sends them."""
    config, links = bench.protocol.view("configOf", MARKET)
    return MARKET, config._replace(**changes), links


@pytest.mark.parametrize("limit", [0, 1, 200])
def test_tiers_stay_while_a_position_is_open(bench, limit):
    """Other tiers, or none, would weigh anew what has accrued already."""
    tiers = bench.protocol.view("configOf", MARKET).config.tiers
    other = tiers._replace(limit1=limit * WAD) if limit else tiers._replace(**dict.fromkeys(tiers._fields, 0))
    bench.open({bench.trader: 1, bench.rival: -1})
    asked = changed(bench, tiers=other)
    refused = refusal("MarketInUse", market=MARKET)
    assert_refused(bench, refused, lambda: bench.govern(bench.core, "setMarket", *asked))
    bench.govern(bench.core, "setMarket", *changed(bench, takerFeePpm=7))
    assert bench.protocol.view("configOf", MARKET).config.tiers == tiers
    bench.hold()
    for owner in (bench.trader, bench.rival):
        bench.close(owner)
    bench.govern(bench.core, "setMarket", *asked)
    assert bench.protocol.view("configOf", MARKET).config.tiers == other


def test_new_tiers_weigh_what_is_opened_under_them(bench):
    tiers = bench.protocol.view("configOf", MARKET).config.tiers
    bench.govern(bench.core, "setMarket", *changed(bench, tiers=tiers._replace(limit1=400 * WAD)))
    bench.open({bench.trader: 700})
    bench.hold()
    # 400 + 100 * 1.25 + 200 * 1.5 = 825.
    assert bench.close(bench.trader) == (825 * QUARTER, 0, 125 * QUARTER)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_health_weighs_each_position_by_its_own_market(order):
    """700 base pay 225 in the market with tiers and 175 in the other, whichever was opened first."""
    bench = make_funding_bench(steady("0.001"), TIERS, None).use()
    for market in order:
        bench.trade(bench.trader, 700 * WAD, market=market)
    equity = bench.health(bench.trader).equity
    bench.later(HOUR)
    assert equity - bench.health(bench.trader).equity == 400 * WAD


def test_a_new_model_charges_from_its_switch_on(bench):
    """45 minutes at 10 bp and 15 at 2 bp per 8 h, to the wei: what was due is charged at the old rate."""
    model = bench.protocol.deploy_funding_model(steady("0.0002"), bench.provider)
    bench.open({bench.trader: 700, bench.rival: -700})
    bench.hold(HOUR // 2)
    before = bench.protocol.view("marketOf", MARKET)
    bench.later(HOUR // 4)
    receipt = bench.protocol.set_funding_model(MARKET, model, bench.provider)
    said = [log.args["perBase"] for log in receipt.events("FundingAccrued")]
    assert said == [RAY // 16, 0]
    switched = bench.protocol.view("marketOf", MARKET)
    assert switched.longsPaid - before.longsPaid == RAY // 16
    bench.hold(HOUR // 4)
    per_base = WAD // 8 + WAD // 16 + WAD // 80
    assert bench.close(bench.trader) == (900 * per_base, 0, 200 * per_base)
    assert bench.close(bench.rival) == (0, 700 * per_base, 0)


def wad(text):
    """Exact WAD of a decimal text."""
    whole, _, part = text.partition(".")
    return int(whole) * WAD + int((part or "0").ljust(18, "0"))
