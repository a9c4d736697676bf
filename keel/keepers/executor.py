"""From a decision to a transaction."""

from dataclasses import dataclass

from keel.errors import Reverted
from keel.evm.chain import Receipt
from keel.keepers import actions
from keel.keepers.actions import Action
from keel.sdk.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action.

    Attributes:
        action: The action.
        sender: Who sent it.
        receipt: What it did; None if it was refused.
        refusal: Why it was refused; None if it was done.
    """

    action: Action
    sender: str
    receipt: Receipt | None = None
    refusal: Reverted | None = None


def execute(protocol: Protocol, action: Action, sender: str) -> Outcome:
    """Send an action. A refusal by a contract is an outcome, any other failure an error."""
    try:
        return Outcome(action, sender, _send(protocol, action, sender))
    except Reverted as refusal:
        return Outcome(action, sender, refusal=refusal)


def _send(protocol: Protocol, action: Action, sender: str) -> Receipt:
    match action:
        case actions.Trade(account, market, size, limit_price):
            return protocol.trade(account, market, size, sender, limit_price)
        case actions.AddMargin(account, tokens):
            return protocol.deposit(account, tokens, sender)
        case actions.PoolDeposit(market, tokens):
            return protocol.pool_deposit(market, tokens, sender)
        case actions.PoolRequest(market, shares):
            return protocol.pool_request(market, shares, sender)
        case actions.PoolClaim(market, shares):
            return protocol.pool_redeem(market, shares, sender)
        case actions.InsuranceStake(tokens):
            return protocol.insurance_deposit(tokens, sender)
        case _:
            return _keep(protocol, action, sender)


def _keep(protocol: Protocol, action: actions.Upkeep, sender: str) -> Receipt:
    match action:
        case actions.UpdatePrice(market):
            return protocol.update_price(market, sender)
        case actions.Accrue(market):
            return protocol.accrue(market, sender)
        case actions.Liquidate(account, _):
            return protocol.liquidate(account, sender)
        case actions.Unwind(market):
            return protocol.unwind(market, sender)
        case actions.Resolve(market, accounts):
            return protocol.resolve(market, accounts, sender)
