"""Attacks on a pool's average, by real swaps and trades: costs, gains, where they meet, and the page."""

import json
import re
from dataclasses import replace
from math import log10
from pathlib import Path

import pytest
from click.testing import CliRunner

from keel.cli.main import cli
from keel.cli.oracle_manipulation import manipulation
from keel.errors import ConfigError
from keel.sim.uniswap.doubt import doubt
from keel.sim.uniswap.market import MARKET, PRICE, Form, PoolMarket, Terms
from keel.sim.uniswap.page import markdown
from keel.sim.uniswap.plans import ALONE, BOTH_SIDES, CROWDED, HUNT, Plan, raid
from keel.sim.uniswap.pool import FEE
from keel.sim.uniswap.push import Hold, toll
from keel.sim.uniswap.study import Grid, run
from keel.sim.uniswap.tables import tables
from keel.sim.uniswap.words import money, times

M = 1_000_000
HALF_HOUR, BLOCK = 1_800, 12
PAGE = Path(__file__).resolve().parents[2] / "docs" / "oracle-manipulation.md"
TINY = Grid((300,), (0.01,), (10 * M,), (M,), (1, 5), (12,))
WORLDS = pytest.mark.parametrize("arbitrage", [False, True], ids=["undisturbed", "arbitrage"])


@pytest.fixture(scope="module")
def markets():
    """Markets by their terms, built once; everything that is done to one is taken back."""
    built = {}

    def market(liquidity=10 * M, equity=M, form=Form.ONLY, window=HALF_HOUR, block=BLOCK):
        terms = Terms(window, block, liquidity, equity, form)
        if terms not in built:
            built[terms] = PoolMarket(terms)
        return built[terms]

    return market


def push(market, blocks, move, arbitrage, each=lambda _held: None):
    """Push and take it back; gives the cost, and how far the source's answer was moved."""
    taken, seen = market.chain.snapshot(), []
    rest = market.chain.call(market.source, "latest")[0]
    pusher = market.pusher(arbitrage)

    def look(held):
        seen.append(market.chain.call(market.source, "latest")[0] / rest - 1)
        each(held)

    pusher.hold(market.hold(blocks), move, look)
    cost = pusher.cost
    market.chain.revert(taken)
    return cost, seen[-1]


def constant_product(side, factor, blocks, arbitrage):
    """The attacker's loss in a pool of x * y = side^2, by reserves; a base is worth a quote."""
    keep, end = 1 - FEE / 1e6, factor**0.5
    home = keep**-0.5
    quote = base = 0.0
    at = 1.0
    for block in range(blocks):
        if block and not arbitrage:
            break
        quote -= (side * end - side * at) / keep
        base += side / at - side / end
        at = home if end > home else end
        if end <= home:
            break
    if not arbitrage and end > home:
        quote += side * end - side * home
        base -= (side / home - side / end) / keep
    return -quote - base


@pytest.mark.parametrize(
    ("window", "held", "exponent"),
    [(900, 12, 3.1), (1_800, 2, 37), (1_800, 12, 6.2), (1_800, 60, 1.2), (3_600, 60, 2.5)],
)
def test_the_spot_price_of_the_literature(window, held, exponent):
    """T5: a geometric mean moves by 10 % where the spot price is multiplied by 1.1^(T / h)."""
    assert log10(Hold(window, held, 1).spot(0.1)) == pytest.approx(
        exponent, abs=0.06 if exponent < 10 else 0.5
    )


@WORLDS
@pytest.mark.parametrize(("window", "blocks", "move"), [(300, 1, 0.1), (1_800, 25, 0.003), (1_800, 25, 0.05)])
def test_what_a_push_costs(markets, window, blocks, move, arbitrage):
    """Measured, by the closed form, and by reserves of a constant product."""
    market = markets(window=window)
    cost, moved = push(market, blocks, move, arbitrage)
    hold = market.hold(blocks)
    assert cost == pytest.approx(10 * M * toll(hold, move, arbitrage), rel=1e-5)
    assert cost == pytest.approx(constant_product(10 * M, hold.spot(move), blocks, arbitrage), rel=1e-5)
    # The mean of floored ticks.
    assert moved == pytest.approx(move, abs=1e-4)


