// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may call what
/// @notice OpenZeppelin's AccessManager; see Roles for the roles and the deployment for the selectors.
/// @custom:halt the admin (the timelock) can close a target.
contract KeelAccess is AccessManager {
    /// @param admin first admin; the deployment hands the role to the timelock.
    constructor(address admin) AccessManager(admin) {}
}
