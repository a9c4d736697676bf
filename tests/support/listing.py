"""What `listMarket` and `setFeed` take, good by default and with one thing changed."""

from keel.config.deployment import load_deployment


def config_of(bench, **changes):
    """The local preset's MarketConfig; `brackets` may be a dict of changes, too."""
    market = bench.protocol.contracts.markets[0]
    config = load_deployment().markets[0].config_abi(market.funding.address)
    brackets = config["brackets"] | changes.pop("brackets", {})
    return config | changes | {"brackets": brackets}


def links_of(bench, **changes):
    """The local preset's MarketLinks over the bench's first vault and hub."""
    contracts = bench.protocol.contracts
    links = load_deployment().markets[0].links_abi(contracts.markets[0].vault.address, contracts.hub.address)
    return links | changes


def feed_of(bench, **changes):
    """The local preset's Feed over the bench's first source."""
    source = bench.protocol.contracts.markets[0].sources[0]
    feed = load_deployment().markets[0].feed.abi([source.address])
    sources = changes.pop("sources", feed["sources"])
    return {"sources": sources, "limits": feed["limits"] | changes}


def list_market(bench, **changes):
    """List one more market by governance, with the first market's feed; gives its id."""
    bench.govern(bench.core, "listMarket", config_of(bench, **changes), links_of(bench))
    market = bench.protocol.view("marketCount")
    bench.govern(bench.protocol.contracts.hub, "setFeed", market, feed_of(bench))
    return market
