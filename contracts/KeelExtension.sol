// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {KeelStorage} from "./core/KeelStorage.sol";
import {Governance} from "./governance/Governance.sol";
import {InsuranceLedger} from "./insurance/InsuranceLedger.sol";
import {Pools} from "./pool/Pools.sol";

/// @title The cold half of the core: pools, insurance, governance
/// @notice Runs by delegatecall on the core's storage; calling it directly reaches only its own empty storage.
/// @custom:halt see Keel.
contract KeelExtension is Pools, InsuranceLedger, Governance {
    /// @param token settlement token; the same as the core's.
    /// @param authority access manager; guards nothing here, the core's own counts.
    constructor(address token, address authority) KeelStorage(token) AccessManaged(authority) {}

    /// @notice Pass an EIP-2612 permit of the caller on to the settlement token; a failure is ignored.
    function permit(uint256 tokens, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        try IERC20Permit(TOKEN).permit(msg.sender, address(this), tokens, deadline, v, r, s) {} catch {}
    }
}
