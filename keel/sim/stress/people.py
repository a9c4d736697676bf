"""Who trades: drawn from a seed, the same mix of leverages whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from random import Random

from keel.sdk.protocol import account_id
from keel.sim.stress.settings import StressSettings
from keel.units import WAD

_UNIT = 10**6


@dataclass(frozen=True, slots=True)
class Person:
    """One account, before it opens.

    Attributes:
        account: Account id.
        owner: Address that sends its transactions.
        market: Market id.
        notional: Value to open, quote WAD, negative = short.
        leverage: What it asks for, 1e-6.
    """

    account: int
    owner: str
    market: int
    notional: int
    leverage: int


def draw(settings: StressSettings, capacity: Sequence[int], owners: Sequence[str]) -> list[Person]:
    """Everybody, in the order in which they open.

    Leverage is log-uniform and independent of size and side: one draw from each of as many equal parts of its
    range as there are accounts on a side of a market, so that few accounts have the same mix as many.

    Args:
        settings: Who and how many.
        capacity: Largest net position of each market at full utilization, quote WAD.
        owners: Addresses that share the accounts.
    """
    random = Random(settings.seed)  # noqa: S311, a simulation
    crowd, money = settings.crowd, settings.money
    markets = len(capacity)
    people: list[Person] = []
    for place, room in enumerate(capacity):
        number = crowd.accounts // markets + (place < crowd.accounts % markets)
        shorts = max(number * crowd.short_percent // 100, 1)
        net = room * money.fill_percent // 100
        short_side = net * crowd.short_percent // (100 - 2 * crowd.short_percent)
        sides = (
            _side(random, settings, number - shorts, net + short_side),
            _side(random, settings, shorts, -short_side),
        )
        for notional, leverage in _in_step(*sides):
            seat = len(people)
            owner = owners[seat % len(owners)]
            account = account_id(owner, 1 + seat // len(owners))
            people.append(Person(account, owner, place + 1, notional, leverage))
    return people


def _side(random: Random, settings: StressSettings, number: int, total: int) -> list[tuple[int, int]]:
    """Notional and leverage of each account of one side."""
    low, high = log(settings.crowd.least), log(settings.crowd.most)
    weights = [random.lognormvariate(0, settings.crowd.spread_percent / 100) for _ in range(number)]
    parts = [(place + random.random()) / number for place in range(number)]
    random.shuffle(parts)
    whole = sum(weights)
    return [
        (
            total * int(weight / whole * _UNIT**2) // _UNIT**2 // WAD * WAD,
            int(exp(low + (high - low) * part) * _UNIT),
        )
        for weight, part in zip(weights, parts, strict=True)
    ]


def _in_step(longs: list[tuple[int, int]], shorts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Both sides merged so that each is filled to the same part all the way: the net position only grows."""
    whole = sum(notional for notional, _ in longs), sum(notional for notional, _ in shorts)
    done = [0, 0]
    merged: list[tuple[int, int]] = []
    left = [longs[::-1], shorts[::-1]]
    while left[0] or left[1]:
        shares = [done[side] / whole[side] if left[side] else 2.0 for side in (0, 1)]
        side = 1 if shares[1] <= shares[0] else 0
        notional, leverage = left[side].pop()
        done[side] += notional
        merged.append((notional, leverage))
    return merged
