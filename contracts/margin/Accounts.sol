// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Health} from "../types/Health.sol";
import {Settlement} from "../types/Settlement.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {Action} from "../types/Validity.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {MarginLedger} from "./MarginLedger.sol";

/// @title Margin in, margin out, operators
/// @notice Tokens move at this boundary only, in token units; balances are quote WAD, the exact multiple.
abstract contract Accounts is MarginLedger, IKeelCore {
    /// @inheritdoc IKeelCore
    function deposit(AccountId account, uint256 tokens) external nonReentrant {
        SafeTransferLib.safeTransferFrom(TOKEN, msg.sender, address(this), tokens);
        accounts[account].balance += int120(int256(_bookIn(tokens)));
        emit Deposited(AccountId.unwrap(account), msg.sender, tokens);
    }

    /// @inheritdoc IKeelCore
    function withdraw(AccountId account, uint256 tokens, address to) external nonReentrant {
        _authorize(account);
        if (to != account.owner() && msg.sender != account.owner()) {
            revert NotAuthorized(msg.sender, AccountId.unwrap(account));
        }
        Account memory a = accounts[account];
        a.balance -= int120(int256(_toAmount(tokens)));
        // Other collateral backs losses, it is not lent against.
        if (a.balance < 0) revert MarginTooLow(a.balance, 0);
        _checkWithdrawal(account, a);
        accounts[account].balance = a.balance;
        emit Withdrawn(AccountId.unwrap(account), to, tokens);
        _payOut(to, tokens);
    }

    /// @inheritdoc IKeelCore
    function checkWithdrawal(AccountId account) external view {
        _checkWithdrawal(account, accounts[account]);
    }

    /// @inheritdoc IKeelCore
    function setOperator(AccountId account, address operator, bool allowed) external {
        if (msg.sender != account.owner()) revert NotAuthorized(msg.sender, AccountId.unwrap(account));
        operators[account][operator] = allowed;
        emit OperatorSet(AccountId.unwrap(account), operator, allowed);
    }

    /// @inheritdoc IKeelCore
    function claimFunding(AccountId account, uint16 market) external nonReentrant returns (uint256 credit) {
        Market memory m;
        MarketConfig memory c;
        // A claim moves the clearing, which the rate depends on.
        (Accrual outcome, int256 perBase) = _accrue(market, m, c);
        _announce(market, m, outcome, perBase);
        Position memory position = positions[account][market];
        bool decided;
        (decided, credit) = _release(account, market, m, position);
        if (!decided) revert NoClaim(AccountId.unwrap(account), market);
        if (position.size != 0) positions[account][market] = position;
        accounts[account].balance += int120(int256(credit));
        markets[market].store(m);
    }

    /// @inheritdoc IKeelCore
    function settle(
        AccountId account,
        uint16 market,
        Action action
    ) external returns (Settlement memory, Health memory h) {
        if (msg.sender != address(this)) revert NotAuthorized(msg.sender, AccountId.unwrap(account));
        Touch memory t = _touch(account, market, false);
        ValidityLadder.require_(t.market.price, t.validity, action);
        if (action == Action.Liquidate) h = _healthOf(t, action);
        _commit(t);
        return (t.settled, h);
    }

    function _checkWithdrawal(AccountId account, Account memory a) private view {
        for (uint128 set = a.markets; set != 0; set >>= 16) {
            uint8 status = configs[uint16(set)].status();
            if (status == STATUS_RESOLVING) status = liquidationBooks[uint16(set)].resolution.before;
            if (status == STATUS_CLOSED) revert MarketClosed(uint16(set));
        }
        Health memory h = _healthOf(account, a, Action.Withdraw);
        if (h.withdrawable < int256(h.initial)) revert MarginTooLow(h.withdrawable, h.initial);
    }

    function _authorize(AccountId account) internal view {
        if (msg.sender == account.owner() || operators[account][msg.sender]) return;
        revert NotAuthorized(msg.sender, AccountId.unwrap(account));
    }
}
