"""Deploy price sources of markets and kinds of collateral: one adapter per feed, read once before use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from keel.config.feeds import AnySource, ChainlinkSettings, FeedSettings, PythSettings
from keel.errors import ChainError, Reverted
from keel.evm.chain import Chain, Contract
from keel.evm.scalars import normal_address
from keel.sdk.deployment import KindContracts, MarketContracts
from keel.sdk.funding import DeployStep
from keel.units import format_wad, parse_wad

#: Contract of each kind of source, by the kind's name in settings.
ADAPTERS: Mapping[str, str] = MappingProxyType(
    {"chainlink": "ChainlinkSource", "pyth": "PythSource", "uniswap": "UniswapV3Source"}
)

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "chainlink": "check aggregator, and that heartbeat_seconds is not below the feed's own",
        "pyth": "check contract and price_id",
        "uniswap": "check pool, base_token and min_liquidity, make room with "
        "increaseObservationCardinalityNext, and wait window_seconds",
    }
)
_BOUNDS = "check which feed it is, then min_price and max_price"


@dataclass(frozen=True, slots=True)
class Sources:
    """Price sources of one market.

    Attributes:
        adapters: In the order of the settings.
        aggregators: Feeds that were deployed for sources without one, in that order.
    """

    adapters: tuple[Contract, ...]
    aggregators: tuple[Contract, ...]


def deploy_sources(deploy: DeployStep, market: str, feed: FeedSettings) -> Sources:
    """Deploy what the settings list, and first the feeds that anyone sets.

    Args:
        deploy: Deploys one contract under the name of a step.
        market: Name of the market; steps begin with it.
        feed: The market's feed.

    Raises:
        ChainError: An adapter cannot be built over what the settings name.
    """
    adapters, aggregators = [], []
    for i, source in enumerate(feed.sources):
        step = f"{market}.source{i}"
        if isinstance(source, ChainlinkSettings):
            aggregator: Contract | str | None = source.aggregator
            if aggregator is None:
                aggregator = deploy(f"{market}.aggregator{i}", "MockAggregator", source.decimals)
                aggregators.append(aggregator)
            arguments = source.arguments(aggregator)
        else:
            arguments = source.arguments()
        try:
            adapters.append(deploy(step, ADAPTERS[source.kind], *arguments))
        except Reverted as problem:
            raise _refusal(step, source, f"cannot be read ({problem})") from None
    return Sources(tuple(adapters), tuple(aggregators))


def read_sources(
    chain: Chain, market: str, feed: FeedSettings, sources: Sources, warn: Callable[[str], None]
) -> None:
    """Read each source once: it must have a believable price.

    Feeds that anyone sets may be silent, as may Pyth's, which nobody may have pushed yet.

    Args:
        chain: Chain they are on.
        market: Name of the market.
        feed: Its settings.
        sources: What was deployed.
        warn: Told about a silent Pyth source.

    Raises:
        ChainError: A source has no price or an unbelievable one, or other decimals than the settings say.
    """
    for i, (source, adapter) in enumerate(zip(feed.sources, sources.adapters, strict=True)):
        step = f"{market}.source{i}"
        if isinstance(source, ChainlinkSettings):
            if source.aggregator is None:
                continue
            _check_decimals(chain, step, source)
        price = _price_of(chain, adapter)
        if price:
            _check_bounds(step, price, feed)
        elif isinstance(source, PythSettings):
            warn(f"{step} has no price yet: push an update to Pyth")
        else:
            raise _refusal(step, source, "gives no price")


def feed_checks(
    chain: Chain, market: MarketContracts | KindContracts, feed: FeedSettings
) -> dict[str, tuple[Any, Any]]:
    """What hub and adapters say of themselves and what the settings say: must be equal, by name."""
    wanted_feed = feed.abi([source.address for source in market.sources])
    deployed = chain.call(market.hub, "feed")
    pairs = {
        f"the sources of {market.name}": (list(deployed.sources), wanted_feed["sources"]),
        f"the limits of {market.name}": (deployed.limits._asdict(), wanted_feed["limits"]),
    }
    for i, (source, adapter) in enumerate(zip(feed.sources, market.sources, strict=True)):
        for view, wanted in source.answers.items():
            plain = normal_address(wanted) if isinstance(wanted, str) else wanted
            pairs[f"{view} of {market.name}.source{i}"] = (chain.call(adapter, view), plain)
    return pairs


def _price_of(chain: Chain, adapter: Contract) -> int:
    """WAD; 0 where the source has none, or breaks."""
    try:
        price: int = chain.call(adapter, "latest").price
    except Reverted:
        return 0
    return price


def _check_bounds(step: str, price: int, feed: FeedSettings) -> None:
    if not parse_wad(feed.min_price) <= price <= parse_wad(feed.max_price):
        span = f"{feed.min_price:f} to {feed.max_price:f}"
        raise ChainError(f"{step} says {format_wad(price)}, believable is {span}", _BOUNDS)


def _check_decimals(chain: Chain, step: str, source: ChainlinkSettings) -> None:
    feed = chain.at("IAggregatorV3", str(source.aggregator))
    found = chain.call(feed, "decimals")
    if found != source.decimals:
        raise _refusal(step, source, f"has {found} decimals instead of {source.decimals}")


def _refusal(step: str, source: AnySource, problem: str) -> ChainError:
    return ChainError(f"{step}: the {source.kind} feed {source.reads} {problem}", _REMEDIES[source.kind])
