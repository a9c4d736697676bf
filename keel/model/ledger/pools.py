"""Twin of `pool/Pools.sol`. Tokens are token units, shares have 24 decimals."""

from keel.model import pool
from keel.model.errors import Refused
from keel.model.fixed import PPM, mul_div_ceil, u256
from keel.model.ledger.accrual import FundingLedger
from keel.model.ledger.books import (
    MAX_POOL_SHARES,
    STATUS_CLOSED,
    STATUS_RESOLVING,
    STATUS_SHUT,
    add,
    same_address,
)
from keel.model.ledger.escrow import Accrued
from keel.model.ledger.limits import check_limits, check_side, larger_side, require
from keel.model.records import Market, MarketConfig
from keel.model.validity import Action

MAX_DEPTH = 2**111


class Pools(FundingLedger):
    """What a market's share vault calls, and the previews."""

    def pool_deposit(self, now: int, sender: str, market: int, tokens: int, wanted: int = 0) -> int:
        """Mint shares for tokens at the higher of the equity at index and at TWAP.

        Args:
            now: Block time, seconds.
            sender: Caller; only the market's vault may.
            market: Market id.
            tokens: Token units.
            wanted: Exact shares to mint, at most what the tokens are worth; 0 = all of that, floor.
        """
        accrued = self._enter(now, sender, market, Action.POOL_DEPOSIT)
        m, config = accrued.market, accrued.config
        amount = self._to_amount(tokens)
        shares = _shares_for(m, config, amount)
        if wanted != 0 and wanted <= shares:
            shares = wanted
        supply = u256(m.shares + shares)
        if shares == 0 or wanted > shares or supply < pool.SHARE_UNIT:
            raise Refused("DustAmount", tokens)
        if supply > MAX_POOL_SHARES or pool.depth(config.depth_per_share, supply) > MAX_DEPTH:
            raise Refused("AmountOutOfRange", tokens, MAX_DEPTH)
        m.cash = add(m.cash, amount)
        m.shares = supply
        self._book_in(tokens)
        self._store(accrued)
        return shares

    def pool_redeem(self, now: int, sender: str, market: int, shares: int, to: str) -> int:
        """Burn shares and pay `to` at the lower equity, less the charge; gives token units, floor."""
        accrued = self._enter(now, sender, market, Action.POOL_REDEEM)
        m, config = accrued.market, accrued.config
        tokens = self._tokens_for(m, config, shares)
        if tokens == 0:
            raise Refused("DustAmount", shares)
        m.cash = add(m.cash, -tokens * self.token_scale)
        m.shares -= shares
        check_limits(m, config, m.skew, larger_side(m))
        rest = _rest(m)
        m.cash -= rest
        self._pay_out(to, tokens)
        self.insurance_assets += rest
        self._store(accrued)
        return tokens

    def pool_equity(self, now: int, market: int) -> tuple[int, int]:
        """Equity at the lower and at the higher of index and TWAP, quote WAD, floor."""
        return _equities(*self._project(now, market))

    def convert_to_pool_tokens(self, now: int, market: int, shares: int) -> int:
        """Token units behind shares before the charge, floor."""
        m, config = self._project(now, market)
        return pool.assets_for(shares, _equities(m, config)[0], m.shares) // self.token_scale

    def preview_pool_deposit(self, now: int, market: int, tokens: int) -> int:
        """Shares for token units, floor."""
        return _shares_for(*self._project(now, market), self._to_amount(tokens))

    def preview_pool_mint(self, now: int, market: int, shares: int) -> int:
        """Token units that mint exactly `shares`, ceil."""
        m, config = self._project(now, market)
        assets = pool.assets_to_mint(shares, _equities(m, config)[1], m.shares)
        return mul_div_ceil(assets, 1, self.token_scale)

    def preview_pool_redeem(self, now: int, market: int, shares: int) -> int:
        """Token units for shares, floor, charge taken."""
        return self._tokens_for(*self._project(now, market), shares)

    def _enter(self, now: int, sender: str, market: int, action: Action) -> Accrued:
        accrued = self._accrue(now, market)
        m, config = accrued.market, accrued.config
        if not same_address(sender, self.links[market].vault):
            raise Refused("NotVault", sender)
        if config.status == STATUS_CLOSED:
            raise Refused("MarketClosed", market)
        # A pool that waits for its share of a loss, or that is gone.
        over = config.status == STATUS_SHUT and m.long_interest == m.short_interest == 0
        if config.status >= STATUS_RESOLVING and not (over and action == Action.POOL_REDEEM):
            raise Refused("MarketShut", market)
        require(m, config, action, now)
        return accrued

    def _tokens_for(self, m: Market, config: MarketConfig, shares: int) -> int:
        if shares == 0 or shares > m.shares:
            raise Refused("DustAmount", shares)
        lower, _ = _equities(m, config)
        gross = pool.assets_for(shares, lower, m.shares)
        before = pool.depth(config.depth_per_share, m.shares)
        after = pool.depth(config.depth_per_share, m.shares - shares)
        limit = u256(after * config.max_skew_ppm) // PPM
        if abs(m.skew) > limit:
            raise Refused("BandExceeded", m.skew, limit)
        check_side(larger_side(m), after)
        index = max(m.price.index, m.price.twap)
        charge = pool.redemption_charge(index, before, after, m.skew)
        return (gross - charge) // self.token_scale if gross > charge else 0


def _equities(m: Market, config: MarketConfig) -> tuple[int, int]:
    """Equity at the lower and at the higher of index and TWAP; both at or above zero."""
    depth = pool.depth(config.depth_per_share, m.shares)
    at_index = pool.equity(m.cash, m.open_notional, m.price.index, depth, m.skew)
    at_twap = pool.equity(m.cash, m.open_notional, m.price.twap, depth, m.skew)
    lower, higher = sorted((at_index, at_twap))
    if lower < 0:
        raise Refused("NoEquity", lower)
    return lower, higher


def _shares_for(m: Market, config: MarketConfig, amount: int) -> int:
    return pool.shares_for(amount, _equities(m, config)[1], m.shares)


def _rest(m: Market) -> int:
    """What the last share leaves behind, for the insurance; less than a whole share must not stay."""
    if m.shares >= pool.SHARE_UNIT:
        return 0
    if m.shares != 0:
        raise Refused("SharesNeeded", m.shares, pool.SHARE_UNIT)
    return max(m.cash, 0)
