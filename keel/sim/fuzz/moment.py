"""One moment of the protocol as the model sees it: books, funding up to now, health; all on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keel.model import pool
from keel.model.fixed import mul_div_floor_signed
from keel.model.funding import due
from keel.model.ledger.books import STATUS_SHUT
from keel.model.market_set import iterate
from keel.model.records import Escrow, Health, Market, MarketConfig, MarketLinks, Position, SizeTiers
from keel.model.validity import Defect, Price, Validity, suspect, validity
from keel.sim.fuzz.funding_contract import FundingContract
from keel.sim.fuzz.ghost import Stretch
from keel.sim.fuzz.kinds import Worth, worth
from keel.sim.fuzz.margins import Part, multiplier, netted, part
from keel.sim.fuzz.reader import Books
from keel.sim.fuzz.touch import Due, Touch, accrue, released, touch
from keel.units import BPS, WAD

# As integers: this is asked often, and flags of an enumeration are slow.
_DOUBT, _GRACE = int(Defect.UNCERTAIN | Defect.VOLATILE), int(Defect.SEQUENCER_GRACE)

# What an amount due follows from, and the amount.
_Known = tuple[Position, SizeTiers, tuple[int, int], Due]


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of a market in force, its funding model, and times of the guardian's restriction.

    Attributes:
        until: From when on anyone may lift it, seconds; 0 = there is none.
        rested_at: From when on the guardian may restrict the market anew, seconds.
    """

    config: MarketConfig
    links: MarketLinks
    funding: FundingContract
    until: int
    rested_at: int


