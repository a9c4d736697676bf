// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The delay before a change
/// @notice OpenZeppelin's TimelockController; it administers itself. Its delay never falls below the one it began with, nor does it rise
/// beyond a month: governance can neither surprise anybody nor lock itself out.
/// @custom:halt proposers and cancellers cancel what is proposed.
contract KeelTimelock is TimelockController {
    /// @notice The delay is longer than it may be, seconds.
    error DelayTooLong(uint256 given, uint256 limit);

    /// @notice Most that the delay can be, seconds.
    uint256 public constant MAX_DELAY = 30 days;
    /// @notice Least that the delay can be: what it began with, seconds.
    uint256 public immutable LEAST_DELAY;

    /// @param delaySeconds least time between proposal and execution.
    /// @param proposers may propose and cancel.
    /// @param cancellers may cancel.
    /// @param executors may execute; the zero address means anyone.
    constructor(
        uint256 delaySeconds,
        address[] memory proposers,
        address[] memory cancellers,
        address[] memory executors
    ) TimelockController(delaySeconds, proposers, executors, address(0)) {
        if (delaySeconds > MAX_DELAY) revert DelayTooLong(delaySeconds, MAX_DELAY);
        LEAST_DELAY = delaySeconds;
        for (uint256 i; i < cancellers.length; ++i) {
            _grantRole(CANCELLER_ROLE, cancellers[i]);
        }
    }

    /// @notice Time between proposal and execution at least, seconds: what was set last, inside the bounds.
    function getMinDelay() public view override returns (uint256 delay) {
        delay = super.getMinDelay();
        if (delay < LEAST_DELAY) return LEAST_DELAY;
        if (delay > MAX_DELAY) return MAX_DELAY;
    }
}
