"""What collateral counts for and brings: the twin against the contract, whatever core and hubs say."""

from dataclasses import astuple, dataclass, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from puppet import Puppet
from twin_harness import INDEX_BITS, compare, magnitudes, rates, signed

from keel.evm.revm import RevmChain
from keel.model import collateral
from keel.model.cold_records import CollateralKind, CollateralTerms
from keel.model.collateral import Worth
from keel.model.errors import Refused
from keel.model.ledger import Ledger, account_id
from keel.model.records import Account, Health, parse
from keel.model.validity import Action, Price, Validity, pack
from keel.units import WAD

DAY = 86_400
DECIMALS = (0, 6, 18)
SCALES = (1, 10**12, 10**18)
ACCOUNT, HEALTH = "accountOf(uint256)", "healthFor(uint256,uint8)"


class Told(Ledger):
    """A ledger whose health is what it is told, as the puppet's is; payments into it change nothing."""

    told: Health

    def health_for(self, now: int, account: int, action: Action) -> Health:
        return self.told

    def deposit(self, account: int, tokens: int) -> None:
        """Taken."""

    def cover(self, now: int, account: int) -> None:
        """Covered."""


class Bench:
    """The contract between puppets, and its twin beside it."""

    def __init__(self, scale: int) -> None:
        self.chain, self.scale = RevmChain(), scale
        self.user = self.chain.accounts[0]
        self.account = account_id(self.user)
        self.core = Puppet(self.chain)
        for function in ("authority()", "TOKEN()"):
            self.core.tell(function, int(self.core.address, 16))
        self.core.tell("TOKEN_SCALE()", scale)
        self.core.tell("canCall(address,address,bytes4)", 1, 0)
        self.core.tell(ACCOUNT, 0, 0, 0)
        self.contract = self.chain.deploy("Collateral", self.core.address)
        self.hubs = [Puppet(self.chain) for _ in range(4)]
        for kind, hub in enumerate(self.hubs, 1):
            hub.tell("CORE()", int(self.contract.address, 16))
            hub.tell("MARKET()", kind)
        self.twin = Told(scale, {}, self.core.address)

    @property
    def now(self) -> int:
        return self.chain.timestamp()

    def send(self, function: str, *args: Any) -> Any:
        result = self.chain.send(self.contract, function, *args, sender=self.user).result
        return tuple(result) if isinstance(result, tuple) else result

    def ask(self, function: str, *args: Any) -> Any:
        return self.chain.call(self.contract, function, *args)

    def list(self, decimals: int, terms: CollateralTerms) -> int:
        token = self.chain.deploy("MockToken", decimals)
        self.chain.send(token, "mint", self.user, 2**255, sender=self.user)
        self.chain.send(token, "approve", self.contract, 2**255, sender=self.user)
        terms = replace(terms, oracle=self.hubs[len(self.twin.collateral_kinds)].address)
        compare(
            lambda: self.send("listKind", token, astuple(terms)),
            lambda: self.twin.list_kind(token.address, decimals, terms),
        )
        return len(self.twin.collateral_kinds)

    def set_terms(self, kind: int, terms: CollateralTerms) -> None:
        terms = replace(terms, oracle=self.hubs[kind - 1].address)
        compare(
            lambda: self.send("setTerms", kind, astuple(terms)),
            lambda: self.twin.set_terms(self.now, kind, terms),
        )
        assert parse(CollateralKind, self.ask("kindOf", kind)) == self.twin.kind_of(kind)

    def deposit(self, kind: int, tokens: int) -> None:
        """At the lowest price at which it is taken."""
        price = Price(max(self.twin.kind_of(kind).terms.floor, 1), 0, 0, 0, self.now, 0)
        self.hubs[kind - 1].tell("refresh(uint256)", pack(price))
        compare(
            lambda: self.send("deposit", self.account, kind, tokens),
            lambda: self.twin.collateral_deposit(self.now, self.user, self.account, kind, tokens, price),
        )

    def update(self, kind: int, price: Price) -> None:
        self.hubs[kind - 1].tell("refresh(uint256)", pack(price))
        self.send("updatePrice", kind)
        self.twin.store_kind_price(self.now, kind, price)
        assert parse(Price, self.ask("priceOf", kind)) == self.twin.kind_price(kind)

    def tell(self, account: Account, health: Health) -> None:
        """What the core says of the account from now on."""
        self.core.tell(ACCOUNT, *astuple(account))
        self.core.tell(HEALTH, *astuple(health))
        self.twin.accounts[self.account], self.twin.told = replace(account), health


@cache
def kept(scale: int) -> Bench:
    return Bench(scale)


def bench(scale: int = 10**12) -> Bench:
    """A bench as new; the chain of one scale is used again and again."""
    b = kept(scale)
    if not hasattr(b, "start"):
        b.start = b.chain.snapshot()
    else:
        b.chain.revert(b.start)
        b.start = b.chain.snapshot()
    b.twin = Told(scale, {}, b.core.address)
    return b


