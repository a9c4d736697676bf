"""Writes down what happens in a market day, from outcomes, events and snapshots."""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from decimal import Decimal

from keel.analytics.books import Books
from keel.analytics.proof import Check
from keel.analytics.record import DayRecord, LiquidationEvent, Origin, Sample, Tally, Trader
from keel.analytics.tape import Entry
from keel.config.deployment import MarketSettings
from keel.config.funding import LayeredSettings
from keel.errors import ConfigError
from keel.keepers.actions import AddMargin, Liquidate, Unwind
from keel.keepers.executor import Outcome
from keel.keepers.monitor import Monitor, Point
from keel.keepers.snapshot import Snapshot
from keel.model.fixed import div
from keel.model.layered import layers, to_rate
from keel.sim.candles import PRICE_DECIMALS
from keel.sim.cast import Player
from keel.sim.notes import Notes
from keel.sim.paths import Step
from keel.sim.setting import DaySettings
from keel.units import BPS, RAY, WAD, WAD_DECIMALS, parse_wad, rescale, token_to_wad


class Recorder:
    """Keeps the record of a day.

    Args:
        books: Books that all events go through.
        market: Market id.
        cast: Participants.
        day: Settings.
    """

    def __init__(self, books: Books, market: int, cast: Sequence[Player], day: DaySettings) -> None:
        self.liquidations: list[LiquidationEvent] = []
        self._books, self._market, self._day = books, market, day
        self._names = {player.account: player.name for player in cast if player.account is not None}
        owners = {player.owner: player.name for player in reversed(cast) if player.account is None}
        self._writer = Notes(owners, self._names, day.deployment.token_decimals)
        self._slow_weight = parse_wad(_layered(day.deployment.markets[0]).slow_weight)
        self._samples: list[Sample] = []
        self._notes: list[tuple[int, str]] = []
        self._monitor = Monitor()
        self._alerted: set[tuple[Point, int]] = set()
        self._tally = Tally()
        self._shortfalls: dict[int, int] = {}
        self._seen_ratios: dict[int, int] = {}
        self._paid_in = {player.account: player.margin for player in cast}

    def enter(self, time: int, outcomes: Sequence[Outcome], entries: Sequence[Entry]) -> None:
        """Outcomes of the step at `time`, and all events since the last one."""
        self._books.read(entries)
        for outcome in outcomes:
            if outcome.refusal is not None:
                self._tally.refusals[type(outcome.action).__name__, outcome.refusal.error] += 1
                continue
            self._tally.transactions += 1
            match outcome.action:
                case AddMargin(account, tokens):
                    self._paid_in[account] += tokens
                case Liquidate(account, ratio):
                    self._seen_ratios[account] = ratio
                case Unwind():
                    self._tally.unwound += 1
            note = self._writer.of(outcome)
            if note is not None:
                self._notes.append((time, note))
        for entry in entries:
            self._event(entry)

    def sample(self, step: Step, seen: Snapshot) -> Sample:
        """The state at the end of a step."""
        market = seen.market
        fast, slow, skew = (to_rate(layer) for layer in layers(market.funding_state)[:3])
        weight = self._slow_weight
        accounts = [seen.accounts[account] for account in self._names]
        taken = Sample(
            time=seen.time,
            outside=rescale(step.price, PRICE_DECIMALS, WAD_DECIMALS),
            index=market.index,
            twap=market.twap,
            mark=market.mark,
            premium=market.premium,
            rate=market.rate,
            interest=market.interest,
            layers=(div(fast * (WAD - weight), WAD), div(slow * weight, WAD), skew),
            net_index=div((market.longs_paid - market.shorts_paid) * WAD, RAY),
            long_interest=market.long_interest,
            short_interest=market.short_interest,
            utilization=market.utilization,
            equity=market.equity,
            earned=copy(self._books.markets[self._market].report),
            insurance=self._books.insurance,
            sigma=market.sigma,
            validity=market.validity,
            ratios=tuple(a.margin_ratio if a.size else None for a in accounts),
            account_equity=tuple(a.equity for a in accounts),
        )
        self._watch(seen)
        self._samples.append(taken)
        self._tally.steps += 1
        return taken

    def _watch(self, seen: Snapshot) -> None:
        """Note what the monitor says, once as long as it goes on saying it."""
        alerts = {(alert.point, alert.subject): alert for alert in self._monitor.alerts(seen)}
        for alert in (alert for key, alert in alerts.items() if key not in self._alerted):
            who = f"{self._names[alert.subject]}: " if alert.subject else ""
            self._notes.append((seen.time, f"alert: {who}{alert.text}"))
        self._alerted = set(alerts)

    def finish(self, checks: Sequence[Check]) -> DayRecord:
        """The whole record."""
        day = self._day
        market = day.deployment.markets[0]
        origin = Origin(
            source=day.candles.source,
            real=day.real,
            seed=day.seed,
            outage=(day.outage.start, day.outage.end),
            market=market.name,
            parameters=_parameters(market),
        )
        return DayRecord(
            origin,
            self._traders(),
            self._samples,
            self.liquidations,
            self._notes,
            self._tally,
            checks,
            self._books.markets[self._market].report,
        )

    def _traders(self) -> list[Trader]:
        liquidated = Counter(event.trader for event in self.liquidations)
        decimals = self._day.deployment.token_decimals
        last = self._samples[-1].account_equity
        return [
            Trader(name, token_to_wad(self._paid_in[account], decimals), equity, liquidated[name])
            for (account, name), equity in zip(self._names.items(), last, strict=True)
        ]

    def _event(self, entry: Entry) -> None:
        args, tally = entry.log.args, self._tally
        match entry.log.event:
            case "Traded":
                tally.trades += 1
                tally.volume += abs(args["fill"].cost)
            case "BadDebtCovered":
                tally.from_insurance += args["fromInsurance"]
                tally.from_pool += args["fromPool"]
                self._shortfalls[args["account"]] = args["fromInsurance"] + args["fromPool"]
            case "Liquidated" | "Absorbed":
                self._liquidated(entry)

    def _liquidated(self, entry: Entry) -> None:
        args = entry.log.args
        fill = args["fill"]
        self._tally.volume += abs(fill.cost)
        self._tally.penalties += args["penalty"]
        self._tally.rewards += args["reward"]
        self.liquidations.append(
            LiquidationEvent(
                time=entry.at,
                trader=self._names[args["account"]],
                tier=args["tier"],
                size=fill.size,
                left=fill.sizeAfter,
                price=abs(fill.cost) * WAD // abs(fill.size),
                ratio=self._seen_ratios.pop(args["account"]),
                penalty=args["penalty"],
                reward=args["reward"],
                shortfall=self._shortfalls.pop(args["account"], 0),
                absorbed=entry.log.event == "Absorbed",
            )
        )


