"""A bench whose funding runs for days: time passes with the price kept, and fills are taken apart."""

from support.bench import FEED_ONE, MARKET, PRICE, TWAP_SECONDS, Bench

from keel.config.deployment import load_deployment
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id

HOUR = 3_600
HALF_HOUR = HOUR // 2
EIGHT_HOURS = 8 * HOUR
DAY = 24 * HOUR


def with_funding(funding, markets=1):
    """A bench in use on the local preset, each of its markets charging by these settings."""
    settings = load_deployment()
    first = settings.markets[0].model_copy(update={"funding": funding})
    listed = tuple(first.model_copy(update={"name": f"{first.name}{place}"}) for place in range(markets))
    chain = RevmChain()
    return Bench(Protocol(chain, deploy(chain, settings.model_copy(update={"markets": listed})))).use()


def _store(bench, market, price):
    bench.protocol.publish(market, price * FEED_ONE, bench.provider)
    bench.protocol.update_price(market, bench.provider)


def settle(bench, prices):
    """Make a price both the index and the average, in several markets at once."""
    for market, price in prices.items():
        _store(bench, market, price)
    bench.later(TWAP_SECONDS)
    for market, price in prices.items():
        _store(bench, market, price)


def keep(bench, seconds, markets=(MARKET,), price=PRICE):
    """Let time pass with the price stored every half hour, inside its heartbeat, and at the end."""
    while seconds > 0:
        step = min(seconds, HALF_HOUR)
        bench.later(step)
        for market in markets:
            _store(bench, market, price)
        seconds -= step


def until_boundary(bench):
    """Seconds to the next 00:00, 08:00 or 16:00 UTC."""
    return EIGHT_HOURS - bench.chain.timestamp() % EIGHT_HOURS


def parts(receipt):
    """The fill of a trade, its fee, and the funding that the position paid before it, net."""
    traded = receipt.event("Traded").args
    return traded["fill"], traded["fee"], traded["settled"].paid - traded["settled"].received


def leave(bench, owner, market=MARKET):
    """Close a position; gives its parts."""
    size = bench.protocol.view("positionOf", account_id(owner), market).size
    return parts(bench.trade(owner, -size, market=market))


def balance(bench, owner):
    return bench.protocol.view("accountOf", account_id(owner)).balance


def net_index(bench):
    """What a long of one base has paid since the market began, RAY quote."""
    market = bench.protocol.view("marketNow", MARKET)
    return market.longsPaid - market.shortsPaid


def rate(bench):
    return bench.protocol.market(MARKET).funding.current
