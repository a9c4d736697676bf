"""One market as its events tell it."""

from dataclasses import dataclass, field

from keel.analytics.escrow_book import EscrowBook
from keel.analytics.pool_report import PoolReport
from keel.model import curve, pool
from keel.model.records import Market, MarketConfig, MarketLinks


@dataclass(slots=True)
class MarketBook:
    """A market as its events tell it.

    Attributes:
        config: Parameters.
        links: Vault, oracle and cold parameters.
        state: Moving state. `stress` and `ramp` stay as they began: how far a rate is from its mean is the
            model's to say, and the ramp of maintenance follows it.
        report: What changed the pool's equity.
        escrow: Funding at suspect prices.
        traders_paid: Funding that traders paid, into the escrow as well, less what they received, quote WAD.
        surplus: Part of what traders paid that size tiers added; it went to insurance, quote WAD.
        forfeited: Claims of bankrupt accounts that went to insurance, quote WAD.
        swept: Funding dust that went to insurance, quote WAD.
        resolution_price: Price of the present or last resolution, WAD.
        counted: Profit of each account that the present resolution counted, quote WAD.
        profits: Their sum once all are counted; `cut` is what they give.
    """

    config: MarketConfig
    links: MarketLinks
    state: Market
    report: PoolReport = field(default_factory=PoolReport)
    escrow: EscrowBook = field(default_factory=EscrowBook)
    traders_paid: int = 0
    surplus: int = 0
    forfeited: int = 0
    swept: int = 0
    resolution_price: int = 0
    counted: dict[int, int] = field(default_factory=dict)
    profits: int = 0
    cut: int = 0

    @property
    def depth(self) -> int:
        """Curve depth, base WAD."""
        return pool.depth(self.config.depth_per_share, self.state.shares)

    def value(self) -> int:
        """ceil(V(q)) at the stored index, quote WAD."""
        return curve.value_ceil(self.state.price.index, self.depth, self.state.skew)

    def equity(self) -> int:
        """Pool equity E = C + N - ceil(V(q)), quote WAD."""
        return self.state.cash + self.state.open_notional - self.value()
