"""The theorem of `test_no_free_lunch.py` to the wei, on the integer twin, with all its roundings."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_world import BRACKETS, FUNDING

from keel.model.errors import Refused
from keel.model.layered import LayeredFunding
from keel.model.ledger import Ledger, account_id
from keel.model.records import MarketConfig, MarketLinks
from keel.model.validity import Price
from keel.units import WAD

NOW = 1_700_000_000
MODEL, VAULT, HUB, OUTSIDER = (f"0x{n:040x}" for n in (1, 2, 3, 4))
MEMBERS = [f"0x{n:040x}" for n in (11, 12, 13)]
ANY_BUY, ANY_SALE = 2**256 - 1, 0
RICH = 10**12

Move = tuple[str, int, int]
moves = st.lists(
    st.tuples(
        st.sampled_from(["trade", "deposit", "redeem", "close"]),
        st.integers(0, len(MEMBERS) - 1),
        st.one_of(st.sampled_from([-1000, -1, 1, 1000]), st.integers(-1000, 1000)),
    ),
    min_size=2,
    max_size=12,
)


class Market:
    """One market at one moment, with a founder's pool and an outsider's position; no fees."""

    def __init__(self, index: int, kappa: int, founding: int, outside: int, scale: int) -> None:
        self.book = Ledger(scale, {MODEL: LayeredFunding(FUNDING)})
        config = MarketConfig(
            funding_model=MODEL,
            taker_fee_ppm=0,
            deviation_fee_ppm=0,
            insurance_fee_share_ppm=0,
            max_side_ppm=20_000_000,
            hedge_percent=0,
            depth_per_share=kappa,
            max_exposure_ppm=10_000_000,
            max_skew_ppm=300_000,
            target_bps=12_500,
            base_sigma_bps=6_000,
            fresh_seconds=60,
            stale_seconds=600,
            heartbeat_seconds=3_600,
            min_notional=1,
            status=1,
            brackets=BRACKETS,
        )
        self.book.list_market(NOW, config, MarketLinks(VAULT, 2_000, 10_000, 50_000, HUB))
        self.book.store_price(NOW, 1, Price(index, index, at=NOW))
        self.book.pool_deposit(NOW, VAULT, 1, founding * WAD // scale)
        self.shares = dict.fromkeys(MEMBERS, 0)
        self.spent = 0
        for member in [OUTSIDER, *MEMBERS]:
            self.book.deposit(account_id(member), RICH * WAD // scale)
        with suppress(Refused):
            self.trade(OUTSIDER, self.depth * 3 // 10 * outside // 1000)

    @property
    def depth(self) -> int:
        return self.book.configs[1].depth_per_share * self.book.markets[1].shares // 10**24

    def trade(self, member: str, size: int) -> None:
        limit = ANY_BUY if size > 0 else ANY_SALE
        self.book.trade(NOW, member, account_id(member), 1, size, limit, NOW)

    def held(self, member: str) -> int:
        return self.book.positions[account_id(member), 1].size

    def deposit(self, member: str, tokens: int) -> None:
        self.shares[member] += self.book.pool_deposit(NOW, VAULT, 1, tokens)
        self.spent += tokens * self.book.token_scale

    def redeem(self, member: str, shares: int) -> None:
        self.spent -= self.book.pool_redeem(NOW, VAULT, 1, shares, member) * self.book.token_scale
        self.shares[member] -= shares

    def move(self, name: str, member: str, share: int) -> None:
        if name == "trade":
            self.trade(member, self.depth * 3 // 10 * share // 1000 - self.book.markets[1].skew)
        elif name == "close":
            self.trade(member, -self.held(member) * abs(share) // 1000)
        elif name == "deposit":
            _, equity = self.book.pool_equity(NOW, 1)
            self.deposit(member, equity * abs(share) // 250 // self.book.token_scale)
        else:
            self.redeem(member, self.shares[member] * abs(share) // 1000)

    def leave(self) -> bool:
        """Close and redeem everything; whether that was possible."""
        for _ in MEMBERS:
            for member in MEMBERS:
                with suppress(Refused):
                    self.trade(member, -self.held(member))
        for member in MEMBERS:
            with suppress(Refused):
                self.redeem(member, self.shares[member])
        return not any(self.shares.values()) and not any(self.held(member) for member in MEMBERS)

    def gain(self) -> int:
        balances = sum(self.book.accounts[account_id(member)].balance for member in MEMBERS)
        return balances - len(MEMBERS) * RICH * WAD - self.spent


markets = st.builds(
    Market,
    index=st.one_of(st.integers(WAD // 1000, 10**6 * WAD), st.sampled_from([WAD, 3 * WAD, 7 * WAD // 3])),
    kappa=st.integers(10**12, 10 * WAD),
    founding=st.integers(1_000, 10**7),
    outside=st.integers(-1000, 1000),
    scale=st.sampled_from([1, 10**12]),
)


@settings(max_examples=250, deadline=None)
@given(markets, moves)
def test_no_closed_set_gains_a_wei(market: Market, sequence: list[Move]) -> None:
    for name, number, share in sequence:
        with suppress(Refused):
            market.move(name, MEMBERS[number], share)
    left = market.leave()
    if left:
        assert market.gain() <= 0
    assert market.book.claims() == market.book.booked_tokens * market.book.token_scale
