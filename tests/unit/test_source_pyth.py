"""PythSource and PythUpdater on Pyth's own mock: every field at its bounds, and the fee."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bench import MARKET, make_bench
from support.external import pyth
from support.hub import Defect, Hub
from support.oracle_feeds import ID, PythFeed
from support.oracle_feeds import OTHER_ID as OTHER
from support.refusals import bytes32

from keel.errors import Reverted
from keel.evm.pyevm import PyEvmChain
from keel.evm.revm import RevmChain
from keel.units import WAD

HEARTBEAT, AHEAD, CONFIDENCE = PythFeed.HEARTBEAT, 10, 100
FEE = PythFeed.FEE
PRICE, EXPONENT = 2_000 * 10**8, -8


def pyth_feed(chain=None, heartbeat=HEARTBEAT, confidence=CONFIDENCE):
    return PythFeed(chain or RevmChain(), heartbeat, confidence)


def test_a_price_in_wad():
    feed = pyth_feed()
    feed.push()
    assert feed.latest() == (2_000 * WAD, 0, feed.chain.timestamp())


def test_a_feed_that_nobody_pushed():
    """Pyth reverts; the hub sees no price. Another feed of the same contract is another price."""
    feed = pyth_feed()
    hub = Hub(feed.chain, [feed.source])
    assert hub.seen() == (0, Defect.INVALID)
    feed.push(feed=OTHER)
    with pytest.raises(Reverted):
        feed.latest()
    feed.push()
    assert hub.peek() == (2_000 * WAD, 0, 0)


@pytest.mark.parametrize("price", [0, -1, -(2**63)])
def test_prices_that_are_none(price):
    feed = pyth_feed()
    feed.push(price)
    assert feed.price() == 0


@pytest.mark.parametrize(("age", "usable"), [(HEARTBEAT, True), (HEARTBEAT + 1, False), (10**6, False)])
def test_age(age, usable):
    """P3. Nothing but a push makes a price younger."""
    feed = pyth_feed()
    feed.push()
    feed.chain.warp(age)
    assert feed.latest() == (2_000 * WAD if usable else 0, 0, feed.chain.timestamp() - age)


@pytest.mark.parametrize(("ahead", "usable"), [(1, True), (AHEAD, True), (AHEAD + 1, False), (60, False)])
def test_prices_of_the_future(ahead, usable):
    """Pyth's own age check takes the distance without its sign: 60 seconds ahead passes there."""
    feed = pyth_feed()
    now = feed.chain.timestamp()
    feed.push(at=now + ahead)
    assert feed.chain.call(feed.pyth, "getPriceNoOlderThan", ID, 60).price == PRICE
    assert feed.latest() == ((2_000 * WAD, 0, now) if usable else (0, 0, now + ahead))


def test_a_publish_time_beyond_any_clock():
    feed = pyth_feed()
    feed.push(at=2**64 - 1)
    assert feed.price() == 0


