// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Multicallable} from "solady/src/utils/Multicallable.sol";
import {KeelStorage} from "./core/KeelStorage.sol";
import {KeelViews} from "./core/KeelViews.sol";
import {Governance} from "./governance/Governance.sol";
import {Liquidations} from "./liquidation/Liquidations.sol";
import {MarketUpkeep} from "./market/MarketUpkeep.sol";
import {Trading} from "./market/Trading.sol";

/// @title Keel: AMM perpetual swaps
/// @notice The core: holds all tokens and all books. Bind IKeel at its address. Margin, trades, liquidations, upkeep and
/// views are here; pools, insurance and governance are in the extension, reached through the fallback on this storage.
/// Not upgradeable: the extension is fixed at construction.
/// @custom:halt the guardian restricts a market for 7 days, governance for good; nothing stops reductions, margin or liquidations.
contract Keel is Trading, Liquidations, MarketUpkeep, KeelViews, Multicallable {
    /// @notice Code of the cold half, run by delegatecall.
    address public immutable EXTENSION;

    /// @param token settlement token, at most 18 decimals.
    /// @param authority access manager.
    /// @param extension KeelExtension made with the same token.
    constructor(address token, address authority, address extension) KeelStorage(token) {
        if (extension.code.length == 0) revert ExtensionMissing(extension);
        EXTENSION = extension;
        Address.functionDelegateCall(extension, abi.encodeCall(Governance.start, (authority)));
    }

    /// @notice Everything of IKeel that is not in this contract.
    fallback() external {
        address extension = EXTENSION;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let done := delegatecall(gas(), extension, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            switch done
            case 0 {
                revert(free, returndatasize())
            }
            default {
                return(free, returndatasize())
            }
        }
    }
}
