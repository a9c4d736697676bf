"""What touching does to funding, as the fuzzer expects it: accrual, a new price, a position's settlement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keel.model.fixed import div
from keel.model.funding import due, due_between
from keel.model.funding_view import input_of
from keel.model.ledger.books import STATUS_SHUT
from keel.model.records import Escrow, EscrowClaim, Market, MarketConfig, Position, SizeTiers
from keel.model.validity import Defect, Price, suspect
from keel.sim.fuzz.funding_contract import FundingContract
from keel.sim.fuzz.ghost import Stretch
from keel.sim.fuzz.margins import ramp_after
from keel.units import RAY, WAD

_INVALID = int(Defect.INVALID)
# Stress is counted in eighths of a standard deviation, up to four.
_EIGHTHS = 8
_MAX_STRESS = 32

# Paid (ceil), received (floor), and the surplus in the first; quote WAD.
Due = tuple[int, int, int]
_NOTHING: Due = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Touch:
    """What touching one position does before anything else, quote WAD.

    Attributes:
        credit: What a decided claim brings: to the balance, or to the insurance if it was forfeited.
        claim: The claim that was decided; an empty one if there was none.
        confirmed: Whether it was of a confirmed stretch.
        hold: What the account pays into the reserve, what waits for it, and the surplus in the first.
        settled: The same at the live indices, at once.
    """

    credit: int
    claim: EscrowClaim
    confirmed: bool
    hold: Due
    settled: Due

    @property
    def balance(self) -> int:
        """By how much the account's balance moves."""
        kept = 0 if self.claim.forfeited else self.credit
        return kept - self.hold[0] - self.settled[0] + self.settled[1]

    @property
    def clearing(self) -> int:
        """By how much the market's clearing moves."""
        brought = self.claim.paid - self.credit - self.claim.surplus if self.confirmed else 0
        return brought + self.settled[0] - self.settled[1] - self.settled[2]

    @property
    def insurance(self) -> int:
        """What the insurance gets: surpluses, and what a bankrupt account forfeited."""
        surplus = self.claim.surplus if self.confirmed else 0
        return self.settled[2] + surplus + (self.credit if self.claim.forfeited else 0)


def accrue(
    market: Market, escrow: Escrow, config: MarketConfig, funding: FundingContract, now: int
) -> tuple[Market, Escrow]:
    """Funding accrued up to `now`; at a suspect price what moves is the escrow, and the live indices stay."""
    elapsed = seconds_to_accrue(market, config, now)
    ramp = ramp_after(market, config, now)
    if elapsed <= 0:
        return (market if market.accrued_at == now else replace(market, accrued_at=now, ramp=ramp)), escrow
    state, integral, deviation = funding.accrue(input_of(market, config, elapsed))
    stress = min(max(abs(deviation) - 2 * WAD, 0) * _EIGHTHS // WAD, _MAX_STRESS)
    per_base = div(integral * market.price.index, WAD)
    accrued = replace(market, accrued_at=now, funding_state=state, stress=stress, ramp=ramp)
    if suspect(market.price.flags):
        moved = replace(escrow)
        _move(moved, per_base)
        moved.pool_due += market.skew * per_base // RAY
        return accrued, moved
    _move(accrued, per_base)
    _to_pool(accrued, market.skew * per_base // RAY)
    return accrued, escrow


def take(market: Market, escrow: Escrow, price: Price, stretches: Sequence[Stretch]) -> tuple[Market, Escrow]:
    """A new price in an accrued market: stretches of suspect prices begin, go on, or end.

    Args:
        market: Market with funding accrued.
        escrow: Its escrow.
        price: The price that was stored.
        stretches: Stretches of suspect prices, that price included.
    """
    before, taken = market.price, replace(market, price=price)
    if not (suspect(before.flags) or suspect(price.flags)):
        return taken, escrow
    stretch = stretches[-1]
    if suspect(price.flags):
        low, high = min(stretch.indices), max(stretch.indices)
        if not suspect(before.flags):
            kept = escrow.claims, escrow.reserve
            return taken, Escrow(stretch.number, 0, 0, 0, low, high, *kept)
        return taken, replace(escrow, low=low, high=high)
    if stretch.confirmed:
        taken.longs_paid += escrow.longs_paid
        taken.shorts_paid += escrow.shorts_paid
        _to_pool(taken, escrow.pool_due)
    return taken, escrow


def released(position: Position, claim: EscrowClaim, stretch: Stretch | None) -> Position:
    """A position after its claim on a decided stretch was taken out: it goes on from the confirmed pair."""
    if not position.escrowed or stretch is None or stretch.confirmed is None:
        return position
    if not stretch.confirmed:
        return replace(position, escrowed=False)
    longs, shorts = position.longs_paid + claim.longs_paid, position.shorts_paid + claim.shorts_paid
    return replace(position, escrowed=False, longs_paid=longs, shorts_paid=shorts)


def touch(
    market: Market,
    escrow: Escrow,
    tiers: SizeTiers,
    position: Position,
    claim: EscrowClaim,
    stretch: Stretch | None,
) -> Touch:
    """What touching a position in an accrued market does.

    Args:
        market: Market with funding accrued, new price taken.
        escrow: Its escrow.
        tiers: Its size tiers.
        position: Position as stored.
        claim: What its account has in escrow.
        stretch: The stretch of that claim; None if there is no claim.
    """
    doubted = suspect(market.price.flags)
    confirmed = stretch.confirmed if stretch is not None and (position.escrowed or doubted) else None
    hold, credit, taken = _NOTHING, 0, EscrowClaim()
    settled = due(market, tiers, released(position, claim, stretch))
    if confirmed is not None:
        credit, taken = claim.received if confirmed else claim.paid, claim
    if doubted and position.size:
        begun = claim if position.escrowed and confirmed is None else EscrowClaim()
        moved = escrow.longs_paid - begun.longs_paid, escrow.shorts_paid - begun.shorts_paid
        hold = due_between(position.size, tiers, *moved)
    return Touch(credit, taken, bool(confirmed), hold, settled)


def claim_after(
    before: EscrowClaim, done: Touch, position: Position, escrow: Escrow, doubted: bool
) -> EscrowClaim:
    """What the account has in escrow after its position, as it was stored before, was touched."""
    kept = EscrowClaim() if done.claim.period else before
    if not doubted or position.size == 0 or not (escrow.longs_paid or escrow.shorts_paid):
        return kept
    paid, received, surplus = done.hold
    return EscrowClaim(
        escrow.period,
        kept.forfeited,
        kept.paid + paid,
        kept.received + received,
        kept.surplus + surplus,
        escrow.longs_paid,
        escrow.shorts_paid,
    )


def seconds_to_accrue(market: Market, config: MarketConfig, now: int) -> int:
    """Time over which funding accrues if the market is touched now; zero or less: none.

    None at no price, nor where the market is shut.
    """
    if market.price.flags & _INVALID or config.status == STATUS_SHUT:
        return 0
    return min(market.price.at + config.heartbeat_seconds, now) - market.accrued_at


def _move(indices: Market | Escrow, per_base: int) -> None:
    """Book `per_base` (RAY quote per base): longs pay when it is positive."""
    indices.longs_paid += max(per_base, 0)
    indices.shorts_paid += max(-per_base, 0)


def _to_pool(market: Market, received: int) -> None:
    market.cash += received
    market.funding_clearing -= received