class Moment:
    """Books at one time with what follows from them.

    Args:
        books: The books.
        rules: By market id.
        earlier: A moment whose results may be taken over where nothing has changed.
    """

    __slots__ = ("_dues", "_factors", "_health", "_markets", "_validity", "books", "rules")

    def __init__(self, books: Books, rules: Mapping[int, Rules], earlier: "Moment | None" = None) -> None:
        self.books, self.rules = books, rules
        self._dues: dict[tuple[int, int], _Known] = {}
        self._factors: dict[int, int] = {}
        self._health: dict[int, Health] = {}
        self._validity: dict[int, Validity] = {}
        self._markets: dict[int, tuple[Market, Escrow, Rules, tuple[Market, Escrow]]] = {}
        if earlier is not None and earlier.books.now == books.now:
            self._dues.update(earlier._dues)
            self._markets.update(earlier._markets)
            if earlier.rules is rules:
                self._take_validity(earlier)

    def _take_validity(self, earlier: "Moment") -> None:
        for market, known in earlier._validity.items():
            if earlier.books.markets[market].price == self.books.markets[market].price:
                self._validity[market] = known

    @property
    def now(self) -> int:
        """Block time, seconds."""
        return self.books.now

    def market(self, market: int) -> Market:
        """A market with its funding accrued up to now, as `marketNow` shows it."""
        return self._accrued(market)[0]

    def escrow(self, market: int) -> Escrow:
        """A market's escrow with funding accrued up to now."""
        return self._accrued(market)[1]

    def health(self, place: int) -> Health:
        """Health of an account, as `healthOf` shows it where that does not revert."""
        known = self._health.get(place)
        if known is None:
            known = self._health[place] = self._health_of(place)
        return known

    def holdings(self, place: int) -> dict[int, int]:
        """What an account has of kinds of collateral, token units."""
        return {kind: tokens for (who, kind), tokens in self.books.holdings.items() if who == place}

    def worth(self, place: int) -> Worth:
        """What an account's collateral counts for."""
        return worth(self.books.kinds, self.holdings(place), self.books.now)

    def with_price(self, kind: int, price: Price) -> "Moment":
        """This moment with another price of a kind."""
        books = self.books.copy()
        books.kinds = {**books.kinds, kind: replace(books.kinds[kind], price=price)}
        return Moment(books, self.rules, self)

    def position(self, place: int, market: int) -> Position:
        """A position as stored."""
        return self.books.positions[place, market]

    def part(self, place: int, market: int) -> Part:
        """What a position asks for by itself."""
        size = self.books.positions[place, market].size
        return part(self.market(market), self.rules[market].config, size, self._factor(market))

    def held(self, place: int) -> list[int]:
        """Markets in which an account has a position, in the order in which the core walks them."""
        return list(iterate(self.books.accounts[place].markets))

    def due(self, place: int, market: int) -> Due:
        """What a position owes (ceil), is owed (floor), and the surplus in the first, at the live indices."""
        m, position = self.market(market), self.books.positions[place, market]
        if position.escrowed:
            position = released(position, self.books.claims[place, market], self.stretch(place, market))
        tiers, indices = self.rules[market].config.tiers, (m.longs_paid, m.shorts_paid)
        known = self._dues.get((place, market))
        if known is not None and known[0] is position and known[1] is tiers and known[2] == indices:
            return known[3]
        owed = due(m, tiers, position)
        self._dues[place, market] = (position, tiers, indices, owed)
        return owed

    def stretch(self, place: int, market: int) -> Stretch | None:
        """The stretch of suspect prices on which an account has a claim."""
        period, seen = self.books.claims[place, market].period, self.books.stretches.get(market, ())
        # A hub that does not do as its twin says may know of stretches that nobody else saw.
        return seen[period - 1] if 0 < period <= len(seen) else None

    def credit(self, place: int, market: int) -> int | None:
        """What claiming would bring, quote WAD, forfeited or not; None if nothing is decided."""
        stretch, claim = self.stretch(place, market), self.books.claims[place, market]
        if stretch is None or stretch.confirmed is None:
            return None
        return claim.received if stretch.confirmed else claim.paid

    def touch(self, place: int, market: int) -> Touch:
        """What touching a position now would do before anything else."""
        m, escrow = self._accrued(market)
        books, tiers = self.books, self.rules[market].config.tiers
        key = place, market
        return touch(m, escrow, tiers, books.positions[key], books.claims[key], self.stretch(*key))

    def touched_health(self, place: int, market: int) -> Health:
        """Health of an account as a call on one of its positions sees it, after touching that position."""
        health, done = self.health(place), self.touch(place, market)
        # A claim of an open position counts already, though not as money to withdraw.
        credit = 0 if done.claim.forfeited else done.credit
        known = done.credit if self.books.positions[place, market].escrowed else 0
        moved = credit - known
        return replace(
            health,
            equity=health.equity + moved,
            equity_worse=health.equity_worse + moved,
            equity_better=health.equity_better + moved,
            withdrawable=health.withdrawable + credit,
        )

    def validity(self, market: int) -> Validity:
        """Validity of a market's price."""
        known = self._validity.get(market)
        if known is None:
            config, price = self.rules[market].config, self.books.markets[market].price
            shut = config.status == STATUS_SHUT
            fresh, stale = config.fresh_seconds, config.stale_seconds
            known = Validity.VALID if shut else validity(price, fresh, stale, self.books.now)
            self._validity[market] = known
        return known

    def depth(self, market: int) -> int:
        """Curve depth, base WAD."""
        return pool.depth(self.rules[market].config.depth_per_share, self.books.markets[market].shares)

    def equity(self, market: int, price: int) -> int:
        """Pool equity with funding up to now at an index price (WAD), quote WAD, floor."""
        m = self.market(market)
        return pool.equity(m.cash, m.open_notional, price, self.depth(market), m.skew)

    def utilization(self, market: int) -> int:
        """Pool utilization at the index, WAD."""
        m = self.market(market)
        index = m.price.index
        exposure = self.rules[market].config.max_exposure_ppm
        return pool.utilization(index, m.skew, self.equity(market, index), exposure)

    def _accrued(self, market: int) -> tuple[Market, Escrow]:
        stored, escrow, rules = self.books.markets[market], self.books.escrows[market], self.rules[market]
        known = self._markets.get(market)
        if known is not None and known[0] is stored and known[1] is escrow and known[2] is rules:
            return known[3]
        accrued = accrue(stored, escrow, rules.config, rules.funding, self.books.now)
        self._markets[market] = (stored, escrow, rules, accrued)
        return accrued

    def _factor(self, market: int) -> int:
        """Multiplier of the initial margin, 1e-6."""
        known = self._factors.get(market)
        if known is None:
            known = self._factors[market] = multiplier(self.market(market), self.rules[market].config)
        return known

    def _health_of(self, place: int) -> Health:
        account = self.books.accounts[place]
        equity = worse = better = withdrawable = account.balance
        if account.collateral:
            counts = self.worth(place)
            equity, worse = equity + counts.value, worse + counts.worse
            better, withdrawable = better + counts.better, withdrawable + counts.worse
        parts: list[Part] = []
        worst = Validity.VALID
        for market in iterate(account.markets):
            m, config = self.market(market), self.rules[market].config
            position = self.books.positions[place, market]
            worst = max(worst, self.validity(market))
            paid, received, _ = self.due(place, market)
            credit = (self.credit(place, market) or 0) if position.escrowed else 0
            held = self.touch(place, market).hold[0] if suspect(m.price.flags) else 0
            carried = received - paid - position.notional
            pnl = mul_div_floor_signed(position.size, m.price.index, WAD) + carried
            at_twap = mul_div_floor_signed(position.size, m.price.twap, WAD) + carried
            doubt = abs(position.size) * m.price.index * m.price.spread_bps // (WAD * BPS)
            low = min(pnl - doubt, at_twap)
            credit -= held
            equity, worse = equity + pnl + credit, worse + low + credit
            better += _in_favour(m.price.flags, pnl, doubt, at_twap) + credit
            withdrawable += min(low, 0) - held
            parts.append(part(m, config, position.size, self._factor(market)))
        asked = netted(parts)
        return Health(equity, worse, better, withdrawable, *asked, worst)


def _in_favour(flags: int, pnl: int, doubt: int, at_twap: int) -> int:
    """Profit for a liquidation: at the index; in doubt at its better side, or at TWAP but not in grace."""
    if not flags & _DOUBT:
        return pnl
    return pnl + doubt if flags & _GRACE else max(pnl + doubt, at_twap)