def _parameters(market: MarketSettings) -> dict[str, str]:
    """Name to value, as people write them."""
    funding, feed = _layered(market), market.feed
    first, last = market.brackets[0], market.brackets[-1]
    return {
        "taker fee + deviation fee": f"{_bps(market.taker_fee)} + {_bps(market.deviation_fee)} bp",
        "insurance share of fees": _percent(market.insurance_fee_share),
        "depth per pool share": f"{market.depth_per_share:f} base",
        "largest net position": f"{_percent(market.max_skew)} of depth, "
        f"{_percent(market.max_exposure)} of equity",
        "maintenance / initial margin": f"{_percent(first.maintenance)} / {_percent(first.initial)} (first "
        f"bracket) to {_percent(last.maintenance)} / {_percent(last.initial)} (last)",
        "initial margin multiplier": f"volatility / {_percent(market.base_sigma)}, 1 to 4",
        "liquidation penalty": f"{_percent(market.penalty_min)} to {_percent(market.penalty_max)}, "
        f"{_percent(market.keeper_share)} of it to the keeper",
        "funding caps per 8 h": f"{_percent(funding.cap_longs_pay)} / {_percent(funding.cap_shorts_pay)}",
        "funding layers": f"fast {funding.fast_seconds} s, slow {funding.slow_seconds} s "
        f"(weight {_percent(funding.slow_weight)}), skew {funding.skew_seconds} s",
        "price fresh / stale after": f"{market.fresh_seconds} / {market.stale_seconds} s",
        "volatile beyond": f"{_percent(feed.max_volatile)} from the 5-minute TWAP",
        "redemption cooldown": f"{market.cooldown_seconds} s",
    }


def _layered(market: MarketSettings) -> LayeredSettings:
    """Parameters of the model whose layers a day shows."""
    if not isinstance(market.funding, LayeredSettings):
        model = market.funding.model
        raise ConfigError(
            f"a market day shows the layers of a rate, the {model} model has none", "use layered"
        )
    return market.funding


def _percent(fraction: Decimal) -> str:
    return f"{(fraction * 100).normalize():f} %"


def _bps(fraction: Decimal) -> str:
    return f"{(fraction * BPS).normalize():f}"
