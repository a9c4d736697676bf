"""Numbers behind the names in the validity ladder and the action matrix."""

from support.refusals import refusal

ADD_MARGIN, REDUCE, OPEN, WITHDRAW, LIQUIDATE, POOL_DEPOSIT, POOL_REDEEM = range(7)
VALID, STALE, SHORT_TWAP, VERY_STALE, UNCERTAIN, VOLATILE, GRACE, INVALID = range(8)


def not_good_for(action, validity, age):
    """The stored price, so many seconds old, does not allow the action."""
    return refusal("PriceNotGoodFor", action=action, validity=validity, ageSeconds=age)
