"""A protocol in use whose guardian, governor and canceller are different people."""

from support.bench import MARKET, Bench, make_bench

from keel.config.deployment import load_deployment
from keel.evm.chain import DEV_ACCOUNTS
from keel.sdk.governance import Status, lift, restrict, restriction, roles_of

GUARDIAN, CANCELLER = DEV_ACCOUNTS[7], DEV_ACCOUNTS[8]
TERM = 7 * 86_400
MANDATE = 180 * 86_400


class Guarded(Bench):
    """The bench, with what the guardian does."""

    def restrict(self, level, market=MARKET, sender=GUARDIAN):
        return restrict(self.chain, self.core, market, level, sender)

    def lift(self, market=MARKET, sender=None):
        return lift(self.chain, self.core, market, sender or self.stranger)

    def hold(self, level, market=MARKET):
        return self.govern(self.core, "holdMarket", market, int(level))

    def reopen(self, market=MARKET):
        return self.govern(self.core, "reopenMarket", market)

    def restriction(self, market=MARKET):
        return restriction(self.chain, self.core, market)

    @property
    def status(self):
        return Status(self.protocol.view("configOf", MARKET).config.status)

    @property
    def access(self):
        return self.protocol.contracts.access

    @property
    def roles(self):
        return roles_of(self.chain, self.access)

    @property
    def now(self):
        return self.chain.timestamp()

    def digest(self):
        return super().digest(), self.protocol.view("restrictionOf", MARKET)


def make_guarded(**settings):
    """A fresh one; settings of the deployment beyond the guardian and the canceller."""
    people = {"guardian": GUARDIAN, "canceller": CANCELLER}
    return Guarded(make_bench(load_deployment().model_copy(update=people | settings)).protocol)
