// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may call what
/// @notice OpenZeppelin's AccessManager, with the roles of this protocol; the deployment wires selectors to them. A guardian's
/// mandate ends by itself: granting the role again renews it.
/// @custom:halt the admin (the timelock) can close a target.
contract KeelAccess is AccessManager {
    /// @notice A guardian's mandate began, or was renewed.
    /// @param until when it ends, seconds.
    event MandateGiven(address indexed guardian, uint256 until);

    /// @notice Lists markets, sets parameters and feeds, holds and reopens markets; held by the timelock. Cannot touch
    /// balances, cannot change the core's code, cannot set a parameter outside its bounds.
    uint64 public constant GOVERNOR_ROLE = 1;
    /// @notice Restricts markets for a while. Cannot block reductions, margin or liquidations, cannot loosen anything.
    uint64 public constant GUARDIAN_ROLE = 2;
    /// @notice How long a guardian's mandate lasts, seconds.
    uint256 public constant MANDATE = 180 days;

    /// @notice When a guardian's mandate ends, seconds; 0 = never had one.
    mapping(address guardian => uint256) public mandateEnd;

    /// @param admin first admin; the deployment hands the role to the timelock.
    constructor(address admin) AccessManager(admin) {}

    /// @notice Whether an account has a role now: a guardian only until its mandate ends.
    /// @param roleId the role.
    /// @param account who is asked about.
    /// @return isMember true: has it.
    /// @return delay between scheduling and executing a call here, seconds; no role of the deployment has one.
    function hasRole(uint64 roleId, address account) public view override returns (bool isMember, uint32 delay) {
        (isMember, delay) = super.hasRole(roleId, account);
        if (roleId == GUARDIAN_ROLE && block.timestamp >= mandateEnd[account]) isMember = false;
    }

    function _grantRole(
        uint64 roleId,
        address account,
        uint32 grantDelay,
        uint32 executionDelay
    ) internal override returns (bool) {
        if (roleId == GUARDIAN_ROLE) {
            uint256 until = block.timestamp + MANDATE;
            mandateEnd[account] = until;
            emit MandateGiven(account, until);
        }
        return super._grantRole(roleId, account, grantDelay, executionDelay);
    }
}
