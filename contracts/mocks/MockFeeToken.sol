// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MockToken} from "./MockToken.sol";

/// @title Token that keeps 1 % of every transfer
/// @notice Keel does not take it: what arrives is less than what was sent, so deposits revert with TokensMissing.
/// @custom:halt nothing to halt: a test double.
contract MockFeeToken is MockToken {
    /// @param decimals_ decimals to report.
    constructor(uint8 decimals_) MockToken(decimals_) {}

    /// @notice Move tokens; the receiver gets 99 %.
    function transferFrom(address from, address to, uint256 tokens) public override returns (bool) {
        _spendAllowance(from, msg.sender, tokens);
        _transfer(from, to, tokens);
        _burn(to, tokens / 100);
        return true;
    }
}
