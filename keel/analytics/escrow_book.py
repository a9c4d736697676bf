"""Funding of one market at suspect prices, as its events tell it."""

from dataclasses import dataclass, field, replace

from keel.model.fixed import mul_div_floor_signed
from keel.model.funding import due_between
from keel.model.records import Escrow, EscrowClaim, EscrowOutcome, Position, SizeTiers
from keel.model.validity import Price, suspect
from keel.units import RAY

# A stretch counts where each of its indices lies within 2 % of the good one that ends it.
_NEAR_PERCENT = 2


@dataclass(frozen=True, slots=True)
class Release:
    """What taking a claim out of the escrow does, quote WAD.

    Attributes:
        claim: The claim.
        credit: What it brings.
        confirmed: Whether its stretch was.
    """

    claim: EscrowClaim
    credit: int
    confirmed: bool

    @property
    def surplus(self) -> int:
        """Part for the insurance."""
        return self.claim.surplus if self.confirmed else 0

    @property
    def clearing(self) -> int:
        """What the market's clearing gains."""
        return self.claim.paid - self.credit - self.surplus if self.confirmed else 0


@dataclass(slots=True)
class EscrowBook:
    """Escrow of one market.

    Attributes:
        state: The last stretch of suspect prices, and the reserve of all.
        outcomes: What became of each stretch that has ended, by number.
        claims: What is not taken out yet, by account.
    """

    state: Escrow = field(default_factory=Escrow)
    outcomes: dict[int, EscrowOutcome] = field(default_factory=dict)
    claims: dict[int, EscrowClaim] = field(default_factory=dict)

    def accrue(self, per_base: int, skew: int) -> None:
        """Add what a long of one base would have paid (RAY), and what the pool would have received, floor."""
        if per_base > 0:
            self.state.longs_paid += per_base
        else:
            self.state.shorts_paid -= per_base
        self.state.pool_due += mul_div_floor_signed(skew * per_base, 1, RAY)

    def price(self, before: Price, after: Price) -> None:
        """A suspect price begins a stretch or widens the one that lasts."""
        if not suspect(after.flags):
            return
        state, index = self.state, after.index
        if suspect(before.flags):
            state.low, state.high = min(state.low, index), max(state.high, index)
            return
        kept = {"claims": state.claims, "reserve": state.reserve}
        self.state = Escrow(state.period + 1, low=index, high=index, **kept)

    def close(self, index: int) -> bool:
        """A good index ends the stretch: whether it is confirmed."""
        bounds = self.state.low, self.state.high
        near = all(abs(seen - index) * 100 <= index * _NEAR_PERCENT for seen in bounds)
        self.outcomes[self.state.period] = EscrowOutcome.CONFIRMED if near else EscrowOutcome.REJECTED
        return near

    def reject(self) -> bool:
        """A market that ends has no good index to come: False."""
        self.outcomes[self.state.period] = EscrowOutcome.REJECTED
        return False

    def hold(self, account: int, held: Position, tiers: SizeTiers) -> tuple[int, int, int]:
        """Settle a position's part of the open stretch; gives paid, received and surplus, quote WAD."""
        state, claim = self.state, self.claims.get(account, EscrowClaim())
        begun = (claim.longs_paid, claim.shorts_paid) if held.escrowed else (0, 0)
        moved = state.longs_paid - begun[0], state.shorts_paid - begun[1]
        paid, received, surplus = due_between(held.size, tiers, *moved)
        self.claims[account] = EscrowClaim(
            state.period,
            claim.forfeited,
            claim.paid + paid,
            claim.received + received,
            claim.surplus + surplus,
            state.longs_paid,
            state.shorts_paid,
        )
        state.claims += claim.period == 0
        state.reserve += paid
        held.escrowed = True
        return paid, received, surplus

    def forfeit(self, account: int) -> None:
        """The account left a debt behind: its claim is whose that pays."""
        if account in self.claims:
            self.claims[account] = replace(self.claims[account], forfeited=True)

    def release(self, account: int, held: Position | None) -> Release | None:
        """Take a decided claim out; its position goes on from the confirmed pair. None if there is none."""
        claim = self.claims.get(account)
        outcome = self.outcomes.get(claim.period) if claim is not None else None
        if claim is None or outcome is None:
            return None
        del self.claims[account]
        self.state.claims -= 1
        self.state.reserve -= claim.paid
        confirmed = outcome is EscrowOutcome.CONFIRMED
        if held is not None and held.escrowed:
            held.escrowed = False
            held.longs_paid += claim.longs_paid if confirmed else 0
            held.shorts_paid += claim.shorts_paid if confirmed else 0
        return Release(claim, claim.received if confirmed else claim.paid, confirmed)
