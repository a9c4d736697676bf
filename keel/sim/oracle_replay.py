"""Real rounds through a simulated aggregator, ChainlinkSource, hub and core, as a keeper would take them.

A keeper updates the price on a grid of times. Where an update would change nothing but the price's age (the
average has arrived at the index, and no round comes), it is left out: the price history is exact whatever the
pace, and the volatility decays by the same factor in one step as in many.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from keel.config.deployment import DeploymentSettings, load_deployment
from keel.config.feeds import ChainlinkSettings
from keel.errors import DataError
from keel.evm.revm import RevmChain
from keel.model.validity import Defect
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol
from keel.sim.oracle_months import MonthBook, MonthStats, Update
from keel.sim.rounds import ROUND_DECIMALS, Round
from keel.units import parse_units

MARKET = 1
DAY = 86_400

# A move beyond this factor in the whole series is not believable.
_PRICE_RANGE = 20
_REPORT_UPDATES = 500


@dataclass(frozen=True, slots=True)
class RoundReplay:
    """What to replay, and how.

    Attributes:
        name: Name of the market.
        rounds: In order of time, at least two.
        heartbeat: Longest age of an answer, seconds.
        interval: Time between two updates of the keeper, seconds, at least 8.
        days: How much of it; None for all.
    """

    name: str
    rounds: Sequence[Round]
    heartbeat: int
    interval: int = 60
    days: int | None = None

    @property
    def start(self) -> int:
        """First update, seconds since 1970 UTC."""
        return self.tick_from(self.rounds[0].at)

    @property
    def end(self) -> int:
        """No update at or after this time."""
        last = self.rounds[-1].at
        return last if self.days is None else min(last, self.start + self.days * DAY)

    def tick_from(self, time: int) -> int:
        """First update at or after a time."""
        return -(-time // self.interval) * self.interval

    def settings(self) -> DeploymentSettings:
        """The local deployment over one simulated aggregator, with bounds around these prices."""
        preset = load_deployment("local")
        first = Decimal(self.rounds[0].answer).scaleb(-ROUND_DECIMALS)
        source = ChainlinkSettings(
            kind="chainlink", decimals=ROUND_DECIMALS, heartbeat_seconds=self.heartbeat
        )
        bounds = {"min_price": first / _PRICE_RANGE, "max_price": first * _PRICE_RANGE}
        feed = preset.markets[0].feed.model_copy(update={"sources": (source,), **bounds})
        market = preset.markets[0].model_copy(update={"name": self.name, "feed": feed})
        return preset.model_copy(update={"markets": (market,)})


def replay_rounds(
    replay: RoundReplay, follow: Callable[[int, int], None] = lambda _done, _total: None
) -> tuple[MonthStats, ...]:
    """Run it on a chain inside this process.

    Args:
        replay: What to replay.
        follow: Told now and then how many seconds of how many are done.

    Raises:
        DataError: The rounds end before the first update.
    """
    if replay.start >= replay.end:
        raise DataError("the rounds end before the first update", "give more of them, or a shorter interval")
    settings = replay.settings()
    market = settings.markets[0]
    clamp = parse_units(market.feed.clamp, 4)
    book = MonthBook(replay.rounds, replay.interval, market.fresh_seconds, market.stale_seconds, clamp)
    for count, update in enumerate(_updates(replay, settings)):
        book.add(update)
        if count % _REPORT_UPDATES == 0:
            follow(update.time - replay.start, replay.end - replay.start)
    return book.close(replay.end)


def _updates(replay: RoundReplay, settings: DeploymentSettings) -> Iterator[Update]:
    """The updates of the keeper that matter, in order."""
    chain = RevmChain(replay.start - 1)
    protocol = Protocol(chain, deploy(chain, settings))
    sender, aggregator = chain.accounts[0], protocol.market_contracts(MARKET).aggregators[0]
    rounds, place, time = replay.rounds, 0, replay.start
    published = -1
    while time < replay.end:
        chain.warp(time - chain.timestamp())
        while place + 1 < len(rounds) and rounds[place + 1].at <= time:
            place += 1
        if place != published:
            chain.send(aggregator, "setAt", rounds[place].answer, rounds[place].at, sender=sender)
            published = place
        price = protocol.update_price(MARKET, sender).event("PriceStored").args["price"]
        update = Update(time, price.index, price.twap, price.sigma, price.at, Defect(price.flags))
        yield update
        time = _next(replay, update, place)


def _next(replay: RoundReplay, update: Update, place: int) -> int:
    """Time of the next update that matters: the one on the grid, or the last one before something happens."""
    following = update.time + replay.interval
    at_rest = update.index == update.twap and not update.defects
    if not at_rest and not update.invalid:
        return following
    events = [replay.end, _month_end(update.time)]
    if place + 1 < len(replay.rounds):
        events.append(replay.rounds[place + 1].at)
    if not update.invalid:
        events.append(replay.rounds[place].at + replay.heartbeat + 1)
    return max(following, replay.tick_from(min(events)) - replay.interval)


def _month_end(time: int) -> int:
    moment = datetime.fromtimestamp(time, UTC)
    year, month = moment.year + moment.month // 12, moment.month % 12 + 1
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())
