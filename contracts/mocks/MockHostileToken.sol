// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MockToken} from "./MockToken.sol";

/// @title Token that calls back
/// @notice It makes the calls that it was armed with inside the next transfer, and keeps what became of each; its movements are
/// honest. For tests of re-entry: it may own accounts and shares, so that nothing but a lock refuses it.
/// @custom:halt nothing to halt: a test double.
contract MockHostileToken is MockToken {
    /// @dev A call to make.
    struct Attempt {
        address target;
        bytes data;
    }

    /// @dev What became of it: the hash of what was returned, or the selector of the error.
    struct Outcome {
        bool done;
        bytes4 error;
        bytes32 answer;
    }

    Attempt[] private attempts;
    Outcome[] private outcomes;
    bool private busy;

    /// @param decimals_ decimals to report.
    constructor(uint8 decimals_) MockToken(decimals_) {}

    /// @notice Make these calls inside the next transfer.
    /// @param attempts_ calls in their order; an empty list disarms.
    function arm(Attempt[] calldata attempts_) external {
        delete attempts;
        delete outcomes;
        for (uint256 i; i < attempts_.length; ++i) attempts.push(attempts_[i]);
    }

    /// @notice Call something now, as the token.
    /// @param target what is called.
    /// @param data calldata.
    function act(address target, bytes calldata data) external {
        // solhint-disable-next-line avoid-low-level-calls
        (bool done, bytes memory answer) = target.call(data);
        assembly {
            if iszero(done) {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    /// @notice What became of each call of the last list, in its order; empty while no transfer was made.
    function told() external view returns (Outcome[] memory) {
        return outcomes;
    }

    /// @dev After the movement, in both directions; not for what the attempts themselves move.
    function _afterTokenTransfer(address, address, uint256) internal override {
        uint256 count = attempts.length;
        if (busy || count == 0 || outcomes.length != 0) return;
        busy = true;
        for (uint256 i; i < count; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool done, bytes memory answer) = attempts[i].target.call(attempts[i].data);
            outcomes.push(Outcome(done, done ? bytes4(0) : bytes4(answer), keccak256(answer)));
        }
        busy = false;
    }
}
