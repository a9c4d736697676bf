// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MockToken} from "./MockToken.sol";

/// @title Token of an issuer who interferes
/// @notice It blocks addresses, pauses, answers false instead of moving, or takes balances away. An honest one until it is told to.
/// @custom:halt nothing to halt: a test double.
contract MockOddToken is MockToken {
    /// @notice An address of the transfer is on the issuer's list.
    /// @param who sender or receiver.
    error Blocked(address who);
    /// @notice The issuer has paused transfers.
    error TransfersPaused();

    /// @notice Whether an address neither sends nor receives.
    mapping(address who => bool) public blocked;
    bool private paused;
    bool private refusing;

    /// @param decimals_ decimals to report.
    constructor(uint8 decimals_) MockToken(decimals_) {}

    /// @notice Put an address on the list, or take it off.
    /// @param who who neither sends nor receives any more.
    /// @param on true blocks.
    function block_(address who, bool on) external {
        blocked[who] = on;
    }

    /// @notice Stop all transfers by a revert, or let them go on.
    /// @param on true stops.
    function pause(bool on) external {
        paused = on;
    }

    /// @notice Answer false instead of moving anything, or move again.
    /// @param on true answers false.
    function refuse(bool on) external {
        refusing = on;
    }

    /// @notice Take tokens away, as a token does that rebases below one.
    function seize(address from, uint256 tokens) external {
        _burn(from, tokens);
    }

    /// @notice Move the caller's tokens, or answer false.
    function transfer(address to, uint256 tokens) public override returns (bool) {
        return !refusing && super.transfer(to, tokens);
    }

    /// @notice Move allowed tokens, or answer false.
    function transferFrom(address from, address to, uint256 tokens) public override returns (bool) {
        return !refusing && super.transferFrom(from, to, tokens);
    }

    /// @dev Minting and burning go through.
    function _beforeTokenTransfer(address from, address to, uint256) internal view override {
        if (from == address(0) || to == address(0)) return;
        if (paused) revert TransfersPaused();
        if (blocked[from]) revert Blocked(from);
        if (blocked[to]) revert Blocked(to);
    }
}
