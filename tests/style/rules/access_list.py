"""Who may call every state-changing function that is not for a role of the access manager."""

from collections.abc import Mapping
from dataclasses import dataclass

# Column and who it is.
CALLERS = {
    "anyone": "who has no part in it; here the deployer, so that nothing stays with it",
    "owner": "the account's owner; of shares, the owner or the controller of a request",
    "operator": "whom the owner made its operator",
    "approved": "whom the owner gave an allowance",
    "pool vault": "the vault of the market",
    "insurance vault": "the vault of the insurance",
    "core": "Keel",
    "governor": "the timelock, which also administers the access manager",
    "guardian": "may only tighten",
    "manager": "the access manager itself, on the word of its administrator",
}
RESTRICTED = "AccessManagedUnauthorized"
# Refusals that mean "not you". Any other one comes after the caller was found good.
REFUSALS = frozenset(
    {RESTRICTED, "NotAuthorized", "NotVault", "NotCore", "NotController", "ERC20InsufficientAllowance"}
)


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may call a function, other than by the access manager's roles.

    Attributes:
        callers: Columns.
        refusal: Error for everybody else; empty when there is nobody else.
        note: What the table adds.
    """

    callers: tuple[str, ...]
    refusal: str = ""
    note: str = ""


_MANAGER = Gate(("manager",), RESTRICTED)
_SHARES: Mapping[str, Gate] = {
    "approve": Gate(("anyone",), note="the caller's own shares"),
    "transfer": Gate(("anyone",), note="the caller's own shares"),
    "transferFrom": Gate(("approved",), "ERC20InsufficientAllowance"),
    "deposit": Gate(("anyone",), note="the caller pays"),
    "mint": Gate(("anyone",), note="the caller pays"),
    "requestRedeem": Gate(("owner", "operator", "approved"), "ERC20InsufficientAllowance"),
    "redeem": Gate(("owner", "operator"), "NotController"),
    "setOperator": Gate(("anyone",), note="for the caller"),
}
# Every state-changing function that is not for a role, by contract. One that is in neither place is a breach.
GATES: Mapping[str, Mapping[str, Gate]] = {
    "Keel": {
        "deposit": Gate(("anyone",), note="the caller pays, into any account"),
        "withdraw": Gate(("owner", "operator"), "NotAuthorized", "an operator only to the owner"),
        "setOperator": Gate(("owner",), "NotAuthorized"),
        "trade": Gate(("owner", "operator"), "NotAuthorized"),
        "updateAndTrade": Gate(("owner", "operator"), "NotAuthorized"),
        "liquidate": Gate(("anyone",), note="unhealthy accounts only"),
        "accrue": Gate(("anyone",)),
        "claimFunding": Gate(("anyone",), note="credits the account"),
        "updatePrice": Gate(("anyone",), note="stores what the oracle says"),
        "multicall": Gate(("anyone",), note="each call in it by its own row"),
        "permit": Gate(("anyone",), note="the caller's own settlement tokens"),
        "poolDeposit": Gate(("pool vault",), "NotVault"),
        "poolRedeem": Gate(("pool vault",), "NotVault"),
        "insuranceDeposit": Gate(("insurance vault",), "NotVault"),
        "insuranceRedeem": Gate(("insurance vault",), "NotVault"),
        "setAuthority": _MANAGER,
        "start": Gate((), RESTRICTED, "once, in the core's constructor"),
    },
    "OracleHub": {"refresh": Gate(("core",), "NotCore")},
    "ShareVault": _SHARES,
    "LendingYield": {"update": Gate(("anyone",), note="once per window")},
}
# The interface at one address may come from several contracts.
ABIS = {"Keel": ("Keel", "KeelExtension", "IKeel")}
READ_ONLY = (
    "LayeredFunding",
    "PremiumFunding",
    "VelocityFunding",
    "AdaptiveFunding",
    "FixedInterest",
    "RateDifference",
    "ChainlinkSource",
    "PythSource",
    "UniswapV3Source",
    "SequencerGate",
    "Lens",
    "FundingLens",
    "OracleLens",
)
