"""Books kept from events alone, on a day that has every kind of event, against the chain."""

from dataclasses import replace
from decimal import Decimal
from itertools import groupby

import pytest
from support.bench import rolled_back

from keel.analytics.books import Books
from keel.analytics.insurance_book import insurance_worth
from keel.analytics.proof import prove
from keel.analytics.tape import Entry, Tape
from keel.config.deployment import SizeTierSettings, load_deployment
from keel.config.funding import load_funding
from keel.errors import DataError, KeelError, Reverted
from keel.evm.chain import Log
from keel.evm.revm import RevmChain
from keel.sdk.deploy import deploy
from keel.sdk.governance import propose
from keel.sdk.protocol import Protocol, account_id
from keel.units import WAD

BTC, ETH = 1, 2
USD = 10**6
NOBODY = "0x" + "00" * 20
# Every event of the core that moves something, but for those of later parameter changes.
KINDS = (
    "Deposited",
    "Withdrawn",
    "Traded",
    "Liquidated",
    "Absorbed",
    "BackstopFilled",
    "BadDebtCovered",
    "FundingAccrued",
    "FundingDustSwept",
    "FundingEscrowed",
    "EscrowHeld",
    "EscrowClosed",
    "EscrowReleased",
    "PriceStored",
    "PoolDeposited",
    "PoolRedeemed",
    "InsuranceDeposited",
    "InsuranceRedeemed",
    "MarketConfigured",
)


class Day:
    """A deployment with two markets, ten funded people and a tape."""

    def __init__(self):
        settings = load_deployment("local")
        tiers = SizeTierSettings(limit1=1, limit2=2, weight2="1.25", weight3="1.5")
        btc = settings.markets[0].model_copy(update={"tiers": tiers})
        eth = btc.model_copy(update={"name": "ETH", "depth_per_share": Decimal("0.012"), "tiers": None})
        self.chain = Tape(RevmChain())
        self.protocol = Protocol(
            self.chain, deploy(self.chain, settings.model_copy(update={"markets": (btc, eth)}))
        )
        self.people = self.chain.accounts
        for person in self.people:
            self.protocol.fund(person, 10**8 * USD)

    def price(self, btc, eth, after=60):
        self.chain.warp(after)
        for market, price in ((BTC, btc), (ETH, eth)):
            self.protocol.publish(market, price * 10**8, self.people[0])
            self.protocol.update_price(market, self.people[0])

    def doubtful(self):
        """Link BTC to a source that says what it is told, its confidence included."""
        protocol = self.protocol
        self.source = self.chain.deploy("MockSource")
        _, links = protocol.view("configOf", BTC)
        limits = self.chain.call(self.chain.at("OracleHub", links.oracle), "feed").limits
        hub = self.chain.deploy("OracleHub", protocol.core, BTC, ([self.source.address], limits), NOBODY)
        self.govern(BTC, oracle=hub.address)

    def govern(self, market, **changes):
        """Change parameters of a market, whichever struct they are in."""
        protocol, person = self.protocol, self.people[0]
        config, links = (
            struct._replace(**{name: value for name, value in changes.items() if name in struct._fields})
            for struct in protocol.view("configOf", market)
        )
        timelock, change = protocol.contracts.timelock, (market, config, links)
        proposal = propose(self.chain, timelock, protocol.core, "setMarket", *change, sender=person)
        protocol.execute(proposal, person)

    def say(self, price, spread=0, after=60):
        self.chain.warp(after)
        self.chain.send(self.source, "set", price * WAD, sender=self.people[0])
        self.chain.send(self.source, "setSpread", spread * WAD, sender=self.people[0])
        self.protocol.update_price(BTC, self.people[0])

    def claim(self, person, sub=0):
        core, account = self.protocol.core, account_id(self.people[person], sub)
        self.chain.send(core, "claimFunding", account, BTC, sender=self.people[0])

    def trade(self, person, market, size, sub=0):
        owner = self.people[person]
        self.protocol.trade(account_id(owner, sub), market, int(size * WAD), owner)

    def margin(self, person, tokens, sub=0):
        owner = self.people[person]
        self.protocol.deposit(account_id(owner, sub), tokens * USD, owner)

    def books(self, entries):
        kept = Books(self.protocol.core.address, self.protocol.view("TOKEN_SCALE"))
        kept.read(entries)
        return kept


