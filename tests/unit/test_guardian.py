"""The guardian: tightens at once and for a while, rests, and has an end of its own."""

from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest
from support.bench import MARKET, rolled_back
from support.guard import GUARDIAN, MANDATE, TERM, make_guarded
from support.listing import config_of, links_of
from support.refusals import assert_refused, out_of_bounds, refusal

from keel.errors import Reverted
from keel.sdk.governance import Status, mandate_end
from keel.units import WAD

OPEN, REDUCE_ONLY, CLOSED = Status
DAY = 86_400


@pytest.fixture(scope="module")
def used():
    return make_guarded()


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        yield used


def rests(until):
    return refusal("GuardianRests", market=MARKET, restedAt=until)


def nothing_to_lift(until):
    return refusal("NothingToLift", market=MARKET, until=until)


def no_longer_guardian():
    return refusal("AccessManagedUnauthorized", caller=GUARDIAN)


@pytest.mark.parametrize("level", [REDUCE_ONLY, CLOSED])
def test_a_restriction_says_whose_it_is_and_until_when(bench, level):
    end = bench.now + TERM
    told = bench.restrict(level).event("MarketStatusSet").args
    assert told == {"market": MARKET, "status": level, "by": GUARDIAN, "until": end}
    found = bench.restriction()
    assert (found.status, found.by, found.until, found.rested_at) == (level, GUARDIAN, end, end + TERM)
    assert bench.status == level
    assert not found.lapsed


def test_an_open_market_is_governances(bench):
    found = bench.restriction()
    assert (found.status, found.by, found.until, found.rested_at) == (OPEN, None, None, None)
    assert not found.lapsed
    assert_refused(bench, nothing_to_lift(0), bench.lift)


@pytest.mark.parametrize("level", [REDUCE_ONLY, CLOSED])
def test_a_restriction_lapses_and_anyone_lifts_it(bench, level):
    bench.restrict(level)
    end = bench.now + TERM
    bench.later(TERM - 1)
    assert_refused(bench, nothing_to_lift(end), bench.lift)
    bench.later()
    assert bench.restriction().lapsed
    told = bench.lift().event("MarketStatusSet").args
    assert told == {"market": MARKET, "status": OPEN, "by": bench.stranger, "until": 0}
    assert (bench.status, bench.restriction().by, bench.restriction().until) == (OPEN, None, None)
    assert_refused(bench, nothing_to_lift(0), bench.lift)


def test_lifting_and_trading_take_one_transaction(bench):
    bench.restrict(REDUCE_ONLY)
    bench.later(TERM)
    bench.settle_price(50_000)
    order = (bench.account(bench.newcomer), MARKET, WAD, 2**256 - 1, bench.now)
    calls = [bench.core.abi.function("liftMarket").encode((MARKET,))]
    calls.append(bench.core.abi.function("trade").encode(order))
    done = bench.send("multicall", calls, sender=bench.newcomer)
    assert done.event("Traded").args["fill"].sizeAfter == WAD


def test_a_restriction_is_not_prolonged(bench):
    end = bench.now + TERM
    bench.restrict(REDUCE_ONLY)
    bench.later(TERM - 1)
    expected = out_of_bounds("status", REDUCE_ONLY, CLOSED, CLOSED)
    assert_refused(bench, expected, lambda: bench.restrict(REDUCE_ONLY))
    # It may be tightened, for the rest of its time.
    bench.restrict(CLOSED)
    assert (bench.status, bench.restriction().until) == (CLOSED, end)
    bench.later()
    bench.lift()
    assert bench.status == OPEN


def test_the_guardian_does_not_loosen(bench):
    bench.restrict(CLOSED)
    for level in (0, OPEN, REDUCE_ONLY, CLOSED):
        expected = out_of_bounds("status", level, 4, CLOSED)
        assert_refused(bench, expected, lambda level=level: bench.restrict(level))


@pytest.mark.parametrize("level", [0, 1, 4, 255])
def test_what_is_no_level(bench, level):
    assert_refused(bench, out_of_bounds("status", level, 2, 3), lambda: bench.restrict(level))
    expected = out_of_bounds("status", level, 2, 3)
    assert_refused(bench, expected, lambda: bench.hold(level))


@pytest.mark.parametrize("lifted", [True, False])
def test_the_guardian_rests_as_long_as_he_restricted(bench, lifted):
    free = bench.now + 2 * TERM
    bench.restrict(REDUCE_ONLY)
    bench.later(TERM)
    if lifted:
        bench.lift()
    for level in (REDUCE_ONLY, CLOSED):
        assert_refused(bench, rests(free), lambda level=level: bench.restrict(level))
    bench.later(TERM - 1)
    assert_refused(bench, rests(free), lambda: bench.restrict(REDUCE_ONLY))
    bench.later()
    bench.restrict(REDUCE_ONLY)
    assert bench.restriction().until == free + TERM
    # Nothing is left of the first one, whether anyone had lifted it or not.
    bench.later(TERM)
    bench.lift()
    assert bench.status == OPEN


def test_what_lapsed_counts_as_lifted(bench):
    """A market left closed is restricted anew from what governance had set, to reduce-only as well."""
    bench.restrict(CLOSED)
    bench.later(2 * TERM)
    bench.restrict(REDUCE_ONLY)
    assert bench.status == REDUCE_ONLY


def test_markets_have_terms_of_their_own(bench):
    bench.restrict(REDUCE_ONLY)
    expected = refusal("MarketUnknown", market=2)
    assert_refused(bench, expected, lambda: bench.restrict(REDUCE_ONLY, market=2))


