"""How the insurance works its positions off, and what its shares are worth meanwhile."""

from decimal import Decimal

import pytest
from support.bench import MARKET, STAKE, rolled_back
from support.liquidation_bench import make_liquidation_bench
from support.refusals import ANY, assert_refused, refusal
from support.validity import OPEN, STALE, not_good_for

from keel.units import BPS, WAD

LOW, SIZE, EQUITY = 49_000, 5, 1_000
CAPACITY = 196_000 * WAD
# A sixteenth of the window: 12,250 quote, a quarter of a base at 49,000.
PIECE = WAD // 4


@pytest.fixture(scope="module")
def used():
    """At 49,000; the insurance holds 5 base at that price, the net position is 5.6."""
    bench = make_liquidation_bench()
    bench.stake(20_000)
    bench.long = bench.thin(1, SIZE, EQUITY, LOW)
    bench.fall_to(LOW)
    assert bench.liquidate(bench.long).event == "Absorbed"
    return bench


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        used.later()
        used.price(LOW)
        yield used


def unwind(bench):
    receipt = bench.protocol.unwind(MARKET, bench.stranger)
    return receipt.result, receipt.event("BackstopFilled").args


def held(bench):
    return bench.position(bench.backstop).size


def test_a_piece_by_hand(bench):
    """A quarter base, on the curve from 5.6 to 5.35: the premium that the pool pays is the insurance's."""
    market, insured = bench.protocol.market(MARKET), bench.insured()
    result, told = unwind(bench)
    price, depth, skew = LOW * WAD, market.depth, market.skew
    ends = (price * depth * q / (depth - q) / WAD for q in map(Decimal, (skew - PIECE, skew)))
    assert (result.size, told["fill"].size) == (-PIECE, -PIECE)
    assert abs(result.cost - (next(ends) - next(ends))) <= 2
    assert result.cost < -12_250 * WAD
    assert told["fill"].realized == -result.cost - 12_250 * WAD
    assert told["result"] == told["fill"].realized + told["settled"].received - told["settled"].paid
    assert bench.insured() == insured + told["result"]
    assert bench.balance(bench.backstop) == 0
    assert bench.window() == (12_250 * WAD, CAPACITY)
    assert bench.books() == 0


def test_a_window_takes_sixteen_pieces(bench):
    for count in range(1, 17):
        unwind(bench)
        assert bench.window() == (count * 12_250 * WAD, CAPACITY)
    assert held(bench) == SIZE * WAD - 16 * PIECE
    full = refusal("WindowFull", pushed=CAPACITY, capacity=CAPACITY)
    assert_refused(bench, full, lambda: bench.protocol.unwind(MARKET, bench.stranger))
    # A sixteenth of five minutes later there is room for one.
    bench.later(18)
    bench.price(LOW)
    almost = refusal("WindowFull", pushed=ANY, capacity=CAPACITY)
    assert_refused(bench, almost, lambda: bench.protocol.unwind(MARKET, bench.stranger))
    bench.later(1)
    bench.price(LOW)
    unwind(bench)


def test_liquidations_and_unwinding_share_the_window(bench):
    account = bench.thin(2, Decimal("3.9"), 500, 48_000)
    bench.fall_to(48_000)
    assert bench.liquidate(account).event == "Liquidated"
    full = refusal("WindowFull", pushed=187_200 * WAD, capacity=192_000 * WAD)
    assert_refused(bench, full, lambda: bench.protocol.unwind(MARKET, bench.stranger))


def test_all_of_it_comes_back_to_the_insurance(bench):
    """Twenty pieces and nothing is left: what they brought, together, is what the insurance has more."""
    insured, results = bench.insured(), 0
    while held(bench):
        _, told = unwind(bench)
        results += told["result"]
        bench.later(60)
        bench.price(LOW)
    assert bench.insured() == insured + results > insured
    assert bench.protocol.view("accountOf", bench.backstop) == (0, 0, 0)
    nothing = refusal("NoPosition", account=bench.backstop, market=MARKET)
    assert_refused(bench, nothing, lambda: bench.protocol.unwind(MARKET, bench.stranger))
    assert bench.books() == 0


def test_dust_goes_with_the_last_piece():
    """A piece is a quarter base: of 0.2501 it would leave 4.7 quote, less than the least position of 10."""
    bench = make_liquidation_bench()
    bench.stake(20_000)
    size = Decimal("0.2501")
    account = bench.thin(1, size, -100, 47_000)
    bench.fall_to(47_000)
    assert bench.liquidate(account).event == "Absorbed"
    result, _ = unwind(bench)
    assert (result.size, held(bench)) == (-int(size * WAD), 0)


