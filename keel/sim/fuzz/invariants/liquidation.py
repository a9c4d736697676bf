"""Liquidations, what covers a shortfall, and who gets the penalty."""

from typing import Any, NamedTuple

from keel.model.fixed import PPM, div_ceil
from keel.model.liquidation import Tier
from keel.model.records import Health
from keel.model.validity import Validity
from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.touch import Touch
from keel.units import BPS, WAD

_GRACE_BPS = 8_000


class _Liquidation(NamedTuple):
    place: int
    keeper: int
    market: int
    tier: int
    fill: Any
    penalty: int
    reward: int
    touch: Touch
    shortfall: int
    from_insurance: int
    from_pool: int


def _read(step: Step) -> _Liquidation:
    keeper, place, market = step.action.args
    receipt = step.receipt
    args = receipt.event("Liquidated").args
    fill, penalty, reward = args["fill"], args["penalty"], args["reward"]
    done = step.before.touch(place, market)
    balance = step.before.books.accounts[place].balance + done.balance + fill.realized - penalty
    flat = step.after.books.accounts[place].markets == 0
    debts = receipt.events("BadDebtCovered")
    from_insurance = sum(debt.args["fromInsurance"] for debt in debts)
    from_pool = sum(debt.args["fromPool"] for debt in debts)
    require(len(debts) <= 1, "bad debts", len(debts))
    shortfall = max(-balance, 0) if flat else 0
    return _Liquidation(
        place,
        keeper,
        market,
        args["tier"],
        fill,
        penalty,
        reward,
        done,
        shortfall,
        from_insurance,
        from_pool,
    )


def trigger(health: Health) -> tuple[int, int]:
    """Equity that counts and what it is compared with: a doubt about a price is in the account's favour."""
    equity = health.equity_better
    if health.worst == Validity.SEQUENCER_GRACE:
        return equity, health.maintenance * _GRACE_BPS // BPS
    return equity, health.maintenance


def inv_25(step: Step) -> int:
    """Only whose equity is below maintenance is liquidated; at a doubtful price that of its better side."""
    _, place, market = step.action.args
    equity, limit = trigger(step.before.touched_health(place, market))
    require(equity < limit, "equity", equity, "maintenance", limit)
    return 1


def inv_25_refused(step: Step) -> int:
    """A liquidation is refused as unnecessary only where equity covers maintenance."""
    if step.error.error != "NotLiquidatable":
        return 0
    _, place, market = step.action.args
    equity, limit = trigger(step.before.touched_health(place, market))
    require(equity >= limit, "equity", equity, "maintenance", limit)
    return 1


def inv_28(step: Step) -> int:
    """A liquidation shrinks a position and never turns its side."""
    _, place, market = step.action.args
    old, new = step.before.position(place, market).size, step.after.position(place, market).size
    require(abs(new) < abs(old), "before", old, "after", new)
    require(new == 0 or (new > 0) == (old > 0), "before", old, "after", new)
    return 1


def inv_29(step: Step) -> int:
    """A liquidation that leaves some of a position improves the margin ratio, but for a trade's fee."""
    _, place, market = step.action.args
    old, new = step.before.touched_health(place, market), step.after.health(place)
    if step.after.position(place, market).size == 0 or old.equity <= 0:
        return 0
    better = new.equity * old.maintenance >= old.equity * new.maintenance
    before, after = _ratio(old), _ratio(new)
    owed = better or _read(step).penalty <= _least_penalty(step)
    require(owed, "place", place, "ratio before", before, "after", after)
    return 1


