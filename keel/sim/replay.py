"""Let a market day happen on a chain: prices, keepers, traders, books; then prove the books."""

from collections.abc import Callable

from keel.analytics.books import Books
from keel.analytics.proof import prove
from keel.analytics.record import DayRecord, Sample
from keel.analytics.tape import Tape
from keel.errors import ConfigError
from keel.evm.chain import Chain
from keel.keepers.backstop import Resolver, Unwinder
from keel.keepers.executor import Outcome, execute
from keel.keepers.liquidator import Liquidator
from keel.keepers.loop import Duty, turn
from keel.keepers.price import PriceKeeper
from keel.keepers.snapshot import Snapshot, take_snapshot
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol
from keel.sim.agents import Provider, View
from keel.sim.cast import Player, draw_cast
from keel.sim.feed import SimulatedFeed
from keel.sim.paths import Step
from keel.sim.recorder import Recorder
from keel.sim.setting import DaySettings

OnStep = Callable[[int, int, Sample, int], None]
OnDeploy = Callable[[str], None]

_MARKET = 1
# Whoever provides liquidity brings far more than the day needs; a trader brings its margin ten times.
_WALLET = 10**8
_PUBLISHER, _PRICE_KEEPER, _LIQUIDATOR = 0, 1, 2


class Replay:
    """One market day on one chain.

    Args:
        chain: A fresh development chain whose time is not later than `day.genesis`.
        day: What happens.
        on_deploy: Called with the name of each deployment step.
    """

    def __init__(self, chain: Chain, day: DaySettings, on_deploy: OnDeploy = lambda _step: None) -> None:
        self._tape, self._day = Tape(chain), day
        if self._tape.timestamp() > day.genesis:
            raise ConfigError(
                "the chain's time is past the day's begin", f"start it with `anvil --timestamp {day.genesis}`"
            )
        contracts = deploy(self._tape, day.deployment, progress=on_deploy)
        self.protocol = Protocol(self._tape, contracts)
        accounts = self._tape.accounts
        self._publisher = accounts[_PUBLISHER]
        self._feed = SimulatedFeed(self.protocol, _MARKET, day.outage, self._publisher)
        self._duties = (
            Duty(PriceKeeper(), accounts[_PRICE_KEEPER], watches=False),
            Duty(Liquidator(), accounts[_LIQUIDATOR], watches=True),
            Duty(Resolver(), accounts[_LIQUIDATOR], watches=True),
            Duty(Unwinder(), accounts[_LIQUIDATOR], watches=False),
        )
        self._cast = draw_cast(
            day.seed, day.traders, accounts, len(day.path), day.outage_step, contracts.token_decimals
        )
        self._traders = [player.account for player in self._cast if player.account is not None]
        scale = self.protocol.view("TOKEN_SCALE")
        keeper = contracts.collateral.address if contracts.collateral else None
        self._books = Books(self.protocol.core.address, scale, keeper)
        self._recorder = Recorder(self._books, _MARKET, self._cast, day)
        self._past: list[int] = []

    def run(self, on_step: OnStep = lambda _done, _all, _sample, _liquidations: None) -> DayRecord:
        """Replay every step, then prove the books.

        Args:
            on_step: Called after each step with steps done, steps in all, the sample and liquidations so far.
        """
        self._set_up()
        for number, step in enumerate(self._day.path):
            sample = self._step(number, step)
            on_step(number + 1, len(self._day.path), sample, len(self._recorder.liquidations))
        self.protocol.accrue(_MARKET, self._publisher)
        self._books.read(self._tape.take())
        return self._recorder.finish(prove(self.protocol, self._books))

    def _set_up(self) -> None:
        """Money and margin for everyone, and a price history that covers the average."""
        one = 10**self.protocol.contracts.token_decimals
        for owner in dict.fromkeys(player.owner for player in self._cast):
            self.protocol.fund(owner, _WALLET * one)
        for player in self._cast:
            if player.account is not None:
                self.protocol.deposit(player.account, player.margin, player.owner)
        first = self._day.path[0]
        for before in (360, 60):
            self._warp_to(first.time - before)
            self._feed.publish(Step(first.time - before, first.price))
            self.protocol.update_price(_MARKET, self._publisher)

    def _step(self, number: int, step: Step) -> Sample:
        self._warp_to(step.time)
        self._feed.publish(step)
        outcomes, seen = turn(self.protocol, _MARKET, self._duties, self._traders)
        self._past.append(seen.market.index)
        acted = self._let_act(number, seen)
        if acted:
            outcomes += acted
            seen = take_snapshot(self.protocol, _MARKET, self._traders)
        self._recorder.enter(step.time, outcomes, self._tape.take())
        return self._recorder.sample(step, seen)

    def _let_act(self, number: int, seen: Snapshot) -> list[Outcome]:
        """Everyone decides on the same snapshot; then all act, in the order of the cast."""
        decided = [(player, player.agent.decide(self._view(player, number, seen))) for player in self._cast]
        return [
            execute(self.protocol, action, player.owner) for player, actions in decided for action in actions
        ]

    def _view(self, player: Player, number: int, seen: Snapshot) -> View:
        account = seen.accounts[player.account] if player.account is not None else None
        shares = claimable = 0
        if isinstance(player.agent, Provider) and player.agent.leave is not None:
            vault = self.protocol.market_contracts(_MARKET).vault
            shares = self._tape.call(vault, "balanceOf", player.owner)
            claimable = self._tape.call(vault, "maxRedeem", player.owner)
        return View(number, seen.market, account, self._past, shares, claimable)

    def _warp_to(self, time: int) -> None:
        ahead = time - self._tape.timestamp()
        if ahead > 0:
            self._tape.warp(ahead)
