"""No closed set of accounts gains at a constant index without fees: theorem, its proof, its limit."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from keel.model.errors import Refused
from keel.model.exact import ZERO, Member, Pool, World

MEMBERS = 3
Move = tuple[str, int, Fraction]


def fractions(low: int, high: int) -> st.SearchStrategy[Fraction]:
    """Hundredths between two whole numbers of hundredths."""
    return st.integers(low, high).map(lambda n: Fraction(n, 100))


@st.composite
def pools(draw: st.DrawFn, outsiders: bool = True, charged: bool = True) -> Pool:
    """A market in which a founder holds all shares and outsiders the net position."""
    pool = Pool(
        index=draw(fractions(1, 10_000)),
        depth_per_share=draw(fractions(1, 2_000)),
        claims=ZERO,
        skew=ZERO,
        shares=draw(fractions(100, 100_000)),
        charged=charged,
    )
    if outsiders:
        pool.skew = pool.depth * draw(fractions(-30, 30))
    equity = pool.index * pool.depth * draw(fractions(1, 200))
    pool.claims = equity + pool.value(pool.depth, pool.skew)
    return pool


moves = st.lists(
    st.tuples(
        st.sampled_from(["trade", "deposit", "redeem", "close"]),
        st.integers(0, MEMBERS - 1),
        fractions(-100, 100),
    ),
    min_size=2,
    max_size=9,
)


def play(pool: Pool, sequence: list[Move]) -> World:
    """Make the moves that the market allows."""
    world = World(pool, [Member() for _ in range(MEMBERS)])
    for name, number, share in sequence:
        try:
            _move(world, world.members[number], name, share)
        except Refused:
            continue
    return world


def _move(world: World, member: Member, name: str, share: Fraction) -> None:
    pool = world.pool
    if name == "trade":
        world.trade(member, pool.band * pool.depth * share - pool.skew)
    elif name == "close":
        world.trade(member, -member.size * abs(share))
    elif name == "deposit":
        world.deposit(member, pool.equity * abs(share) * 4)
    else:
        world.redeem(member, member.shares * abs(share))


@settings(max_examples=300, deadline=None)
@given(pools(), moves, st.permutations(range(MEMBERS)))
def test_no_closed_set_gains(pool: Pool, sequence: list[Move], order: list[int]) -> None:
    world = play(pool, sequence)
    assert world.worth() <= 0
    world.leave(world.members[number] for number in order)
    assert world.worth() <= 0


@settings(max_examples=200, deadline=None)
@given(pools(outsiders=False), moves, st.permutations(range(MEMBERS)))
def test_nor_by_abandoning_shares_when_it_holds_all_positions(
    pool: Pool, sequence: list[Move], order: list[int]
) -> None:
    world = play(pool, sequence)
    world.leave(world.members[number] for number in order)
    assert world.worth(abandon=True) <= 0


@settings(max_examples=200, deadline=None)
@given(pools(), moves)
def test_equity_per_share_never_falls(pool: Pool, sequence: list[Move]) -> None:
    world = World(pool, [Member() for _ in range(MEMBERS)])
    for name, number, share in sequence:
        before = pool.equity / pool.shares
        try:
            _move(world, world.members[number], name, share)
        except Refused:
            continue
        if name == "deposit":
            assert pool.equity / pool.shares >= before
        else:
            assert pool.equity / pool.shares == before


@settings(max_examples=200, deadline=None)
@given(pools(), fractions(1, 1_000))
def test_a_deeper_curve_takes_exit_value_from_either_side(pool: Pool, more: Fraction) -> None:
    assert pool.value(pool.depth * (1 + more), pool.skew) <= pool.value(pool.depth, pool.skew)


def small_pool(charged: bool) -> Pool:
    return Pool(Fraction(10), Fraction(1), Fraction(1_000), ZERO, Fraction(100), charged=charged)


@pytest.mark.parametrize(("charged", "gain"), [(True, False), (False, True)])
def test_the_charge_is_what_stops_a_trader_who_is_also_the_pool(charged: bool, gain: bool) -> None:
    world = World(small_pool(charged), [Member(), Member()])
    trader, provider = world.members
    world.deposit(provider, Fraction(4_000))
    world.trade(trader, Fraction(30))
    world.redeem(provider, provider.shares)
    world.trade(trader, -trader.size)
    assert world.pool.shares == 100
    assert trader.size == provider.shares == 0
    assert (world.worth() > 0) == gain
    if not charged:
        assert world.worth() == Fraction(30**2 * 10, 70) - Fraction(30**2 * 10, 470)


def test_without_the_charge_the_search_finds_a_gain() -> None:
    pool, sequence = find(
        st.tuples(pools(charged=False), moves),
        lambda given_: _gains(*given_),
        settings=settings(max_examples=3_000, suppress_health_check=list(HealthCheck), database=None),
    )
    assert not pool.charged
    assert sequence


def _gains(pool: Pool, sequence: list[Move]) -> bool:
    world = play(replace(pool), sequence)
    world.leave(world.members)
    return world.worth() > 0


def test_limit_a_depositor_can_keep_what_it_takes_from_outsiders_of_a_thin_pool() -> None:
    """Equity of 5 % of the depth's value, outsiders at 25 % of depth: see `World.worth`."""
    pool = Pool(Fraction(1), Fraction(10), ZERO, Fraction(250), Fraction(100))
    pool.claims = 50 + pool.value(pool.depth, pool.skew)
    exit_before = pool.value(pool.depth, pool.skew)
    world = World(pool, [Member()])
    depositor = world.members[0]
    world.deposit(depositor, Fraction(10_000))
    world.redeem(depositor, depositor.shares - 36)
    assert 8 < depositor.gain < 9
    assert world.worth() < 0
    assert world.worth(abandon=True) == depositor.gain
    lost_by_outsiders = exit_before - pool.value(pool.depth, pool.skew)
    assert lost_by_outsiders > depositor.gain
