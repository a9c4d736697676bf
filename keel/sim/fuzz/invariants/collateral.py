"""Collateral besides the settlement token: what is kept for whom, who owes, what terms and prices do."""

from keel.evm.chain import Log
from keel.model.ledger.books import STATUS_CLOSED, STATUS_SHUT
from keel.sim.fuzz.invariants.base import at_taken_price, dust_swept, paid_for_debts, require
from keel.sim.fuzz.invariants.margin import healthy, stays_healthy
from keel.sim.fuzz.invariants.statuses import standing
from keel.sim.fuzz.kinds import Kind
from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.perform_collateral import TERM_FIELDS, with_term
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import ACCOUNTS, BACKSTOP, OPERATOR

DEPOSIT, WITHDRAW, BUY = "collateral_deposit", "collateral_withdraw", "collateral_buy"
# What a call that names a kind and an account may be refused with, where that can be told apart from outside.
_TRUE = frozenset(
    {"PegLost", "CapExceeded", "TokensMissing", "KindUnknown", "PriceNotGoodFor", "MarginTooLow"}
)


def inv_72(step: Step) -> int:
    """A kind's tokens are there, are all somebody's, and the core knows who has some."""
    books = step.after.books
    for kind in step.touched.kinds:
        held, tokens = books.kinds[kind].listed.held, books.kinds[kind].tokens
        total = sum(part for (_, which), part in books.holdings.items() if which == kind)
        require(held == total, "kind", kind, "counted", held, "holdings", total)
        require(tokens >= held, "kind", kind, "tokens", tokens, "counted", held)
    for place in step.touched.accounts:
        noted = books.accounts[place].collateral
        bits = sum(1 << kind - 1 for kind in step.after.holdings(place))
        require(noted == bits, "place", place, "noted", noted, "holdings", bits)
    return len(step.touched.kinds) + len(step.touched.accounts)


def inv_73(step: Step) -> int:
    """Collateral moves by what a call says, to the unit, between the account and who pays or is paid."""
    name, (sender, place, kind, tokens, *rest) = step.action.name, step.action.args
    moved = step.receipt.result.bought if name == BUY else tokens
    change = moved if name == DEPOSIT else -moved
    expected = step.before.books.holdings.get((place, kind), 0) + change
    found = step.after.books.holdings.get((place, kind), 0)
    require(found == expected, "place", place, "has", found, "expected", expected)
    for label, numbers in (("counted", _counted), ("tokens", _tokens)):
        was, now = (numbers(moment.books.kinds[kind]) for moment in (step.before, step.after))
        require(now - was == change, "kind", kind, label, now - was, "expected", change)
    others = {key: part for key, part in step.before.books.holdings.items() if key[0] != place}
    same = {key: part for key, part in step.after.books.holdings.items() if key[0] != place}
    require(others == same, "others had", others, "have", same)
    token = step.world.protocol.kind_contracts(kind).token.address
    sent = [log for log in step.receipt.events("Transfer") if log.address == token]
    require(len(sent) == 1, "transfers", sent)
    keeper, people = step.world.protocol.collateral.address, step.world.senders
    way = (people[sender], keeper, moved) if name == DEPOSIT else (keeper, people[rest[-1]], moved)
    require(_way(sent[0]) == way, "sent", sent[0], "expected", way)
    return 1


def _counted(kind: Kind) -> int:
    return kind.listed.held


def _tokens(kind: Kind) -> int:
    return kind.tokens


def _way(log: Log) -> tuple[object, ...]:
    return tuple(log.args.values())


def inv_74(step: Step) -> int:
    """Who owes has positions, or collateral that brings it at the end of the last one; or a shut market."""
    for place in step.touched.accounts:
        old, account = step.before.books.accounts[place], step.after.books.accounts[place]
        if account.balance >= 0 or account.markets:
            continue
        ends = old.markets and -account.balance > step.after.worth(place).proceeds
        if ends or not account.collateral:
            _left_by_a_shut_market(step, place)
    return len(step.touched.accounts)