def or_wide(*usual: st.SearchStrategy[int], bits: int) -> st.SearchStrategy[int]:
    """What is usual, or anything that the type holds but 0."""
    return st.one_of(*usual, magnitudes(bits, 1))


amounts = or_wide(st.integers(10**15, 10**22), st.integers(10**6, 10**12), bits=128)
indices = or_wide(st.integers(WAD // 2, 3 * WAD), st.integers(WAD, 10**5 * WAD), bits=INDEX_BITS)


@st.composite
def terms(draw: st.DrawFn) -> CollateralTerms:
    haircut = draw(rates(9_000, 100))
    ceiling = draw(or_wide(st.just(2**INDEX_BITS - 1), st.integers(WAD, 3 * WAD), bits=INDEX_BITS))
    return CollateralTerms(
        cap=draw(or_wide(*3 * [st.just(2**128 - 1)], bits=128)),
        haircut_bps=haircut,
        discount_bps=draw(rates(haircut, 1)),
        fresh_seconds=draw(rates(3_600, 1)),
        floor=min(ceiling, draw(st.one_of(st.just(0), st.integers(WAD // 2, WAD), rates(ceiling)))),
        ceiling=ceiling,
        oracle="0x0",
    )


@dataclass(frozen=True)
class Kind:
    """A drawn kind: how it is listed, how its terms change at which distances, its last price and its age."""

    decimals: int
    terms: CollateralTerms
    tokens: int
    changes: list[tuple[int, CollateralTerms]]
    price: Price
    age: int


prices = st.builds(
    Price,
    *(indices, indices, st.just(0), st.one_of(st.integers(0, 200), rates(5_000))),
    at=st.sampled_from([1, 1, 1, 1, 0]),
    flags=st.one_of(st.sampled_from([0, 0, 1, 2, 4, 6, 14]), st.integers(0, 63)),
)
near = st.builds(
    lambda price, bps: replace(price, twap=min(max(1, price.index * bps // 10_000), 2**INDEX_BITS - 1)),
    prices,
    st.integers(9_000, 10_999),
)
elapsed = st.one_of(st.integers(1, 8 * DAY), st.sampled_from([1, 7 * DAY - 1, 7 * DAY]))
kinds = st.builds(
    Kind,
    *(st.sampled_from(DECIMALS), terms(), amounts),
    st.lists(st.tuples(elapsed, terms()), max_size=2),
    st.one_of(prices, near, near),
    rates(3_601),
)


def make(b: Bench, drawn: Kind) -> int:
    """A kind in its last state; gives its id."""
    kind = b.list(drawn.decimals, drawn.terms)
    b.deposit(kind, drawn.tokens)
    if drawn.tokens > drawn.terms.cap:
        b.deposit(kind, drawn.terms.cap)
    for seconds, changed in drawn.changes:
        b.chain.warp(seconds)
        b.set_terms(kind, changed)
    b.chain.warp(DAY)
    b.update(kind, replace(drawn.price, at=drawn.price.at and b.now))
    if drawn.age:
        b.chain.warp(drawn.age)
    return kind


@settings(max_examples=150, deadline=None)
@given(st.lists(kinds, min_size=1, max_size=4), st.one_of(st.just(15), st.integers(0, 15)))
def test_value(drawn: list[Kind], noted: int) -> None:
    b = bench()
    ids = [make(b, kind) for kind in drawn]
    looked_at = noted & (1 << len(ids)) - 1
    compare(
        lambda: tuple(b.ask("valueOf", b.account, looked_at)),
        lambda: b.twin.collateral_value(b.now, b.account, looked_at),
    )
    for kind in ids:
        assert b.ask("heldOf", b.account, kind) == b.twin.held_of(b.account, kind)


@settings(max_examples=250, deadline=None)
@given(
    *(
        st.sampled_from(SCALES),
        kinds,
        st.sampled_from([True, True, True, False]),
        rates(300),
        rates(200),
        signed(100),
    ),
    *(
        magnitudes(100),
        st.one_of(st.just(2**130), amounts),
        st.one_of(*3 * [st.just(2**255)], magnitudes(120)),
    ),
)
def test_sale(
    scale: int,
    drawn: Kind,
    good: bool,
    debt_percent: int,
    ratio_percent: int,
    equity: int,
    maintenance: int,
    tokens: int,
    max_cost: int,
) -> None:
    """Debts from none to three times the value; margin ratios from below 0 to 2, and any."""
    if good:
        fresh = replace(drawn.price, at=1, flags=0)
        drawn = replace(drawn, price=fresh, age=drawn.age % drawn.terms.fresh_seconds, changes=[])
    b = bench(scale)
    kind = make(b, drawn)
    worth = b.twin.collateral_value(b.now, b.account, 1)
    balance = -min(worth.value * debt_percent // 100, 2**118)
    if ratio_percent != 200:
        equity = maintenance * ratio_percent // 100
    health = Health(0, 0, equity, 0, 0, maintenance, 0, 0, Validity.VALID)
    b.tell(Account(balance, 1, 0), health)
    compare(lambda: tuple(b.ask("saleOf", b.account, kind)), lambda: b.twin.sale_of(b.now, b.account, kind))
    price = b.twin.kind_price(kind)
    compare(
        lambda: b.send("buy", b.account, kind, tokens, max_cost, b.user),
        lambda: b.twin.collateral_buy(b.now, b.account, kind, tokens, max_cost, price),
    )
    assert parse(CollateralKind, b.ask("kindOf", kind)) == b.twin.kind_of(kind)


@settings(max_examples=150, deadline=None)
@given(
    *(rates(9_002, 98), rates(9_002), rates(3_602), rates(2**INDEX_BITS - 1), rates(2**INDEX_BITS - 1)),
    rates(20),
)
@example(99, 1, 1, 0, 1, 18)
@example(100, 101, 1, 0, 1, 18)
@example(100, 100, 0, 0, 1, 18)
@example(100, 100, 1, 0, 0, 18)
@example(100, 100, 1, 2, 1, 18)
@example(100, 100, 1, 1, 1, 19)
def test_bounds_of_terms(
    haircut: int, discount: int, fresh: int, floor: int, ceiling: int, decimals: int
) -> None:
    bench().list(decimals, CollateralTerms(1, haircut, discount, fresh, floor, ceiling, "0x0"))


def test_a_kind_is_listed_once_and_at_most_eight_are() -> None:
    b = bench()
    b.hubs = [*b.hubs, *(Puppet(b.chain) for _ in range(5))]
    for kind, hub in enumerate(b.hubs, 1):
        hub.tell("CORE()", int(b.contract.address, 16))
        hub.tell("MARKET()", kind)
    some = CollateralTerms(1, 1_000, 100, 60, 0, WAD, "0x0")
    for _ in range(3):
        b.list(18, some)
    token = b.twin.kind_of(1).token
    again = replace(some, oracle=b.hubs[3].address)
    refused = compare(
        lambda: b.send("listKind", token, astuple(again)), lambda: b.twin.list_kind(token, 18, again)
    )
    assert refused == "KindRefused"
    assert [b.list(18, some) for _ in range(6)] == [4, 5, 6, 7, 8, 8]
    del b.hubs[4:]


def test_worked_examples() -> None:
    """A haircut from 10 to 24 % is at 17 % after half a week; one that falls is there at once."""
    assert collateral.haircut(1_000, 2_400, 7 * DAY // 2) == 1_700
    assert collateral.haircut(2_400, 1_000, 1) == 1_000
    # 3 tokens of 6 decimals at 2,000 less 15 %.
    assert collateral.value_of(3 * 10**6, 10**6, 2_000 * WAD, 1_500) == 5_100 * WAD
    # At half the maintenance half the haircut; never below the least, never above the haircut.
    assert [collateral.discount(300, 2_000, r * WAD // 10) for r in (20, 10, 5, 0)] == [
        300,
        300,
        1_000,
        2_000,
    ]
    # Sold at 5 % with a haircut of 15 %: each 950 of settlement tokens heal 100.
    assert collateral.healing(100 * WAD, 0, 2_000 * WAD, 500, 1_500) == 950 * WAD
    assert collateral.healing(100 * WAD, 951 * WAD, 2_000 * WAD, 500, 1_500) == 951 * WAD
    assert collateral.healing(100 * WAD, 0, 800 * WAD, 500, 1_500) == 900 * WAD
    # 950 at 2,000 less 5 %: half a token.
    price = Price(2_000 * WAD, 1_990 * WAD)
    assert collateral.priced(price, 10**18, 10**12, 950 * WAD, 500, 10**20) == (5 * 10**17, 950 * 10**6)


def test_a_hundredth_in_debt_waits() -> None:
    healthy = Health(1, 1, 1, 1, 0, 0, 0, 0, Validity.VALID)
    worth = Worth(1_000 * WAD, 0, 1_000 * WAD)
    with pytest.raises(Refused, match="NothingToSell"):
        collateral.sale(healthy, -10 * WAD, worth, 300, 1_500)
    assert collateral.sale(healthy, -10 * WAD - 1, worth, 300, 1_500) == (10 * WAD + 1, 300)


def test_who_has_no_position_is_sold_at_the_least_discount() -> None:
    """1,500 of debt on 1,000 that count: the whole debt at 3 %; with a position at 15 %."""
    worth = Worth(1_000 * WAD, 0, 1_000 * WAD)
    ended = Health(*(-500 * WAD,) * 4, 0, 0, 0, 0, Validity.VALID)
    assert collateral.sale(ended, -1_500 * WAD, worth, 300, 1_500) == (1_500 * WAD, 300)
    held = replace(ended, maintenance=1)
    assert collateral.sale(held, -1_500 * WAD, worth, 300, 1_500) == (1_500 * WAD + 1, 1_500)
