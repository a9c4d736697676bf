"""What an invariant is given, and how it complains."""

from collections.abc import Callable
from dataclasses import dataclass

from keel.sim.fuzz.moment import Moment
from keel.sim.fuzz.stage import Step

Function = Callable[[Step], int]


class Violation(Exception):  # noqa: N818, the word of the field
    """An invariant does not hold.

    Attributes:
        invariant: Its id.
        message: The numbers that show it.
    """

    def __init__(self, invariant: str, message: str) -> None:
        super().__init__(f"{invariant}: {message}")
        self.invariant = invariant
        self.message = message


class Broken(Exception):  # noqa: N818, internal to the checks
    """Raised by `require`; whoever runs the check knows which invariant it belongs to."""


@dataclass(frozen=True, slots=True)
class Check:
    """One function that checks an invariant after an action.

    Attributes:
        invariant: Id in the catalogue.
        function: Gives how often it has checked; raises Broken.
        actions: Names of the actions after which it is run; empty stands for all.
        refused: Run it on refused actions instead of successful ones.
    """

    invariant: str
    function: Function
    actions: frozenset[str] = frozenset()
    refused: bool = False

    @property
    def sentence(self) -> str:
        """What must hold, in words."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def run(self, step: Step) -> int:
        """Check; raises Violation."""
        try:
            return self.function(step)
        except Broken as broken:
            raise Violation(self.invariant, f"{self.sentence} {broken}") from None


def at_taken_price(step: Step, kind: int) -> Moment:
    """The moment before, with the price of a kind that the call took."""
    return step.before.with_price(kind, step.after.books.kinds[kind].price)


def dust_swept(step: Step) -> int:
    """Funding that belonged to nobody and went to the insurance, quote WAD."""
    return sum(int(log.args["amount"]) for log in step.logs if log.event == "FundingDustSwept")


def paid_for_debts(step: Step, account: int | None = None) -> tuple[int, int]:
    """What insurance and pools paid for bad debt, of an account id or of all, quote WAD.

    What is beyond a pool's cap it advances.
    """
    told = [log for log in step.logs if account is None or log.args.get("account") == account]
    covered = [log.args for log in told if log.event == "BadDebtCovered"]
    left = sum(int(log.args["amount"]) for log in told if log.event == "DeficitLeft")
    return sum(debt["fromInsurance"] for debt in covered), sum(debt["fromPool"] for debt in covered) + left


def require(holds: bool, *numbers: object) -> None:
    """Complain unless it holds; the numbers come in pairs of name and value."""
    if not holds:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        raise Broken(", ".join(f"{name} {value}" for name, value in pairs))
