"""Pools, insurance and their shares: nobody gains by coming and going."""

from keel.errors import Reverted
from keel.model.ledger.books import STATUS_SHUT
from keel.model.pool import VIRTUAL_SHARES
from keel.sim.fuzz.ghost import CLAIM_SECONDS, INSURANCE
from keel.sim.fuzz.invariants.base import paid_for_debts, require
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import BACKSTOP, World

# Two roundings of the curve, quote WAD.
_CURVE_DUST = 2


def inv_40(step: Step) -> int:
    """At fixed prices nothing lowers the value of a pool share, except bad debt that is recorded."""
    for market in step.touched.markets:
        old, new = step.before.books.markets[market], step.after.books.markets[market]
        if old.price != new.price or step.after.rules[market].config.status == STATUS_SHUT:
            # Positions of a shut market end at a fixed price, not on the curve.
            continue
        _, lost = paid_for_debts(step)
        for price in {new.price.index, new.price.twap}:
            before = step.before.equity(market, price) - lost + 1
            after = step.after.equity(market, price) + _CURVE_DUST + 1
            kept = after * (old.shares + VIRTUAL_SHARES) >= before * (new.shares + VIRTUAL_SHARES)
            require(
                kept, "market", market, "equity", before, "to", after, "shares", old.shares, "to", new.shares
            )
    return len(step.touched.markets)


def inv_40_insurance(step: Step) -> int:
    """Coming and going never lowers the value of an insurance share, its own positions included."""
    old, new = step.before.books.totals.insurance_shares, step.after.books.totals.insurance_shares
    for before, after in zip(insurance_worth(step.before), insurance_worth(step.after), strict=True):
        # Shares that are worth nothing can lose nothing.
        kept = before == 0 or (after + 1) * (old + VIRTUAL_SHARES) >= (before + 1) * (new + VIRTUAL_SHARES)
        require(kept, "worth", before, "to", after, "shares", old, "to", new)
    return 2


def insurance_worth(moment: Moment) -> tuple[int, int]:
    """Assets with the insurance's own positions at the worse and at the better price for it, quote WAD."""
    assets, health = moment.books.totals.insurance, moment.health(BACKSTOP)
    if not moment.held(BACKSTOP):
        return assets, assets
    better = max(health.equity, health.equity_better)
    return max(assets + health.equity_worse, 0), max(assets + better, 0)


def inv_41(step: Step) -> int:
    """Minting a share never costs less than it can be redeemed for."""
    vault, shares = step.world.vault(step.action.args[1]), 10**24
    try:
        price = step.world.chain.call(vault, "previewMint", shares)
        value = step.world.chain.call(vault, "convertToAssets", shares)
    except Reverted:
        return 0
    require(price >= value, "mint price", price, "redemption value", value)
    return 1


def inv_42(step: Step) -> int:
    """Shares just bought are worth at most what was paid for them."""
    vault, shares, paid = step.action.args[1], step.receipt.result, step.paid_in
    if step.action.name == "mint":
        shares = step.action.args[2]
    back = _preview(step.world, vault, "Redeem", shares)
    if back is None:
        return 0
    require(back <= paid, "paid", paid, "shares", shares, "back", back)
    return 1


def inv_42_redeem(step: Step) -> int:
    """What a redemption paid does not buy back more shares than were burnt."""
    vault, burnt = step.action.args[1], step.action.args[2]
    if vault != INSURANCE and step.after.books.markets[vault].shares == 0:
        # Who took out all of a pool would begin another, at another price.
        return 0
    back = _preview(step.world, vault, "Deposit", -step.paid_in)
    if back is None:
        return 0
    require(back <= burnt, "burnt", burnt, "back", back)
    return 1


def _preview(world: World, vault: int, what: str, amount: int) -> int | None:
    """A preview of the core; None where it has no price."""
    try:
        if vault == INSURANCE:
            return int(world.protocol.view(f"previewInsurance{what}", amount))
        return int(world.protocol.view(f"previewPool{what}", vault, amount))
    except Reverted:
        return None


def inv_43(step: Step) -> int:
    """Nobody pays without getting a share, and nobody burns a share without being paid."""
    require(step.receipt.result > 0, "result", step.receipt.result)
    require(step.paid_in != 0, "paid", step.paid_in)
    return 1


def inv_45(step: Step) -> int:
    """A redemption is paid only in two days after its cooldown, and only for shares that were handed in."""
    _, vault, shares, controller, *_ = step.action.args
    stake, now = step.world.ghost.stake(vault, controller), step.after.now
    require(stake.asked >= 0, "redeemed", shares, "beyond the request by", -stake.asked)
    require(now >= stake.claimable_at, "now", now, "claimable at", stake.claimable_at)
    require(now < stake.claimable_at + CLAIM_SECONDS, "now", now, "claimable at", stake.claimable_at)
    return 1


def inv_45_refused(step: Step) -> int:
    """Who comes in time, for what he handed in, is not told to wait."""
    if step.error.error != "NotClaimable":
        return 0
    _, vault, shares, controller, *_ = step.action.args
    stake, now = step.world.ghost.stake(vault, controller), step.before.now
    open_ = stake.claimable_at <= now < stake.claimable_at + CLAIM_SECONDS
    require(not open_ or shares > stake.asked, "now", now, "asked", stake.asked, "refused", shares)
    return 1
