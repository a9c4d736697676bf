"""The market under attack: the real bytecode, a pool, a constant index, accounts with ample margin."""

from collections import defaultdict
from decimal import Decimal

from keel.config.deployment import DeploymentSettings, load_deployment
from keel.evm.chain import GENESIS_TIME
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.sim.attack.outcome import Accrual, Outcome, over_cap, worst_loss
from keel.sim.attack.plan import HEARTBEAT, HONEST, Order, Plan
from keel.sim.attack.suspects import Suspect
from keel.units import BPS, WAD

#: Quote per base, quote in the pool, and base that the preset makes of it as depth.
INDEX, POOL, DEPTH = 120_000, 1_000_000, 400
#: What the preset lets one side hold, over the pool's equity.
MAX_SIDE = 3.0
MARKET = 1
#: Accounts of the attacker.
ACCOUNTS = 3

_FEED_ONE = 10**8
_MARGIN = 500_000_000
# The price history must cover the five-minute average before the first trade.
_WARM_UP = 301
# Midnight UTC.
_START = GENESIS_TIME // 86_400 * 86_400
# Base WAD of 1 bps of the pool's first equity.
_UNIT = POOL * WAD // (BPS * INDEX)


class Venue:
    """One market with a funding design; plans are played one after the other, each from the same state.

    Attributes:
        suspect: The design.
        fee: Fees on a trade, fraction of its cost.
        protocol: The deployed protocol.

    Args:
        suspect: The design.
        free: Whether trades are free of fees.
    """

    def __init__(self, suspect: Suspect, *, free: bool = False) -> None:
        self.suspect = suspect
        settings = _settings(suspect, free=free)
        market = settings.markets[0]
        self.fee = float(market.taker_fee + market.deviation_fee)
        self._chain = RevmChain(_START - _WARM_UP)
        self.protocol = Protocol(self._chain, deploy(self._chain, settings))
        self._keeper, provider, self._honest, self._attacker = self._chain.accounts[:4]
        self._one: int = 10**self.protocol.contracts.token_decimals
        self._scale: int = WAD // self._one
        self._ids = {HONEST: account_id(self._honest)}
        self._ids.update({number: account_id(self._attacker, number) for number in range(ACCOUNTS)})
        self._begin()
        self._store_price()
        self._chain.warp(_WARM_UP)
        self._store_price()
        self._open(provider)
        self._begin()

    def play(self, plan: Plan) -> Outcome:
        """Play a plan, close the books, and take everything back.

        Raises:
            Reverted: The protocol refused a trade.
        """
        taken = self._chain.snapshot()
        try:
            self._begin()
            return self._play(plan)
        finally:
            self._chain.revert(taken)

    def _play(self, plan: Plan) -> Outcome:
        before, equity = self._wallet(), self._equity()
        self.wait(plan.start, plan.touch)
        began = self._chain.timestamp()
        for order in plan.orders:
            wait = began + order.at - self._chain.timestamp()
            if wait > 0:
                self.wait(wait, plan.touch)
            self.trade(order)
        self._withdraw()
        index = INDEX * WAD
        return Outcome(
            profit=(self._wallet() - before) * self._scale,
            fees=self._fees,
            position=self._position * index // WAD,
            seconds=plan.seconds,
            pool_funding=sum(step.received for step in self._accruals),
            pool_change=self._equity() - equity,
            worst=worst_loss(self._accruals),
            exposure=self._exposure * index // WAD,
            over_cap=over_cap(self.suspect, self._accruals, index),
        )

    def _begin(self) -> None:
        self._accruals: list[Accrual] = []
        self._held: defaultdict[int, int] = defaultdict(int)
        self._fees = self._position = self._exposure = self._cash = 0

    def wait(self, seconds: int, touch: int = HEARTBEAT) -> None:
        """Let time pass; the price is fresh at the end of it.

        Args:
            seconds: How long.
            touch: See `Plan.touch`.
        """
        while seconds > 0:
            step = min(seconds, touch) if touch else seconds
            self._chain.warp(step)
            self._store_price(step)
            seconds -= step

    def _store_price(self, elapsed: int = 0) -> None:
        self.protocol.publish(MARKET, INDEX * _FEED_ONE, self._keeper)
        self.protocol.update_price(MARKET, self._keeper)
        if skew := sum(self._held.values()):
            # Between two trades nothing but funding moves the pool's cash.
            before, self._cash = self._cash, self.protocol.view("marketOf", MARKET).cash
            now = self._chain.timestamp()
            self._accruals.append(Accrual(now - elapsed, now, skew, self._cash - before))

    def trade(self, order: Order) -> None:
        """Execute an order now. Raises Reverted."""
        who, size = order.who, order.size * _UNIT
        owner = self._honest if who == HONEST else self._attacker
        _, fee = self.protocol.trade(self._ids[who], MARKET, size, owner).result
        self._held[who] += size
        self._cash = self.protocol.view("marketOf", MARKET).cash
        if who != HONEST:
            self._fees += fee
            mine = sum(abs(held) for number, held in self._held.items() if number != HONEST)
            self._position = max(self._position, mine)
        self._exposure = max(self._exposure, abs(sum(self._held.values())))

    def _withdraw(self) -> None:
        for number in range(ACCOUNTS):
            account = self._ids[number]
            tokens = self.protocol.view("accountOf", account).balance // self._scale
            self.protocol.withdraw(account, tokens, self._attacker, self._attacker)

    def _wallet(self) -> int:
        """Tokens of the attacker outside and inside, while he has no position."""
        outside: int = self._chain.call(self.protocol.contracts.token, "balanceOf", self._attacker)
        inside: int = sum(self.protocol.view("accountOf", self._ids[n]).balance for n in range(ACCOUNTS))
        total: int = outside + inside // self._scale
        return total

    def _equity(self) -> int:
        equity: int = self.protocol.market(MARKET).equity
        return equity

    def _open(self, provider: str) -> None:
        for owner in (provider, self._honest, self._attacker):
            self.protocol.fund(owner, 10 * _MARGIN * self._one)
        self.protocol.pool_deposit(MARKET, POOL * self._one, provider)
        for number, account in self._ids.items():
            owner = self._honest if number == HONEST else self._attacker
            self.protocol.deposit(account, _MARGIN * self._one, owner)


def _settings(suspect: Suspect, *, free: bool) -> DeploymentSettings:
    preset = load_deployment()
    changes: dict[str, object] = {"funding": suspect.funding, "heartbeat_seconds": HEARTBEAT}
    if free:
        changes |= {"taker_fee": Decimal(0), "deviation_fee": Decimal(0)}
    market = preset.markets[0].model_copy(update=changes)
    return preset.model_copy(update={"markets": (market,)})
