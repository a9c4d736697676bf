"""The figures of a replay, by name: those of a market, and those of who paid."""

from collections import Counter
from collections.abc import Callable, Sequence

from keel.analytics.tables import clock, percent, quote
from keel.model.liquidation import Tier
from keel.sim.stress.record import Moment, StressRecord, amplification, fall
from keel.units import WAD

_TIERS = (Tier.TRIM, Tier.DELEVERAGE, Tier.CLOSE)


def part(value: float, decimals: int = 1) -> str:
    """A fraction in percent, to the nearest."""
    return f"{value * 100:.{decimals}f} %"


def _burst(record: StressRecord, place: int) -> Moment:
    return max(record.of(place), key=lambda moment: moment.liquidated)


def _refused(refused: Counter[str]) -> str:
    return ", ".join(f"{count} {error}" for error, count in refused.most_common()) or "0"


_OfMarket = Callable[[StressRecord, int], str]
MARKET_ROWS: Sequence[tuple[str, _OfMarket]] = (
    ("accounts, opened at UTC", lambda r, i: f"{len(r.openings[i].values)}, {clock(r.openings[i].time)}"),
    ("longs", lambda r, i: quote(r.openings[i].long_value)),
    ("shorts", lambda r, i: quote(r.openings[i].short_value)),
    ("equity of accounts", lambda r, i: quote(r.openings[i].margin)),
    ("highest leverage", lambda r, i: f"{r.openings[i].most_leverage / WAD:.1f}x"),
    ("limited by initial margin", lambda r, i: str(r.openings[i].limited)),
    ("utilization at opening", lambda r, i: f"{percent(r.openings[i].utilization)} %"),
    ("Herfindahl index", lambda r, i: f"{r.openings[i].concentration:.4f}"),
    ("index fell", lambda r, i: part(fall([moment.index for moment in r.of(i)]))),
    ("mark fell", lambda r, i: part(fall([moment.mark for moment in r.of(i)]))),
    ("amplification", lambda r, i: f"{amplification(r.of(i)):.2f}"),
    ("highest premium", lambda r, i: f"{percent(max(moment.premium for moment in r.of(i)))} %"),
    ("lowest premium", lambda r, i: f"{percent(min(moment.premium for moment in r.of(i)))} %"),
    ("liquidations", lambda r, i: str(r.tallies[i].count)),
    (
        "trim / deleverage / close",
        lambda r, i: " / ".join(str(r.tallies[i].tiers[int(tier)]) for tier in _TIERS),
    ),
    ("accounts liquidated", lambda r, i: str(len(r.tallies[i].accounts))),
    ("value liquidated", lambda r, i: quote(r.tallies[i].notional)),
    ("largest burst", lambda r, i: quote(_burst(r, i).liquidated)),
    ("in it, at UTC", lambda r, i: f"{_burst(r, i).count}, {clock(_burst(r, i).time)}"),
    ("penalties", lambda r, i: quote(r.tallies[i].penalty)),
    ("of it to the keeper", lambda r, i: quote(r.tallies[i].reward)),
    ("refused liquidations", lambda r, i: _refused(r.tallies[i].refusals)),
    ("absorbed by the insurance", lambda r, i: quote(r.tallies[i].absorbed)),
    ("in liquidations", lambda r, i: str(r.tallies[i].absorptions)),
    ("most it held", lambda r, i: quote(r.tallies[i].most_held)),
    ("worked off", lambda r, i: quote(r.tallies[i].unwound)),
    ("in pieces", lambda r, i: str(r.tallies[i].pieces)),
    ("refused pieces", lambda r, i: _refused(r.tallies[i].upkeep_refusals)),
    ("held at the end", lambda r, i: quote(r.of(i)[-1].held)),
    ("its own positions brought", lambda r, i: quote(r.tallies[i].own_result)),
    ("bad debt", lambda r, i: quote(r.tallies[i].debt)),
    ("of it beyond the pool's cap", lambda r, i: quote(r.tallies[i].deficit)),
    ("pool paid, most in a day", lambda r, i: quote(r.tallies[i].lost)),
    ("its cap at the opening", lambda r, i: quote(r.openings[i].loss_cap)),
    ("pool at opening", lambda r, i: quote(r.openings[i].pool)),
    ("pool at the end", lambda r, i: quote(r.of(i)[-1].equity)),
    ("pool's deepest fall", lambda r, i: part(fall([moment.equity for moment in r.of(i)]), 2)),
)
PAYER_ROWS: Sequence[tuple[str, Callable[[StressRecord], str]]] = (
    ("insurance", lambda r: "holds" if r.holds else "fails"),
    ("bad debt", lambda r: quote(r.debt)),
    ("insurance paid", lambda r: quote(r.total("from_insurance"))),
    ("pools paid", lambda r: quote(r.total("from_pool"))),
    ("beyond the pools' cap", lambda r: quote(r.total("deficit"))),
    ("of it given back by winners", lambda r: quote(r.total("cut"))),
    ("still open", lambda r: quote(r.uncovered)),
    ("bad debt after insurance", lambda r: quote(r.after_insurance)),
    ("staked", lambda r: f"{r.settings.insurance():,}"),
    ("fees of the opening came in", lambda r: quote(r.fund - r.settings.insurance() * WAD)),
    ("fund before", lambda r: quote(r.fund)),
    ("penalties came in", lambda r: quote(r.total("penalty") - r.total("reward"))),
    ("tier surplus and dust came in", lambda r: quote(r.total("sundry"))),
    ("its own positions brought", lambda r: quote(r.total("own_result"))),
    ("bad debt went out", lambda r: quote(r.total("from_insurance"))),
    ("still in its own positions", lambda r: quote(r.fund_end - r.cash_end)),
    ("fund after", lambda r: quote(r.fund_end)),
    ("fund used, at most", lambda r: quote(r.used)),
    ("unhealthy at the end", lambda r: str(r.unhealthy)),
)
