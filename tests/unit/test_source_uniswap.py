"""UniswapV3Source on Uniswap's own factory, pool, position manager and router: real swaps, real attacks."""

from decimal import Decimal, localcontext
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hub import Defect, Hub
from support.refusals import bytes32
from support.uniswap_world import Pool

from keel.errors import Reverted
from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.units import WAD

WINDOW, BLOCK = 1_800, 12
ROOM = WINDOW // BLOCK + 1
# What the hub lets a source use.
STIPEND = 200_000
BOTH_WAYS = pytest.mark.parametrize("base_first", [True, False], ids=["base is token0", "base is token1"])


def exact(pool, integral, window=WINDOW):
    """1.0001^(mean tick), the right way up and in WAD, to 60 digits."""
    with localcontext() as context:
        context.prec = 60
        power = Decimal("1.0001") ** (Decimal(integral) / window)
        value = power if pool.base_first else 1 / power
        return value * Decimal(10) ** (18 + pool.decimals[0] - pool.decimals[1])


def near(price, expected):
    """Within 10^-17 of the price and a wei."""
    return abs(price - expected) <= expected * Decimal("1e-17") + 1


def latest(pool, source):
    return tuple(pool.chain.call(source, "latest"))


def deep(base_first=True, decimals=(18, 6), chain=None):
    """A pool at 2,000 with 1,000 base and 2 million quote in it, that remembers a window."""
    pool = Pool(chain or RevmChain(), decimals, base_first).begin(2_000).room(ROOM)
    pool.position, pool.liquidity = pool.provide(1_000, 2_000_000)
    pool.chain.warp(WINDOW)
    return pool


@BOTH_WAYS
@pytest.mark.parametrize("decimals", [(18, 6), (8, 6), (6, 18), (18, 18), (0, 18), (6, 6), (18, 0)])
def test_vee_finance_decimals(base_first, decimals):
    """I-30: the same price whatever the tokens' decimals and the order of their addresses."""
    pool = deep(base_first, decimals)
    price, spread, at = latest(pool, pool.source())
    assert (spread, at) == (0, pool.chain.timestamp())
    # A tick is 1 bp wide, and the pool's own price is floored to one.
    assert abs(price - 2_000 * WAD) < 2_000 * WAD // 10_000 + WAD // 10**6
    assert near(price, exact(pool, pool.tick * WINDOW))


@settings(max_examples=40, deadline=None)
@given(st.integers(-887_272, 887_271), st.integers(0, 18), st.integers(0, 18), st.booleans())
def test_every_tick_is_its_price(tick, base, quote, base_first):
    with localcontext() as context:
        context.prec = 60
        root = int(Decimal("1.0001") ** (Decimal(tick) / 2) * 2**96) + 1
    root = min(max(root, 4_295_128_739), 1461446703485210103287273052203988822378723970341)
    pool = Pool(_chain(), (base, quote), base_first).begin_at(root).room(ROOM)
    assert abs(pool.tick - tick) <= 1
    pool.chain.warp(WINDOW)
    assert near(latest(pool, pool.source())[0], exact(pool, pool.tick * WINDOW))


_CHAINS = []


def _chain():
    if not _CHAINS:
        _CHAINS.append(RevmChain())
    return _CHAINS[0]


@BOTH_WAYS
def test_real_swaps_move_the_average_as_the_integral_says(base_first):
    random, pool = Random(7), deep(base_first)
    source, mirror = pool.source(), pool.source(base=pool.quote)
    prices = set()
    for _ in range(60):
        if random.random() < 0.5:
            pool.swap(pool.base, random.randint(1, 40) * 10**18)
        else:
            pool.swap(pool.quote, random.randint(1, 80_000) * 10**6)
        pool.chain.warp(random.choice([BLOCK, BLOCK, 60, 300]))
        price = latest(pool, source)[0]
        prices.add(price)
        assert near(price, exact(pool, pool.integral(WINDOW)))
        # Quote per base times base per quote, both floored.
        assert 0 <= WAD - price * latest(pool, mirror)[0] // WAD < 10**6
    assert len(prices) > 50