@pytest.mark.parametrize("level", [REDUCE_ONLY, CLOSED])
def test_what_governance_holds_stays(bench, level):
    told = bench.hold(level).event("MarketStatusSet").args
    assert told == {"market": MARKET, "status": level, "by": bench.timelock, "until": 0}
    bench.later(10 * TERM)
    assert_refused(bench, nothing_to_lift(0), bench.lift)
    found = bench.restriction()
    assert (found.status, found.by, found.until, found.lapsed) == (level, None, None, False)
    bench.reopen()
    assert bench.status == OPEN


def test_the_guardian_tightens_what_governance_holds_and_it_lapses_to_that(bench):
    bench.hold(REDUCE_ONLY)
    bench.restrict(CLOSED)
    bench.later(TERM)
    assert bench.lift().event("MarketStatusSet").args["status"] == REDUCE_ONLY
    assert bench.status == REDUCE_ONLY
    assert_refused(bench, nothing_to_lift(0), bench.lift)


def test_governance_makes_a_restriction_permanent_or_ends_it(bench):
    bench.restrict(CLOSED)
    bench.hold(REDUCE_ONLY)
    bench.later(2 * TERM)
    assert_refused(bench, nothing_to_lift(0), bench.lift)
    bench.restrict(CLOSED)
    bench.reopen()
    assert bench.status == OPEN
    # Its word ends the rest, too.
    bench.restrict(REDUCE_ONLY)
    assert bench.status == REDUCE_ONLY


def test_new_parameters_leave_the_status_alone(bench):
    """A proposal that was made while the market was open does not open it."""
    proposed = config_of(bench, takerFeePpm=400), links_of(bench)
    bench.restrict(CLOSED)
    end = bench.restriction().until
    bench.govern(bench.core, "setMarket", MARKET, *proposed)
    assert bench.protocol.view("configOf", MARKET).config.takerFeePpm == 400
    assert (bench.status, bench.restriction().until) == (CLOSED, end)


def test_without_governance_a_market_is_the_guardians_half_of_the_time_at_most(bench):
    """A guardian that tries all the time, for 60 days, and lifters that lift at once."""
    draws, begin, stretches, was_open = Random(5), bench.now, [], True
    while bench.now < begin + 60 * DAY:
        for attempt in (lambda: bench.restrict(draws.choice((REDUCE_ONLY, CLOSED))), bench.lift):
            with suppress(Reverted):
                attempt()
        if bench.status != OPEN:
            stretches = [*stretches, []] if was_open else stretches
            stretches[-1].append(bench.now)
        was_open = bench.status == OPEN
        bench.later(draws.randrange(1, 7_200))
    assert len(stretches) == 5
    assert all(max(stretch) - min(stretch) < TERM for stretch in stretches)
    assert all(min(later) - max(earlier) >= TERM for earlier, later in pairwise(stretches))


# The mandate


def test_a_mandate_ends_by_itself(bench):
    end = mandate_end(bench.chain, bench.access, GUARDIAN)
    assert bench.chain.call(bench.access, "MANDATE") == MANDATE
    assert 0 < end - bench.now <= MANDATE
    with rolled_back(bench.chain):
        bench.later(end - bench.now - 1)
        bench.restrict(REDUCE_ONLY)
    bench.later(end - bench.now)
    assert_refused(bench, no_longer_guardian(), lambda: bench.restrict(REDUCE_ONLY))
    assert not bench.chain.call(bench.access, "hasRole", bench.roles.guardian, GUARDIAN)[0]
    # Governance goes on.
    bench.hold(REDUCE_ONLY)
    bench.reopen()


def test_what_a_guardian_did_lapses_after_his_mandate_too(bench):
    bench.later(mandate_end(bench.chain, bench.access, GUARDIAN) - bench.now - 1)
    bench.restrict(CLOSED)
    bench.later(TERM)
    bench.lift()
    assert bench.status == OPEN


@pytest.mark.parametrize("late", [False, True])
def test_governance_renews_a_mandate(bench, late):
    end = mandate_end(bench.chain, bench.access, GUARDIAN)
    bench.later(end - bench.now + (DAY if late else -DAY))
    told = bench.govern(bench.access, "grantRole", bench.roles.guardian, GUARDIAN, 0)
    renewed = bench.now + MANDATE
    assert told.event("MandateGiven").args == {"guardian": GUARDIAN, "until": renewed}
    assert mandate_end(bench.chain, bench.access, GUARDIAN) == renewed
    bench.later(MANDATE - 1)
    bench.restrict(REDUCE_ONLY)
    bench.later(1)
    assert_refused(bench, no_longer_guardian(), lambda: bench.restrict(CLOSED))


def test_governance_dismisses_a_guardian(bench):
    bench.govern(bench.access, "revokeRole", bench.roles.guardian, GUARDIAN)
    assert_refused(bench, no_longer_guardian(), lambda: bench.restrict(REDUCE_ONLY))


def test_a_guardian_does_not_renew_himself(bench):
    expected = refusal("AccessManagerUnauthorizedAccount", msgsender=GUARDIAN, roleId=0)
    grant = (bench.access, "grantRole", bench.roles.guardian, GUARDIAN, 0)
    assert_refused(bench, expected, lambda: bench.chain.send(*grant, sender=GUARDIAN))


def test_other_roles_have_no_end(bench):
    bench.later(40 * MANDATE)
    roles = bench.roles
    for role in (roles.admin, roles.governor):
        assert bench.chain.call(bench.access, "hasRole", role, bench.timelock)[0]
    assert mandate_end(bench.chain, bench.access, bench.timelock) == 0
