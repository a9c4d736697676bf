// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IKeelCore} from "./IKeelCore.sol";
import {IKeelErrors} from "./IKeelErrors.sol";
import {IKeelEvents} from "./IKeelEvents.sol";
import {IKeelLiquidation} from "./IKeelLiquidation.sol";
import {IKeelPool} from "./IKeelPool.sol";
import {IKeelViews} from "./IKeelViews.sol";

/// @title Keel, whole: bind this interface at the core's address
/// @notice Assumptions for correctness: the settlement token neither rebases nor takes fees on transfer (both revert by the
/// end-of-call self-check), has at most 18 decimals and does not call back; the oracle hub and the funding models are
/// trusted by governance. For liveness: prices are updated, keepers liquidate.
/// @dev Hot paths live in the core contract, cold ones behind its fallback in the extension, on the same storage.
interface IKeel is IKeelCore, IKeelLiquidation, IKeelPool, IKeelViews, IKeelEvents, IKeelErrors {
    /// @notice Several calls in one transaction, all or nothing.
    /// @param data calldata of each call, run in order as the caller's; the first refusal is the whole's.
    /// @return results what each call returned, undecoded.
    function multicall(bytes[] calldata data) external returns (bytes[] memory results);

    /// @notice Pass an EIP-2612 permit of the caller on to the settlement token; a failure is ignored, because somebody may
    /// have sent the same permit before.
    function permit(uint256 tokens, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
}
