// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The delay before a change
/// @notice OpenZeppelin's TimelockController; it administers itself.
/// @custom:halt proposers cancel what they proposed.
contract KeelTimelock is TimelockController {
    /// @param delaySeconds least time between proposal and execution.
    /// @param proposers may propose and cancel.
    /// @param executors may execute; the zero address means anyone.
    constructor(
        uint256 delaySeconds,
        address[] memory proposers,
        address[] memory executors
    ) TimelockController(delaySeconds, proposers, executors, address(0)) {}
}