@WORLDS
def test_the_cost_is_linear_in_the_liquidity(markets, arbitrage):
    thin, deep = (push(markets(liquidity=one), 5, 0.05, arbitrage)[0] for one in (M, 100 * M))
    assert deep == pytest.approx(100 * thin, rel=1e-5)


@WORLDS
def test_down_costs_what_up_costs(markets, arbitrage):
    up, rise = push(markets(), 5, 0.05, arbitrage)
    down, fall = push(markets(), 5, -0.05, arbitrage)
    assert down == pytest.approx(up, rel=1e-5)
    assert (1 + rise) * (1 + fall) == pytest.approx(1, abs=2e-4)


def test_inside_the_fee_nobody_pushes_back(markets):
    """A spot price 0.3 % off is not worth the pool's fee of 0.3 %: one push lasts for 25 blocks."""
    market = markets(window=300)
    assert push(market, 25, 0.003, True)[0] == push(market, 25, 0.003, False)[0]
    assert push(market, 25, 0.01, True)[0] > 20 * push(market, 25, 0.01, False)[0]


def test_longer_holds_are_cheaper(markets):
    """Until the window is full; then only arbitrage costs, by the block."""
    costs = [toll(Hold(300, BLOCK, blocks), 0.05, True) for blocks in (1, 2, 5, 25)]
    assert costs == sorted(costs, reverse=True)
    full, over = (Hold(300, BLOCK, blocks) for blocks in (25, 50))
    assert toll(over, 0.05, False) == toll(full, 0.05, False)
    assert toll(over, 0.05, True) == pytest.approx(2 * toll(full, 0.05, True), rel=0.01)


def test_a_position_opened_before_and_closed_after(markets):
    """The move times the curve's value, less two fees; the pool stays up to a fee above the true price."""
    market = markets()
    outcome = raid(market, ALONE, market.hold(25), 0.05, arbitrage=True)
    share = 0.97 * M / (PRICE * market.protocol.market(MARKET).depth / 1e18)
    value = 0.97 * M / (1 - share)
    least = value * (0.05 - 0.001 * 2.05)
    assert least < outcome.gain < least + 1.05 * value * FEE / 1e6
    assert outcome.moved == pytest.approx(0.05, abs=1e-4)
    assert outcome.cost == pytest.approx(10 * M * toll(market.hold(25), 0.05, True), rel=1e-5)
    assert market.moved == 0


def test_the_hubs_average_makes_the_attacker_wait(markets):
    """One block moves the index at once, the fill five minutes later: the pool remembers longer."""
    market = markets()
    outcome = raid(market, ALONE, market.hold(1), 0.05, arbitrage=True)
    assert outcome.moved == pytest.approx(0.05, abs=1e-4)
    assert 300 <= outcome.seconds <= HALF_HOUR
    short = markets(window=300)
    assert raid(short, ALONE, short.hold(1), 0.05, arbitrage=True).gain < outcome.gain * 0.85


def test_the_clamp_slows_the_average(markets):
    """T6: a sample is at most 10 % from the average before it, whatever the index: 15 % enter by and by."""
    market = markets()
    taken = market.chain.snapshot()
    market.pusher(arbitrage=True).hold(market.hold(1), 0.15, lambda _held: market.store())
    samples, averages, expected = [1.0] * 25, [], []
    for _ in range(12):
        samples.append(min(market.moved + 1, 1.1 * sum(samples[-25:]) / 25))
        expected.append(sum(samples[-25:]) / 25)
        market.chain.warp(BLOCK)
        market.store()
        averages.append(market.protocol.view("marketOf", MARKET).price.twap / market.rest)
    assert market.moved == pytest.approx(0.15, abs=0.001)
    market.chain.revert(taken)
    assert averages == pytest.approx(expected, abs=1e-6)
    # Without the clamp: 15 % for 144 of 300 seconds.
    assert averages[-1] - 1 < 0.9 * 0.15 * 144 / 300


def test_a_crowd_and_both_sides_bring_more(markets):
    market = markets()
    hold = market.hold(25)
    gains = [raid(market, plan, hold, 0.01, arbitrage=True).gain for plan in (HUNT, ALONE, CROWDED)]
    assert 0 < gains[0] < gains[1] < gains[2] / 2
    # Three times the position, which one side may hold and no more; before, the whole pool was to be had.
    wide = raid(market, BOTH_SIDES, hold, 0.01, arbitrage=True)
    assert 2.7 * gains[1] < wide.gain < 3 * gains[1]
    with pytest.raises(Exception, match="SideExceeded"):
        raid(market, replace(BOTH_SIDES, rounds=2), hold, 0.01, arbitrage=True)


