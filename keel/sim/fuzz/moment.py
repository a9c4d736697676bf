"""One moment of the protocol as the model sees it: books, funding up to now, health; all on demand."""

from collections.abc import Mapping
from dataclasses import dataclass

from keel.model import margin, pool
from keel.model.fixed import div, mul_div_ceil, mul_div_floor_signed
from keel.model.funding import due
from keel.model.funding_view import input_of
from keel.model.margin import Brackets
from keel.model.market_set import iterate
from keel.model.records import Health, Market, MarketConfig, MarketLinks, Position, SizeTiers
from keel.model.validity import Validity, validity
from keel.sim.fuzz.funding_contract import FundingContract
from keel.sim.fuzz.reader import Books
from keel.units import BPS, RAY, WAD

# What an amount due follows from, and the amount.
_Due = tuple[Position, SizeTiers, tuple[int, int], tuple[int, int, int]]

# Stress is counted in eighths of a standard deviation, up to four.
_EIGHTHS = 8
_MAX_STRESS = 32


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of a market in force, and its funding model."""

    config: MarketConfig
    links: MarketLinks
    funding: FundingContract


class Moment:
    """Books at one time with what follows from them.

    Args:
        books: The books.
        rules: By market id.
        earlier: A moment whose results may be taken over where nothing has changed.
    """

    __slots__ = ("_dues", "_health", "_markets", "_validity", "books", "rules")

    def __init__(self, books: Books, rules: Mapping[int, Rules], earlier: "Moment | None" = None) -> None:
        self.books, self.rules = books, rules
        self._dues: dict[tuple[int, int], _Due] = {}
        self._health: dict[int, Health] = {}
        self._validity: dict[int, Validity] = {}
        self._markets: dict[int, tuple[Market, Rules, Market]] = {}
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
        stored, rules = self.books.markets[market], self.rules[market]
        known = self._markets.get(market)
        if known is not None and known[0] is stored and known[1] is rules:
            return known[2]
        accrued = accrue(stored, rules, self.books.now)
        self._markets[market] = (stored, rules, accrued)
        return accrued

    def health(self, place: int) -> Health:
        """Health of an account, as `healthOf` shows it where that does not revert."""
        known = self._health.get(place)
        if known is None:
            known = self._health[place] = self._health_of(place)
        return known

    def position(self, place: int, market: int) -> Position:
        """A position as stored."""
        return self.books.positions[place, market]

    def due(self, place: int, market: int) -> tuple[int, int, int]:
        """What a position owes (ceil), is owed (floor), and the surplus in the first, quote WAD."""
        m, position = self.market(market), self.books.positions[place, market]
        tiers, indices = self.rules[market].config.tiers, (m.longs_paid, m.shorts_paid)
        known = self._dues.get((place, market))
        if known is not None and known[0] is position and known[1] is tiers and known[2] == indices:
            return known[3]
        owed = due(m, tiers, position)
        self._dues[place, market] = (position, tiers, indices, owed)
        return owed

    def validity(self, market: int) -> Validity:
        """Validity of a market's price."""
        known = self._validity.get(market)
        if known is None:
            config, price = self.rules[market].config, self.books.markets[market].price
            known = validity(price, config.fresh_seconds, config.stale_seconds, self.books.now)
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

    def _health_of(self, place: int) -> Health:
        account = self.books.accounts[place]
        equity = worse = better = withdrawable = account.balance
        initial = maintenance = 0
        worst = Validity.VALID
        for market in iterate(account.markets):
            m, config = self.market(market), self.rules[market].config
            position = self.books.positions[place, market]
            worst = max(worst, self.validity(market))
            paid, received, _ = self.due(place, market)
            carried = received - paid - position.notional
            pnl = mul_div_floor_signed(position.size, m.price.index, WAD) + carried
            at_twap = mul_div_floor_signed(position.size, m.price.twap, WAD) + carried
            equity, better = equity + pnl, better + max(pnl, at_twap)
            worse += min(pnl, at_twap)
            withdrawable += min(pnl, at_twap, 0)
            value = mul_div_ceil(abs(position.size), m.price.index, WAD)
            kept, needed = required(config.brackets, value)
            multiplier = margin.volatility_multiplier(m.price.sigma, config.base_sigma_bps)
            maintenance, initial = maintenance + kept, initial + mul_div_ceil(needed, multiplier, WAD)
        return Health(equity, worse, better, withdrawable, initial, maintenance, worst)


def required(b: Brackets, value: int) -> tuple[int, int]:
    """Maintenance and initial margin of a position value, quote WAD, ceil: each rate on its bracket."""
    low = maintenance = initial = 0
    for high, kept, needed in (
        (b.limit1 * WAD, b.maintenance1, b.initial1),
        (b.limit2 * WAD, b.maintenance2, b.initial2),
        (b.limit3 * WAD, b.maintenance3, b.initial3),
        (value, b.maintenance4, b.initial4),
    ):
        if value <= low:
            break
        part = min(value, high) - low
        maintenance, initial, low = maintenance + part * kept, initial + part * needed, high
    return -(-maintenance // BPS), -(-initial // BPS)


def accrue(market: Market, rules: Rules, now: int) -> Market:
    """A market with funding accrued up to `now`: the twin of the core's accrual."""
    elapsed = seconds_to_accrue(market, rules.config, now)
    if elapsed <= 0:
        return market if market.accrued_at == now else _with_funding(market, now, market.funding_state, 0)
    state, integral, deviation = rules.funding.accrue(input_of(market, rules.config, elapsed))
    accrued = _with_funding(market, now, state, div(integral * market.price.index, WAD))
    accrued.stress = min(max(abs(deviation) - 2 * WAD, 0) * _EIGHTHS // WAD, _MAX_STRESS)
    return accrued


def seconds_to_accrue(market: Market, config: MarketConfig, now: int) -> int:
    """Time over which funding accrues if the market is touched now; zero or less: none."""
    return min(market.price.at + config.heartbeat_seconds, now) - market.accrued_at


def _with_funding(market: Market, now: int, state: bytes, per_base: int) -> Market:
    """Book `per_base` (RAY quote per base; longs pay when positive); the pool's part rounds to floor."""
    received = market.skew * per_base // RAY
    return Market(
        market.long_interest,
        market.short_interest,
        now,
        market.open_notional,
        market.cash + received,
        market.longs_paid + max(per_base, 0),
        market.shorts_paid + max(-per_base, 0),
        state,
        market.shares,
        market.stress,
        market.funding_clearing - received,
        market.price,
    )
