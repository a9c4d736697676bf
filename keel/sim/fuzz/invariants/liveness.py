"""Probes of what nobody may take from others: ways out, first shares; and of scale, and what calls cost."""

from typing import Any

from keel.model.ledger.books import STATUS_CLOSED, STATUS_REDUCE_ONLY
from keel.model.validity import Action as Column
from keel.model.validity import Validity, allows
from keel.sim.fuzz.action import Action
from keel.sim.fuzz.draws import RandomDraws
from keel.sim.fuzz.ghost import INSURANCE
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.perform import ANY_PRICE
from keel.sim.fuzz.stage import Stage, Step
from keel.sim.fuzz.world import ACCOUNTS, BACKSTOP, OPERATOR

# Gas of one call, with two markets and two kinds of collateral. On revm, where warm storage makes it a lower
# bound, campaigns have seen 245,000, 97,000, 274,000 and 84,000; of collateral 231,000, 79,000 and 143,000.
CEILINGS = {
    "liquidate": 300_000,
    "unwind": 180_000,
    "trade": 350_000,
    "claim_funding": 100_000,
    "collateral_deposit": 300_000,
    "collateral_withdraw": 150_000,
    "collateral_buy": 320_000,
}
# What beginning a resolution adds, with its snapshot and the new status: once, campaigns have seen 423,000.
_RESOLUTION = 140_000
# What collateral adds to a call that asks for the health of who has some; with a resolution once 426,000.
_VALUED = 60_000
_SCALE = 10
# Ceils of scaled amounts, times the largest multiplier and the scale.
_DUST = 16 * _SCALE * 4
# Shares of an insurance that is empty, and what waits between asking for them and getting paid.
_ATTACKER, _VICTIM = 1, 2
_MILLION = 10**6


def inv_60(step: Step) -> int:
    """Closing, liquidating, claiming and selling cost a bounded amount of gas, whatever else there is."""
    spent, ceiling = step.receipt.gas_used, CEILINGS[step.action.name]
    if step.receipt.events("DeficitLeft"):
        ceiling += _RESOLUTION
    if step.action.name in ("liquidate", "trade") and _leans(step):
        ceiling += _VALUED
    require(spent <= ceiling, "gas", spent, "ceiling", ceiling)
    return 1


def _leans(step: Step) -> bool:
    return step.before.books.accounts[step.action.args[1]].collateral != 0


