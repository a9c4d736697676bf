"""One market on exact rationals: the world of the theorem that nothing is to be had for nothing.

    value        V_D(q) = P * D * q / (D - q),  D = kappa * S
    equity       E = K - V_D(q),  K = pool cash + open notional
    trade d      pays V_D(q + d) - V_D(q) into K
    deposit a    mints a * S / E shares
    redeem s     pays s * E / S - (V_D'(q) - V_D(q)),  D' = kappa * (S - s)

Theorem. At a constant index and without any fee, a set of accounts that trade, deposit and redeem in any
order and in the end close all positions and redeem all shares has not gained, whatever others hold.

Proof. A trade and a redemption leave E / S as it is; a deposit does not lower it, since V_D(q) falls in D for
either sign of q: what the deeper curve takes from the traders' exit value stays in the pool. When the set has
left, q and S are what they were, so E has not fallen, so K has not, and K is what the set has paid in.

The charge is what makes it true: without it a redemption lowers E / S by what the shallower curve hands to
the traders. The theorem counts shares at their exit value with its sign; `World.worth` says what that means.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction

from keel.model.errors import Refused

ZERO = Fraction(0)


@dataclass(slots=True)
class Pool:
    """A pool and its curve.

    Attributes:
        index: Price (P), quote per base, constant.
        depth_per_share: Base per share (kappa).
        claims: Pool cash and open notional together (K), quote.
        skew: Net trader position (q), base.
        shares: Pool shares (S).
        band: Largest |q| / D that trades and redemptions may leave.
        charged: Whether a redemption pays for the depth it takes away.
    """

    index: Fraction
    depth_per_share: Fraction
    claims: Fraction
    skew: Fraction
    shares: Fraction
    band: Fraction = Fraction(3, 10)
    charged: bool = True

    @property
    def depth(self) -> Fraction:
        """Curve depth (D), base."""
        return self.depth_per_share * self.shares

    @property
    def equity(self) -> Fraction:
        """What is left for the pool if every trader closed now (E), quote."""
        return self.claims - self.value(self.depth, self.skew)

    def value(self, depth: Fraction, skew: Fraction) -> Fraction:
        """What the traders together would receive by closing `skew` (V), quote."""
        return self.index * depth * skew / (depth - skew)

    def cost(self, size: Fraction) -> Fraction:
        """Quote for moving the net position by `size`; negative = received."""
        return self.value(self.depth, self.skew + size) - self.value(self.depth, self.skew)

    def redemption(self, shares: Fraction) -> Fraction:
        """What redeeming pays, quote; negative when the charge is more than the shares are worth."""
        after = self.depth_per_share * (self.shares - shares)
        charge = self.value(after, self.skew) - self.value(self.depth, self.skew) if self.charged else ZERO
        return shares * self.equity / self.shares - charge

    def trade(self, size: Fraction) -> Fraction:
        """Move the net position; gives the cost. Refused beyond the band, away from zero."""
        after = self.skew + size
        towards_zero = abs(after) <= abs(self.skew) and (after > 0) == (self.skew > 0)
        if abs(after) > self.band * self.depth and not towards_zero:
            raise Refused("BandExceeded", after)
        paid = self.cost(size)
        self.claims += paid
        self.skew = after
        return paid

    def deposit(self, assets: Fraction) -> Fraction:
        """Add assets; gives the shares minted. Refused without equity to price a share with."""
        if self.equity <= 0:
            raise Refused("NoEquity", self.equity)
        minted = assets * self.shares / self.equity
        self.claims += assets
        self.shares += minted
        return minted

    def redeem(self, shares: Fraction) -> Fraction:
        """Burn shares; gives what is paid. Refused beyond the band, and where nothing would be paid."""
        after = self.depth_per_share * (self.shares - shares)
        if after <= 0 or abs(self.skew) > self.band * after:
            raise Refused("BandExceeded", self.skew)
        paid = self.redemption(shares)
        if paid <= 0:
            raise Refused("DustAmount", shares)
        self.claims -= paid
        self.shares -= shares
        return paid


@dataclass(slots=True)
class Member:
    """One account of the closed set: gain so far (quote), position (base) and pool shares."""

    gain: Fraction = ZERO
    size: Fraction = ZERO
    shares: Fraction = ZERO


@dataclass(slots=True)
class World:
    """A closed set of accounts in a market where others hold what is left of `pool`.

    Attributes:
        pool: The market.
        members: The closed set; nobody outside acts.
    """

    pool: Pool
    members: list[Member] = field(default_factory=list)

    def trade(self, member: Member, size: Fraction) -> None:
        """Trade for a member; margin plays no role."""
        member.gain -= self.pool.trade(size)
        member.size += size

    def deposit(self, member: Member, assets: Fraction) -> None:
        """Deposit for a member."""
        member.shares += self.pool.deposit(assets)
        member.gain -= assets

    def redeem(self, member: Member, shares: Fraction) -> None:
        """Redeem shares that the member holds."""
        if not 0 < shares <= member.shares:
            raise Refused("DustAmount", shares)
        member.gain += self.pool.redeem(shares)
        member.shares -= shares

    def leave(self, order: Iterable[Member]) -> None:
        """Let members close and redeem, one after the other, as far as the market allows."""
        for member in order:
            if member.size:
                _attempt(self.trade, member, -member.size)
            if member.shares:
                _attempt(self.redeem, member, member.shares)

    def worth(self, *, abandon: bool = False) -> Fraction:
        """Gain of the set, with what it still holds marked at exit: positions closed, then shares redeemed.

        Args:
            abandon: Count shares whose redemption would cost more than it pays as worthless, not as a debt.
                The set may then have gained at the expense of traders outside, whose exit value its deposit
                lowered for good; that needs a pool with E / S < kappa * P * (q / (D - q))^2.
        """
        size = sum((member.size for member in self.members), ZERO)
        shares = sum((member.shares for member in self.members), ZERO)
        gain = sum((member.gain for member in self.members), ZERO)
        paid = self.pool.cost(-size)
        closed = replace(self.pool, claims=self.pool.claims + paid, skew=self.pool.skew - size)
        marked = closed.redemption(shares)
        return gain - paid + (max(marked, ZERO) if abandon else marked)


def _attempt(action: Callable[[Member, Fraction], None], member: Member, amount: Fraction) -> None:
    with suppress(Refused):
        action(member, amount)
