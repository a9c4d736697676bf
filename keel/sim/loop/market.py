"""A market with a pool on the real bytecode, whose premium can be moved by trades."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt

from keel.config.deployment import load_deployment
from keel.config.funding import AnyFunding
from keel.evm.chain import GENESIS_TIME, Chain
from keel.evm.revm import RevmChain
from keel.model import curve
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

CROWD, ARBITRAGE = "crowd", "arbitrage"
MARKET = 1
#: Midnight UTC at which every run begins.
START = GENESIS_TIME // 86_400 * 86_400

# The price history must cover the five-minute average before the first trade.
_WARM_UP = 301
#: When its chain begins.
BEGIN = START - _WARM_UP

_PRICE = 50_000
_FEED_ONE = 10**8
_POOL = 1_000_000
_MARGIN = 100_000_000
# Open interest that stands on either side of the market, whole base.
_STANDING = 20
# Part of the pool's capacity that is used at most, so that a payment between two trades changes nothing.
_CAPACITY = (98, 100)
# The loop is about the net position: how much stands against each other must not end it.
_MAX_SIDE = Decimal(20)


@dataclass(frozen=True, slots=True)
class Reading:
    """A market after its funding was accrued, before anybody trades.

    Attributes:
        time: Seconds since 1970.
        premium: What the premium has been since the last touch, WAD.
        rate: Rate now, WAD per 8 h; `interest` its interest component.
        paid: Funding that one base long has paid since the beginning, over the index, WAD * 8 h.
        utilization: WAD.
    """

    time: int
    premium: int
    rate: int
    interest: int
    paid: int
    utilization: int


class LoopMarket:
    """One market at a constant index: a pool, a long and a short who stay, and two who trade, with margin.

    Args:
        funding: Funding model of the market.
        chain: A chain that has not passed BEGIN; None is one in this process.
    """

    def __init__(self, funding: AnyFunding, chain: Chain | None = None) -> None:
        settings = load_deployment()
        self._config = settings.markets[0].model_copy(update={"funding": funding, "max_side": _MAX_SIDE})
        self.chain: Chain = chain or RevmChain(BEGIN)
        deployed = deploy(self.chain, settings.model_copy(update={"markets": (self._config,)}))
        self.protocol = Protocol(self.chain, deployed)
        self._skew = self._depth = self._room = 0
        self._keeper, provider, crowd, arbitrage, long, short = self.chain.accounts[:6]
        self._owners: Mapping[str, str] = {CROWD: crowd, ARBITRAGE: arbitrage}
        self._held = {CROWD: 0, ARBITRAGE: 0}
        self._store_price()
        self.chain.warp(_WARM_UP)
        self._store_price()
        self._fund(provider, crowd, arbitrage, long, short)
        for owner, size in ((long, _STANDING * WAD), (short, -_STANDING * WAD)):
            self.protocol.trade(account_id(owner), MARKET, size, owner)
        self.read()

    @property
    def account_ids(self) -> Mapping[str, int]:
        """Account id of each trader."""
        return {who: account_id(owner) for who, owner in self._owners.items()}

    @property
    def depth(self) -> int:
        """Depth of the curve, base WAD."""
        return self._depth

    def touch(self, seconds: int) -> Reading:
        """Let time pass, store the price, which accrues the funding, and look."""
        self.chain.warp(seconds)
        self._store_price()
        return self.read()

    def read(self) -> Reading:
        """The market as of now."""
        view = self.protocol.market(MARKET)
        state, config, index = view.state, view.config, view.state.price.index
        self._skew, self._depth = view.skew, view.depth
        exposure = view.equity * config.maxExposurePpm // 10**6 * WAD // index
        self._room = min(view.depth * config.maxSkewPpm // 10**6, exposure * _CAPACITY[0] // _CAPACITY[1])
        return Reading(
            self.chain.timestamp(),
            view.premium,
            view.funding.current,
            view.funding.interest,
            (state.longsPaid - state.shortsPaid) * 10**9 // index,
            view.utilization,
        )

    def move(self, who: str, change: int) -> int:
        """Trade so that the premium changes by that much, as far as the pool lets it.

        Args:
            who: CROWD or ARBITRAGE.
            change: Of the premium, WAD.

        Returns:
            Base bought, WAD; a position that would be too small to hold is closed.
        """
        wanted = skew_at(self._depth, max(curve.premium(self._depth, self._skew) + change, -WAD // 2))
        most = max(self._room, abs(self._skew))
        size = max(-most, min(wanted, most)) - self._skew
        if abs(self._held[who] + size) * _PRICE < self._config.min_notional * WAD:
            size = -self._held[who]
        if size == 0:
            return 0
        owner = self._owners[who]
        self.protocol.trade(account_id(owner), MARKET, size, owner)
        self._held[who] += size
        self._skew += size
        return size

    def _store_price(self) -> None:
        self.protocol.publish(MARKET, _PRICE * _FEED_ONE, self._keeper)
        self.protocol.update_price(MARKET, self._keeper)

    def _fund(self, provider: str, *traders: str) -> None:
        one = 10**self.protocol.contracts.token_decimals
        for owner in (provider, *traders):
            self.protocol.fund(owner, 10 * _MARGIN * one)
        self.protocol.pool_deposit(MARKET, _POOL * one, provider)
        for owner in traders:
            self.protocol.deposit(account_id(owner), _MARGIN * one, owner)


def skew_at(depth: int, premium: int) -> int:
    """Net position at which the curve shows a premium: D * (1 - 1 / sqrt(1 + premium)), base WAD, ceil."""
    return depth - isqrt(depth * depth * WAD // (WAD + premium))
