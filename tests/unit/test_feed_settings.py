"""Settings of price sources: what is refused and why, what is deployed, what a source must say by then."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from support.bench import MARKET, rolled_back
from support.external import chainlink, pyth
from support.uniswap_world import Pool

from keel.artifacts import artifact
from keel.config.deployment import load_deployment
from keel.config.feeds import LIMITS_BPS, POOL_WINDOW, PYTH_CONFIDENCE_BPS, PYTH_HEARTBEAT, FeedSettings
from keel.config.settings import PRESETS
from keel.errors import ChainError, ConfigError, Reverted
from keel.evm.chain import NOBODY
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.deployment import Record, addresses
from keel.sdk.protocol import Protocol
from keel.units import WAD, parse_wad

PRICE = 2_000
FEED_ONE = 10**8
ID = "0x" + "11" * 32
ANY = "0x" + "12" * 20
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "oracles.md"

CHAINLINK = f'kind = "chainlink"\naggregator = "{ANY}"'
MOCK = 'kind = "chainlink"'
PYTH = f'kind = "pyth"\ncontract = "{ANY}"\nprice_id = "{ID}"'
POOL = f'kind = "uniswap"\npool = "{ANY}"\nbase_token = "{ANY}"\nmin_liquidity = 1000'
SILENT_PYTH = "BTC.source1 has no price yet: push an update to Pyth"


def deployment(tmp_path, *sources, **limits):
    """The local deployment with other sources and limits, from a file."""
    head, _, table = (PRESETS / "local.toml").read_text().partition("[markets.feed]")
    table = table.partition("[[markets.feed.sources]]")[0]
    for name, value in limits.items():
        table = re.sub(rf"^{name} = .*$", f"{name} = {value}", table, flags=re.MULTILINE)
    lists = "".join(f"\n[[markets.feed.sources]]\n{source}\n" for source in sources)
    path = tmp_path / "mine.toml"
    path.write_text(f"{head}[markets.feed]{table}{lists}")
    return load_deployment(str(path))


def feed_of(tmp_path, *sources, **limits):
    return deployment(tmp_path, *sources, **limits).markets[0].feed


class Feeds:
    """A chain with a real feed of every kind, at 2,000."""

    def __init__(self):
        self.chain = RevmChain()
        self.sender = self.chain.accounts[0]
        self.aggregator = chainlink("MockV3Aggregator").deploy(self.chain, 8, PRICE * FEED_ONE)
        self.pyth = pyth().deploy(self.chain, 60, 7)
        self.pool = Pool(self.chain).begin(PRICE).room(200)
        self.pool.provide(1_000, 1_000 * PRICE)
        # Room becomes real with the first observation that needs it.
        for _ in range(3):
            self.chain.warp(900)
            self.pool.swap(self.pool.quote, 1)
            self.pool.swap(self.pool.base, 1)
        self.publish()

    def publish(self, price=PRICE):
        self.send(self.aggregator, "updateAnswer", price * FEED_ONE)

    def push(self, price=PRICE, conf=0):
        stamp = self.chain.timestamp()
        fields = bytes.fromhex(ID[2:]), price * FEED_ONE, conf, -8, price * FEED_ONE, conf, stamp, 0
        return self.chain.call(self.pyth, "createPriceFeedUpdateData", *fields)

    def send(self, target, function, *args, value=0):
        return self.chain.send(target, function, *args, sender=self.sender, value=value)

    def source(self, kind):
        return {
            "chainlink": CHAINLINK.replace(ANY, self.aggregator.address),
            "mock": MOCK,
            "pyth": PYTH.replace(ANY, self.pyth.address),
            "uniswap": POOL.replace(ANY, self.pool.contract.address, 1).replace(ANY, self.pool.base.address),
        }[kind]


FEEDS = Feeds()


@pytest.fixture
def feeds():
    with rolled_back(FEEDS.chain):
        yield FEEDS


# What settings turn into


def test_the_struct_is_the_contracts():
    constructor = next(one for one in artifact("OracleHub").abi if one["type"] == "constructor")
    feed = constructor["inputs"][2]["components"]
    limits = next(one for one in feed if one["name"] == "limits")["components"]
    struct = load_deployment().markets[0].feed.abi([ANY])
    assert list(struct) == [one["name"] for one in feed]
    assert list(struct["limits"]) == [one["name"] for one in limits]


def test_units(tmp_path):
    feed = feed_of(tmp_path, CHAINLINK, PYTH, min_price='"0.5"', max_confidence="0.005")
    limits = feed.abi([])["limits"]
    assert (limits["minPrice"], limits["maxConfidenceBps"], limits["maxVolatileBps"]) == (WAD // 2, 50, 2_000)
    assert feed.sources[0].arguments(ANY) == (ANY, 3_720)
    assert feed.sources[1].arguments() == (ANY, bytes.fromhex(ID[2:]), 60, 200)


@pytest.mark.parametrize("preset", ["local", "demo", "fuzz"])
def test_presets_for_this_machine_list_feeds_that_anyone_sets(preset):
    for market in load_deployment(preset).markets:
        assert [(one.kind, one.aggregator) for one in market.feed.sources] == [("chainlink", None)]


# What is refused: where, the value, and what to do


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('kind = "band"', "'band'"),
        ("decimals = 8", "kind"),
        (MOCK + '\naggregator = "0xFEED"', "aggregator: '0xFEED' is no address, write 0x and 40 hexa"),
        (MOCK + f'\naggregator = "0x{"0" * 40}"', "stands for none, put the address in its place"),
        (MOCK + f'\naggregator = "0x{"aB" * 20}"', "has a wrong checksum, copy it again"),
        (MOCK + "\ndecimals = 19", "decimals: 19 is outside 0 to 18"),
        (MOCK + "\nheartbeat_seconds = 0", "heartbeat_seconds: 0 is outside 1 to 604800, choose"),
        (MOCK + "\nheartbeat = 60", "heartbeat: Extra inputs"),
        (PYTH.replace(ID, "0x11"), "price_id: '0x11' is no price id, write 0x and 64"),
        (PYTH + "\nheartbeat_seconds = 61", "heartbeat_seconds: 61 is outside 1 to 60, choose"),
        (PYTH + "\nconfidence = 0.0501", "confidence 0.0501 is outside 0.0001 to 0.05, choose"),
        (PYTH + "\nconfidence = 0.00015", "confidence 0.00015 is no whole number of bp"),
        ('kind = "pyth"', "contract: Field required"),
        (POOL + "\nwindow_seconds = 299", "window_seconds: 299 is outside 300 to 86400"),
        (
            POOL + "\nwindow_seconds = 300\nblock_seconds = 301",
            "block_seconds 301 is above window_seconds 300",
        ),
        (POOL.replace("1000", "0"), "min_liquidity: 0 is outside 1 to"),
    ],
)
def test_a_wrong_source_is_named(tmp_path, source, says):
    with pytest.raises(ConfigError) as refused:
        deployment(tmp_path, MOCK, source)
    assert "mine.toml: markets.0.feed.sources.1" in str(refused.value)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("sources", "limits", "says"),
    [
        ([], {}, "sources: Field required"),
        ([MOCK] * 4, {}, "sources has 4 entries, list one, two or three"),
        ([PYTH], {}, "sources has a pyth alone, which others can lead: add a second source"),
        ([POOL], {}, "sources has a uniswap alone"),
        ([PYTH, MOCK, PYTH], {}, f"sources has {ID} twice, name another feed"),
        ([MOCK], {"max_deviation": "0.1001"}, "max_deviation 0.1001 is outside 0.0001 to 0.1, choose"),
        ([MOCK], {"max_confidence": "0"}, "max_confidence 0 is outside 0.0001 to 0.1"),
        ([MOCK], {"max_volatile": "0.00995"}, "max_volatile 0.00995 is no whole number of bp"),
        ([MOCK], {"clamp": "0.51"}, "clamp 0.51 is outside 0.01 to 0.5"),
        ([MOCK], {"min_price": "10000001"}, "min_price 10000001 to max_price 10000000 is no range"),
        ([MOCK], {"max_price": "309485010"}, "max_price 309485010 is no range"),
        ([MOCK], {"min_price": "0"}, "min_price 0 to"),
    ],
)
def test_a_wrong_feed_is_named(tmp_path, sources, limits, says):
    with pytest.raises(ConfigError) as refused:
        deployment(tmp_path, *sources, **limits)
    assert "mine.toml: markets.0.feed" in str(refused.value)
    assert says in str(refused.value)


def test_old_keys_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"feed\.decimals: Extra inputs"):
        deployment(tmp_path, MOCK, clamp="0.1\ndecimals = 8")


def test_a_chain_has_one_pyth(tmp_path):
    settings = deployment(tmp_path, MOCK, PYTH)
    assert settings.pyth == ANY
    assert load_deployment().pyth is None
    other = {**settings.model_dump(), "markets": [market.model_dump() for market in settings.markets * 2]}
    other["markets"][1]["feed"]["sources"][1]["contract"] = "0x" + "13" * 20
    with pytest.raises(ValueError, match="a chain has one"):
        type(settings).model_validate(other)


def test_bounds_are_the_contracts(feeds):
    """Both ends are taken by the contracts; one more is refused by them, too."""
    chain, word = feeds.chain, bytes.fromhex(ID[2:])
    for heartbeat, bps in ((PYTH_HEARTBEAT[0], PYTH_CONFIDENCE_BPS[0]), (PYTH_HEARTBEAT[1], 500)):
        chain.deploy("PythSource", feeds.pyth, word, heartbeat, bps)
    made = Protocol(chain, deploy(chain, load_deployment())).contracts
    struct = load_deployment().markets[0].feed.abi([source.address for source in made.markets[0].sources])
    refusals = [
        ("PythSource", (feeds.pyth, word, *pair)) for pair in ((61, 500), (0, 500), (60, 501), (60, 0))
    ]
    refusals += [
        ("UniswapV3Source", (feeds.pool.contract, feeds.pool.base, window, 1, 299))
        for window in (POOL_WINDOW[0] - 1, POOL_WINDOW[1] + 1)
    ]
    for contract, arguments in refusals:
        with pytest.raises(Reverted, match="SourceOutOfBounds"):
            chain.deploy(contract, *arguments)
    names = dict(zip(LIMITS_BPS, list(struct["limits"])[2:], strict=True))
    for name, (low, high) in LIMITS_BPS.items():
        for bps, fits in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
            changed = {**struct, "limits": {**struct["limits"], names[name]: bps}}
            assert takes(chain, made, changed) == fits


def takes(chain, contracts, feed):
    """Whether a hub can be built over a feed."""
    try:
        chain.deploy("OracleHub", contracts.core, MARKET, feed, NOBODY)
    except Reverted as refused:
        return refused.error != "FeedOutOfBounds"
    return True


# Deployment


@pytest.mark.parametrize(
    "kinds",
    [
        ["mock"],
        ["mock", "mock"],
        ["chainlink"],
        ["chainlink", "uniswap"],
        ["chainlink", "pyth"],
        ["pyth", "chainlink", "uniswap"],
        ["mock", "mock", "mock"],
    ],
)
def test_each_kind_is_deployed_in_order_and_recorded(tmp_path, feeds, kinds):
    settings, record = deployment(tmp_path, *map(feeds.source, kinds)), Record()
    made = deploy(feeds.chain, settings, record=record)
    market = made.markets[0]
    adapters = {"mock": "ChainlinkSource", "chainlink": "ChainlinkSource"}
    adapters |= {"pyth": "PythSource", "uniswap": "UniswapV3Source"}
    assert [source.name for source in market.sources] == [adapters[kind] for kind in kinds]
    listed = feeds.chain.call(market.hub, "feed")
    assert list(listed.sources) == [source.address for source in market.sources]
    assert listed.limits._asdict() == settings.markets[0].feed.abi([])["limits"]
    assert len(market.aggregators) == kinds.count("mock")
    for i, source in enumerate(market.sources):
        assert record.contracts[f"BTC.source{i}"] == (source.name, source.address)
    assert (made.pyth_updater is not None) == ("pyth" in kinds)
    assert set(addresses(made).values()) >= {one.address for one in (*market.sources, *market.aggregators)}
    # Again, from the record: nothing is left to do, whatever became of the feeds.
    feeds.chain.warp(10_000)
    assert deploy(feeds.chain, settings, record=record, progress=pytest.fail) == made


def test_a_pyth_market_from_push_to_price(tmp_path, feeds):
    """A silent Pyth is a step that warns; its updater then pays, and the core has a price."""
    steps = []
    settings = deployment(tmp_path, feeds.source("chainlink"), feeds.source("pyth"))
    made = deploy(feeds.chain, settings, progress=steps.append)
    assert SILENT_PYTH in steps
    feeds.send(made.pyth_updater, "updatePrice", MARKET, [feeds.push()], value=10)
    assert Protocol(feeds.chain, made).view("marketOf", MARKET).price.index == PRICE * WAD
    again = []
    deploy(feeds.chain, settings, record=Record(), progress=again.append)
    assert SILENT_PYTH not in again


def stale(feeds):
    feeds.chain.warp(3_721)


def silent(feeds):
    feeds.send(feeds.aggregator, "updateAnswer", 0)


def elsewhere(feeds):
    feeds.publish(50)


@pytest.mark.parametrize(
    ("kinds", "swap", "event", "says"),
    [
        (
            ["chainlink"],
            None,
            stale,
            "BTC.source0: the chainlink feed {feed} gives no price: check aggregator",
        ),
        (["chainlink"], None, silent, "gives no price: check aggregator, and that heartbeat_seconds"),
        (
            ["chainlink"],
            None,
            elsewhere,
            "BTC.source0 says 50, believable is 100 to 10000000: check which feed",
        ),
        (["chainlink"], ("{feed}", ANY), None, f"chainlink feed {ANY} cannot be read (reverted with"),
        (["mock", "pyth"], ("{pyth}", ANY), None, "check contract and price_id"),
        (
            ["mock", "uniswap"],
            ("= 1000", "= 10000000000000000000"),
            None,
            "gives no price: check pool, base_tok",
        ),
        (["mock", "uniswap"], ("{base}", ANY), None, "cannot be read (reverted with NotInPool"),
        (["mock", "uniswap"], ("{base}", "{quote}"), None, "BTC.source1 says 0.0005"),
        (["mock", "uniswap"], ("= 1000", "= 1000\nblock_seconds = 1"), None, "cardinality"),
        (["mock", "uniswap"], ("= 1000", "= 1000\nwindow_seconds = 2400"), "young", "wait window_seconds"),
    ],
)
def test_a_source_without_a_believable_price_ends_the_deployment(tmp_path, feeds, kinds, swap, event, says):
    places = {
        "feed": feeds.aggregator.address,
        "pyth": feeds.pyth.address,
        "base": feeds.pool.base.address,
        "quote": feeds.pool.quote.address,
    }
    sources = [feeds.source(kind) for kind in kinds]
    if swap:
        old, new = (text.format(**places) for text in swap)
        assert old in sources[-1]
        sources[-1] = sources[-1].replace(old, new)
    if event == "young":
        young = Pool(feeds.chain).begin(PRICE).room(300)
        young.provide(1_000, 1_000 * PRICE)
        feeds.chain.warp(60)
        young.swap(young.quote, 1)
        sources[-1] = POOL.replace(ANY, young.contract.address, 1).replace(ANY, young.base.address)
    elif event:
        event(feeds)
    record = Record()
    with pytest.raises(ChainError) as refused:
        deploy(feeds.chain, deployment(tmp_path, *sources), record=record)
    assert says.format(**places) in str(refused.value)
    assert "BTC.list" not in record.done


def test_other_decimals_than_the_settings_say(tmp_path, feeds):
    source = feeds.source("chainlink") + "\ndecimals = 18"
    with pytest.raises(ChainError, match="has 8 decimals instead of 18: check aggregator"):
        deploy(feeds.chain, deployment(tmp_path, source))


def test_adapters_of_another_record_are_refused(tmp_path, feeds):
    """The record says what was deployed, the settings what should be."""
    settings, record = deployment(tmp_path, feeds.source("chainlink")), Record()
    deploy(feeds.chain, settings, record=record)
    other = feeds.source("chainlink") + "\nheartbeat_seconds = 3600"
    with pytest.raises(ChainError, match=r"heartbeat of BTC\.source0 is 3720 instead of 3600"):
        deploy(feeds.chain, deployment(tmp_path, other), record=record)


# The example in the documents


def example():
    (block,) = re.findall(r"```toml\n(\[markets\.feed\].*?)```", DOCUMENT.read_text(), re.DOTALL)
    return block


def test_the_documented_example_is_complete_but_for_its_placeholders(tmp_path):
    path = tmp_path / "mine.toml"
    head = (PRESETS / "local.toml").read_text().partition("[markets.feed]")[0]
    text = head + example()
    for number, (placeholder, digits) in enumerate(
        [("0x_FEED", 40), ("0x_PYTH", 40), ("0x_PRICE_ID", 64), ("0x_POOL", 40), ("0x_BASE", 40)], start=1
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=rf"'{placeholder}' is no (address|price id), write 0x and"):
            load_deployment(str(path))
        assert placeholder in text
        text = text.replace(placeholder, f"0x{number:0{digits}}")
    path.write_text(text)
    feed = load_deployment(str(path)).markets[0].feed
    assert [source.kind for source in feed.sources] == ["chainlink", "pyth", "uniswap"]
    assert isinstance(feed, FeedSettings)
    assert parse_wad(feed.min_price) > 0
    assert feed.max_confidence == Decimal("0.01")
