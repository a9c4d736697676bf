"""A market's hub behind a real core, and its twin: the same quotes into both, the same prices out."""

from collections import Counter
from dataclasses import astuple
from random import Random

from ledger_world import FUNDING, market_config
from twin_harness import compare

from keel.evm.chain import Contract
from keel.evm.revm import RevmChain
from keel.model.oracle import Limits, OracleFeed
from keel.model.records import Market, MarketLinks, parse
from keel.model.validity import Defect, Price

LIMITS = Limits(10**10, 10**25, 100, 100, 1_000, 500)
MARKET = 1
GRACE = 900
WINDOWS = (1, 300, 1_800, 86_400)
# By state of the sequencer: down, in grace, up.
_DEFECTS = (Defect.INVALID | Defect.SEQUENCER_DOWN, Defect.SEQUENCER_GRACE, 0)


class OracleWorld:
    """One market without traders, one to three sources, a sequencer.

    Attributes:
        chain: Where the contracts are.
        sources: Sources of the hub, which say what they are told.
        twin: The hub's twin; a new one for every new hub.
        events: How often the hub emitted each event.
        spreads: Every spread that was stored, bps.
    """

    def __init__(self, sources: int) -> None:
        self.chain = RevmChain()
        self.events: Counter[str] = Counter()
        self.spreads: set[int] = set()
        self.admin = self.chain.accounts[0]
        deploy = self.chain.deploy
        token = deploy("MockToken", 6)
        access = deploy("KeelAccess", self.admin)
        parts = (deploy("KeelExtension", token, access), deploy("KeelLiquidation", token))
        core = deploy("Keel", token, access, *parts)
        self.core = self.chain.at("IKeel", core.address)
        self.sources = [deploy("MockSource") for _ in range(sources)]
        self.quotes = [(0, 0)] * sources
        self.uptime = deploy("MockAggregator", 0)
        self.chain.send(self.uptime, "setAt", 0, 1, sender=self.admin)
        self.gate = deploy("SequencerGate", self.uptime, GRACE)
        vault = deploy("ShareVault", core, MARKET, 0, "pool", "POOL")
        self.config = market_config(deploy("LayeredFunding", astuple(FUNDING)).address)
        self.hub = self._hub(LIMITS)
        self.links = MarketLinks(vault.address, 2_000, 10_000, 50_000, self.hub.address)
        self._send("listMarket", astuple(self.config), astuple(self.links))

    def _hub(self, limits: Limits) -> Contract:
        self.twin = OracleFeed(limits)
        feed = (self.sources, astuple(limits))
        return self.chain.deploy("OracleHub", self.core, MARKET, feed, self.gate)

    def _send(self, function: str, *args: object) -> object:
        return self.chain.send(self.core, function, *args, sender=self.admin)

    def replace_hub(self, limits: Limits) -> None:
        """Link another hub over the same sources, as governance does."""
        self.hub = self._hub(limits)
        links = MarketLinks(self.links.vault, 2_000, 10_000, 50_000, self.hub.address)
        self._send("setMarket", MARKET, astuple(self.config), astuple(links))

    def say(self, place: int, price: int, spread: int) -> None:
        """Let a source answer this from now on, WAD; a price of 0 is nothing."""
        self.quotes[place] = price, spread
        self.chain.send(self.sources[place], "set", price, sender=self.admin)
        self.chain.send(self.sources[place], "setSpread", spread, sender=self.admin)

    def set_sequencer(self, *, up: bool) -> None:
        """Let the uptime feed say that the sequencer went down, or came back, now."""
        self.chain.send(self.uptime, "set", 0 if up else 1, sender=self.admin)

    def stored(self) -> Price:
        return parse(Market, self.chain.call(self.core, "marketOf", MARKET)).price

    def update(self) -> Price:
        """Take a price on both sides; the stored one."""
        last, now = self.stored(), self.chain.timestamp()
        receipt = self.chain.send(self.core, "updatePrice", MARKET, sender=self.admin)
        price, before = self.stored(), self.twin.ladder
        if last.at != now:
            silent = self.twin.peek(self.quotes, now, self.sequencer()).silent
            expected = self.twin.refresh(last, self.quotes, now, self.sequencer())
            assert price == expected
            self._check_events(receipt, silent, before.on_reference)
        assert tuple(self.chain.call(self.hub, "ladder")) == astuple(self.twin.ladder)
        self.spreads.add(price.spread_bps)
        return price

    def sequencer(self) -> int:
        """Defects that the sequencer's state is."""
        return _DEFECTS[self.chain.call(self.gate, "state")]

    def _check_events(self, receipt: object, silent: int, fallen: bool) -> None:
        found = [(log.event, *log.args.values()) for log in receipt.logs if log.address == self.hub.address]
        expected = [("SourcesSilent", silent)] if silent else []
        if self.twin.ladder.on_reference != fallen:
            expected.append(("PrimaryRestored" if fallen else "PrimaryFallen",))
        assert found == expected
        self.events.update(name for name, *_ in found)

    def check_views(self, random: Random) -> None:
        """Averages over many windows and what the sources say are the same on both sides."""
        for window in (*WINDOWS, random.randint(0, 3_000), random.choice([0, 86_401])):
            self.check_twap(window)
        found = self.twin.peek(self.quotes, self.chain.timestamp(), self.sequencer())
        expected = found.price, found.spread, found.flags
        assert tuple(self.chain.call(self.hub, "peek")) == expected

    def check_twap(self, window: int) -> None:
        """The average over a window that ends now is the same on both sides, or refused alike."""
        last, now = self.stored(), self.chain.timestamp()
        compare(lambda: self.chain.call(self.hub, "twap", window), lambda: self.twin.twap(last, window, now))
