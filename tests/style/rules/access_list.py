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
    "collateral": "who keeps what accounts have besides the settlement token",
    "proposer": "who has the governor's key: proposes to the timelock",
    "canceller": "cancels what was proposed",
    "governor": "the timelock, which also administers the access manager and itself",
    "guardian": "may only tighten, for a while",
    "former guardian": "whose mandate is over, though nobody dismissed him",
    "manager": "the access manager itself, on the word of its administrator",
}
RESTRICTED = "AccessManagedUnauthorized"
# Refusals that mean "not you". Any other one comes after the caller was found good.
NOT_ADMIN = "AccessManagerUnauthorizedAccount"
NOT_IN_ROLE = "AccessControlUnauthorizedAccount"
REFUSALS = frozenset(
    {
        *(RESTRICTED, "NotAuthorized", "NotVault", "NotCore", "NotController", "NotCollateral"),
        "ERC20InsufficientAllowance",
        *(NOT_ADMIN, "AccessManagerBadConfirmation", "AccessManagerUnauthorizedCall"),
        *("AccessManagerUnauthorizedConsume", "AccessManagerUnauthorizedCancel"),
        *(NOT_IN_ROLE, "AccessControlBadConfirmation", "TimelockUnauthorizedCaller"),
    }
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
    "depositAtLeast": Gate(("anyone",), note="the caller pays"),
    "redeemAtLeast": Gate(("owner", "operator"), "NotController"),
    "cancelRequest": Gate(("anyone",), note="the caller's own request"),
}
_BY_ADMIN = Gate(("governor",), NOT_ADMIN)
_SCHEDULED = "of its own: with roles that have a delay, and there are none"
_MANAGEMENT: Mapping[str, Gate] = {
    **dict.fromkeys(
        (
            *("grantRole", "revokeRole", "labelRole", "setRoleAdmin", "setRoleGuardian", "setGrantDelay"),
            *("setTargetFunctionRole", "setTargetAdminDelay", "setTargetClosed", "updateAuthority"),
        ),
        _BY_ADMIN,
    ),
    "renounceRole": Gate(("owner",), "AccessManagerBadConfirmation", "one's own role; here the owner's"),
    "schedule": Gate((), "AccessManagerUnauthorizedCall", _SCHEDULED),
    "execute": Gate(
        ("governor",),
        "AccessManagerUnauthorizedCall",
        "what the caller may call himself; here an unknown target",
    ),
    "cancel": Gate(("anyone",), note="what the caller scheduled"),
    "consumeScheduledOp": Gate((), "AccessManagerUnauthorizedConsume", "a target while it is called"),
    "multicall": Gate(("anyone",), note="each call in it by its own row"),
}
_HOOKS = ("onERC721Received", "onERC1155Received", "onERC1155BatchReceived")
_DELAY: Mapping[str, Gate] = {
    **dict.fromkeys(("schedule", "scheduleBatch"), Gate(("proposer",), NOT_IN_ROLE)),
    **dict.fromkeys(
        ("execute", "executeBatch"), Gate(("anyone",), note="what was proposed, once its delay is over")
    ),
    **dict.fromkeys(("grantRole", "revokeRole"), Gate(("governor",), NOT_IN_ROLE)),
    **dict.fromkeys(_HOOKS, Gate(("anyone",), note="answers that it takes such tokens, and does nothing")),
    "cancel": Gate(("proposer", "canceller"), NOT_IN_ROLE),
    "renounceRole": Gate(("owner",), "AccessControlBadConfirmation", "one's own role; here the owner's"),
    "updateDelay": Gate(("governor",), "TimelockUnauthorizedCaller", "inside its bounds"),
}
# Functions that ask their caller something: one without that answer is refused without a word.
MUTE = {"consumeScheduledOp": "AccessManagerUnauthorizedConsume"}
# Every state-changing function that is not for a role, by contract. One that is in neither place is a breach.
GATES: Mapping[str, Mapping[str, Gate]] = {
    "Keel": {
        "deposit": Gate(("anyone",), note="the caller pays, into any account"),
        "withdraw": Gate(("owner", "operator"), "NotAuthorized", "an operator only to the owner"),
        "setOperator": Gate(("owner",), "NotAuthorized"),
        "trade": Gate(("owner", "operator"), "NotAuthorized"),
        "updateAndTrade": Gate(("owner", "operator"), "NotAuthorized"),
        "liquidate": Gate(("anyone",), note="unhealthy accounts only"),
        "liquidateBatch": Gate(("anyone",), note="unhealthy accounts only, the others are passed over"),
        "unwind": Gate(("anyone",), note="a piece of the insurance's own position"),
        "deleverage": Gate(("anyone",), note="where a pool is below zero"),
        "resolve": Gate(("anyone",), note="accounts through a deleverage or a shutdown"),
        "settle": Gate(("core",), "NotAuthorized"),
        "cover": Gate(("anyone",), note="a debt that no position and no collateral is left to pay"),
        "noteCollateral": Gate(("collateral",), "NotCollateral"),
        "accrue": Gate(("anyone",)),
        "liftMarket": Gate(("anyone",), note="what the guardian restricted, once its time is over"),
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
    "Collateral": {
        "deposit": Gate(("owner", "operator"), "NotAuthorized", "the caller pays"),
        "withdraw": Gate(("owner", "operator"), "NotAuthorized", "an operator only to the owner"),
        "buy": Gate(("anyone",), note="of an account that needs it; the caller pays"),
        "updatePrice": Gate(("anyone",), note="stores what the oracle says"),
        "setAuthority": _MANAGER,
    },
    "OracleHub": {"refresh": Gate(("core",), "NotCore")},
    "ShareVault": _SHARES,
    "PythUpdater": {"updatePrice": Gate(("anyone",), note="the caller pays for the push")},
    "KeelAccess": _MANAGEMENT,
    "KeelTimelock": _DELAY,
    "LendingYield": {"update": Gate(("anyone",), note="once per window")},
}
# The interface at one address may come from several contracts.
ABIS = {"Keel": ("Keel", "KeelExtension", "KeelLiquidation", "IKeel")}
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
    "LiquidationLens",
)