@pytest.mark.parametrize(("crowd", "refused"), [(-6, False), (-8, True)])
def test_a_piece_loses_a_hundredth_at_most(bench, crowd, refused):
    """A quarter of a base from a net position of q loses (0.25 - 2 q) / 400 of its value: 1 % at -1.875."""
    bench.crowd(crowd)
    skew = bench.protocol.market(MARKET).skew
    loss = (PIECE - 2 * skew) * BPS // (400 * WAD)
    assert (loss > 100) == refused
    if not refused:
        _, told = unwind(bench)
        assert -told["fill"].realized * BPS < 100 * 12_250 * WAD
        return
    dear = refusal("UnwindTooDear", loss=ANY, limit=1225 * WAD // 10)
    assert_refused(bench, dear, lambda: bench.protocol.unwind(MARKET, bench.stranger))
    bench.trade(bench.rival, 3 * WAD)
    unwind(bench)


def test_it_needs_a_valid_price(bench):
    bench.later(61)
    stale = not_good_for(OPEN, STALE, 61)
    assert_refused(bench, stale, lambda: bench.protocol.unwind(MARKET, bench.stranger))


def test_its_loss_is_the_insurances_and_then_the_pools(used):
    """Bought at 49,000, worked off at 40,000: 2,250 and more a piece, beyond what there is in the end."""
    bench = used
    with rolled_back(bench.chain):
        bench.fall_to(40_000)
        insured, cash = bench.insured(), bench.market().cash
        seen = []
        while held(bench):
            bench.later(60)
            bench.price(40_000)
            before = bench.insured()
            receipt = bench.protocol.unwind(MARKET, bench.stranger)
            told = receipt.event("BackstopFilled").args
            covered = [log.args for log in receipt.events("BadDebtCovered")]
            seen.append((before, told["result"], bench.insured(), covered))
        for before, result, after, covered in seen:
            assert after == max(0, before + result)
            if before + result >= 0:
                assert covered == []
                continue
            (debt,) = covered
            assert debt["account"] == bench.backstop
            assert (debt["fromInsurance"], debt["fromPool"]) == (before, -result - before)
        assert insured < 45_000 * WAD
        assert [bool(covered) for *_, covered in seen].count(True) >= 1
        assert bench.insured() == 0
        assert cash != bench.market().cash
        assert bench.books() == 0


def shares_of(bench):
    return bench.chain.call(bench.insurance, "balanceOf", bench.provider)


def equity(bench):
    return tuple(bench.protocol.view("insuranceEquity"))


@pytest.mark.parametrize("price", [46_000, 52_000])
def test_shares_are_priced_with_the_positions(bench, price):
    """A price that the average has not followed: who comes pays the index, who goes gets the worse."""
    bench.later(10)
    bench.price(price)
    market = bench.market()
    index, twap = market.price.index, market.price.twap
    assert index != twap
    assets, supply, _ = bench.protocol.view("insurance")
    pnl = [SIZE * (one - LOW * WAD) for one in sorted((index, twap))]
    settled = bench.health(bench.backstop).equity - SIZE * (index - LOW * WAD)
    better = SIZE * (index - LOW * WAD)
    lower, higher = assets + settled + pnl[0], assets + settled + better
    assert equity(bench) == (lower, higher)
    tokens = 1_000 * bench.one
    minted = bench.protocol.view("previewInsuranceDeposit", tokens)
    assert minted == 1_000 * WAD * (supply + 10**6) // (higher + 1)
    paid = bench.protocol.view("previewInsuranceRedeem", supply // 10)
    assert paid == (supply // 10) * (lower + 1) // (supply + 10**6) // 10**12
    assert bench.chain.call(bench.insurance, "totalAssets") == lower // 10**12


def test_stakers_share_the_positions_profit_and_loss(bench):
    """2,000 a base more on 5 base are 10,000: shares have them before the position is closed."""
    worth = bench.protocol.view("previewInsuranceRedeem", shares_of(bench))
    bench.fall_to(51_000)
    gained = bench.protocol.view("previewInsuranceRedeem", shares_of(bench)) - worth
    assert gained == pytest.approx(10_000 * bench.one, rel=2e-3)


def test_what_its_positions_need_stays(bench):
    """Maintenance of 5 base, 2,450, is tied: all but that may leave."""
    shares = shares_of(bench)
    bench.protocol.insurance_request(shares, bench.provider)
    bench.later(bench.chain.call(bench.insurance, "COOLDOWN"))
    bench.settle_price(LOW)
    tied = bench.health(bench.backstop).maintenance
    assert tied >= 2_450 * WAD
    asked = bench.protocol.view("previewInsuranceRedeem", shares) * 10**12
    expected = refusal("InsuranceTied", asked=asked, tied=tied)
    assert_refused(bench, expected, lambda: bench.protocol.insurance_redeem(shares, bench.provider))
    lower, supply = equity(bench)[0], bench.protocol.view("insurance").shares
    unit = 10**12 * (supply + 10**6) // (lower + 1) + 1
    most = (lower - tied) // 10**12 * unit
    over = refusal("InsuranceTied", asked=ANY, tied=tied)
    assert_refused(bench, over, lambda: bench.protocol.insurance_redeem(most + unit, bench.provider))
    bench.protocol.insurance_redeem(most - unit, bench.provider)
    assert 0 <= equity(bench)[0] - tied < 4 * 10**12


def test_without_positions_no_price_is_needed():
    bench = make_liquidation_bench()
    shares = shares_of(bench)
    bench.protocol.insurance_request(shares, bench.provider)
    bench.later(bench.chain.call(bench.insurance, "COOLDOWN"))
    bench.protocol.insurance_redeem(shares, bench.provider)
    assert bench.insured() < STAKE * WAD // 10


def test_with_positions_a_stale_price_ends_stakes_and_claims(bench):
    shares = shares_of(bench)
    bench.protocol.insurance_request(shares // 2, bench.provider)
    bench.later(bench.chain.call(bench.insurance, "COOLDOWN"))
    for act in (
        lambda: bench.protocol.insurance_deposit(bench.one, bench.provider),
        lambda: bench.protocol.insurance_redeem(shares // 2, bench.provider),
    ):
        assert_refused(bench, refusal("PriceNotGoodFor", action=ANY, validity=3, ageSeconds=ANY), act)
    bench.settle_price(LOW)
    bench.protocol.insurance_redeem(shares // 2, bench.provider)
