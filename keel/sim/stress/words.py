"""A study for programs: amounts as exact decimal text, fractions and counts as numbers, times in seconds."""

from typing import Any

from keel.sim.stress.record import Moment, StressRecord, Tally, amplification, fall
from keel.sim.stress.sizing import Sizing
from keel.sim.stress.study import Study, by_hands
from keel.sim.stress.sweep import Line
from keel.sim.stress.window import KNOTS
from keel.units import WAD, format_wad


def as_json(study: Study) -> dict[str, Any]:
    """Every figure of a study; the seconds that replays took are not among them."""
    return {
        "holds": not study.failed,
        "failed": study.failed,
        "fund_used_part": study.used,
        "replays": [_record(record) for record in study.records],
        "seeds": [_line(line) for line in study.lines],
        "frontier": [_line(line) for line in study.frontier],
        "stakes": [_line(line) for line in study.stakes],
        "rallies": [_line(line) for line in study.rallies],
        "hands": [one._asdict() | {"debt": format_wad(one.debt)} for one in by_hands(study.hands)],
    }


def _record(record: StressRecord) -> dict[str, Any]:
    settings = record.settings
    return {
        "window": settings.window.name,
        "real_data": settings.window.real,
        "sources": {name: candles.source for name, candles in settings.window.candles.items()},
        "order_in_candle": list(KNOTS),
        "entry": settings.entry.value,
        "seed": settings.seed,
        "latency_steps": settings.latency,
        "accounts": settings.crowd.accounts,
        "leverage": [settings.crowd.least, settings.crowd.most],
        "short_percent": settings.crowd.short_percent,
        "pool": settings.money.pool,
        "insurance_stake": settings.insurance(),
        "open_interest": format_wad(record.open_interest),
        "herfindahl": record.concentration,
        "markets": [_market(record, place) for place in range(len(record.openings))],
        "bad_debt": {
            "total": format_wad(record.debt),
            "insurance": format_wad(record.total("from_insurance")),
            "pools": format_wad(record.total("from_pool")),
            "beyond_pool_caps": format_wad(record.total("deficit")),
            "given_by_winners": format_wad(record.total("cut")),
            "open": format_wad(record.uncovered),
            "after_insurance": format_wad(record.after_insurance),
        },
        "fund": _fund(record),
        "sizing": {
            "opening": _sizing(record.sizing),
            "before_largest_fall": _sizing(record.later),
            "lens": {"carries": record.bounds.carries, "needed_by_gap_bps": dict(record.bounds.needed)},
        },
        "holds": record.holds,
    }


def _fund(record: StressRecord) -> dict[str, str]:
    """What the insurance had, what came and went, and what it has."""
    return {
        "before": format_wad(record.fund),
        "penalties": format_wad(record.total("penalty") - record.total("reward")),
        "surplus_and_dust": format_wad(record.total("sundry")),
        "own_positions": format_wad(record.total("own_result")),
        "bad_debt": format_wad(-record.total("from_insurance")),
        "assets_after": format_wad(record.cash_end),
        "after": format_wad(record.fund_end),
        "used": format_wad(record.used),
    }


def _market(record: StressRecord, place: int) -> dict[str, Any]:
    opening, tally, moments = record.openings[place], record.tallies[place], record.of(place)
    burst = max(moments, key=lambda moment: moment.liquidated)
    return {
        "market": record.settings.window.markets[place],
        "opened_at": opening.time,
        "accounts": len(opening.values),
        "longs": format_wad(opening.long_value),
        "shorts": format_wad(opening.short_value),
        "limited": opening.limited,
        "highest_leverage": opening.most_leverage / WAD,
        "utilization": opening.utilization / WAD,
        "herfindahl": opening.concentration,
        "steps": len(moments),
        "liquidations": tally.count,
        "liquidated_accounts": len(tally.accounts),
        "liquidated": format_wad(tally.notional),
        "absorbed": {"value": format_wad(tally.absorbed), "count": tally.absorptions},
        "backstop": _backstop(tally, moments[-1]),
        "penalty": format_wad(tally.penalty),
        "reward": format_wad(tally.reward),
        "refused": dict(tally.refusals),
        "largest_burst": {"value": format_wad(burst.liquidated), "count": burst.count, "time": burst.time},
        "index_fall": fall([moment.index for moment in moments]),
        "mark_fall": fall([moment.mark for moment in moments]),
        "amplification": amplification(moments),
        "premium": [min(m.premium for m in moments) / WAD, max(m.premium for m in moments) / WAD],
        "pool": {"before": format_wad(opening.pool), "after": format_wad(moments[-1].equity)},
        "pool_loss": {"most_in_a_day": format_wad(tally.lost), "cap": format_wad(opening.loss_cap)},
        "bad_debt": format_wad(tally.debt),
        "deficit": format_wad(tally.deficit),
        "resolutions": tally.resolutions,
        "pool_drawdown": fall([moment.equity for moment in moments]),
    }


def _backstop(tally: Tally, last: Moment) -> dict[str, Any]:
    """What became of the insurance's own position."""
    return {
        "most_held": format_wad(tally.most_held),
        "unwound": format_wad(tally.unwound),
        "pieces": tally.pieces,
        "refused": dict(tally.upkeep_refusals),
        "held_at_end": format_wad(last.held),
        "brought": format_wad(tally.own_result),
    }


def _sizing(sizing: Sizing) -> dict[str, Any]:
    return {
        "largest_fall": sizing.largest,
        "required": sizing.required(),
        "carries": sizing.carries(),
        "drops": [need._asdict() for need in sizing.needs()],
    }


def _line(line: Line) -> dict[str, Any]:
    amounts = ("open_interest", "margin", "liquidated", "absorbed", "unwound", "burst", "debt")
    more = ("after_insurance", "used", "fund")
    return line._asdict() | {name: format_wad(getattr(line, name)) for name in (*amounts, *more)}
