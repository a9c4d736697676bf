"""Who takes part in a market day: drawn from a seed, so that the same seed gives the same people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from keel.errors import ConfigError
from keel.sdk.protocol import account_id
from keel.sim.agents import Agent, BasisDesk, Defender, Holder, Provider, Reactor, Staker
from keel.units import BPS, WAD, wad_to_token

# Margin beyond notional / leverage, so that leverage is what is left after the opening fee; bps of notional.
_FEE_BPS = 20
_SPREAD_PERCENT = 15
_ROLES = 6


@dataclass(frozen=True, slots=True)
class Player:
    """One participant.

    Attributes:
        name: For people: what it does and with which leverage.
        owner: Address that sends its actions.
        agent: What decides.
        account: Account id; None for who has none.
        margin: Margin paid in before the day begins, token units.
    """

    name: str
    owner: str
    agent: Agent
    account: int | None = None
    margin: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """What an archetype needs to become a player.

    Attributes:
        account: Its account id.
        notional: Quote WAD.
        random: Source of its chances.
        steps: Length of the day.
        outage: Step at which the feed fails.
        token_decimals: Decimals of the settlement token.
    """

    account: int
    notional: int
    random: Random
    steps: int
    outage: int
    token_decimals: int

    def at(self, low: int, high: int) -> int:
        """A step between two percentages of the day."""
        return self.steps * self.random.randint(low, high) // 100


@dataclass(frozen=True, slots=True)
class Archetype:
    """A kind of trader: name, leverage, notional in thousands of quote, and how it decides."""

    name: str
    leverage: int
    thousands: int
    build: Callable[[Scene], Agent]


def _long(low: int, high: int, take: int | None = None, stop: int | None = None) -> Callable[[Scene], Agent]:
    return lambda s: Holder(s.account, s.notional, s.at(low, high), None, take, stop)


def _short(low: int, high: int, take: int | None = None, stop: int | None = None) -> Callable[[Scene], Agent]:
    return lambda s: Holder(s.account, -s.notional, s.at(low, high), None, take, stop)


def _visit(low: int, high: int, out_low: int, out_high: int, side: int) -> Callable[[Scene], Agent]:
    return lambda s: Holder(s.account, side * s.notional, s.at(low, high), s.at(out_low, out_high))


def _defender(scene: Scene) -> Agent:
    holder = Holder(scene.account, scene.notional, scene.at(5, 25))
    tokens = wad_to_token(scene.notional // 25, scene.token_decimals, "floor")
    return Defender(holder, 3 * WAD // 2, tokens, scene.notional // 4)


# In order of importance: a small cast still shows every tier, both sides and the desk.
_ARCHETYPES = (
    Archetype("long", 45, 180, _long(1, 8)),
    Archetype("basis desk", 3, 900, lambda s: BasisDesk(s.account, s.notional, 30, 8, 3)),
    Archetype("hedger, short", 2, 800, _short(0, 1)),
    Archetype("long", 25, 400, _long(5, 30)),
    Archetype("dip buyer", 30, 250, lambda s: Reactor(s.account, s.notional, 15, 180, False, 250, 400)),
    Archetype("long", 10, 600, _long(3, 30)),
    Archetype("short", 40, 220, _short(48, 52)),
    Archetype("trend", 12, 400, lambda s: Reactor(s.account, s.notional, 20, 120, True, 350, 200)),
    Archetype("long", 35, 300, _long(10, 38)),
    Archetype("defender, long", 15, 400, _defender),
    Archetype("short", 20, 300, _short(10, 35, take=600)),
    Archetype("long", 6, 700, _visit(2, 20, 55, 90, 1)),
    Archetype("long", 15, 450, _long(8, 35, stop=350)),
    Archetype("hedger, short", 3, 600, _short(2, 10)),
    Archetype("outage opener", 8, 250, lambda s: Holder(s.account, s.notional, s.outage + 7)),
    Archetype("long", 20, 400, _long(15, 40)),
    Archetype("dip buyer", 45, 150, lambda s: Reactor(s.account, s.notional, 30, 300, False, 300, 500)),
    Archetype("long", 4, 900, _visit(1, 15, 70, 95, 1)),
    Archetype("long", 12, 450, _long(10, 40)),
    Archetype("long", 9, 500, _long(5, 40)),
    Archetype("late long", 14, 350, _long(57, 68, take=200, stop=250)),
    Archetype("late short", 10, 400, _visit(60, 72, 85, 97, -1)),
    Archetype("long", 30, 250, _long(20, 40)),
    Archetype("late long", 22, 300, _long(75, 82)),
    Archetype("trend", 20, 250, lambda s: Reactor(s.account, s.notional, 8, 90, True, 250, 120)),
    Archetype("late hedger, short", 5, 500, _short(62, 75)),
)


def draw_cast(
    seed: int, traders: int, accounts: Sequence[str], steps: int, outage: int, token_decimals: int
) -> list[Player]:
    """Traders, three liquidity providers and one staker.

    Args:
        seed: Seed of sizes and entries.
        traders: Number of traders, at least one.
        accounts: Senders; from the fourth on they are used here, traders share the last four by sub-account.
        steps: Length of the day.
        outage: Step at which the feed fails.
        token_decimals: Decimals of the settlement token.

    Raises:
        ConfigError: Too few senders.
    """
    if len(accounts) < _ROLES + 1:
        raise ConfigError(f"{len(accounts)} accounts on the chain", f"give at least {_ROLES + 1}")
    random = Random(seed)  # noqa: S311, a simulation
    owners = accounts[_ROLES:]
    people = _liquidity(accounts[3], accounts[4], accounts[5], steps, token_decimals)
    for number, kind in enumerate(islice(cycle(_ARCHETYPES), traders)):
        owner = owners[number % len(owners)]
        account = account_id(owner, 1 + number // len(owners))
        spread = random.randint(100 - _SPREAD_PERCENT, 100)
        notional = kind.thousands * 1000 * WAD * spread // 100
        margin = notional // kind.leverage + notional * _FEE_BPS // BPS
        agent = kind.build(Scene(account, notional, random, steps, outage, token_decimals))
        name = f"{number + 1:02d} {kind.name} {kind.leverage}x"
        people.append(Player(name, owner, agent, account, wad_to_token(margin, token_decimals, "ceil")))
    return people


def _liquidity(first: str, second: str, staker: str, steps: int, decimals: int) -> list[Player]:
    one = 10**decimals
    return [
        Player("LP 1", first, Provider(1, 3_000_000 * one, 0)),
        Player("LP 2", second, Provider(1, 2_000_000 * one, 0, steps * 55 // 100, BPS // 2)),
        Player("LP 1 again", first, Provider(1, 750_000 * one, steps * 30 // 100)),
        Player("staker", staker, Staker(100_000 * one, 0)),
    ]
