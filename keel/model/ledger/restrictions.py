"""Twin of `governance/Restrictions.sol`: who tightens a market's status, for how long, and who loosens it."""

from dataclasses import replace

from keel.model.cold_records import Restriction
from keel.model.errors import Refused
from keel.model.ledger.books import (
    STATUS_CLOSED,
    STATUS_OPEN,
    STATUS_REDUCE_ONLY,
    STATUS_RESOLVING,
    Books,
)

TERM = 7 * 86_400


class Restrictions(Books):
    """Status of every market. Roles are not checked here."""

    def restrict_market(self, now: int, sender: str, market: int, level: int) -> None:
        """Tighten a market's status for `TERM`: the guardian, who then rests for as long.

        Args:
            now: Block time, seconds.
            sender: The guardian.
            market: Market id.
            level: 2 no new risk, 3 also no exits of liquidity; above the present status.
        """
        status, last = self._status_of(market), self.restriction_of(market)
        if now >= last.until:
            if now < last.rested_at:
                raise Refused("GuardianRests", market, last.rested_at)
            # What has lapsed counts as lifted, whether anyone lifted it or not.
            status = last.standing if last.until else status
            last = Restriction(sender, now + TERM, now + 2 * TERM, status)
        self._set_level(market, level, status + 1, replace(last, by=sender))

    def lift_market(self, now: int, market: int) -> None:
        """End a guardian's restriction whose time is over. Anyone."""
        last = self.restriction_of(market)
        if last.until == 0 or now < last.until:
            raise Refused("NothingToLift", market, last.until)
        # A market that had to share out a loss is reopened by governance alone.
        held = self._liquidation_book(market).held
        standing = max(last.standing, STATUS_REDUCE_ONLY) if held else last.standing
        rested = Restriction(rested_at=last.rested_at, standing=standing)
        self._set_level(market, standing, standing, rested)

    def hold_market(self, market: int, level: int) -> None:
        """Restrict a market until governance reopens it."""
        self._govern(market, level, STATUS_REDUCE_ONLY)

    def reopen_market(self, market: int) -> None:
        """Take new risk again."""
        self._govern(market, STATUS_OPEN, STATUS_OPEN)

    def restriction_of(self, market: int) -> Restriction:
        """What the guardian did to a market last."""
        return self.restrictions.get(market, Restriction())

    def _govern(self, market: int, status: int, least: int) -> None:
        self._status_of(market)
        self._set_level(market, status, least, Restriction())
        self.liquidation_books[market] = replace(self._liquidation_book(market), held=False)

    def _set_level(self, market: int, status: int, least: int, restriction: Restriction) -> None:
        if self.configs[market].status >= STATUS_RESOLVING:
            raise Refused("MarketShut", market)
        if not least <= status <= STATUS_CLOSED:
            raise Refused("ParameterOutOfBounds", "status", status, least, STATUS_CLOSED)
        self.restrictions[market] = restriction
        self._set_status(market, status)

    def _status_of(self, market: int) -> int:
        config = self.configs.get(market)
        if config is None:
            raise Refused("MarketUnknown", market)
        return config.status