def _left_by_a_shut_market(step: Step, place: int) -> None:
    """Its pool has paid its winners: the debt waits for the insurance."""
    balance, insurance = step.after.books.accounts[place].balance, step.after.books.totals.insurance
    market = step.world.debt_market(place)
    rules = step.after.rules.get(market)
    shut = rules is not None and rules.config.status == STATUS_SHUT
    require(shut, "place", place, "owes", -balance, "since market", market)
    if step.action.name in (BUY, "cover"):
        # Dust comes to the insurance after it has paid.
        swept = dust_swept(step)
        require(insurance == swept, "place", place, "owes", -balance, "insurance", insurance, "dust", swept)
    elif step.before.books.accounts[place].markets and not step.before.held(BACKSTOP):
        had, (paid, _) = step.before.books.totals.insurance, paid_for_debts(step)
        require(paid >= had, "place", place, "owes", -balance, "insurance paid", paid, "of", had)


def inv_74_covered(step: Step) -> int:
    """Where nothing else is left a debt is covered whole: by insurance, pool and winners, in this order."""
    place, name = step.action.args[1], step.action.name
    old, new = step.before.books.accounts[place].balance, step.after.books.accounts[place]
    paid = step.receipt.result.cost * step.world.token_scale if name == BUY else 0
    insured, pool = paid_for_debts(step)
    covered = insured + pool
    require(new.balance == old + paid + covered, "balance", new.balance, "from", old, "paid", paid + covered)
    swept = dust_swept(step)
    had, has = step.before.books.totals.insurance, step.after.books.totals.insurance
    require(has == had - insured + swept, "insurance", has, "from", had, "paid", insured, "swept", swept)
    require(pool == 0 or insured == had, "insurance paid", insured, "of", had, "others", pool)
    if covered:
        alone = new.markets == 0 and new.collateral == 0 and new.balance <= 0
        require(alone, "place", place, "covered", covered, "though it has", new)
    return 1


def inv_21(step: Step) -> int:
    """Whoever was healthy at the price that the call took of a kind is healthy after it."""
    return stays_healthy(step, at_taken_price(step, step.action.args[2]))


def inv_76(step: Step) -> int:
    """Only owners and operators move collateral, an operator to the owner; the margin stays covered."""
    name, (sender, place, kind, *rest) = step.action.name, step.action.args
    owner = ACCOUNTS[place][0]
    allowed = sender == owner or step.world.is_operator(place, sender)
    require(allowed, "sender", sender, "owner", owner)
    if name == DEPOSIT:
        return 1
    require(rest[1] == owner or sender == owner, "sender", sender, "paid out to", rest[1])
    health = step.after.health(place)
    covered = health.withdrawable >= health.initial
    require(covered, "withdrawable", health.withdrawable, "initial", health.initial)
    closed = [m for m in step.before.held(place) if standing(step.before, m) == STATUS_CLOSED]
    require(not closed, "in spite of closed markets", closed)
    require(place != BACKSTOP and kind in step.before.books.kinds, "place", place, "kind", kind)
    return 1


def inv_76_refused(step: Step) -> int:
    """Collateral is refused only for what is true, with the numbers that show it, and nothing changes."""
    error, name = step.error.error, step.action.name
    if name not in (DEPOSIT, WITHDRAW, BUY) or error not in _TRUE:
        return 0
    _, place, kind, tokens, *_ = step.action.args
    if error == "KindUnknown":
        require(kind not in step.before.books.kinds, "kind", kind)
        return 1
    known = step.before.books.kinds[kind]
    require(step.world.kind_reader.kind(kind) == known, "kind", kind, "changed from", known)
    price = step.world.ghost.shelves[kind].copy().next_price(step.before.now)
    values = step.error.values
    if error == "PegLost":
        low = price.index, known.listed.terms.floor
        require(tuple(values) == low and low[0] < low[1], "price and floor", low, "told", values)
    elif error == "CapExceeded":
        full = known.listed.held + tokens, known.listed.terms.cap
        require(tuple(values) == full and full[0] > full[1], "held and cap", full, "told", values)
    elif error == "TokensMissing":
        had = step.before.books.holdings.get((place, kind), 0)
        require(tuple(values) == (had, tokens) and tokens > had, "held", had, "told", values)
    elif error == "PriceNotGoodFor":
        sound = name == WITHDRAW or Kind(known.listed, price, 0).valid(step.before.now)
        held = name != DEPOSIT and bool(step.before.held(place))
        require(not sound or held, "kind", kind, "at a good price", price)
    elif error == "MarginTooLow":
        left = _without(step, place, kind, tokens).health(place)
        told = left.withdrawable, left.initial
        require(tuple(values) == told and told[0] < told[1], "left", told, "told", values)
    return 1


