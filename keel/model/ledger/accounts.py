"""Twin of `margin/Accounts.sol`: margin in, margin out, operators."""

from keel.model import market_set
from keel.model.errors import Refused
from keel.model.ledger.books import STATUS_CLOSED, STATUS_RESOLVING, add_balance, same_address
from keel.model.ledger.limits import require
from keel.model.ledger.margins import MarginLedger
from keel.model.records import Account, EscrowClaim, Health
from keel.model.validity import Action

_SUB_BITS = 96


def account_id(owner: str, sub: int = 0) -> int:
    """Account of an owner's address with a sub-account number below 2^96."""
    return int(owner, 16) << _SUB_BITS | sub


def backstop_of(core: int) -> int:
    """The insurance's own account: number 0 of the core's address."""
    return core << _SUB_BITS


class Accounts(MarginLedger):
    """Deposits and withdrawals; tokens are token units."""

    def deposit(self, account: int, tokens: int) -> None:
        """Add settlement tokens to an account. Anyone may pay, at any time."""
        after = self._account(account)
        after.balance = add_balance(after.balance, self._to_amount(tokens))
        self._book_in(tokens)
        self.accounts[account] = after

    def withdraw(self, now: int, sender: str, account: int, tokens: int, to: str) -> None:
        """Take settlement tokens out. Owner: to anyone; operator: to the owner only.

        The balance does not go below zero: other collateral backs losses, it is not lent against.
        """
        self._authorize(sender, account)
        if not _owns(to, account) and not _owns(sender, account):
            raise Refused("NotAuthorized", sender, account)
        after = self._account(account)
        after.balance = add_balance(after.balance, -self._to_amount(tokens))
        if after.balance < 0:
            raise Refused("MarginTooLow", after.balance, 0)
        self._check_withdrawal(now, account, after)
        self._pay_out(to, tokens)
        self.accounts[account] = after

    def check_withdrawal(self, now: int, account: int) -> None:
        """Refuse unless what the account has, as stored, could be what a withdrawal left."""
        self._check_withdrawal(now, account, self._account(account))

    def claim_funding(self, now: int, account: int, market: int) -> int:
        """Credit an account with its claim on an ended stretch of suspect prices; gives quote WAD. Anyone."""
        accrued = self._accrue(now, market)
        position, claim = self._position(account, market), self._escrow_claim(account, market)
        decided, credit, insured = self._release(accrued, claim, position)
        if not decided:
            raise Refused("NoClaim", account, market)
        self._store(accrued)
        self._store_claim(account, market, EscrowClaim())
        if position.size != 0:
            self.positions[account, market] = position
        self.accounts[account].balance = add_balance(self.accounts[account].balance, credit)
        self._to_insurance(insured)
        return credit

    def set_operator(self, sender: str, account: int, operator: str, allowed: bool) -> None:
        """Let `operator` trade for the account and withdraw to its owner. Owner only."""
        if not _owns(sender, account):
            raise Refused("NotAuthorized", sender, account)
        grant = account, int(operator, 16)
        if allowed:
            self.operators.add(grant)
        else:
            self.operators.discard(grant)

    def _check_withdrawal(self, now: int, account: int, after: Account) -> None:
        for market in market_set.iterate(after.markets):
            status = self.configs[market].status
            if status == STATUS_RESOLVING:
                status = self.resolution_of(market).before
            if status == STATUS_CLOSED:
                raise Refused("MarketClosed", market)
        health = self._health(now, account, after, Action.WITHDRAW)
        if health.withdrawable < health.initial:
            raise Refused("MarginTooLow", health.withdrawable, health.initial)

    def settle(self, now: int, sender: str, account: int, market: int, action: Action) -> Health:
        """Settle a position, where the market allows the action.

        A liquidation must be allowed in all the account's markets and gets its health, others an empty one.

        The core itself only: liquidations and the insurance's positions come through here.
        """
        if not same_address(sender, self.core):
            raise Refused("NotAuthorized", sender, account)
        t = self._touch(now, account, market)
        require(t.market, t.config, action, now)
        health = self._health_with(t, action) if action == Action.LIQUIDATE else Health()
        self._commit(t)
        return health

    def _authorize(self, sender: str, account: int) -> None:
        if not _owns(sender, account) and (account, int(sender, 16)) not in self.operators:
            raise Refused("NotAuthorized", sender, account)


def owner_of(account: int) -> int:
    """Address of the owner."""
    return account >> _SUB_BITS


def _owns(address: str, account: int) -> bool:
    return same_address(address, owner_of(account))
