"""Liquidations, what covers a shortfall, and who gets the penalty."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keel.model import curve
from keel.model.fixed import PPM, div_ceil, mul_div_ceil
from keel.model.liquidation import Tier
from keel.model.records import Health
from keel.model.validity import Validity
from keel.sim.fuzz.fills import worse_price
from keel.sim.fuzz.invariants.base import paid_for_debts, require
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.touch import Touch
from keel.sim.fuzz.windows import worth
from keel.sim.fuzz.world import BACKSTOP
from keel.units import BPS, WAD

_GRACE_BPS = 8_000


class Taken(NamedTuple):
    """What a call did to the insurance's own position, quote WAD.

    Attributes:
        fill: Its fill; None if it had no part.
        result: What it brought the insurance, as the event says.
        surplus: Part of its funding that went to the insurance at once.
        from_pool: What the pool paid because the insurance could not.
    """

    fill: Any
    result: int
    surplus: int
    from_pool: int


class Liquidation(NamedTuple):
    """One liquidation as its events and the moment before it tell it."""

    place: int
    keeper: int
    market: int
    absorbed: bool
    tier: int
    fill: Any
    penalty: int
    reward: int
    touch: Touch
    shortfall: int
    from_insurance: int
    from_pool: int
    taken: Taken


def read(step: Step) -> Liquidation:
    """The liquidation that the call was."""
    keeper, place = step.action.args
    closed = [log for log in step.receipt.logs if log.event in ("Liquidated", "Absorbed")]
    require(len(closed) == 1, "liquidations", len(closed))
    args = closed[0].args
    market, fill, penalty = args["market"], args["fill"], args["penalty"]
    done = step.before.touch(place, market)
    balance = step.before.books.accounts[place].balance + done.balance + fill.realized - penalty
    flat = step.after.books.accounts[place].markets == 0
    from_insurance, from_pool = _debt(step, place)
    return Liquidation(
        place,
        keeper,
        market,
        closed[0].event == "Absorbed",
        args["tier"],
        fill,
        penalty,
        args["reward"],
        done,
        max(-balance - step.before.worth(place).proceeds, 0) if flat else 0,
        from_insurance,
        from_pool,
        taken_over(step, market),
    )


def taken_over(step: Step, market: int) -> Taken:
    """What happened to the insurance's own position."""
    fills = step.receipt.events("BackstopFilled")
    require(len(fills) <= 1, "fills of the insurance", len(fills))
    if not fills:
        return Taken(None, 0, 0, 0)
    touch = step.before.touch(BACKSTOP, market)
    args = fills[0].args
    return Taken(args["fill"], args["result"], touch.insurance, _debt(step, BACKSTOP)[1])


def _debt(step: Step, place: int) -> tuple[int, int]:
    """What insurance and pool paid for an account that was short."""
    account = step.world.ids[place]
    debts = [log.args for log in step.receipt.events("BadDebtCovered") if log.args["account"] == account]
    require(len(debts) <= 1, "bad debts", len(debts))
    return paid_for_debts(step, account)


def trigger(health: Health) -> tuple[int, int]:
    """Equity that counts and what it is compared with: a doubt about a price is in the account's favour."""
    equity = health.equity_better
    if health.worst == Validity.SEQUENCER_GRACE:
        return equity, health.maintenance * _GRACE_BPS // BPS
    return equity, health.maintenance


def inv_25(step: Step) -> int:
    """Only whose equity is below maintenance is liquidated; at a doubtful price that of its better side."""
    seen = read(step)
    equity, limit = trigger(step.before.touched_health(seen.place, seen.market))
    require(equity < limit, "equity", equity, "maintenance", limit)
    return 1


def inv_25_refused(step: Step) -> int:
    """A liquidation is refused as unnecessary only where equity covers maintenance."""
    place = step.action.args[1]
    if step.error.error != "NotLiquidatable" or place == BACKSTOP:
        return 0
    markets = step.before.held(place)
    for market in markets:
        equity, limit = trigger(step.before.touched_health(place, market))
        if equity >= limit:
            return 1
    require(False, "place", place, "markets", markets)
    return 0