def test_the_mean_of_negative_ticks_is_not_rounded_to_a_tick():
    """Uniswap's own library floors the mean; base and quote would then be a tick apart."""
    pool = deep(base_first=True)
    assert pool.tick < 0
    pool.swap(pool.base, 10**18)
    pool.chain.warp(1)
    assert pool.integral(WINDOW) % WINDOW != 0
    assert near(latest(pool, pool.source())[0], exact(pool, pool.integral(WINDOW)))


def test_inverse_finance_short_history():
    """I-26, T3: a window that is not covered is no price, not the price of a shorter one."""
    pool = Pool(RevmChain()).begin(2_000).room(ROOM)
    pool.provide(1_000, 2_000_000)
    source = pool.source()
    hub = Hub(pool.chain, [source])
    pool.chain.warp(WINDOW - 1)
    with pytest.raises(Reverted) as refused:
        latest(pool, source)
    assert refused.value.named == {"message": "OLD"}
    assert hub.seen() == (0, Defect.INVALID)
    pool.chain.warp(1)
    assert hub.seen()[1] == 0


def test_a_pool_that_was_never_opened():
    pool = Pool(RevmChain())
    with pytest.raises(Reverted) as refused:
        pool.source()
    assert refused.value.named["name"] == bytes32("cardinality")


@pytest.mark.parametrize("room", [1, ROOM - 1])
def test_a_pool_with_too_little_room_is_refused(room):
    """T2: with fewer observations than blocks, small swaps push the window out of the memory."""
    pool = Pool(RevmChain()).begin(2_000).room(room)
    with pytest.raises(Reverted) as refused:
        pool.source()
    high = 2**16 - 1
    assert refused.value.named == {"name": bytes32("cardinality"), "given": room, "low": ROOM, "high": high}
    pool.room(ROOM).source()


