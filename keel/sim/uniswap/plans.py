"""What an attacker does at Keel while he moves its price: positions opened before, closed after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from keel.errors import Reverted
from keel.evm.chain import Receipt
from keel.sdk.protocol import account_id
from keel.sim.uniswap.market import MARKET, PRICE, UPDATE_SECONDS, PoolMarket
from keel.sim.uniswap.push import Hold
from keel.units import WAD

#: Accounts of the crowd.
CROWD = 10

# Part of the pool's limit that a position takes: fees move the limit a little.
_FULL = 0.97
# A crowd's margin beyond what the rules ask.
_SPARE = 1.001
# Seconds between the moments at which the attacker looks whether he should get out.
_LOOK = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """Positions of the attacker, all in the direction of the move: long where the price goes up.

    Attributes:
        name: In the tables.
        limits: His first position, as a multiple of what the pool's limit allows from zero.
        crowd: Whether honest traders of the other side, at the least margin, fill the limit first;
            he liquidates them when he can.
        rounds: How often he takes both sides with two accounts, before he closes the one of the wrong side:
            each adds twice the limit to his net position, because closing is bound by the curve alone, up to
            what one side may hold.
    """

    name: str
    limits: int = 1
    crowd: bool = False
    rounds: int = 0


ALONE = Plan("within the limits")
HUNT = Plan("liquidations only", limits=0, crowd=True)
#: The crowd makes room for twice the limit.
CROWDED = Plan("against a crowd", limits=2, crowd=True)
#: One round leaves three times the limit, which is what one side may hold in the preset.
BOTH_SIDES = Plan("both sides, one closed", rounds=1)
PLANS = (ALONE, HUNT, CROWDED, BOTH_SIDES)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan brought; quote.

    Attributes:
        plan: The plan.
        gain: What the attacker took out of Keel, less what he paid in; what he lost in the pool is not in it.
        cost: What he lost in the pool.
        moved: Largest move of the stored price, a fraction.
        seconds: From the opening to the exit.
        rewards: Rewards for liquidations, part of the gain.
        locked: Margin and losses that he had to carry before the exit.
    """

    plan: Plan
    gain: float
    cost: float
    moved: float
    seconds: int
    rewards: float
    locked: float