def inv_28(step: Step) -> int:
    """A liquidation shrinks one position, never turns its side, and leaves the others."""
    seen = read(step)
    place = seen.place
    for market in step.world.markets:
        old, new = step.before.position(place, market).size, step.after.position(place, market).size
        if market != seen.market:
            require(old == new, "market", market, "before", old, "after", new)
            continue
        require(abs(new) < abs(old), "before", old, "after", new)
        require(new == 0 or (new > 0) == (old > 0), "before", old, "after", new)
    return 1


def inv_29(step: Step) -> int:
    """A liquidation that leaves some of an account improves its margin ratio, but for a trade's fee."""
    seen = read(step)
    old, new = step.before.touched_health(seen.place, seen.market), step.after.health(seen.place)
    if step.after.position(seen.place, seen.market).size == 0 or old.equity <= 0:
        return 0
    better = new.equity * old.maintenance >= old.equity * new.maintenance
    before, after = _ratio(old), _ratio(new)
    owed = better or seen.penalty <= _least_penalty(step, seen)
    require(owed, "place", seen.place, "ratio before", before, "after", after)
    return 1


def _least_penalty(step: Step, seen: Liquidation) -> int:
    """Penalty of which the protocol keeps as much as a trade would pay: less would be a cheaper exit."""
    kept = BPS - step.before.rules[seen.market].links.keeper_share_bps
    return -(-beside_the_curve(step, seen) * BPS // kept)


def beside_the_curve(step: Step, seen: Liquidation) -> int:
    """What a trade would have paid beside its fill: fee, spread, what it spares the curve; ceil each."""
    slippage = _spared(step, seen) if seen.absorbed else 0
    config, cost = step.before.rules[seen.market].config, seen.fill.cost + slippage
    spread = div_ceil(abs(cost) * step.before.books.markets[seen.market].price.spread_bps, BPS)
    fee = div_ceil(abs(cost + spread) * (config.taker_fee_ppm + config.deviation_fee_ppm), PPM)
    return fee + spread + slippage


def _spared(step: Step, seen: Liquidation) -> int:
    """What the curve is spared where the insurance takes over: the last units, not the first."""
    held = step.before.position(seen.place, seen.market).size
    whole, rest = (curve_loss(step.before, seen.market, size) for size in (held, held + seen.fill.size))
    return max(whole - rest, 0)


def curve_loss(moment: Moment, market: int, position: int, *, spread: bool = False) -> int:
    """What closing would lose on the curve, negative = gain: of what it can take, scaled up; quote WAD."""
    m, depth = moment.market(market), moment.depth(market)
    limit, held = depth * 3 // 4, abs(position)
    room = limit + m.skew if position > 0 else limit - m.skew
    size = min(held, max(room, 0))
    if size == 0:
        return 0
    closing = -size if position > 0 else size
    worse = worse_price(m.price, closing > 0, spread=spread)
    loss = curve.cost(worse, depth, m.skew, closing) - closing * m.price.index // WAD
    return loss if size == held else mul_div_ceil(loss, held, size)


def _ratio(health: Health) -> int:
    return health.equity * WAD // health.maintenance if health.maintenance else 0


def inv_30(step: Step) -> int:
    """A deleverage reaches the target or closes the position, or takes all that the curve has room for."""
    seen = read(step)
    health = step.after.health(seen.place)
    partial = seen.tier == Tier.DELEVERAGE and step.after.position(seen.place, seen.market).size
    # At a doubtful price the size follows the better of two equities, which the fill may not leave.
    if not partial or step.before.health(seen.place).worst >= Validity.UNCERTAIN:
        return 0
    target = health.maintenance * step.before.rules[seen.market].config.target_bps // BPS
    depth, skew = step.after.depth(seen.market), step.after.books.markets[seen.market].skew
    full = not seen.absorbed and abs(skew) >= depth * 3 // 4 - 1
    missing = _beyond_its_part(step, seen) if seen.absorbed else 0
    # A doubt about collateral is in the account's favour before and after.
    worth = step.after.worth(seen.place)
    equity = health.equity + worth.better - worth.value
    require(full or equity + missing >= target - 1, "equity", equity, "target", target)
    return 1


def _beyond_its_part(step: Step, seen: Liquidation) -> int:
    """By how much the last units, which are charged, are dearer than their part of the whole."""
    held = step.before.position(seen.place, seen.market).size
    whole = max(curve_loss(step.before, seen.market, held), 0)
    return max(_spared(step, seen) - whole * abs(int(seen.fill.size)) // abs(held), 0)


def inv_31(step: Step) -> int:
    """A penalty is at most the equity left and at least a trade's cost; keepers share in what is kept."""
    seen = read(step)
    index = step.before.books.markets[seen.market].price.index
    loss = seen.fill.cost - seen.fill.size * index // WAD
    equity = step.before.touched_health(seen.place, seen.market).equity
    left = max(equity - loss, 0)
    share = step.before.rules[seen.market].links.keeper_share_bps
    require(seen.penalty <= left, "penalty", seen.penalty, "equity left", left)
    trade = beside_the_curve(step, seen)
    require(seen.penalty >= min(trade, left), "penalty", seen.penalty, "trade", trade, "equity left", left)
    held = step.before.held(seen.place)
    kept = max(0, max(equity, left - trade) - _toll(step, seen.place, held))
    full = min(seen.penalty * share // BPS, max(0, seen.penalty - trade), kept)
    # Beside others the keeper shares only in what is there without unrealised profit, or collateral in doubt.
    alone = len(held) == 1 and not step.before.books.accounts[seen.place].collateral
    holds = seen.reward == full if alone else seen.reward <= full
    require(holds, "reward", seen.reward, "penalty", seen.penalty, "trade", trade, "kept", kept)
    return 1


def _toll(step: Step, place: int, held: Sequence[int]) -> int:
    """What closing all of several positions would cost, without what the curve would give; quote WAD."""
    return sum(max(0, _exit(step.before, place, market)) for market in held) if len(held) > 1 else 0


def _exit(moment: Moment, place: int, market: int) -> int:
    size, brackets = moment.position(place, market).size, moment.rules[market].config.brackets
    least = worth(moment, market, size) * brackets.penalty_min_bps // BPS
    return curve_loss(moment, market, size, spread=True) + least


def inv_32(step: Step) -> int:
    """Bad debt is booked once, at the end of the last position: what no sale of collateral can bring."""
    seen = read(step)
    covered = seen.from_insurance + seen.from_pool
    require(covered == seen.shortfall, "covered", covered, "short of", seen.shortfall)
    earned = seen.reward if seen.place == seen.keeper else 0
    charged = seen.fill.realized - seen.penalty + covered + earned
    expected = step.before.books.accounts[seen.place].balance + seen.touch.balance + charged
    balance = step.after.books.accounts[seen.place].balance
    require(balance == expected, "balance", balance, "expected", expected)
    return 1


def inv_36(step: Step) -> int:
    """Insurance moves by penalty, surplus, dust, its own result and what it covered; the pool pays last."""
    seen = read(step)
    old, new = step.before.books.totals.insurance, step.after.books.totals.insurance
    now, after, taken = step.before.market(seen.market), step.after.books.markets[seen.market], seen.taken
    collected = seen.touch.clearing
    if taken.fill is not None:
        collected += step.before.touch(BACKSTOP, seen.market).clearing
    swept = now.funding_clearing + collected - after.funding_clearing
    own = taken.result + taken.from_pool + taken.surplus
    expected = old + seen.penalty - seen.reward + seen.touch.insurance + swept - seen.from_insurance + own
    require(new == expected and new >= 0, "insurance", new, "expected", expected)
    moved = seen.fill.realized + (taken.fill.realized if taken.fill is not None else 0)
    cash = now.cash - moved - seen.from_pool - taken.from_pool
    require(after.cash == cash, "pool cash", after.cash, "expected", cash)
    return 1


def inv_37(step: Step) -> int:
    """The pool pays for bad debt only when the insurance has nothing left."""
    seen = read(step)
    if seen.from_pool == 0:
        return 0
    own = seen.taken.result + seen.taken.from_pool + seen.taken.surplus
    had = step.before.books.totals.insurance + seen.touch.insurance + own + seen.penalty - seen.reward
    require(seen.from_insurance == had, "insurance paid", seen.from_insurance, "of", had)
    return 1
