"""Feeds of others, real contracts that a test moves: Chainlink's aggregators and uptime feed, and Pyth."""

from support.external import chainlink, pyth

from keel.evm.chain import NOBODY

ID, OTHER_ID = b"\x11" * 32, b"\x22" * 32
# What a message from L1 bears as its sender on Arbitrum: the sender's address plus this.
_ALIAS = 0x1111000000000000000000000000000000001111


class ChainlinkFeed:
    """Chainlink's MockV3Aggregator, with the adapter over it or over a proxy that leads to it."""

    HEARTBEAT = 3_900

    def __init__(self, chain, decimals=8, answer=2_000 * 10**8, heartbeat=HEARTBEAT, proxy=None):
        self.chain, self.decimals = chain, decimals
        self.aggregator = chainlink("MockV3Aggregator").deploy(chain, decimals, answer)
        self.proxy = proxy(chain, self.aggregator) if proxy else self.aggregator
        self.source = chain.deploy("ChainlinkSource", self.proxy, heartbeat)

    @property
    def now(self):
        return self.chain.timestamp()

    def round(self, answer, updated_at=None, number=2, started_at=None):
        """Any round: MockV3Aggregator takes all of it."""
        times = self.now if updated_at is None else updated_at, self.now if started_at is None else started_at
        self._send("updateRoundData", number, answer, *times)

    def publish(self, answer):
        """The next round, now, in the feed's decimals."""
        self._send("updateAnswer", answer)

    def set(self, price):
        """Publish whole quote per base."""
        self.publish(price * 10**self.decimals)

    def latest(self):
        return tuple(self.chain.call(self.source, "latest"))

    def _send(self, function, *args):
        self.chain.send(self.aggregator, function, *args, sender=self.chain.accounts[0])


class FluxFeed:
    """FluxAggregator with three oracles, two of which make an answer, clamped; and the adapter over it."""

    TIMEOUT, HEARTBEAT = 1_800, 3_900

    def __init__(self, chain, lowest=10**7, highest=1_000 * 10**8):
        self.chain = chain
        owner, *self.oracles = chain.accounts[:4]
        clamp = lowest, highest
        made = NOBODY, 0, self.TIMEOUT, NOBODY, *clamp, 8, "LUNA / USD"
        self.aggregator = chainlink("FluxAggregator").deploy(chain, *made)
        change = [], self.oracles, self.oracles, 2, 3, 0
        chain.send(self.aggregator, "changeOracles", *change, sender=owner)
        self.source = chain.deploy("ChainlinkSource", self.aggregator, self.HEARTBEAT)

    def submit(self, number, answer, oracles=3):
        for oracle in self.oracles[:oracles]:
            self.chain.send(self.aggregator, "submit", number, answer, sender=oracle)

    def price(self):
        return self.chain.call(self.source, "latest").price


class PythFeed:
    """Pyth's mock, which asks a fee per update, with the adapter over it."""

    FEE, HEARTBEAT, EXPONENT = 7, 20, -8

    def __init__(self, chain, heartbeat=HEARTBEAT, confidence=100, fee=FEE):
        self.chain, self.sender, self.fee = chain, chain.accounts[0], fee
        self.pyth = pyth().deploy(chain, 60, fee)
        self.source = chain.deploy("PythSource", self.pyth, ID, heartbeat, confidence)

    def update(self, price=2_000 * 10**8, conf=0, expo=EXPONENT, at=None, feed=ID):
        """The signed message that Pyth's service would give out."""
        stamp = self.chain.timestamp() if at is None else at
        fields = (feed, price, conf, expo, price, conf, stamp, 0)
        return self.chain.call(self.pyth, "createPriceFeedUpdateData", *fields)

    def push(self, *args, **fields):
        """Send one update, with its fee."""
        update = [self.update(*args, **fields)]
        self.chain.send(self.pyth, "updatePriceFeeds", update, sender=self.sender, value=self.fee)

    def set(self, price):
        """Push whole quote per base, without doubt."""
        self.push(price * 10**8)

    def latest(self):
        return tuple(self.chain.call(self.source, "latest"))

    def price(self):
        return self.latest()[0]


class Rollup:
    """Chainlink's uptime feed on an Arbitrum of our own: it takes what the sender on L1 tells it."""

    def __init__(self, chain, begin=True):
        self.chain, self.owner, self.messenger = chain, chain.accounts[0], chain.accounts[1]
        access = chainlink("SimpleReadAccessController").deploy(chain)
        flags = chainlink("Flags").deploy(chain, access, access)
        l1_sender = "0x" + (int(self.messenger, 16) - _ALIAS).to_bytes(20, "big", signed=False).hex()
        self.feed = chainlink("ArbitrumSequencerUptimeFeed").deploy(chain, flags, l1_sender)
        self.own(access, "addAccess", self.feed)
        self.own(flags, "addAccess", self.feed)
        if begin:
            self.own(self.feed, "initialize")

    def open_to_all(self):
        """Let anybody read; contracts may not by default."""
        self.own(self.feed, "disableAccessCheck")
        return self

    def report(self, down, at=None):
        """What L1 says of the sequencer; True = down."""
        stamp = self.chain.timestamp() if at is None else at
        self.chain.send(self.feed, "updateStatus", down, stamp, sender=self.messenger)

    def gate(self, grace):
        """A gate that may read: its address gets access before it is there, as its constructor reads."""
        taken = self.chain.snapshot()
        self.open_to_all()
        at = self.chain.deploy("SequencerGate", self.feed, grace).address
        self.chain.revert(taken)
        self.own(self.feed, "addAccess", at)
        return self.chain.deploy("SequencerGate", self.feed, grace)

    def own(self, target, function, *args):
        """A call by the owner of all these contracts."""
        self.chain.send(target, function, *args, sender=self.owner)
