"""What keepers, traders and liquidity providers can decide to do: plain data, carried out elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpdatePrice:
    """Store what the oracle says."""

    market: int


@dataclass(frozen=True, slots=True)
class Accrue:
    """Accrue funding up to now."""

    market: int


@dataclass(frozen=True, slots=True)
class Liquidate:
    """Reduce a position of an unhealthy account; the core chooses which.

    Attributes:
        margin_ratio: Ratio that was seen when this was decided, WAD; for the log.
    """

    account: int
    margin_ratio: int


@dataclass(frozen=True, slots=True)
class Unwind:
    """Close a small piece of the insurance's own position."""

    market: int


@dataclass(frozen=True, slots=True)
class Resolve:
    """Take accounts a step through a market's deleverage or shutdown."""

    market: int
    accounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """Buy (positive) or sell `size` base WAD.

    Attributes:
        limit_price: Worst average price, quote WAD per base.
    """

    account: int
    market: int
    size: int
    limit_price: int


@dataclass(frozen=True, slots=True)
class AddMargin:
    """Pay token units into an account."""

    account: int
    tokens: int


@dataclass(frozen=True, slots=True)
class PoolDeposit:
    """Pay token units into a market's pool."""

    market: int
    tokens: int


@dataclass(frozen=True, slots=True)
class PoolRequest:
    """Ask to redeem pool shares (24 decimals)."""

    market: int
    shares: int


@dataclass(frozen=True, slots=True)
class PoolClaim:
    """Claim a redemption of pool shares (24 decimals) whose cooldown is over."""

    market: int
    shares: int


@dataclass(frozen=True, slots=True)
class InsuranceStake:
    """Stake token units in the insurance."""

    tokens: int


# What anyone may do for a market.
Upkeep = UpdatePrice | Accrue | Liquidate | Unwind | Resolve

Action = Upkeep | Trade | AddMargin | PoolDeposit | PoolRequest | PoolClaim | InsuranceStake