@pytest.mark.parametrize(("every", "usable"), [(BLOCK, True), (BLOCK // 2, False)])
def test_swapping_the_memory_away(every, usable):
    """A swap across a tick in every block, as a griefer pays for: with room for all of them the price stays.

    In twice as many blocks the price ends, and is never the price of a shorter window.
    """
    pool = deep()
    hub = Hub(pool.chain, [pool.source()])
    lost, bought = 0, 0
    for turn in range(2 * ROOM):
        bought = pool.swap(pool.quote, bought) if turn % 2 else pool.swap(pool.base, 10**18)
        pool.chain.warp(every)
        price, flags = hub.seen()
        lost += flags == Defect.INVALID
        assert price == 0 if flags else near(price, exact(pool, pool.integral(WINDOW)))
    assert (lost == 0) == usable


def test_polter_drained_in_a_block():
    """I-28: whatever a flash loan does to the pool and undoes in one block, the average does not see."""
    pool = deep()
    source = pool.source()
    before = latest(pool, source)[0]
    start = pool.tick
    bought = pool.swap(pool.quote, 10**6 * 10**12)
    assert pool.tick - start > 200_000
    assert latest(pool, source)[0] == before
    pool.swap(pool.base, bought)
    assert latest(pool, source)[0] == before


def test_rodeo_sandwiched_sample():
    """I-27, T1: moved, read, moved back, block after block: a price weighs the time that it stood."""
    pool = deep()
    source = pool.source()
    before = latest(pool, source)[0]
    for _ in range(4):
        bought = pool.swap(pool.quote, 10**6 * 10**9)
        assert latest(pool, source)[0] == before
        pool.swap(pool.base, bought)
        pool.chain.warp(45)
        # Fees leave the pool a little beside where it was.
        assert abs(latest(pool, source)[0] - before) < before // 100
        before = latest(pool, source)[0]


def test_a_price_held_for_one_block():
    """T5: ten times the price for 12 of 1,800 seconds moves a geometric mean by 10^(12 / 1800) = 1.55 %."""
    pool = deep()
    source = pool.source()
    before = latest(pool, source)[0]
    start = pool.tick
    pool.swap(pool.quote, 4_334_000 * 10**6)
    # Base is token0: 23,027 ticks are a factor of ten.
    assert abs(pool.tick - start - 23_027) < 100
    pool.chain.warp(BLOCK)
    assert Decimal("1.0150") < Decimal(latest(pool, source)[0]) / before < Decimal("1.0159")


def test_liquidity_that_leaves():
    """The harmonic mean falls fast: a pool that was empty for a tenth of the window is not deep."""
    pool = deep()
    source = pool.source(liquidity=pool.liquidity // 2)
    price = latest(pool, source)[0]
    assert price > 0
    pool.withdraw(pool.position, pool.liquidity * 9 // 10)
    assert latest(pool, source)[0] == price
    # 1 / (1 - f + 10 f) = 1/2 at f = 1/9 of the window.
    pool.chain.warp(WINDOW // 9)
    assert latest(pool, source)[0] == price
    pool.chain.warp(1)
    assert latest(pool, source) == (0, 0, pool.chain.timestamp())
    assert Hub(pool.chain, [source]).seen() == (0, Defect.INVALID)
    pool.provide(1_000, 2_000_000)
    pool.chain.warp(WINDOW)
    assert latest(pool, source)[0] == price


def test_liquidity_parked_for_a_moment():
    """The other way round: a hundred times the liquidity for one block does not make a thin pool deep."""
    pool = deep()
    source = pool.source(liquidity=2 * pool.liquidity)
    assert latest(pool, source)[0] == 0
    position, liquidity = pool.provide(100_000, 200_000_000)
    pool.chain.warp(BLOCK)
    assert latest(pool, source)[0] == 0
    pool.withdraw(position, liquidity)
    pool.chain.warp(WINDOW // 2)
    assert latest(pool, source)[0] == 0


@pytest.mark.parametrize(
    ("name", "args", "low", "high"),
    [
        ("windowSeconds", {"window": 299}, 300, 86_400),
        ("windowSeconds", {"window": 86_401}, 300, 86_400),
        ("minLiquidity", {"liquidity": 0}, 1, 2**128 - 1),
        ("minLiquidity", {"liquidity": 2**128}, 1, 2**128 - 1),
        ("blockSeconds", {"block_seconds": 0}, 1, WINDOW),
        ("blockSeconds", {"block_seconds": WINDOW + 1}, 1, WINDOW),
    ],
)
def test_bounds(name, args, low, high):
    pool = Pool(RevmChain()).begin(2_000).room(ROOM)
    with pytest.raises(Reverted) as refused:
        pool.source(**args)
    (value,) = args.values()
    assert refused.value.named == {"name": bytes32(name), "given": value, "low": low, "high": high}


def test_tokens_that_do_not_fit():
    pool = Pool(RevmChain()).begin(2_000).room(ROOM)
    with pytest.raises(Reverted) as refused:
        pool.source(base=pool.router)
    assert (refused.value.error, refused.value.named) == ("NotInPool", {"token": pool.router.address})
    wide = Pool(RevmChain(), (18, 19)).begin(2_000).room(ROOM)
    with pytest.raises(Reverted) as refused:
        wide.source()
    assert refused.value.named["name"] == bytes32("decimals")


def test_gas_of_a_read_that_searches():
    """151 observations, the oldest one looked for: 8 halvings. The largest ring, of 65,535, needs 8 more."""
    pool = deep(chain=PyEvmChain())
    source = pool.source()
    bought = 0
    for turn in range(ROOM):
        bought = pool.swap(pool.quote, bought) if turn % 2 else pool.swap(pool.base, 10**18)
        pool.chain.warp(BLOCK)
    assert pool.chain.call(pool.contract, "slot0").observationCardinality == ROOM
    used = pool.chain.send(source, "latest", sender=pool.owner).gas_used - 21_064
    # Two cold slots per halving, and the loop around them.
    assert used + 8 * 6_000 < STIPEND // 2
