"""What each operation may cost, and what it costs elsewhere.

Peers were measured from their own sources and settings in the same way: whole transactions, cold state.
`peer` is the cheapest one that prices trades on chain; order-book systems, which fill at a price found
elsewhere, are cheaper (dYdX v1 opens two accounts for 167,040).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Target:
    """Limits of one operation, in gas.

    Attributes:
        first: Must not be passed by a first release.
        goal: What is aimed at.
        peer: Cheapest comparable protocol; empty where there is none.
        peer_gas: Its cost.
    """

    first: int
    goal: int
    peer: str = ""
    peer_gas: int | None = None


_MAI, _PERP1, _PERP2 = "Mai v3", "Perp v1", "Perp v2"

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "deposit_fresh": Target(75_000, 68_000, _PERP2, 86_375),
        "deposit_repeat": Target(62_000, 52_000, _PERP2, 69_287),
        "open_fresh": Target(190_000, 130_000, _MAI, 364_649),
        "open_short_fresh": Target(190_000, 130_000, _PERP1, 399_601),
        "increase": Target(130_000, 90_000, _MAI, 330_483),
        "reduce": Target(130_000, 90_000, _MAI, 308_439),
        "reverse": Target(130_000, 90_000, _MAI, 328_443),
        "close": Target(120_000, 85_000, _PERP1, 312_453),
        "withdraw_with_position": Target(120_000, 80_000, _PERP1, 149_151),
        "liquidate_partial": Target(200_000, 120_000, _MAI, 303_055),
        "liquidate_full": Target(190_000, 115_000, _MAI, 297_792),
        # Eight markets of eleven cold words each are 185,000 of it.
        "liquidate_eight": Target(450_000, 400_000),
        "poke_funding": Target(70_000, 45_000, _MAI, 126_699),
        # The ramp of maintenance is stored with every price: 5,000 above the 120,000 without it.
        "price_update_three": Target(126_000, 100_000),
        "pool_deposit": Target(170_000, 110_000, _MAI, 308_221),
        "pool_redeem": Target(190_000, 130_000, _MAI, 313_753),
        "open_with_price": Target(235_000, 165_000, _MAI, 364_649),
        "increase_with_price": Target(175_000, 125_000, _MAI, 330_483),
    }
)

CORE_BYTES_LIMIT = 82_000
CONTRACT_BYTES_LIMIT = 24_576
