"""What `listMarket` and a hub's constructor take, good by default and with one thing changed."""

from support.bench import NOBODY

from keel.config.deployment import load_deployment


def config_of(bench, **changes):
    """The local preset's MarketConfig; `brackets` may be a dict of changes, too."""
    market = bench.protocol.contracts.markets[0]
    config = load_deployment().markets[0].config_abi(market.funding.address)
    brackets = config["brackets"] | changes.pop("brackets", {})
    return config | changes | {"brackets": brackets}


def links_of(bench, **changes):
    """The local preset's MarketLinks over the bench's first vault and hub."""
    market = bench.protocol.contracts.markets[0]
    links = load_deployment().markets[0].links_abi(market.vault.address, market.hub.address)
    return links | changes


def feed_of(bench, **changes):
    """The local preset's Feed over the bench's first source."""
    source = bench.protocol.contracts.markets[0].sources[0]
    feed = load_deployment().markets[0].feed.abi([source.address])
    sources = changes.pop("sources", feed["sources"])
    return {"sources": sources, "limits": feed["limits"] | changes}


def hub_of(bench, market, **changes):
    """Deploy a hub for a market, over the bench's first source."""
    feed = feed_of(bench, **changes)
    return bench.chain.deploy("OracleHub", bench.core, market, feed, NOBODY, sender=bench.provider)


def list_market(bench, **changes):
    """List one more market by governance, with a feed like the first market's; gives its id."""
    market = bench.protocol.view("marketCount") + 1
    links = links_of(bench, oracle=hub_of(bench, market).address)
    bench.govern(bench.core, "listMarket", config_of(bench, **changes), links)
    return market
