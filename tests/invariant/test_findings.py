"""What campaigns have found, kept as the shortest way to it."""

import pytest

from keel.sim.fuzz.action import Action, from_rows
from keel.sim.fuzz.campaign import open_stage, violated
from keel.sim.fuzz.examine import Examiner

ANY = -1
UNIT = 10**18


@pytest.fixture(scope="module")
def stage():
    return open_stage()


def test_liquidating_oneself_with_less_equity_than_the_penalty_is_no_gain(stage):
    rows = [
        ["warp", 171806],
        ["tick", 2, 199640000000],
        ["warp", 360],
        ["tick", 2, 199778669944],
        ["trade", 1, 1, 2, 45512349202211992158, ANY, 0],
        ["multicall", 2, 2, 2, 1775683020, 15893470848937407272, 0],
        ["warp", 36],
        ["tick", 2, 199279223269],
        ["update_trade", 1, 1, 2, -86473463484202785101, ANY, 0],
        ["trade", 4, 4, 2, -103477502282759213559, ANY, 0],
        ["withdraw", 4, 4, 7139790412, 4],
        ["trade", 4, 4, 2, -1337873809344610147, ANY, 0],
        ["trade", 2, 2, 2, 64416115564452627752, ANY, 0],
        ["trade", 3, 9, 2, 7710276890665715964, ANY, 0],
        ["trade", 3, 9, 2, 18754229510414284009, ANY, 0],
        ["warp", 26],
        ["tick", 2, 206243111601],
        ["probe_self_liquidation", 4],
    ]
    assert violated(stage, from_rows(rows)) is None


def test_a_withdrawal_that_the_core_cannot_pay_is_refused_by_name(stage):
    stage.reset()
    examiner = Examiner(stage)
    examiner.do(Action("trade", (4, 4, 1, 14 * UNIT, ANY, 0)))
    for _ in range(24):
        examiner.do(Action("warp", (301,)))
        examiner.do(Action("tick", (1, 230_000 * 10**8)))
    examiner.do(Action("trade", (4, 4, 1, -14 * UNIT, ANY, 0)))
    tokens = stage.present.books.accounts[4].balance // stage.world.token_scale
    assert tokens > stage.present.books.totals.booked
    examiner.do(Action("withdraw", (4, 4, tokens, 4)))


def test_the_pool_does_not_pay_for_the_surplus_of_a_bankrupt(stage):
    rows = [
        ["trade", 2, 2, 2, 105257327489721179298, ANY, 0],
        ["warp", 54],
        ["tick", 2, 107464032539],
        ["warp", 770],
        ["tick", 2, 124950923797],
        ["warp", 6575],
        ["tick", 2, 124862895870],
        ["warp", 752],
        ["tick", 2, 129812145232],
        ["liquidate", 1, 2],
    ]
    assert violated(stage, from_rows(rows)) is None
    assert stage.present.books.accounts[2].markets == 0


def test_a_claim_does_not_change_the_funding_of_the_past(stage):
    rows = [
        ["trade", 2, 2, 2, 112134537675303066317, ANY, 0],
        ["trade", 4, 4, 2, -22610799530916494780, ANY, 0],
        ["warp", 27],
        ["widen", 2, 0, 9975000000],
        ["update_price", 6, 2],
        ["warp", 225],
        ["trade", 4, 4, 2, 10174859788912422651, ANY, 0],
        ["widen", 2, 0, 0],
        ["tick", 2, 200240000000],
        ["warp", 55],
        ["claim_funding", 4, 4, 2],
    ]
    assert violated(stage, from_rows(rows)) is None
    assert stage.world.ghost.releases == {(4, 2, 1): 1}


def test_dust_is_not_swept_from_under_a_claim(stage):
    rows = [
        ["trade", 2, 2, 2, 100 * UNIT, ANY, 0],
        ["trade", 4, 4, 2, -20 * UNIT, ANY, 0],
        ["warp", 27],
        ["widen", 2, 0, 9975000000],
        ["update_price", 6, 2],
        ["warp", 225],
        ["trade", 4, 4, 2, 20 * UNIT, ANY, 0],
        ["widen", 2, 0, 0],
        ["tick", 2, 200240000000],
        ["trade", 2, 2, 2, -100 * UNIT, ANY, 0],
        ["claim_funding", 4, 4, 2],
    ]
    assert violated(stage, from_rows(rows)) is None
    assert stage.world.ghost.releases == {(4, 2, 1): 1}
    market = stage.present.books.markets[2]
    assert market.long_interest == market.short_interest == 0 <= market.funding_clearing


def test_margins_grow_with_size_where_the_initial_margin_is_the_whole_value(stage):
    rows = [
        ["warp", 170],
        ["tick", 1, 4754282399167],
        ["warp", 1398],
        ["tick", 1, 3213072704690],
        ["warp", 155],
        ["set_market", 0, 1, 27, 5143],
        ["warp", 4894],
        ["tick", 1, 2109305296726],
        ["warp", 162],
        ["tick", 1, 2109305296726],
        ["warp", 7422],
        ["tick", 1, 3364250433903],
        ["warp", 233],
        ["tick", 1, 3457316438990],
        ["warp", 67610],
        ["tick", 1, 3254731129697],
        ["probe_tiers", 1, 343229767374535000065, 84339052344208064513],
    ]
    assert violated(stage, from_rows(rows)) is None
