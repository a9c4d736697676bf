"""Two chains as one: everything is done on both, and whatever they say must be the same, byte for byte.

The first one leads: it sets the time, and the nonces from which addresses follow.
"""

from keel.errors import Reverted
from keel.evm.revm import RevmChain
from keel.evm.typed import TypedChain
from keel.sdk.apechain import ApeChain


class LedChain(RevmChain):
    """revm, with a clock and nonces that somebody else sets."""

    def move_to(self, timestamp):
        if timestamp > self.timestamp():
            self.warp(timestamp - self.timestamp())

    def set_nonce(self, sender, nonce):
        account = self._evm.basic(sender)
        account = type(account)(balance=account.balance, nonce=nonce)
        self._evm.insert_account_info(sender, account)


class LeadingChain(ApeChain):
    """ape on anvil, where time stands still until something warps, as on revm."""

    def __init__(self):
        super().__init__()
        self._provider.make_request("anvil_setBlockTimestampInterval", [0])

    def nonce(self, sender):
        return self._provider.get_nonce(sender)


class PairChain(TypedChain):
    """ape's node and revm in this process."""

    def __init__(self):
        self.first = LeadingChain()
        self.second = LedChain(self.first.timestamp())
        self._snapshots: dict[int, int] = {}
        self.compared = 0

    @property
    def accounts(self):
        return self.first.accounts

    def create(self, code, sender):
        self.second.set_nonce(sender, self.first.nonce(sender))
        self.second.move_to(self.first.timestamp())
        address = self.first.create(code, sender)
        assert self.second.create(code, sender) == address
        return address

    def call_raw(self, address, calldata, sender):
        self.second.move_to(self.first.timestamp())
        one = _outcome(lambda: self.first.call_raw(address, calldata, sender))
        other = _outcome(lambda: self.second.call_raw(address, calldata, sender))
        self._compare(one, other)
        if isinstance(one, Reverted):
            raise one
        assert one == other
        return one

    def _transact(self, *transaction):
        self.second.move_to(self.first.timestamp())
        one = _outcome(lambda: self.first._transact(*transaction))
        other = _outcome(lambda: self.second._transact(*transaction))
        self._compare(one, other)
        if isinstance(one, Reverted):
            raise one
        assert one.logs == other.logs
        assert one.output == other.output
        return one

    def storage(self, address, slot):
        found, other = self.first.storage(address, slot), self.second.storage(address, slot)
        assert found == other
        return found

    def timestamp(self):
        return self.first.timestamp()

    def warp(self, seconds):
        self.first.warp(seconds)

    def snapshot(self):
        identity = self.first.snapshot()
        self._snapshots[identity] = self.second.snapshot()
        return identity

    def revert(self, snapshot):
        self.first.revert(snapshot)
        self.second.revert(self._snapshots.pop(snapshot))

    def _compare(self, one, other):
        """Both succeed, or both refuse with the same error."""
        self.compared += 1
        refusals = [str(found) if isinstance(found, Reverted) else None for found in (one, other)]
        assert refusals[0] == refusals[1]


def _outcome(act):
    try:
        return act()
    except Reverted as refusal:
        return refusal
