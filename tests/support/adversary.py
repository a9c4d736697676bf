"""What attackers and victims need: one way to liquidate, what people end with, whether the books hold."""

import pytest
from support.bench import MARKET, POOL, PRICE, Bench, rolled_back
from support.listing import config_of, hub_of, links_of

from keel.config.deployment import load_deployment
from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

# A price that falls or rises by this much per step, in percent, is believed at every step.
BELIEVED_STEP = 4


def liquidate(bench, account, keeper=None, market=MARKET):
    """Liquidate an account once: the only place of these tests that knows how a keeper calls."""
    return bench.protocol.liquidate(account, market, keeper or bench.keeper)


def liquidated(receipt):
    """What the one liquidation of a receipt says of itself."""
    return receipt.event("Liquidated").args


def shortfall(receipts):
    """Bad debt that these receipts tell of: what insurance and what pools paid, quote WAD."""
    told = [log.args for receipt in receipts for log in receipt.events("BadDebtCovered")]
    return sum(one["fromInsurance"] for one in told), sum(one["fromPool"] for one in told)


def refused_because(error, act):
    """The act is refused with this error; gives its arguments."""
    with pytest.raises(Reverted) as refused:
        act()
    assert refused.value.error == error
    return refused.value.named


def refusal_of(act):
    """Name of the error that refuses the act, empty where it goes through."""
    try:
        act()
    except Reverted as refused:
        return refused.error
    return ""


def refuses(act):
    """Whether the act is refused, for any reason."""
    return bool(refusal_of(act))


def largest(bench, act, high):
    """The largest amount that goes through, to a ten-thousandth of `high`; nothing is kept."""
    low, top = 0, int(high)
    while top - low > int(high) // 10_000 + 1:
        middle = (low + top) // 2
        with rolled_back(bench.chain):
            low, top = (low, middle) if refuses(lambda m=middle: act(m)) else (middle, top)
    return low


def fund(bench, owner, margin, sub=0):
    """Put whole tokens of margin behind an account; gives its id."""
    mine = account_id(owner, sub)
    bench.protocol.deposit(mine, int(margin * bench.one), owner)
    return mine


def take(bench, account, size, sender=None, market=MARKET):
    """Trade `size` base WAD for an account of `sender`, at any price."""
    return bench.protocol.trade(account, market, size, sender or _owner(bench, account))


def close(bench, account, market=MARKET):
    """Close whatever the account holds in a market; gives the receipt, None where there was nothing."""
    size = bench.protocol.view("positionOf", account, market).size
    return take(bench, account, -size, market=market) if size else None


def _owner(bench, account):
    return next(who for who in bench.chain.accounts if int(who, 16) == account >> 96)


def owned(bench, *owners, subs=1):
    """What people have outside, on their accounts' balances, and in shares as they could be claimed now.

    Quote WAD. Positions count nothing: close them first, a marked profit is no profit.
    """
    call, protocol = bench.chain.call, bench.protocol
    scale = protocol.view("TOKEN_SCALE")
    total = 0
    for owner in owners:
        total += scale * call(protocol.contracts.token, "balanceOf", owner)
        total += sum(protocol.view("accountOf", account_id(owner, sub)).balance for sub in range(subs))
        for vault in (bench.vault, bench.insurance):
            shares = call(vault, "balanceOf", owner) + call(vault, "claimableRedeemRequest", 0, owner)
            shares += call(vault, "pendingRedeemRequest", 0, owner)
            total += scale * call(vault, "convertToAssets", shares)
    return total


def balance(bench, owner):
    """Settlement tokens outside, token units."""
    return bench.chain.call(bench.protocol.contracts.token, "balanceOf", owner)


