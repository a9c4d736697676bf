"""What `listMarket` and a hub's constructor take, good by default and with one thing changed."""

from support.bench import MARKET, NOBODY, POOL, PRICE, TWAP_SECONDS

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


def with_pool(bench, tokens=POOL * 10**6, **changes):
    """List one more market with a usable price and so much in a pool of its own; gives its id."""
    market = list_market(bench, **changes)
    name = f"Pool {market}"
    vault = bench.chain.deploy("ShareVault", bench.core, market, 0, name, name, sender=bench.provider)
    hub = bench.protocol.view("configOf", market).links.oracle
    links = links_of(bench, vault=vault.address, oracle=hub)
    bench.govern(bench.core, "setMarket", market, config_of(bench, **changes), links)
    token = bench.protocol.contracts.token
    bench.chain.send(token, "mint", bench.provider, tokens, sender=bench.provider)
    bench.chain.send(token, "approve", vault, tokens, sender=bench.provider)
    for seconds in (1, TWAP_SECONDS):
        bench.later(seconds)
        bench.publish(PRICE)
        for known in range(MARKET, market + 1):
            bench.protocol.update_price(known, bench.provider)
    bench.chain.send(vault, "deposit", tokens, bench.provider, sender=bench.provider)
    return market
