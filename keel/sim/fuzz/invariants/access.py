"""Who may do what, and how a call may fail."""

from keel.sim.fuzz.invariants.base import require
from keel.sim.fuzz.stage import Step
from keel.sim.fuzz.world import ACCOUNTS, OPERATOR

# Every way in which an action may be refused. Anything else (a Panic, a halt, no data) is a bug.
EXPECTED = frozenset(
    {
        *("NotAuthorized", "MarketUnknown", "MarketReduceOnly", "MarketClosed", "ZeroAmount"),
        *("SizeOutOfRange", "SideExceeded", "WindowFull", "UnwindTooDear", "InsuranceTied"),
        *("AmountOutOfRange", "PositionTooSmall", "PriceLimitMissed", "DeadlinePassed", "BandExceeded"),
        *("UtilizationExceeded", "MarginTooLow", "NotLiquidatable", "NoPosition", "NotVault"),
        *("DustAmount", "SharesNeeded", "NoEquity", "ParameterOutOfBounds", "PriceNotGoodFor", "NotCore"),
        *(
            "MarketInUse",
            "FundingModelUnknown",
            "FeedOutOfBounds",
            "NoClaim",
            "HubUnknown",
            "ZeroShares",
            "NotController",
            "NotClaimable",
            "GuardianRests",
            "NothingToLift",
        ),
        *("MarketShut", "MarketNotRestricted", "Unresolved", "NothingToResolve", "PoolSolvent", "TooFew"),
        *("AccessManagedUnauthorized", "AccessControlUnauthorizedAccount"),
        *("ERC20InsufficientBalance", "TransferFromFailed"),
        *("KindUnknown", "PegLost", "CapExceeded", "NothingToSell", "CostTooHigh", "NothingToCover"),
        *("TermOutOfBounds", "NotCollateral"),
        # A profit beyond all that was paid in: the last one to leave is told so. Or more of a kind than
        # the account has.
        "TokensMissing",
    }
)
# A million.
_ORDINARY_TOKENS = 10**12
_GOVERNED = frozenset(
    {"restrict", "hold", "reopen", "set_market", "set_model", "set_tiers", "set_hub", "set_feed", "shut"}
)


def inv_55(step: Step) -> int:
    """The lock is open between transactions."""
    require(step.error.error != "ReentrancyGuardReentrantCall", "error", step.error.error)
    return 1


def reverts(step: Step) -> int:
    """A refused call says why, with an error of the protocol."""
    require(step.error.error in EXPECTED, "error", str(step.error))
    return 1


def inv_58_refused(step: Step) -> int:
    """Nobody is turned away for the amount of an ordinary payment."""
    if step.error.error != "AmountOutOfRange":
        return 0
    tokens = step.action.args[2]
    require(tokens > _ORDINARY_TOKENS, "tokens", tokens)
    return 1


def inv_56(step: Step) -> int:
    """Only roles and vaults do what is theirs, and only owners and operators act for an account."""
    name, (sender, place, *rest) = step.action.name, step.action.args
    if name in _GOVERNED:
        require(sender == OPERATOR, "sender", sender, "did", name)
        return 1
    if name == "intrude":
        require(False, "sender", sender, "got through by way", place)
    owner = ACCOUNTS[place][0]
    if name == "set_operator":
        require(sender == owner, "sender", sender, "owner", owner)
        return 1
    allowed = sender == owner or step.world.is_operator(place, sender)
    require(allowed, "sender", sender, "owner", owner)
    third = name == "withdraw" and rest[1] != owner
    require(not third or sender == owner, "sender", sender, "paid out to", rest[-1])
    return 1
