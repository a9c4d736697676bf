"""Books kept from events alone, on a day that has every kind of event, against the chain."""

from dataclasses import replace
from itertools import groupby

import pytest
from support.bench import rolled_back
from support.books_day import BTC, ETH, Day, doubt, play, take_over

from keel.analytics.insurance_book import insurance_worth
from keel.analytics.proof import prove
from keel.analytics.tape import Entry
from keel.config.funding import load_funding
from keel.errors import DataError, KeelError, Reverted
from keel.evm.chain import Log
from keel.sdk.protocol import account_id
from keel.units import WAD

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
    assert sizes == [WAD * n // 1000 for n in (40_000, 39_625, 9_625, 49_625, 49_250, 11_750)]
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
