"""Parameters, states and inputs of every funding model, anywhere inside what its contract admits."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from twin_harness import magnitudes, rates

from keel.model import layered, model_state
from keel.model.adaptive import AdaptiveParams
from keel.model.funding import FundingInput
from keel.model.interest import NO_SOURCE
from keel.model.layered import LAYER, LayeredParams
from keel.model.models import MODELS, AnyModel, AnyParams, make_model
from keel.model.paths import FINE_PER_WAD
from keel.model.premium import PremiumParams, Smoothing, weight
from keel.model.velocity import VelocityParams
from keel.units import WAD

BP = WAD // 10_000
DAY = 86_400
MONTH = 30 * DAY
PREMIUM_KINDS = ("spot", "exponential", "slew", "interval", "weighted_interval")
KINDS = ("layered", "velocity", "adaptive", *PREMIUM_KINDS)

premiums = st.one_of(rates(15 * WAD, -WAD), st.integers(-WAD // 50, WAD // 50))
utilizations = st.one_of(rates(WAD * WAD, -WAD * WAD), st.integers(-WAD, WAD))
sigmas = st.one_of(magnitudes(24).map(lambda sigma: sigma * 10**12), st.just(6 * WAD // 10))
elapsed_times = st.one_of(rates(12 * 3_600), magnitudes(31))
units = st.sampled_from([BP // 100, WAD // 100]).flatmap(lambda low: rates(WAD // 100, min(low, BP)))
gains = (WAD // 1_000, 1_000 * WAD)


def twin_of(p: AnyParams, annual: int | None = None) -> AnyModel:
    """The twin with these parameters; a source of interest answers `annual`."""
    names = {params: name for name, (_, params) in MODELS.items()}
    return make_model(names[type(p)], p, lambda: annual)


def _gain(draw: st.DrawFn, limit: int, slope: int) -> int:
    """A gain at which the loop is stable."""
    low, high = gains
    return draw(rates(min(high, limit * WAD // slope) if slope else high, low))


@st.composite
def layered_params(draw: st.DrawFn) -> LayeredParams:
    longs, shorts = draw(rates(WAD // 10, 10)), draw(rates(WAD // 10, 10))
    interest_max = draw(rates(min(WAD // 100, longs)))
    headroom = draw(rates(min(longs - interest_max, shorts)))
    kink_rate = draw(rates(headroom))
    fast = draw(rates(MONTH, 60))
    convexity = draw(rates(WAD, WAD // 10_000))
    bent = convexity + max(longs, shorts)
    p = LayeredParams(
        interest=draw(rates(interest_max)),
        interest_max=interest_max,
        interest_beta=draw(rates(10 * WAD)),
        base_sigma=draw(rates(10 * WAD, WAD // 100)),
        deadzone=draw(rates(WAD // 100)),
        convexity=convexity,
        # Leaves room for the slope of the skew part at the smallest gain.
        premium_factor=draw(rates(min(10 * WAD, 5_000 * WAD * convexity // bent))),
        kink_rate=kink_rate,
        slope_rate=headroom - kink_rate,
        kink=draw(rates(99 * WAD // 100, WAD // 100)),
        cap_longs_pay=longs,
        cap_shorts_pay=shorts,
        slow_weight=draw(rates(WAD)),
        fast_seconds=fast,
        slow_seconds=draw(rates(MONTH, fast)),
        skew_seconds=draw(rates(MONTH, 60)),
        deviation=draw(units),
        gain=gains[0],
    )
    return replace(p, gain=_gain(draw, 6 * WAD, layered.steepest(p)))


@st.composite
def velocity_params(draw: st.DrawFn) -> VelocityParams:
    longs, shorts = draw(rates(WAD // 10, BP)), draw(rates(WAD // 10, BP))
    return VelocityParams(
        velocity=draw(rates(24 * min(longs, shorts))),
        skew_scale=draw(magnitudes(112, 1)),
        deadband=draw(rates(99 * WAD // 100)),
        leak_seconds=draw(st.one_of(st.just(0), rates(90 * DAY, 60))),
        cap_longs_pay=longs,
        cap_shorts_pay=shorts,
        deviation=draw(units),
        mean_seconds=draw(rates(90 * DAY, 3_600)),
    )


@st.composite
def adaptive_params(draw: st.DrawFn) -> AdaptiveParams:
    most = draw(rates(WAD // 10, WAD // 10**6))
    rising = draw(rates(WAD))
    return AdaptiveParams(
        increase=draw(rates(most)),
        decrease=draw(rates(most)),
        increase_threshold=rising,
        decrease_threshold=draw(rates(rising)),
        rate_min=draw(rates(most)),
        rate_max=most,
        deviation=draw(units),
        mean_seconds=draw(rates(90 * DAY, 3_600)),
    )


@st.composite
def premium_params(draw: st.DrawFn, smoothing: Smoothing) -> PremiumParams:
    seconds = draw(st.one_of(rates(MONTH, 60), st.sampled_from([3_600, 8 * 3_600])))
    limit = 6 * WAD if smoothing < Smoothing.INTERVAL else min(WAD * 3_600 // seconds, 6 * WAD)
    slope = draw(rates(min(10 * WAD, 1_000 * limit)))
    literal = slope > 0 and draw(st.booleans())
    interest_max = draw(rates(WAD // 100))
    return PremiumParams(
        interest=draw(rates(interest_max)),
        interest_max=interest_max,
        interest_beta=draw(rates(10 * WAD)),
        base_sigma=draw(rates(10 * WAD, WAD // 100)),
        interest_source=NO_SOURCE,
        deadzone=draw(rates(WAD // 100)),
        premium_factor=draw(rates(10 * WAD)) if literal else slope,
        premium_max=draw(rates(WAD, WAD // 1_000)),
        scaling=slope if literal else 0,
        cap_longs_pay=draw(rates(WAD // 10, interest_max)),
        cap_shorts_pay=draw(rates(WAD // 10, interest_max)),
        smoothing=smoothing,
        smoothing_seconds=seconds,
        offset_seconds=draw(rates(seconds - 1)),
        deviation=draw(units),
        mean_seconds=draw(rates(90 * DAY, 3_600)),
        gain=_gain(draw, limit, slope),
    )


def params_of(kind: str) -> st.SearchStrategy[AnyParams]:
    """Anywhere inside the bounds that the constructor checks."""
    makers: dict[str, Callable[[], st.SearchStrategy[AnyParams]]] = {
        "layered": layered_params,
        "velocity": velocity_params,
        "adaptive": adaptive_params,
    }
    if kind in makers:
        return makers[kind]()
    return premium_params(Smoothing[kind.upper()])


@st.composite
def states_of(draw: st.DrawFn, p: AnyParams, since: int) -> bytes:
    """A state that the model can have returned."""
    sample = draw(rates(10**11, -(10**11)))
    if isinstance(p, LayeredParams):
        layer = rates(LAYER // 10, -LAYER // 10)
        return layered.encode(draw(layer), draw(layer), draw(layer), sample)
    if isinstance(p, AdaptiveParams):
        low, high = -p.rate_max, p.rate_max
    else:
        low, high = -p.cap_shorts_pay, p.cap_longs_pay
    mean, value = draw(rates(high, low)), draw(rates(high * FINE_PER_WAD, low * FINE_PER_WAD))
    if isinstance(p, PremiumParams):
        most = p.premium_max * FINE_PER_WAD
        if p.smoothing == Smoothing.SPOT:
            value = 0
        elif p.smoothing == Smoothing.EXPONENTIAL:
            value = draw(rates(most, -most))
        elif p.smoothing >= Smoothing.INTERVAL:
            sampled = weight(p, 0, (since - p.offset_seconds) % p.smoothing_seconds)
            value = draw(rates(p.premium_max * sampled, -p.premium_max * sampled))
        return model_state.encode(value, mean, sample)
    return model_state.encode(value, mean, 0)


interests = st.one_of(st.just((0, 0)), st.tuples(magnitudes(110), magnitudes(110)))


@st.composite
def inputs_of(draw: st.DrawFn, p: AnyParams) -> FundingInput:
    since = draw(magnitudes(32, DAY))
    long_interest, short_interest = draw(interests)
    if draw(st.booleans()):
        short_interest = min(2**110, max(0, long_interest + draw(rates(long_interest, -long_interest)) // 2))
    return FundingInput(
        state=draw(states_of(p, since)),
        since=since,
        elapsed=draw(elapsed_times),
        premium=draw(premiums),
        utilization=draw(utilizations),
        sigma=draw(sigmas),
        long_interest=long_interest,
        short_interest=short_interest,
    )


@st.composite
def cases(draw: st.DrawFn, kind: str) -> tuple[AnyParams, FundingInput]:
    p = draw(params_of(kind))
    return p, draw(inputs_of(p))


def sourced(p: AnyParams, address: str) -> AnyParams:
    """The parameters with another source of interest, where the model has one."""
    return replace(p, interest_source=address) if isinstance(p, LayeredParams | PremiumParams) else p


_BITMEX = PremiumParams(
    interest=BP,
    interest_max=4 * BP,
    interest_beta=WAD // 2,
    base_sigma=6 * WAD // 10,
    interest_source=NO_SOURCE,
    deadzone=5 * BP,
    premium_factor=WAD,
    premium_max=WAD // 10,
    scaling=0,
    cap_longs_pay=75 * BP,
    cap_shorts_pay=50 * BP,
    smoothing=Smoothing.EXPONENTIAL,
    smoothing_seconds=3_600,
    offset_seconds=0,
    deviation=2 * BP,
    mean_seconds=MONTH,
    gain=6 * WAD,
)
_SYNTHETIX = VelocityParams(24 * BP, 10**22, 0, 0, 75 * BP, 50 * BP, 2 * BP, MONTH)
# 90 % a year per 3 h up, per 48 h down; 1 % to 90 % a year.
_YEARLY = 9 * WAD // 10 // 1_095
_GMX = AdaptiveParams(
    _YEARLY // 3, _YEARLY // 48, WAD * 4 // 100, WAD // 100, _YEARLY // 90, _YEARLY, 2 * BP, MONTH
)
LAYERED = LayeredParams(
    interest=BP,
    interest_max=4 * BP,
    interest_beta=WAD // 2,
    base_sigma=6 * WAD // 10,
    deadzone=5 * BP,
    convexity=100 * BP,
    premium_factor=WAD,
    kink_rate=2 * BP,
    slope_rate=20 * BP,
    kink=8 * WAD // 10,
    cap_longs_pay=75 * BP,
    cap_shorts_pay=50 * BP,
    slow_weight=WAD // 4,
    fast_seconds=3_600,
    slow_seconds=43_200,
    skew_seconds=DAY,
    deviation=2 * BP,
    gain=3 * WAD,
)


def _fine(rate: int) -> bytes:
    return model_state.encode(rate * FINE_PER_WAD, 0, 0)


def _crossing(state: bytes, elapsed: int) -> FundingInput:
    """Longs come to dominate a market in which shorts paid."""
    sides = {"long_interest": 9 * 10**21, "short_interest": 6 * 10**21}
    return FundingInput(state, 40 * 365 * DAY + 12_345, elapsed, WAD // 50, WAD, WAD, **sides)


def _held(smoothing: Smoothing) -> PremiumParams:
    return replace(
        _BITMEX, smoothing=smoothing, smoothing_seconds=28_800, offset_seconds=14_400, gain=WAD // 8
    )


#: One of each kind that goes from its lower cap, through zero, to its upper one.
EXAMPLES: dict[str, tuple[AnyParams, FundingInput]] = {
    "layered": (
        LAYERED,
        _crossing(layered.encode(*(-bp * BP * (LAYER // WAD) for bp in (28, 28, 22))), 20 * DAY),
    ),
    "velocity": (_SYNTHETIX, _crossing(_fine(-50 * BP), 20 * DAY)),
    "leaking velocity": (replace(_SYNTHETIX, leak_seconds=15 * DAY), _crossing(_fine(-50 * BP), 25 * DAY)),
    "adaptive": (_GMX, _crossing(_fine(-_YEARLY), 2 * DAY)),
    "spot": (replace(_BITMEX, smoothing=Smoothing.SPOT), _crossing(_fine(0), DAY)),
    "exponential": (_BITMEX, _crossing(_fine(-WAD // 10), 40_000)),
    "literal": (replace(_BITMEX, scaling=WAD // 2), _crossing(_fine(-WAD // 10), 40_000)),
    "slew": (replace(_BITMEX, smoothing=Smoothing.SLEW), _crossing(_fine(-50 * BP), 2 * 3_600)),
    "interval": (_held(Smoothing.INTERVAL), _crossing(_fine(0), 3 * DAY)),
    "weighted_interval": (_held(Smoothing.WEIGHTED_INTERVAL), _crossing(_fine(0), 3 * DAY)),
}