def _least_penalty(step: Step) -> int:
    """Penalty of which the protocol keeps as much as a trade would pay: less would be a cheaper exit."""
    seen = _read(step)
    kept = BPS - step.before.rules[seen.market].links.keeper_share_bps
    return -(-_beside_the_curve(step, seen) * BPS // kept)


def _beside_the_curve(step: Step, seen: _Liquidation) -> int:
    """What a trade would have paid beside the curve: its fee, and the spread; quote WAD, ceil each."""
    config, cost = step.before.rules[seen.market].config, abs(seen.fill.cost)
    spread = step.before.books.markets[seen.market].price.spread_bps
    return div_ceil(cost * (config.taker_fee_ppm + config.deviation_fee_ppm), PPM) + div_ceil(
        cost * spread, BPS
    )


def _ratio(health: Health) -> int:
    return health.equity * WAD // health.maintenance if health.maintenance else 0


def inv_30(step: Step) -> int:
    """A deleverage reaches the target or closes the position, or takes all that the curve has room for."""
    seen = _read(step)
    health = step.after.health(seen.place)
    partial = seen.tier == Tier.DELEVERAGE and step.after.position(seen.place, seen.market).size
    # At a doubtful price the size follows the better of two equities, which the fill may not leave.
    if not partial or step.before.health(seen.place).worst >= Validity.UNCERTAIN:
        return 0
    target = health.maintenance * step.before.rules[seen.market].links.target_bps // BPS
    depth, skew = step.after.depth(seen.market), step.after.books.markets[seen.market].skew
    full = abs(skew) >= depth * 3 // 4 - 1
    require(full or health.equity >= target - 1, "equity", health.equity, "target", target)
    return 1


def inv_31(step: Step) -> int:
    """The penalty is never more than the equity that the fill leaves, the reward than its share."""
    seen = _read(step)
    index = step.before.books.markets[seen.market].price.index
    loss = seen.fill.cost - seen.fill.size * index // WAD
    left = step.before.touched_health(seen.place, seen.market).equity - loss
    share = step.before.rules[seen.market].links.keeper_share_bps
    require(seen.penalty <= max(left, 0), "penalty", seen.penalty, "equity left", left)
    trade = _beside_the_curve(step, seen)
    full = min(seen.penalty * share // BPS, max(0, seen.penalty - trade))
    # Beside other positions the keeper shares only in what is there without their unrealised profit.
    alone = step.before.books.accounts[seen.place].markets >> 16 == 0
    holds = seen.reward == full if alone else seen.reward <= full
    require(holds, "reward", seen.reward, "penalty", seen.penalty, "trade", trade)
    return 1


def inv_32(step: Step) -> int:
    """Bad debt is booked once, when the last position closes, and is exactly what the account is short of."""
    seen = _read(step)
    covered = seen.from_insurance + seen.from_pool
    require(covered == seen.shortfall, "covered", covered, "short of", seen.shortfall)
    earned = seen.reward if seen.place == seen.keeper else 0
    charged = seen.fill.realized - seen.penalty + covered + earned
    expected = step.before.books.accounts[seen.place].balance + seen.touch.balance + charged
    balance = step.after.books.accounts[seen.place].balance
    require(balance == expected, "balance", balance, "expected", expected)
    return 1


def inv_36(step: Step) -> int:
    """Insurance moves by its part of the penalty, surplus, dust and what it covered; the pool pays last."""
    seen = _read(step)
    old, new = step.before.books.totals.insurance, step.after.books.totals.insurance
    now, after = step.before.market(seen.market), step.after.books.markets[seen.market]
    swept = now.funding_clearing + seen.touch.clearing - after.funding_clearing
    expected = old + seen.penalty - seen.reward + seen.touch.insurance + swept - seen.from_insurance
    require(new == expected and new >= 0, "insurance", new, "expected", expected)
    cash = now.cash - seen.fill.realized - seen.from_pool
    require(after.cash == cash, "pool cash", after.cash, "expected", cash)
    return 1


def inv_37(step: Step) -> int:
    """The pool pays for bad debt only when the insurance has nothing left."""
    seen = _read(step)
    if seen.from_pool == 0:
        return 0
    had = step.before.books.totals.insurance + seen.touch.insurance + seen.penalty - seen.reward
    require(seen.from_insurance == had, "insurance paid", seen.from_insurance, "of", had)
    return 1
