"""Twin of `Keel.sol` and `KeelExtension.sol`: all the parts, upkeep and governance."""

from dataclasses import replace

from keel.model import margin
from keel.model.cold_records import LiquidationBook, Stage, Window
from keel.model.errors import Refused
from keel.model.fixed import cast
from keel.model.funding_view import input_of
from keel.model.ledger.accrual import take_price
from keel.model.ledger.books import (
    STATUS_CLOSED,
    STATUS_REDUCE_ONLY,
    STATUS_RESOLVING,
    STATUS_SHUT,
    same_address,
)
from keel.model.ledger.collateral import Collateral
from keel.model.ledger.insurance import InsuranceLedger
from keel.model.ledger.liquidations import Liquidations
from keel.model.ledger.pools import Pools
from keel.model.ledger.restrictions import Restrictions
from keel.model.ledger.trading import Trading
from keel.model.multiplier import ONE
from keel.model.records import EscrowOutcome, Market, MarketConfig, MarketLinks
from keel.model.validity import Price, suspect


class Ledger(Trading, Liquidations, Pools, InsuranceLedger, Restrictions, Collateral):
    """The whole protocol; see the package. Roles and parameter bounds are not checked here."""

    def accrue(self, now: int, market: int) -> None:
        """Accrue a market's funding up to now."""
        self._store(self._accrue(now, market))

    def store_price(self, now: int, market: int, price: Price) -> None:
        """`updatePrice` with what the oracle answered: accrue at the old price, then store the new one.

        Args:
            now: Block time, seconds.
            market: Market id.
            price: Record that the core stored; ignored when the market has a price of this block.
        """
        accrued = self._accrue(now, market)
        take_price(accrued, price, now)
        self._store(accrued)

    def list_market(self, now: int, config: MarketConfig, links: MarketLinks) -> int:
        """List a market, whose funding starts at rest; gives its id."""
        market = len(self.markets) + 1
        fresh = Market(accrued_at=now, ramp=ONE)
        fresh.funding_state = self._resting_state(fresh, config)
        self.markets[market], self.configs[market], self.links[market] = fresh, config, links
        self.liquidation_books[market] = LiquidationBook(pushed=Window(at=now))
        return market

    def set_market(self, now: int, market: int, config: MarketConfig, links: MarketLinks) -> None:
        """Replace a market's parameters, all but its status, after accruing at the old ones."""
        accrued = self._accrue(now, market)
        m, before = accrued.market, accrued.config
        if before.status >= STATUS_RESOLVING:
            raise Refused("MarketShut", market)
        kept, used = before.depth_per_share, m.long_interest != 0 or m.short_interest != 0
        if used and config.depth_per_share != kept:
            raise Refused("ParameterOutOfBounds", "depthPerShare", config.depth_per_share, kept, kept)
        if used and (config.hedge_percent < before.hedge_percent or config.tiers != before.tiers):
            raise Refused("MarketInUse", market)
        # Higher maintenance comes over hours, not at once.
        m.ramp = cast(margin.damped(m.ramp, before.brackets, config.brackets), 24)
        if m.shares != 0 and not same_address(links.vault, self.links[market].vault):
            raise Refused("NotVault", links.vault)
        if not same_address(config.funding_model, before.funding_model):
            m.funding_state, m.stress = self._resting_state(m, config), 0
        self._store(accrued)
        self.configs[market], self.links[market] = replace(config, status=before.status), links

    def shut_market(self, now: int, market: int) -> None:
        """End a restricted market: every position ends at the stored TWAP, see `resolve`."""
        accrued = self._accrue(now, market)
        m, price = accrued.market, accrued.market.price
        if accrued.config.status not in (STATUS_REDUCE_ONLY, STATUS_CLOSED):
            raise Refused("MarketNotRestricted", market)
        if suspect(price.flags):
            # No good price will come to confirm what waits: it goes back.
            accrued.closed = EscrowOutcome.REJECTED
        m.price = replace(price, index=price.twap, spread_bps=0, flags=0)
        self._store(accrued)
        self._set_status(market, STATUS_SHUT)
        self._resolution_to(
            market,
            number=self.resolution_of(market).number + 1,
            stage=Stage.COUNTING,
            price=price.twap,
            long_left=m.long_interest,
            short_left=m.short_interest,
            deficit=0,
            profits=0,
        )

    def set_insurance_vault(self, vault: str) -> None:
        """Set the insurance vault, while no insurance share exists."""
        if self.insurance_shares != 0:
            raise Refused("NotVault", vault)
        self.insurance_vault = int(vault, 16)

    def _resting_state(self, market: Market, config: MarketConfig) -> bytes:
        model = self.models[int(config.funding_model, 16)]
        return model.initial_state(input_of(market, config, 0))