def restricted(stage: Stage, place: int, market: int) -> int:
    """A market that takes no new risk takes margin, reductions and liquidations as it did before."""
    for validity in Validity:
        both = not allows(validity, Column.LIQUIDATE) or allows(validity, Column.REDUCE)
        require(both, "liquidates but does not reduce at", validity.name)
    owner, size = ACCOUNTS[place][0], stage.present.position(place, market).size
    calls = [Action("deposit", (owner, place, _MILLION)), Action("liquidate", (OPERATOR, place))]
    if size:
        calls += [Action("trade", (owner, place, market, part, ANY_PRICE, 0)) for part in (-size // 2, -size)]
    for call in calls:
        open_ = _result(stage, call, [])
        for level in (STATUS_REDUCE_ONLY, STATUS_CLOSED):
            shut = _result(stage, call, [Action("restrict", (OPERATOR, market, level))])
            require(open_ == shut, "call", call, "open", open_, "restricted to", level, "then", shut)
    return 2 * len(calls)


def _result(stage: Stage, call: Action, first: list[Action]) -> Any:
    """What a call leaves of the account it is about, or why it is refused, after some others."""
    place = call.args[1]
    with stage.aside():
        for action in first:
            stage.apply(action)
        step = stage.apply(call)
        if step.refusal is not None:
            return step.refusal.error
        positions = [stage.present.position(place, market) for market in stage.world.markets]
        return stage.present.books.accounts[place], positions


def grief(stage: Stage, place: int, market: int, seed: int) -> int:
    """Nobody's cheap calls make another one's close, liquidation or redemption fail."""
    draws = RandomDraws(seed)
    owner, size = ACCOUNTS[place][0], stage.present.position(place, market).size
    calls = [Action("liquidate", (OPERATOR, place))]
    if size:
        calls.append(Action("trade", (owner, place, market, -size, ANY_PRICE, 0)))
    for (vault, holder), stake in stage.world.ghost.stakes.items():
        if stake.asked and stake.claimable_at <= stage.present.now:
            calls.append(Action("redeem", (holder, vault, stake.asked, holder)))
    checked = 0
    for call in calls:
        with stage.aside():
            if stage.apply(call).refusal is not None:
                continue
        with stage.aside():
            acts = [_annoyance(draws, place, market) for _ in range(draws.integer(1, 5))]
            for act in acts:
                stage.apply(act)
            step = stage.apply(call)
            why = "; ".join(map(str, acts))
            # Paying what he is short of heals an account: then nobody needs to liquidate it.
            healed = call.name == "liquidate" and step.refusal is not None and _is_well(step)
            require(step.refusal is None or healed, "call", call, "after", why, "refused", step.refusal)
        checked += 1
    return checked


def _is_well(step: Step) -> bool:
    return step.error.error == "NotLiquidatable"


def _annoyance(draws: RandomDraws, place: int, market: int) -> Action:
    """Something that anybody can do for next to nothing."""
    who = draws.integer(3, 9)
    acts = (
        Action("deposit", (who, place, draws.integer(1, 100))),
        Action("deposit", (who, BACKSTOP, draws.integer(1, _MILLION))),
        Action("donate", (who, draws.integer(1, _MILLION))),
        Action("accrue", (who, market)),
        Action("claim_funding", (who, place, market)),
        Action("liquidate_batch", (who, BACKSTOP, BACKSTOP)),
        Action("set_operator", (who, place, who, 1)),
        Action("stake", (who, INSURANCE, draws.integer(1, _MILLION))),
        Action("stake", (who, market, draws.integer(1, _MILLION))),
        Action("permit", (who, 1)),
    )
    return draws.pick(acts)


def first(stage: Stage, before: int, gift: int, tokens: int) -> int:
    """Who buys shares of an empty insurance loses a millionth at most, whatever another did before."""
    world = stage.world
    with stage.aside():
        if not _emptied(stage):
            return 0
        for action in (
            Action("stake", (_ATTACKER, INSURANCE, before)),
            Action("donate", (_ATTACKER, gift)),
            Action("deposit", (_ATTACKER, BACKSTOP, gift)),
        ):
            stage.apply(action)
        free = world.ghost.stake(INSURANCE, _ATTACKER).free
        _redeem(stage, _ATTACKER, max(free - 1, 0))
        there = stage.present.books.totals.insurance
        if stage.apply(Action("stake", (_VICTIM, INSURANCE, tokens))).refusal is not None:
            return 0
        back = _redeem(stage, _VICTIM, world.ghost.stake(INSURANCE, _VICTIM).free)
    # What is there already is the first one's to lose; a millionth of it is what one share unit can be worth.
    most = (tokens * world.token_scale + there) // _MILLION // world.token_scale + 2
    require(tokens - back <= most, "paid", tokens, "back", back, "there before", there, "most", most)
    return 1


def _emptied(stage: Stage) -> bool:
    if stage.present.held(BACKSTOP):
        return False
    holders = [holder for (vault, holder) in stage.world.ghost.stakes if vault == INSURANCE]
    for holder in holders:
        _redeem(stage, holder, stage.world.ghost.stake(INSURANCE, holder).free)
    return stage.present.books.totals.insurance_shares == 0


def _redeem(stage: Stage, holder: int, shares: int) -> int:
    """Ask, wait and claim; gives token units."""
    if shares:
        stage.apply(Action("request", (holder, INSURANCE, shares)))
    asked = stage.world.ghost.stake(INSURANCE, holder).asked
    stage.apply(Action("warp", (stage.world.cooldowns[INSURANCE] + 1,)))
    step = stage.apply(Action("redeem", (holder, INSURANCE, asked, holder)))
    return -step.paid_in


def scale(stage: Stage, market: int, size: int) -> int:
    """Ten times everything asks for ten times the margin, with the same multipliers."""
    world, view = stage.world, stage.world.protocol.view
    (config, _), m = view("configOf", market), view("marketNow", market)
    amounts = ("longInterest", "shortInterest", "cash", "openNotional", "shares")
    grown = m._replace(**{name: getattr(m, name) * _SCALE for name in amounts})
    limits = {name: getattr(config.brackets, name) * _SCALE for name in ("limit1", "limit2", "limit3")}
    wider = config._replace(brackets=config.brackets._replace(**limits))
    ask = world.chain.call
    one, ten = (
        ask(world.harness, "requirements", *given)
        for given in ((m, config, size), (grown, wider, size * _SCALE))
    )
    # The multiplier is floored once, and so is what the pool may face.
    require(abs(ten.multiplier - one.multiplier) <= 2, "multiplier", one.multiplier, "ten", ten.multiplier)
    for name in ("initial", "maintenance"):
        whole, parts = getattr(ten, name), _SCALE * getattr(one, name)
        allowed = _DUST + 4 * parts // _MILLION
        require(abs(whole - parts) <= allowed, name, whole, "ten times one", parts)
    return 1
