"""Twin of `liquidation/Choice.sol`: which position of a cross account is liquidated."""

from keel.model import curve, margin, market_set
from keel.model.errors import Refused
from keel.model.fixed import cast, i256, mul_div_ceil_signed, u256
from keel.model.ledger.backstop import loss_of, value_of
from keel.model.ledger.filling import depth_of, room, worse_for
from keel.model.ledger.positions import Touch
from keel.model.ledger.resolutions import Resolutions
from keel.units import BPS


class Choice(Resolutions):
    """The one whose end restores most: what it frees, at the target ratio, less what closing costs."""

    def _choose(self, now: int, account: int) -> tuple[int, int]:
        """Id of the market, the first of equals, and what closing all of several would cost, quote WAD.

        Multipliers count as last stored; what the curve would give does not make the cost less.
        """
        markets = list(market_set.iterate(self._account(account).markets))
        if not markets:
            raise Refused("NoPosition", account, 0)
        if len(markets) == 1:
            return markets[0], 0
        touches = [self._load(now, account, market) for market in markets]
        net = sum(parts_of(t)[1] for t in touches)
        costs = [i256(curve_loss(t, t.position.size) + _least_penalty_of(t)) for t in touches]
        reliefs = [_freed(t, net) - cost for t, cost in zip(touches, costs, strict=True)]
        return markets[reliefs.index(max(reliefs))], sum(max(0, cost) for cost in costs)


def _freed(t: Touch, net: int) -> int:
    """Target equity that the end of the position frees, quote WAD; `net` is the sum of what can be hedged."""
    own, common = parts_of(t)
    freed = u256(u256(own + abs(net)) - abs(net - common))
    return cast(u256(freed * t.config.target_bps) // BPS, signed=True)


def parts_of(t: Touch) -> tuple[int, int]:
    """Maintenance of the touched position alone, quote WAD: what cannot be hedged, and what can, signed."""
    if t.position.size == 0:
        return 0, 0
    _, maintenance = margin.requirements(t.market, t.config, t.position.size, whole=False)
    common = margin.common(maintenance, t.config.hedge_percent, t.position.size)
    return u256(maintenance - abs(common)), common


def curve_loss(t: Touch, position: int) -> int:
    """What the curve would take from equity if `position` were closed now, quote WAD, negative = give.

    Of what it can take, scaled up, ceil.
    """
    held = abs(position)
    size = min(held, room(t, sale=position > 0))
    if size == 0:
        return 0
    closing = -size if position > 0 else size
    price = worse_for(t.fill_price, buys=closing > 0)
    loss = loss_of(t, closing, curve.cost(price, depth_of(t), t.skew, closing))
    return loss if size == held else mul_div_ceil_signed(loss, held, size)


def _least_penalty_of(t: Touch) -> int:
    return u256(value_of(t, t.position.size) * t.config.brackets.penalty_min_bps) // BPS
