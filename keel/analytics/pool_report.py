"""Where a pool's equity came from."""

from dataclasses import dataclass


@dataclass(slots=True)
class PoolReport:
    """Sums since the listing of the market, quote WAD, positive when the pool gained.

    Each term is summed from its own events; none is what is left over. Together they are the change of the
    pool's equity E = C + N - ceil(V(q)), to the wei.

    Attributes:
        fees: Fees less the insurance's part.
        funding: Funding that the pool received as the counterparty of the net position.
        trader_pnl: What traders lost to the pool: minus the change of V at every index move, and cost minus
            the change of V at every fill.
        curve_gain: Minus the change of V wherever the depth changed, plus the charges of redemptions.
        bad_debt: Minus the shortfalls that the pool paid.
        deposits: What liquidity providers paid in.
        redemptions: Minus what they took out, charges included, and what the last share left to
            the insurance.
    """

    fees: int = 0
    funding: int = 0
    trader_pnl: int = 0
    curve_gain: int = 0
    bad_debt: int = 0
    deposits: int = 0
    redemptions: int = 0

    @property
    def earned(self) -> int:
        """What the pool earned: everything but the flows of liquidity providers."""
        return self.fees + self.funding + self.trader_pnl + self.curve_gain + self.bad_debt

    @property
    def total(self) -> int:
        """The change of the pool's equity."""
        return self.earned + self.deposits + self.redemptions
