"""The monitor: what whoever holds a position should look at, five points, from a snapshot alone.

The points are those of the usual checklist for funding (mission row 72): premium, interest, timing, the
margin of the whole account, and a price that may be stale or wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from keel.keepers.snapshot import AccountState, Snapshot
from keel.model.validity import Validity
from keel.units import WAD, format_units

EIGHT_HOURS = 28_800
_BP_DECIMALS = 14
_GOOD = (Validity.VALID, Validity.SHORT_TWAP)


class Point(StrEnum):
    """What an alert is about."""

    PREMIUM = "premium"
    INTEREST = "interest"
    TIMING = "timing"
    MARGIN = "margin"
    ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at.

    Attributes:
        point: What it is about.
        subject: Account id, or 0 for the market.
        text: One line for people.
    """

    point: Point
    subject: int
    text: str


@dataclass(frozen=True, slots=True)
class Monitor:
    """Raises alerts; what to do about them is the holder's.

    Attributes:
        premium: Distance of mark from index, WAD.
        interest: Interest per 8 h, WAD.
        rate: Rate per 8 h worth a reminder before the usual settlement times, WAD.
        ahead: How long before 00, 08 and 16 UTC the reminder comes, seconds.
        margin_ratio: Equity of a whole account over its maintenance, WAD.
    """

    premium: int = WAD // 100
    interest: int = 3 * WAD // 10_000
    rate: int = WAD // 1_000
    ahead: int = 900
    margin_ratio: int = 3 * WAD // 2

    def alerts(self, seen: Snapshot) -> list[Alert]:
        """What deserves a look now, market first, then accounts by id."""
        return [*self._of_market(seen), *self._of_accounts(seen)]

    def _of_market(self, seen: Snapshot) -> Iterator[Alert]:
        market = seen.market
        if abs(market.premium) >= self.premium:
            yield Alert(Point.PREMIUM, 0, f"mark {_bp(market.premium)} bp from index")
        if abs(market.interest) >= self.interest:
            yield Alert(Point.INTEREST, 0, f"interest at {_bp(market.interest)} bp per 8 h")
        left = EIGHT_HOURS - seen.time % EIGHT_HOURS
        if abs(market.rate) >= self.rate and left <= self.ahead:
            pay = f"{'longs' if market.rate > 0 else 'shorts'} pay {_bp(abs(market.rate))} bp per 8 h"
            yield Alert(Point.TIMING, 0, f"funding time in {left} s: {pay}")
        if market.validity not in _GOOD:
            name = market.validity.name.title().replace("_", "")
            yield Alert(Point.ORACLE, 0, f"price is {name}, {seen.price_age} s old")

    def _of_accounts(self, seen: Snapshot) -> Iterator[Alert]:
        for account in sorted(seen.accounts.values(), key=lambda one: one.id):
            if account.maintenance and account.margin_ratio < self.margin_ratio:
                yield Alert(Point.MARGIN, account.id, f"margin ratio {_ratio(account)}")


def _bp(rate: int) -> str:
    return format_units(rate // 10 ** (_BP_DECIMALS - 2), 2)


def _ratio(account: AccountState) -> str:
    return format_units(account.margin_ratio // 10**16, 2)
