// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {Account} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Health} from "../types/Health.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {Action} from "../types/Validity.sol";
import {MarginLedger} from "./MarginLedger.sol";

/// @title Margin in, margin out, operators
/// @notice Tokens move at this boundary only, in token units; balances are quote WAD, the exact multiple.
abstract contract Accounts is MarginLedger, IKeelCore {
    /// @inheritdoc IKeelCore
    function deposit(AccountId account, uint256 tokens) external nonReentrant {
        SafeTransferLib.safeTransferFrom(TOKEN, msg.sender, address(this), tokens);
        accounts[account].balance += int128(int256(_bookIn(tokens)));
        emit Deposited(AccountId.unwrap(account), msg.sender, tokens);
    }

    /// @inheritdoc IKeelCore
    function withdraw(AccountId account, uint256 tokens, address to) external nonReentrant {
        _authorize(account);
        if (to != account.owner() && msg.sender != account.owner()) {
            revert NotAuthorized(msg.sender, AccountId.unwrap(account));
        }
        Account memory a = accounts[account];
        a.balance -= int128(int256(_toAmount(tokens)));
        Health memory h = _healthOf(account, a, Action.Withdraw);
        if (h.withdrawable < int256(h.initial)) revert MarginTooLow(h.withdrawable, h.initial);
        accounts[account].balance = a.balance;
        emit Withdrawn(AccountId.unwrap(account), to, tokens);
        _payOut(to, tokens);
    }

    /// @inheritdoc IKeelCore
    function setOperator(AccountId account, address operator, bool allowed) external {
        if (msg.sender != account.owner()) revert NotAuthorized(msg.sender, AccountId.unwrap(account));
        operators[account][operator] = allowed;
        emit OperatorSet(AccountId.unwrap(account), operator, allowed);
    }

    function _authorize(AccountId account) internal view {
        if (msg.sender == account.owner() || operators[account][msg.sender]) return;
        revert NotAuthorized(msg.sender, AccountId.unwrap(account));
    }
}