def inv_76_free(step: Step) -> int:
    """Whoever has no positions and no debt takes his collateral out, whatever its price."""
    sender, place, kind, tokens, _ = step.action.args
    account, held = step.before.books.accounts[place], step.before.books.holdings.get((place, kind), 0)
    free = sender == ACCOUNTS[place][0] and account.markets == 0 and account.balance >= 0
    require(not free or not 0 < tokens <= held, "place", place, "holds", held, "refused", step.error)
    return int(free)


def _without(step: Step, place: int, kind: int, tokens: int) -> Moment:
    """The moment with less collateral in an account."""
    books = step.before.books.copy()
    books.holdings = {**books.holdings, (place, kind): books.holdings[place, kind] - tokens}
    return Moment(books, step.before.rules, step.before)


def inv_77(step: Step) -> int:
    """New terms are those asked for by the governor; a haircut on its way stops where it stands."""
    sender, kind, *change = step.action.args
    require(sender == OPERATOR, "sender", sender)
    old, new = step.before.books.kinds[kind], step.after.books.kinds[kind]
    asked = step.world.ghost.shelves[kind].terms
    if step.action.name == "set_terms":
        asked = with_term(old.listed.terms, *change)
        require(_in_bounds(asked), "terms", asked)
    require(new.listed.terms == asked, "terms", new.listed.terms, "asked for", asked)
    stands = old.haircut(step.before.now), step.before.now
    found = new.listed.haircut_before, new.listed.haircut_since
    require(found == stands, "haircut and since", found, "expected", stands)
    same = new.price == old.price and new.listed.held == old.listed.held and new.tokens == old.tokens
    require(same, "kind", new, "before", old)
    return 1


def _in_bounds(terms: object) -> bool:
    get: dict[str, int] = {field: getattr(terms, field) for field in TERM_FIELDS}
    order = 1 <= get["discount_bps"] <= get["haircut_bps"] and get["floor"] <= get["ceiling"]
    fresh = 1 <= get["fresh_seconds"] <= 3_600
    return order and fresh and 100 <= get["haircut_bps"] <= 9_000 and 0 < get["ceiling"] < 2**88


def inv_77_ramp(step: Step) -> int:
    """A haircut, cap, discount or floor takes no equity at once, and makes nobody liquidatable."""
    _, kind, *change = step.action.args
    if change and TERM_FIELDS[change[0]] == "ceiling":
        return 0
    for place in (place for place, which in step.before.books.holdings if which == kind):
        old, new = step.before.health(place), step.after.health(place)
        kept = new.equity >= old.equity and new.equity_better >= old.equity_better
        require(kept and (healthy(new) or not healthy(old)), "place", place, "before", old, "after", new)
    return 1


def inv_77_refused(step: Step) -> int:
    """Terms are refused only where one lies outside its bounds."""
    if step.error.error != "TermOutOfBounds":
        return 0
    _, kind, *change = step.action.args
    asked = with_term(step.before.books.kinds[kind].listed.terms, *change)
    require(not _in_bounds(asked), "terms", asked, "refused", step.error)
    return 1


def inv_78(step: Step) -> int:
    """A kind's price is the one its source, clamp and average give, one per block."""
    for kind in step.touched.kinds:
        found, expected = step.after.books.kinds[kind].price, step.world.ghost.shelves[kind].price
        require(found == expected, "kind", kind, "stored", found, "expected", expected)
    return len(step.touched.kinds)


def inv_78_deposit(step: Step) -> int:
    """Collateral is taken at a good price, not below the floor, and within the cap."""
    kind = step.after.books.kinds[step.action.args[2]]
    terms = kind.listed.terms
    require(kind.valid(step.after.now), "price", kind.price, "now", step.after.now)
    require(kind.price.index >= terms.floor, "price", kind.price.index, "floor", terms.floor)
    require(kind.listed.held <= terms.cap, "held", kind.listed.held, "cap", terms.cap)
    return 1
