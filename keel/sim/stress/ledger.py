"""What the events of a replay say: liquidations, who paid, what became of the insurance's own position."""

from keel.evm.chain import Log, Receipt
from keel.sim.stress.record import Tally
from keel.units import WAD


class Ledger:
    """Reads the receipts of one market.

    Attributes:
        tally: The sums.
        held: The insurance's own position, base WAD.
        resolving: Whether the market shares out a loss now.
    """

    def __init__(self, backstop: int) -> None:
        """Take the id of the insurance's own account."""
        self._backstop = backstop
        self.tally = Tally()
        self.held = 0
        self.resolving = False

    def enter(self, receipt: Receipt, index: int) -> None:
        """Book a transaction at an index, WAD."""
        worked_off = all(log.event != "Absorbed" for log in receipt.logs)
        for log in receipt.logs:
            self._liquidation(log, index)
            self._shortfall(log)
            self._backstop_filled(log, index, worked_off)
            self._resolution(log)
            if "settled" in log.args:
                self.tally.sundry += log.args["settled"].surplus

    def _liquidation(self, log: Log, index: int) -> None:
        if log.event not in ("Liquidated", "Absorbed"):
            return
        tally = self.tally
        closed = abs(log.args["fill"].size) * index // WAD
        tally.notional += closed
        tally.tiers[log.args["tier"]] += 1
        tally.penalty += log.args["penalty"]
        tally.reward += log.args["reward"]
        tally.accounts.add(log.args["account"])
        if log.event == "Absorbed":
            tally.absorbed += closed
            tally.absorptions += 1

    def _shortfall(self, log: Log) -> None:
        """What the insurance's own account lacks is no bad debt as far as the insurance has it."""
        tally = self.tally
        if log.event not in ("BadDebtCovered", "DeficitLeft"):
            return
        own = log.args["account"] == self._backstop
        if log.event == "BadDebtCovered":
            tally.from_insurance += 0 if own else log.args["fromInsurance"]
            beyond = log.args["fromPool"]
        else:
            beyond = log.args["amount"]
            tally.deficit += beyond
        tally.from_pool += beyond
        if own:
            tally.own_result += beyond

    def _backstop_filled(self, log: Log, index: int, worked_off: bool) -> None:
        if log.event != "BackstopFilled":
            return
        tally, fill = self.tally, log.args["fill"]
        tally.own_result += log.args["result"]
        if worked_off:
            tally.pieces += 1
            tally.unwound += abs(fill.size) * index // WAD
        self.held = fill.sizeAfter
        tally.most_held = max(tally.most_held, abs(self.held) * index // WAD)

    def _resolution(self, log: Log) -> None:
        if log.event == "ResolutionBegun":
            self.resolving = True
        elif log.event == "ResolutionEnded":
            self.resolving = False
            self.tally.resolutions += 1
        elif log.event == "ProfitCut":
            self.tally.cut += log.args["amount"]
        elif log.event == "EscrowReleased" and log.args["forfeited"]:
            self.tally.sundry += log.args["credit"]
        elif log.event == "FundingDustSwept":
            self.tally.sundry += log.args["amount"]