@WORLDS
@pytest.mark.parametrize("plan", [ALONE, CROWDED, BOTH_SIDES], ids=lambda plan: plan.name)
def test_where_it_stops_to_pay(markets, plan, arbitrage):
    """An attack end to end in a pool a fifth too shallow, and in one a fifth too deep."""
    market, move = markets(), 0.01
    gain = raid(market, plan, market.hold(25), move, arbitrage).gain
    even = gain / toll(market.hold(25), move, arbitrage)
    for liquidity, pays in ((0.8 * even, True), (1.2 * even, False)):
        other = PoolMarket(Terms(HALF_HOUR, BLOCK, int(liquidity), M))
        outcome = raid(other, plan, other.hold(25), move, arbitrage)
        assert (outcome.gain > outcome.cost) == pays
        assert outcome.gain == pytest.approx(gain, rel=0.01)


def test_both_ways(markets):
    """A short before a push down; what goes up by 5 % goes down by 4.8 %."""
    market = markets()
    up, down = (raid(market, ALONE, market.hold(25), move, arbitrage=True).gain for move in (0.05, -0.05))
    assert down == pytest.approx(up / 1.05, rel=0.05)


@pytest.mark.parametrize("move", [-0.1, -0.01, 0.1])
def test_a_reference_moves_no_price(move):
    """What it can do: stop openings, and hold back a liquidation."""
    found = doubt(Form.REFERENCE, False, move, 10 * M, M)
    assert (found.stored, found.closes) == (0, True)
    # Two fees, and nothing for them.
    assert found.gain == pytest.approx(-0.002 * 0.97 * M, rel=0.1)
    believed = abs(move) < 0.015
    assert (found.opens, found.liquidates) == (believed, believed)
    assert found.defects == (() if believed else ("uncertain",))


@pytest.mark.parametrize("move", [-0.1, -0.01, 0.1])
def test_a_reference_that_stands_in_moves_a_doubted_price(move):
    """The primary fell silent: the stored price follows the push, and nothing is gained from that."""
    found = doubt(Form.REFERENCE, True, move, 10 * M, M)
    assert found.stored == pytest.approx(move if move > 0 else 1 / (1 - move) - 1, abs=2e-4)
    assert (found.defects, found.opens, found.closes) == (("uncertain",), False, True)
    assert found.gain < 0


@pytest.mark.parametrize("move", [-0.1, 0.1])
def test_one_of_three_does_nothing(move):
    found = doubt(Form.MEDIAN, False, move, 10 * M, M)
    assert (found.stored, found.defects) == (0, ())
    assert (found.opens, found.closes, found.liquidates) == (True, True, True)
    assert found.gain < 0


def test_one_of_two_that_are_left():
    """The average comes last: where one of the others is silent it gates the other, and chooses nothing."""
    inside, beyond, above = (doubt(Form.MEDIAN, True, move, 10 * M, M) for move in (-0.01, -0.05, 0.01))
    assert (inside.defects, beyond.defects, above.defects) == ((), ("uncertain",), ())
    for found in (inside, beyond, above):
        assert (found.stored, found.gain < 0) == (0, True)


def test_the_best_size_ties_up_the_least():
    """Where two sizes bring the same, the study names the smaller one."""
    study = run(TINY)
    best = study.best(BOTH_SIDES.name, equity=M)
    dearer, cheaper = (
        replace(best, outcome=replace(best.outcome, locked=best.outcome.locked + more)) for more in (1, -1)
    )
    assert best in study.gains
    assert replace(study, gains=[*study.gains, dearer]).best(BOTH_SIDES.name) == best
    assert replace(study, gains=[dearer, *study.gains, cheaper]).best(BOTH_SIDES.name) == cheaper


def test_a_break_even_is_the_worst_of_all():
    study = run(TINY)
    gain = study.best(ALONE.name, blocks=5)
    assert study.break_even((ALONE.name,), True, blocks=5) == gain.outcome.gain / M / toll(
        gain.hold, 0.01, True
    )
    assert study.break_even((ALONE.name,), True) == study.break_even((ALONE.name,), True, blocks=5)
    assert study.break_even((ALONE.name, CROWDED.name), True) > study.break_even((ALONE.name,), True)
    assert study.error < 1e-5


