"""Twin of `market/Trading.sol`."""

from keel.model import position
from keel.model.errors import Refused
from keel.model.fixed import MIN_I256, PPM, div_ceil
from keel.model.ledger.accounts import Accounts
from keel.model.ledger.books import MAX_SIZE, STATUS_OPEN, add, add_balance
from keel.model.ledger.filling import depth_of, fee_on, fill
from keel.model.ledger.limits import check_limits, check_side, require
from keel.model.ledger.positions import Touch
from keel.model.validity import Action, Price
from keel.units import WAD


class Trading(Accounts):
    """Trades at once on the curve."""

    def trade(
        self, now: int, sender: str, account: int, market: int, size: int, limit_price: int, deadline: int
    ) -> tuple[int, int]:
        """Buy (positive) or sell `size` base WAD at the worse of index and TWAP.

        Returns:
            Cost before fees, quote WAD, negative = received; fee, quote WAD, ceil.
        """
        self._check_order(now, sender, account, size, deadline)
        return self._trade(self._touch(now, account, market), size, limit_price)

    def update_and_trade(
        self,
        now: int,
        sender: str,
        account: int,
        market: int,
        size: int,
        limit_price: int,
        deadline: int,
        price: Price,
    ) -> tuple[int, int]:
        """`store_price` and `trade` in one, both or neither; `price` as in `store_price`."""
        self._check_order(now, sender, account, size, deadline)
        return self._trade(self._touch(now, account, market, price), size, limit_price)

    def _check_order(self, now: int, sender: str, account: int, size: int, deadline: int) -> None:
        self._authorize(sender, account)
        if now > deadline:
            raise Refused("DeadlinePassed", deadline, now)
        if size == 0:
            raise Refused("ZeroAmount")
        if size == MIN_I256 or abs(size) > MAX_SIZE:
            raise Refused("SizeOutOfRange", size, MAX_SIZE)

    def _trade(self, t: Touch, size: int, limit_price: int) -> tuple[int, int]:
        reduces = position.reduces(t.position.size, size)
        self._check_market(t, reduces)
        skew_before = t.skew
        filled = fill(t, size, bounded=not reduces)
        _check_limit(size, filled.cost, limit_price)
        fee = _charge(t, filled.cost)
        self._check_after(t, reduces, skew_before)
        self._commit(t)
        return filled.cost, fee

    def _check_market(self, t: Touch, reduces: bool) -> None:
        if not reduces and t.config.status > STATUS_OPEN:
            raise Refused("MarketReduceOnly", t.market_id)
        self._check_resolved(t)
        require(t.market, t.config, Action.REDUCE if reduces else Action.OPEN, t.now)

    def _check_after(self, t: Touch, reduces: bool, skew_before: int) -> None:
        index = t.market.price.index
        if t.position.size != 0:
            value = abs(t.position.size) * index // WAD
            if value < t.config.min_notional * WAD:
                raise Refused("PositionTooSmall", value, t.config.min_notional * WAD)
        health = self._health_with(t, Action.ADD_MARGIN if reduces else Action.OPEN)
        equity = health.equity if reduces else health.equity_worse
        required = health.maintenance if reduces else health.initial
        if equity < required:
            raise Refused("MarginTooLow", equity, required)
        if not reduces:
            net = t.skew if abs(t.skew) > abs(skew_before) else 0
            side = t.market.long_interest if t.position.size > 0 else t.market.short_interest
            check_limits(t.market, t.config, net, side)
            check_side(side, depth_of(t))


def _check_limit(size: int, cost: int, limit_price: int) -> None:
    moved = abs(size)
    if size > 0:
        paid = div_ceil(abs(cost) * WAD, moved)
        if paid > limit_price:
            raise Refused("PriceLimitMissed", paid, limit_price)
        return
    got = -cost * WAD // moved if cost < 0 else 0
    if got < limit_price:
        raise Refused("PriceLimitMissed", got, limit_price)


def _charge(t: Touch, cost: int) -> int:
    """Fee on the cost, ceil; the insurance share of it, floor; the rest to the pool."""
    config = t.config
    fee = fee_on(config, cost)
    insurance_fee = fee * config.insurance_fee_share_ppm // PPM
    t.to_insurance += insurance_fee
    t.account.balance = add_balance(t.account.balance, -fee)
    t.market.cash = add(t.market.cash, fee - insurance_fee)
    return fee