def assert_books(bench, accounts):
    """The core holds what it owes, and sums over all accounts are the markets' own."""
    view, scale = bench.protocol.view, bench.protocol.view("TOKEN_SCALE")
    everybody = {*accounts, account_id(bench.core.address)}
    count = view("marketCount")
    owed = sum(view("accountOf", one).balance for one in everybody) + view("insurance").assets
    for market in range(1, count + 1):
        state = view("marketOf", market)
        held = [view("positionOf", one, market) for one in everybody]
        assert state.longInterest == sum(one.size for one in held if one.size > 0)
        assert state.shortInterest == -sum(one.size for one in held if one.size < 0)
        assert state.openNotional == sum(one.notional for one in held)
        owed += state.cash + state.fundingClearing + view("escrowOf", market).reserve
    assert owed == view("booked") * scale
    assert balance(bench, bench.core.address) >= view("booked")


def everybody(bench, subs=1):
    """Ids of all accounts of the bench's people."""
    return [account_id(owner, sub) for owner in bench.chain.accounts for sub in range(subs)]


def walk(bench, price, start=None):
    """Lead the index and its average to a price in steps that are believed, whole quote per base."""
    here = start or bench.protocol.view("marketOf", MARKET).price.index // WAD
    while here != price:
        far = here * (100 + BELIEVED_STEP) // 100 if price > here else here * (100 - BELIEVED_STEP) // 100
        here = min(far, price) if price > here else max(far, price)
        bench.settle_price(here)


def to_ratio(bench, account, percent, market=MARKET):
    """Settle the price at which the account's margin ratio is this, or just below; gives the price.

    Only for accounts with one position, and not farther than a price is believed in one step.
    """
    falls = bench.protocol.view("positionOf", account, market).size > 0
    low, high = (PRICE * 83 // 100, PRICE) if falls else (PRICE, PRICE * 117 // 100)

    def ratio_at(price):
        with rolled_back(bench.chain):
            bench.settle_price(price)
            return bench.protocol.margin_ratios([account])[0] * 100 // WAD

    while high - low > 1:
        middle = (low + high) // 2
        healthy = ratio_at(middle) >= percent
        low, high = (low, middle) if healthy == falls else (middle, high)
    price = low if falls else high
    bench.settle_price(price)
    return price


def ratio_of(bench, account):
    """Margin ratio, WAD."""
    return bench.protocol.margin_ratios([account])[0]


def add_markets(bench, count):
    """List more markets with a pool each, all over the feed of the first; gives the ids of all there are."""
    chain, token = bench.chain, bench.protocol.contracts.token
    first = bench.protocol.view("marketCount") + 1
    for market in range(first, first + count):
        vault = chain.deploy("ShareVault", bench.core, market, 0, "More", "kMORE")
        links = links_of(bench, oracle=hub_of(bench, market).address, vault=vault.address)
        bench.govern(bench.core, "listMarket", config_of(bench), links)
        chain.send(token, "approve", vault, 2**255, sender=bench.provider)
    settle_all(bench, PRICE)
    for market in range(first, first + count):
        vault = chain.at("ShareVault", bench.protocol.view("configOf", market).links.vault)
        chain.send(vault, "deposit", POOL * bench.one, bench.provider, sender=bench.provider)
    return list(range(1, first + count))


def settle_all(bench, price):
    """Make a price the index and the average of every market."""
    bench.publish(price)
    for wait in (1, 301):
        bench.later(wait)
        for market in range(1, bench.protocol.view("marketCount") + 1):
            bench.protocol.update_price(market, bench.keeper)


def free_bench():
    """The `fuzz` preset, rich people, a pool of a million; its first market has neither fee nor cooldown."""
    chain = RevmChain()
    bench = Bench(Protocol(chain, deploy(chain, load_deployment("fuzz"))))
    for owner in chain.accounts:
        bench.protocol.fund(owner, 100 * POOL * bench.one)
    bench.settle_price(PRICE)
    bench.protocol.pool_deposit(MARKET, POOL * bench.one, bench.provider)
    bench.protocol.insurance_deposit(10_000 * bench.one, bench.provider)
    return bench