def test_the_verdicts_of_a_page():
    """Beyond the fee, inside it, and undisturbed for two blocks: each with the limits and with everything."""
    study = run(Grid((300,), (0.003, 0.01), (10 * M,), (M,), (1, 5, 25), (12,)))
    every = tuple({gain.outcome.plan.name for gain in study.gains})
    worlds = ((True, {"move": 0.01}), (True, {"move": 0.003}), (False, {"blocks": 1}))
    cells = [
        times(study.break_even(names, arbitrage, **where))
        for arbitrage, where in worlds
        for names in ((ALONE.name,), every)
    ]
    assert len(set(cells)) == len(cells)
    assert f"| 5 min | {' | '.join(cells)} |" in markdown(study, "keel", "plot.png")


def test_a_plan_that_is_refused_raises(markets):
    """More than the limit: nothing is played, and the market is as it was."""
    market = markets()
    with pytest.raises(Exception, match="UtilizationExceeded"):
        raid(market, Plan("too much", limits=2), market.hold(1), 0.01, arbitrage=True)
    assert market.protocol.market(MARKET).skew == 0


def test_the_page_says_what_is_measured_now():
    """Rows of the committed page against a new run of a part of it."""
    page = PAGE.read_text()
    assert re.search(r"^    keel oracle manipulation --out docs/oracle-manipulation\.md$", page, re.MULTILINE)
    study = run(Grid((300,), Grid().moves, (10 * M,), (M,), Grid().holds, (12,)))
    costs, _, gains, evens, doubts, _ = tables(study)
    for row in (*costs.rows, *evens.rows, *doubts.rows):
        assert f"| {' | '.join(row)} |" in page
    assert any(f"| {' | '.join(row)} |" in page for row in gains.rows)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (Grid(windows=(299,)), "cannot measure a window of 299: give 300 to 3600"),
        (Grid(moves=(0.2,)), "cannot measure a move of 20.0%: give 0.1% to 15.0%"),
        (Grid(liquidity=(1,)), "cannot measure liquidity of 1: give 10,000 to 10,000,000,000"),
        (Grid(equity=(10**11,)), "cannot measure an equity of"),
    ],
)
def test_a_grid_that_cannot_be(grid, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        run(grid)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9_999, "9,999"),
        (49_170, "49.2 k"),
        (1.17e6, "1.17 M"),
        (3.7e9, "3.7 bn"),
        (1e23, "10^23.0"),
        (-1_902, "-1,902"),
    ],
)
def test_amounts(value, text):
    assert money(value) == text


def test_factors():
    assert [times(one) for one in (0.0123, 1.5, 19.6, 12_345, 1.58e6)] == [
        "0.012",
        "1.5",
        "20",
        "12,345",
        "10^6.2",
    ]


def test_the_command(tmp_path):
    options = ["--window", "300", "--move", "1", "--liquidity", "1000000", "--equity", "1000000"]
    out = tmp_path / "new" / "page.md"
    done = CliRunner().invoke(manipulation, [*options, "--json", "--out", str(out)])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert {one["arbitrage"] for one in told["costs"]} == {True, False}
    assert len(told["costs"]) == 2 * 5 * 2
    assert told["largest_error_of_closed_form"] < 1e-4
    assert {one["form"] for one in told["other_forms"]} == {"reference", "one of three"}
    text = out.read_text()
    assert "keel oracle manipulation --window 300 --move 1.0 --liquidity 1000000" in text
    assert "$" not in text
    assert "](page.png)" in text
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_help_and_errors(tmp_path):
    told = CliRunner().invoke(cli, ["oracle", "manipulation", "--help"]).output
    assert "keel oracle manipulation --out docs/oracle-manipulation.md" in told
    with pytest.raises(ConfigError, match=r"give a name that ends in \.md"):
        manipulation.main(["--out", str(tmp_path / "page.html")], standalone_mode=False)
    with pytest.raises(ConfigError, match=re.escape("cannot measure a move of 50.0%")):
        manipulation.main(["--move", "50"], standalone_mode=False)
