"""Twin of `liquidation/Backstop.sol`: the insurance's own positions, and the window of the curve."""

from dataclasses import replace

from keel.model import liquidation, margin, market_set
from keel.model.cold_records import Window
from keel.model.errors import Refused
from keel.model.fixed import cast, div_ceil, i256
from keel.model.ledger.books import STATUS_RESOLVING
from keel.model.ledger.filling import book, depth_of, fill
from keel.model.ledger.limits import require
from keel.model.ledger.positions import Touch
from keel.model.ledger.waterfall import Waterfall
from keel.model.position import Fill
from keel.model.records import Health
from keel.model.validity import Action, suspect
from keel.units import BPS, WAD

# Most that the curve may take from what is pushed through it, against the index.
MAX_LOSS_BPS = 100
# A piece of a position is at most this part of the window: it moves the mark by less than a round trip costs.
PIECES = 16


class Backstop(Waterfall):
    """What the curve should not take at once, the insurance takes over at the index and works off later.

    Its account belongs to the core's address and keeps no balance.
    """

    def unwind(self, now: int, market: int) -> tuple[int, int]:
        """Close a small piece of the insurance's own position through the curve. Anyone.

        Returns:
            Base closed with the sign of the closing trade, WAD; quote paid, WAD, negative = received.
        """
        with self._atomic():
            return self._unwind(now, market)

    def window_of(self, now: int, market: int) -> tuple[int, int]:
        """What liquidations pushed through a market's curve lately, and the most they may, quote WAD."""
        if market not in self.configs:
            return 0, 0
        return self._window(self._load(now, self._backstop, market))

    def _unwind(self, now: int, market: int) -> tuple[int, int]:
        t, _ = self._settled(now, self._backstop, market, Action.ADD_MARGIN)
        if t.position.size == 0:
            raise Refused("NoPosition", t.account_id, market)
        self._check_resolved(t)
        require(t.market, t.config, Action.OPEN, now)
        pushed, capacity = self._window(t)
        size = _piece(t, pushed, capacity)
        filled = fill(t, size, bounded=True)
        value, loss = value_of(t, size), loss_of(t, size, filled.cost)
        limit = value * MAX_LOSS_BPS // BPS
        if loss > limit:
            raise Refused("UnwindTooDear", loss, limit)
        self._push(t, pushed + value)
        self._sweep(t)
        self._commit(t)
        return size, filled.cost

    def _settled(self, now: int, account: int, market: int, action: Action) -> tuple[Touch, Health]:
        """A position after its settlement by the core; for a liquidation its account's health."""
        health = self.settle(now, f"{self.core:#x}", account, market, action)
        return self._load(now, account, market), health

    def _window(self, t: Touch) -> tuple[int, int]:
        """What liquidations have pushed through the curve, and may in all, quote WAD."""
        window_ppm = self.links[t.market_id].window_ppm
        capacity = liquidation.window_capacity(t.market.price.index, depth_of(t), window_ppm)
        window, seconds = self._liquidation_book(t.market_id).pushed, liquidation.WINDOW_SECONDS
        return liquidation.fallen(window.amount, capacity, t.now - window.at, seconds), capacity

    def _push(self, t: Touch, pushed: int) -> None:
        """Note in the window what liquidations have pushed through the curve, quote WAD."""
        window = Window(cast(pushed, 128), t.now)
        self.liquidation_books[t.market_id] = replace(self._liquidation_book(t.market_id), pushed=window)

    def _can_absorb(self, t: Touch, size: int, equity: int) -> bool:
        """Whether the insurance could carry `size` besides what it has and the debt that comes with it.

        Not at a price that may be wrong: a position that begins in the middle of an escrow's period would owe
        for all of it.
        """
        if suspect(t.market.price.flags) or t.config.status >= STATUS_RESOLVING:
            return False
        members = self._account(self._backstop).markets
        held = self._position(self._backstop, t.market_id).size
        if held == 0 and market_set.length(members) == market_set.LIMIT:
            return False
        health = self.health_of(t.now, self._backstop)
        # Of the sum, not of the part alone: brackets are steeper there. What a smaller sum frees does not
        # count, it may have been a hedge.
        before, _ = margin.requirements(t.market, t.config, held)
        after, _ = margin.requirements(t.market, t.config, held - size)
        means = i256(self.insurance_assets + health.equity_worse + min(0, equity))
        return means >= health.initial + max(0, after - before)

    def _absorb(self, t: Touch, size: int) -> Fill:
        """Move `size` (signed as a fill of the account) to the insurance at the index.

        Rounded against the account.
        """
        if self._position(self._backstop, t.market_id).size != 0:
            b, _ = self._settled(t.now, self._backstop, t.market_id, Action.ADD_MARGIN)
        else:
            b = self._load(t.now, self._backstop, t.market_id)
        # One market, two accounts: the copy that has the settlement of both.
        t.accrued = b.accrued
        cost = div_ceil(i256(size * t.market.price.index), WAD)
        filled = book(t, size, cost)
        book(b, -size, -cost)
        self._sweep(b)
        self._commit(b)
        return filled


def value_of(t: Touch, size: int) -> int:
    """Value at the index, quote WAD, ceil."""
    return div_ceil(cast(abs(size) * t.market.price.index), WAD)


def loss_of(t: Touch, size: int, cost: int) -> int:
    """What a closing fill takes from equity: its cost against the value at the index, quote WAD."""
    return cast(cost - size * t.market.price.index // WAD, signed=True)


def _piece(t: Touch, pushed: int, capacity: int) -> int:
    """A small piece of the position, as a closing fill: all of it where the rest would be dust."""
    index, value = t.market.price.index, capacity // PIECES
    if pushed + value > capacity:
        raise Refused("WindowFull", pushed, capacity)
    held = abs(t.position.size)
    size = min(value * WAD // index, held)
    if (held - size) * index < t.config.min_notional * WAD * WAD:
        size = held
    return -size if t.position.size > 0 else size