def play(s):
    """Cross margin, flips, partial closes, redemptions, liquidations, bad debt beyond the insurance."""
    p, people = s.protocol, s.people
    s.price(120_000, 4_000, after=1)
    s.price(120_000, 4_000, after=301)
    p.pool_deposit(BTC, 2_000_000 * USD, people[8])
    p.pool_deposit(ETH, 500_000 * USD, people[8])
    p.insurance_deposit(2_000 * USD, people[9])
    for person, tokens in ((1, 40_000), (2, 40_000), (3, 2_900), (4, 30_000)):
        s.margin(person, tokens)
    s.trade(1, BTC, 2)
    s.trade(1, ETH, -30)
    s.trade(2, BTC, -3.5)
    s.trade(3, BTC, 0.9)
    p.chain.send(p.core, "setOperator", account_id(people[4]), people[5], True, sender=people[4])
    p.trade(account_id(people[4]), ETH, 40 * WAD, people[5])
    s.price(119_400, 4_010, after=1800)
    s.trade(2, BTC, 5)
    p.pool_deposit(BTC, 300_000 * USD, people[7])
    shares = p.chain.call(p.market_contracts(BTC).vault, "balanceOf", people[7])
    p.pool_request(BTC, shares // 3, people[7])
    p.insurance_request(p.chain.call(p.contracts.insurance, "balanceOf", people[9]) // 2, people[9])
    s.trade(1, ETH, 10)
    s.price(117_600, 3_990)
    liquidate(s, 3)
    s.price(118_000, 3_990, after=86_400)
    s.price(118_000, 3_990, after=301)
    p.pool_redeem(BTC, shares // 3, people[7])
    p.insurance_redeem(p.chain.call(p.contracts.insurance, "maxRedeem", people[9]), people[9])
    s.margin(6, 13_000)
    s.trade(6, BTC, 2)
    s.price(110_000, 3_990)
    liquidate(s, 6)
    p.withdraw(account_id(people[4]), 1_000 * USD, people[4], people[4])
    for person, market in ((4, ETH), (1, ETH)):
        close(s, person, market)
    s.chain.warp(30)
    p.accrue(BTC, people[0])
    p.accrue(ETH, people[0])


def doubt(s):
    """Suspect prices that are confirmed, some that are rejected, and some with a bankruptcy among them."""
    s.doubtful()
    s.say(117_500)
    s.say(117_500, after=301)
    s.margin(5, 60_000)
    s.trade(5, BTC, -1)
    s.say(117_500, spread=4_000)
    s.chain.warp(200)
    s.trade(1, BTC, -0.5)
    s.trade(5, BTC, 1)
    s.say(117_400, spread=4_000)
    s.say(117_600)
    s.claim(5)
    s.trade(1, BTC, 0.1)
    s.say(112_000, spread=4_000)
    s.chain.warp(200)
    s.trade(2, BTC, -0.5)
    s.say(117_600)
    s.claim(2)
    s.margin(7, 13_400)
    s.trade(7, BTC, 1)
    for after in (60, 301, 60):
        s.say(104_000, after=after)
    s.say(104_000, spread=1_400)
    s.say(104_000, spread=1_400, after=200)
    liquidate(s, 7)
    s.say(110_000)
    s.claim(7)
    s.chain.warp(30)
    s.protocol.accrue(BTC, s.people[0])


def take_over(s):
    """The insurance takes positions over, is settled, nets one with another, works some off, and runs dry."""
    p, people = s.protocol, s.people
    s.govern(ETH, windowPpm=1_000)
    for after in (60, 301, 60):
        s.price(110_000, 4_000, after=after)
    p.insurance_deposit(6_000 * USD, people[9])
    for person in (8, 9):
        s.margin(person, 8_000, sub=1)
    s.trade(8, ETH, 40, sub=1)
    for price in (3_900, 3_780):
        s.price(110_000, price, after=301)
    liquidate(s, 8, sub=1)
    s.trade(9, ETH, -30, sub=1)
    s.chain.warp(40)
    p.unwind(ETH, people[0])
    for price in (3_900, 4_060):
        s.price(110_000, price, after=301)
    liquidate(s, 9, sub=1)
    s.price(110_000, 4_060, after=301)
    s.price(110_000, 4_060)
    s.margin(8, 12_000, sub=2)
    s.trade(8, ETH, 40, sub=2)
    for price in (3_900, 3_730):
        s.price(110_000, price, after=301)
    liquidate(s, 8, sub=2)
    for price in (3_600, 3_400, 3_400):
        s.price(110_000, price, after=301)
    p.deposit(account_id(p.core.address), 7, people[1])
    p.unwind(ETH, people[0])
    s.govern(ETH, windowPpm=100_000)
    s.price(110_000, 3_400)
    p.unwind(ETH, people[0])
    s.chain.warp(30)
    p.accrue(BTC, people[0])
    p.accrue(ETH, people[0])


def liquidate(s, person, sub=0):
    s.protocol.liquidate(account_id(s.people[person], sub), s.people[9])


def close(s, person, market):
    account = account_id(s.people[person])
    size = s.protocol.view("positionOf", account, market).size
    s.protocol.trade(account, market, -size, s.people[person])


@pytest.fixture(scope="module")
def played():
    day = Day()
    play(day)
    doubt(day)
    take_over(day)
    return day, day.chain.take()


def test_the_day_has_every_kind_of_event(played):
    day, entries = played
    assert {e.log.event for e in entries if e.log.address == day.protocol.core.address} >= set(KINDS)


def test_events_alone_rebuild_the_chain(played):
    day, entries = played
    books = day.books(entries)
    checks = prove(day.protocol, books)
    assert [check.detail for check in checks if not check.holds] == []
    assert len(checks) == 9
    assert len(books.accounts) == 12


def test_pool_report_is_not_trivial(played):
    day, entries = played
    report = day.books(entries).markets[BTC].report
    terms = (report.fees, report.funding, report.trader_pnl, report.curve_gain, report.deposits)
    assert all(term != 0 for term in terms)
    assert report.bad_debt < 0
    assert report.redemptions < 0


def test_surplus_of_large_positions_is_not_trivial(played):
    day, entries = played
    markets = day.books(entries).markets
    fills = [entry.log.args for entry in entries if entry.log.event in ("Traded", "Liquidated")]
    paid = sum(args["settled"].surplus for args in fills)
    # Of the three stretches of suspect prices the first counts.
    end = next(i for i, entry in enumerate(entries) if entry.log.event == "EscrowClosed")
    held = sum(entry.log.args["surplus"] for entry in entries[:end] if entry.log.event == "EscrowHeld")
    assert markets[BTC].surplus == paid + held > held > 0
    assert markets[ETH].surplus == 0


def test_suspect_prices_leave_what_the_rule_says(played):
    day, entries = played
    book = day.books(entries).markets[BTC]
    outcomes = [entry.log.args["confirmed"] for entry in entries if entry.log.event == "EscrowClosed"]
    assert outcomes == [True, False, False]
    assert book.escrow.state.reserve == book.escrow.state.claims == 0
    assert book.escrow.claims == {}
    assert book.forfeited > 0


def change_parameters(day):
    """Another model for one market, a shorter heartbeat and another fee for the other."""
    protocol, person = day.protocol, day.people[0]
    model = protocol.deploy_funding_model(load_funding("velocity"), person)
    protocol.set_funding_model(ETH, model, person)
    day.govern(BTC, heartbeatSeconds=1_800, takerFeePpm=400)


def test_books_follow_later_parameters_and_accruals_that_nobody_announces(played):
    """Time passes beyond the heartbeat, where funding has stopped, and then a price starts it again."""
    day, entries = played
    silent = 0
    with rolled_back(day.chain):
        change_parameters(day)
        for after, price in ((1, None), (7_200, None), (60, None), (60, (117_000, 4_020)), (60, None)):
            day.chain.warp(after)
            if price:
                day.price(*price, after=1)
            for market in (BTC, ETH):
                day.protocol.accrue(market, day.people[0])
            said = day.chain.take()
            silent += not said
            entries = entries + said
            checks = prove(day.protocol, day.books(entries))
            assert [check for check in checks if not check.holds] == []
    assert silent == 1


def test_reading_in_pieces_is_reading_at_once(played):
    day, entries = played
    books = day.books([])
    for _, said in groupby(entries, key=lambda entry: entry.at):
        books.read(said)
    whole = day.books(entries)
    assert (books.accounts, books.positions, books.markets) == (
        whole.accounts,
        whole.positions,
        whole.markets,
    )


def caught(day, entries):
    try:
        return not all(check.holds for check in prove(day.protocol, day.books(entries)))
    except KeelError:
        return True


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_event_is_noticed(played, kind):
    day, entries = played
    last = max(i for i, entry in enumerate(entries) if entry.log.event == kind)
    assert caught(day, entries[:last] + entries[last + 1 :])


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Deposited", "tokens"),
        ("Traded", "fee"),
        ("Traded", "insuranceFee"),
        ("Liquidated", "penalty"),
        ("Liquidated", "reward"),
        ("Absorbed", "penalty"),
        ("Absorbed", "reward"),
        ("BackstopFilled", "result"),
        ("FundingAccrued", "perBase"),
        ("FundingEscrowed", "perBase"),
        *(("EscrowHeld", name) for name in ("paid", "received", "surplus")),
        *(("EscrowClosed", name) for name in ("longsPaid", "shortsPaid", "poolDue")),
        ("EscrowReleased", "credit"),
        ("BadDebtCovered", "fromPool"),
        ("PoolRedeemed", "charge"),
        ("PoolDeposited", "shares"),
        ("InsuranceRedeemed", "tokens"),
    ],
)
def test_one_wei_is_noticed(played, kind, field):
    day, entries = played
    last = max(i for i, entry in enumerate(entries) if entry.log.event == kind)
    log = entries[last].log
    forged = Log(log.address, log.event, {**log.args, field: log.args[field] + 1})
    assert caught(day, [*entries[:last], Entry(entries[last].at, forged), *entries[last + 1 :]])


@pytest.mark.parametrize("kind", ["Traded", "Absorbed", "BackstopFilled"])
@pytest.mark.parametrize(
    ("part", "field"),
    [
        *(("fill", name) for name in ("size", "cost", "realized", "sizeAfter", "notionalAfter")),
        *(("settled", name) for name in ("perBase", "paid", "received", "surplus")),
    ],
)
def test_a_forged_fill_is_noticed(played, kind, part, field):
    day, entries = played
    last = max(i for i, entry in enumerate(entries) if entry.log.event == kind)
    log = entries[last].log
    forgery = log.args[part]._replace(**{field: getattr(log.args[part], field) + 1})
    forged = Log(log.address, log.event, {**log.args, part: forgery})
    assert caught(day, [*entries[:last], Entry(entries[last].at, forged), *entries[last + 1 :]])


def test_the_insurance_takes_over_nets_works_off_and_runs_dry(played):
    day, entries = played
    backstop = account_id(day.protocol.core.address)
    fills = [entry.log.args for entry in entries if entry.log.event == "BackstopFilled"]
    sizes = [args["fill"].sizeAfter for args in fills]
    assert sizes == [WAD * n // 100 for n in (4000, 3925, 925, 4925, 4850, 0)]
    # The second take-over closed most of the first one's position, the last piece cost more than there was.
    assert [args["result"] > 0 for args in fills] == [False, True, True, False, False, False]
    debts = [entry.log.args for entry in entries if entry.log.event == "BadDebtCovered"]
    own = [args for args in debts if args["account"] == backstop]
    assert len(own) == 1
    assert own[0]["fromInsurance"] > 0 < own[0]["fromPool"]
    assert own[0]["fromInsurance"] + own[0]["fromPool"] == -fills[-1]["result"]
    assert day.books(entries).accounts[backstop].balance == 0


def test_the_insurance_is_worth_its_positions_too(played):
    day, entries = played
    upto = max(i for i, entry in enumerate(entries) if entry.log.event == "Absorbed")
    books = day.books(entries[: upto + 1])
    lower, higher = insurance_worth(books)
    position, price = books.positions[books.backstop, ETH], books.markets[ETH].state.price
    gain = position.size * price.index // WAD - position.notional
    # It bought 9.25 at 3,780 and 40 at 3,730, which is where the index is and below the average.
    assert abs(gain + 925 * 50 * WAD // 100) < 100 * WAD
    assert lower == books.insurance + gain
    assert higher == lower


def test_a_late_accrual_is_noticed(played):
    day, entries = played
    last = max(i for i, entry in enumerate(entries) if entry.log.event == "FundingAccrued")
    assert caught(day, [*entries[:last], replace(entries[last], at=1), *entries[last + 1 :]])


def test_unknown_event_stops_the_books(played):
    day, _ = played
    unknown = Entry(0, Log(day.protocol.core.address, "Confetti", {}))
    with pytest.raises(DataError, match="Confetti"):
        day.books([unknown])


def test_other_contracts_are_passed_over(played):
    day, entries = played
    stranger = Entry(0, Log(day.people[0], "Deposited", {"account": 1, "payer": "", "tokens": 5}))
    assert day.books([stranger, *entries]).accounts == day.books(entries).accounts


def test_tokens_beyond_the_books_are_no_fault_but_missing_ones_are(played):
    day, entries = played
    protocol = day.protocol
    mark = day.chain.snapshot()
    day.chain.send(protocol.contracts.token, "mint", protocol.core, 5, sender=day.people[0])
    assert all(check.holds for check in prove(protocol, day.books(entries)))
    day.chain.revert(mark)
    with pytest.raises(Reverted):
        day.protocol.withdraw(account_id(day.people[3]), 10**9, day.people[3], day.people[3])