@pytest.mark.parametrize(
    ("conf", "usable"),
    [
        (0, True),
        (PRICE // 100, True),
        (PRICE // 100 + 1, False),
        (PRICE, False),
        (PRICE + 1, False),
        (2**64 - 1, False),
    ],
)
def test_confidence(conf, usable):
    """P2: 1 % of the price is believed here; as wide as the price, or wider, says nothing at all."""
    feed = pyth_feed()
    feed.push(conf=conf)
    assert feed.latest()[:2] == ((2_000 * WAD, conf * 10**10) if usable else (0, 0))


def test_mango_like_disagreement_of_publishers():
    """A thin market that is pulled apart shows in the interval first: no price, until they agree again."""
    feed = pyth_feed()
    hub = Hub(feed.chain, [feed.source])
    for conf, expected in ((PRICE // 1000, 0), (PRICE // 20, Defect.INVALID), (PRICE // 1000, 0)):
        feed.chain.warp(1)
        feed.push(conf=conf)
        assert hub.seen()[1] == expected


@pytest.mark.parametrize("expo", [-(2**31), -21, 13, 2**31 - 1])
def test_exponents_out_of_range(expo):
    """P4, F-42: an exponent that no feed has is a mistake, not a price."""
    feed = pyth_feed()
    feed.push(expo=expo)
    assert feed.price() == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2**63 - 1), st.integers(-20, 12))
def test_every_price_and_exponent_is_floored_exactly(price, expo):
    feed = _shared()
    feed.chain.warp(1)
    feed.push(price, expo=expo)
    assert feed.price() == Fraction(price) * Fraction(10) ** expo * WAD // 1


_FEEDS = []


def _shared():
    if not _FEEDS:
        _FEEDS.append(pyth_feed())
    return _FEEDS[0]


def test_too_small_for_a_wad_is_no_price():
    feed = pyth_feed()
    feed.push(99, expo=-20)
    assert feed.price() == 0


def test_an_older_update_is_no_step_back():
    """F-04: valid, paid for, and ignored: neither a revert nor an older price."""
    feed = pyth_feed()
    now = feed.chain.timestamp()
    feed.push(at=now)
    feed.push(PRICE // 2, at=now - 1)
    assert feed.latest() == (2_000 * WAD, 0, now)


@pytest.mark.parametrize(
    ("name", "args", "given", "low", "high"),
    [
        ("heartbeatSeconds", (0, 100), 0, 1, 60),
        ("heartbeatSeconds", (61, 100), 61, 1, 60),
        ("confidenceBps", (20, 0), 0, 1, 500),
        ("confidenceBps", (20, 501), 501, 1, 500),
    ],
)
def test_bounds(name, args, given, low, high):
    with pytest.raises(Reverted) as refused:
        pyth_feed(None, *args)
    assert refused.value.named == {"name": bytes32(name), "given": given, "low": low, "high": high}


def test_no_contract_is_no_pyth():
    chain = RevmChain()
    with pytest.raises(Reverted) as refused:
        chain.deploy("PythSource", chain.accounts[0], ID, HEARTBEAT, CONFIDENCE)
    assert refused.value.named["name"] == bytes32("pyth")


@pytest.fixture
def market():
    """A market over a Pyth source, with the updater."""
    bench = make_bench()
    feed = pyth_feed(bench.chain)
    bench.link_feed([feed.source])
    bench.later()
    return bench, feed, bench.chain.deploy("PythUpdater", feed.pyth, bench.core)


def balance(bench, contract):
    """Ether of an account, wei."""
    return bench.chain._evm.get_balance(getattr(contract, "address", contract))


@pytest.mark.parametrize("extra", [0, 1, 10**18])
def test_push_and_take_in_one_transaction(market, extra):
    """The price that is pushed is the price that is taken; what is too much comes back."""
    bench, feed, updater = market
    updates = [feed.update(51_000 * 10**8), feed.update(feed=OTHER)]
    before = balance(bench, bench.stranger)
    done = bench.chain.send(
        updater, "updatePrice", MARKET, updates, sender=bench.stranger, value=2 * FEE + extra
    )
    assert done.event("PriceStored").args["price"].index == 51_000 * WAD
    assert balance(bench, bench.stranger) == before - 2 * FEE
    assert (balance(bench, feed.pyth), balance(bench, updater)) == (2 * FEE, 0)


def test_too_little_for_the_fee(market):
    bench, feed, updater = market
    with pytest.raises(Reverted) as refused:
        bench.chain.send(
            updater, "updatePrice", MARKET, [feed.update()], sender=bench.stranger, value=FEE - 1
        )
    assert refused.value.named == {"given": FEE - 1, "fee": FEE}


def test_a_fee_that_changes_stops_nobody_who_sent_enough(market):
    """P5: quoted at 7 wei, taken at 700; and the price that is stored already needs no fee at all."""
    bench, feed, _ = market
    dear = pyth().deploy(bench.chain, 60, 100 * FEE)
    updater = bench.chain.deploy("PythUpdater", dear, bench.core)
    before = balance(bench, bench.stranger)
    args = MARKET, [feed.update()]
    bench.chain.send(updater, "updatePrice", *args, sender=bench.stranger, value=1_000 * FEE)
    assert balance(bench, bench.stranger) == before - 100 * FEE
    feed.push(50_500 * 10**8)
    bench.later()
    bench.protocol.update_price(MARKET, bench.stranger)
    assert bench.protocol.view("marketOf", MARKET).price.index == 50_500 * WAD


def test_one_price_per_block_whoever_pushes(market):
    """O2: the second push of a block changes Pyth's price, but not the market's."""
    bench, feed, updater = market
    now = bench.chain.timestamp()
    for price, at in ((50_000, now - 5), (52_000, now)):
        update = feed.update(price * 10**8, at=at)
        bench.chain.send(updater, "updatePrice", MARKET, [update], sender=bench.stranger, value=FEE)
    assert bench.protocol.view("marketOf", MARKET).price.index == 50_000 * WAD
    assert feed.price() == 52_000 * WAD


def test_adversarial_selection_is_bounded_by_the_reference(market):
    """P1: the sender picks among fresh updates; far from the reference, nobody opens at what he picked."""
    bench, feed, updater = market
    reference = bench.chain.deploy("MockSource")
    bench.chain.send(reference, "set", 50_000 * WAD, sender=bench.stranger)
    hub = bench.link_feed([feed.source, reference])
    limits = bench.chain.call(hub, "feed").limits
    chosen = 50_000 * (10_000 + limits.maxDeviationBps + 1) // 10_000
    update = feed.update(chosen * 10**8, at=bench.chain.timestamp() - HEARTBEAT)
    bench.chain.send(updater, "updatePrice", MARKET, [update], sender=bench.stranger, value=FEE)
    assert bench.protocol.view("marketOf", MARKET).price.flags & Defect.UNCERTAIN


def test_gas_of_a_read():
    feed = pyth_feed(PyEvmChain())
    feed.push()
    used = feed.chain.send(feed.source, "latest", sender=feed.sender).gas_used - 21_064
    assert used < 30_000