class Raid:
    """One attack on a market: played on a snapshot, and taken back.

    Args:
        market: The market.
        plan: The positions.
        move: By how much the pool's average is moved, a fraction; below zero is down.
    """

    def __init__(self, market: PoolMarket, plan: Plan, move: float) -> None:
        self._market, self._plan, self._move = market, plan, move
        self._chain, self._protocol = market.chain, market.protocol
        self._accounts = [account_id(market.attacker, number) for number in range(2)]
        self._victims = [account_id(market.honest, number) for number in range(CROWD)] if plan.crowd else []
        self._unit = int(_FULL * market.terms.equity / PRICE * WAD) * (1 if move > 0 else -1)
        self._size = 0
        self._rewards = 0.0

    def run(self, hold: Hold, arbitrage: bool, then: Callable[[], None] | None) -> Outcome:
        """Open, move the price, close at the best moment that there is.

        Args:
            hold: How long the pool's spot price is held.
            arbitrage: See `PoolMarket.pusher`.
            then: What happens between opening and pushing.

        Raises:
            Reverted: The protocol refused the positions, or never let them be closed.
        """
        with self._taken_back():
            before = self._wallet()
            locked = self._open(before)
            if then:
                then()
            began, pusher = self._chain.timestamp(), self._market.pusher(arbitrage)
            pusher.hold(hold, self._move, self._update)
            moved, end = self._market.moved, began + hold.seconds + hold.window
            left = [self._exit()]
            while self._chain.timestamp() < end:
                for _ in range(_LOOK // UPDATE_SECONDS):
                    self._chain.warp(UPDATE_SECONDS)
                    self._update()
                left.append(self._exit())
            best = max(left)
            if not best:
                self._trade(self._accounts[0], -self._size)
            seconds = hold.block * hold.blocks + left.index(best) * _LOOK
            gain, one = best - before, self._market.one
            return Outcome(self._plan, gain / one, pusher.cost, moved, seconds, self._rewards, locked / one)

    def _open(self, before: int) -> int:
        """Take the positions; gives the tokens that they tie up."""
        market, (first, second) = self._market, self._accounts
        for account in self._victims:
            self._enter(account, -self._unit // CROWD, market.honest)
        for account in (first, second):
            self._protocol.deposit(account, market.terms.equity * 300 * market.one, market.attacker)
        self._size = self._unit * self._plan.limits
        if self._size:
            self._trade(first, self._size)
        for _ in range(self._plan.rounds):
            self._trade(second, -2 * self._unit)
            self._trade(first, 2 * self._unit)
        if self._plan.rounds:
            self._trade(second, 2 * self._unit * self._plan.rounds)
            self._size += 2 * self._unit * self._plan.rounds
        margin: int = self._protocol.account(first).health.initial
        return before - self._wallet() + margin * market.one // WAD

    def _enter(self, account: int, size: int, owner: str) -> None:
        """A position of the crowd, with the least margin."""
        one, protocol = self._market.one, self._protocol
        protocol.deposit(account, self._market.terms.equity * one, owner)
        protocol.trade(account, MARKET, size, owner)
        health = protocol.account(account).health
        spare = health.withdrawable - int(health.initial * _SPARE)
        protocol.withdraw(account, spare * one // WAD, owner, owner)

    def _trade(self, account: int, size: int) -> Receipt:
        return self._protocol.trade(account, MARKET, size, self._market.attacker)

    def _update(self, _held: int = 0) -> None:
        """A keeper stores the price; the attacker liquidates whoever of the crowd is unhealthy at it."""
        self._market.store()
        for account, ratio in zip(self._victims, self._ratios(), strict=True):
            if ratio < WAD:
                self._liquidate(account)

    def _ratios(self) -> list[int]:
        return self._protocol.margin_ratios(self._victims) if self._victims else []

    def _liquidate(self, account: int) -> None:
        try:
            receipt = self._protocol.liquidate(account, self._market.attacker)
        except Reverted:
            # Not at this price, or nothing is left.
            return
        self._rewards += receipt.result.reward / WAD

    def _exit(self) -> int:
        """Tokens of the attacker if he closed everything now and withdrew what there is; 0 if he cannot."""
        with self._taken_back():
            try:
                if self._size:
                    self._trade(self._accounts[0], -self._size)
            except Reverted:
                return 0
            attacker, contracts = self._market.attacker, self._protocol.contracts
            for account in self._accounts:
                held = self._chain.call(contracts.token, "balanceOf", contracts.core)
                balance = self._protocol.view("accountOf", account).balance * self._market.one // WAD
                self._protocol.withdraw(account, min(balance, held), attacker, attacker)
            tokens: int = self._chain.call(contracts.token, "balanceOf", attacker)
            return tokens

    def _wallet(self) -> int:
        """Tokens of the attacker: outside, and as balances."""
        outside: int = self._chain.call(self._protocol.contracts.token, "balanceOf", self._market.attacker)
        inside: int = sum(self._protocol.view("accountOf", account).balance for account in self._accounts)
        return outside + inside * self._market.one // WAD

    @contextmanager
    def _taken_back(self) -> Iterator[None]:
        taken = self._chain.snapshot()
        try:
            yield
        finally:
            self._chain.revert(taken)


def raid(
    market: PoolMarket,
    plan: Plan,
    hold: Hold,
    move: float,
    arbitrage: bool,
    then: Callable[[], None] | None = None,
) -> Outcome:
    """Play a plan, see `Raid.run`, and leave the market as it was. Raises Reverted."""
    return Raid(market, plan, move).run(hold, arbitrage, then)
