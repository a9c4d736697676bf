// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {KeelStorage} from "./core/KeelStorage.sol";
import {Liquidations} from "./liquidation/Liquidations.sol";

/// @title The third part of the core: liquidations and the insurance's own positions
/// @notice Runs by delegatecall on the core's storage. It asks the core itself to settle a position and for an account's health, so that
/// accrual and margin are written once.
/// @custom:halt see Keel.
contract KeelLiquidation is Liquidations {
    /// @param token settlement token; the same as the core's.
    constructor(address token) KeelStorage(token) {}
}
