// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Multicallable} from "solady/src/utils/Multicallable.sol";
import {KeelStorage} from "./core/KeelStorage.sol";
import {KeelViews} from "./core/KeelViews.sol";
import {Governance} from "./governance/Governance.sol";
import {IKeelLiquidation} from "./interfaces/IKeelLiquidation.sol";
import {MarketUpkeep} from "./market/MarketUpkeep.sol";
import {Trading} from "./market/Trading.sol";

/// @title Keel: AMM perpetual swaps
/// @notice The core: holds all tokens and all books. Bind IKeel at its address. Margin, trades, upkeep and views are here; pools,
/// insurance and governance are in the extension, liquidations in its own extension, both reached through the fallback and on this
/// storage. Not upgradeable: the extensions are fixed at construction.
/// @custom:halt the guardian restricts a market for 7 days, governance for good; nothing stops reductions, margin or liquidations.
contract Keel is Trading, MarketUpkeep, KeelViews, Multicallable {
    /// @notice Code of pools, insurance and governance, run by delegatecall.
    address public immutable EXTENSION;
    /// @notice Code of liquidations, run by delegatecall.
    address public immutable LIQUIDATION;

    /// @param token settlement token, at most 18 decimals.
    /// @param authority access manager.
    /// @param extension KeelExtension made with the same token.
    /// @param liquidation KeelLiquidation made with the same token.
    constructor(address token, address authority, address extension, address liquidation) KeelStorage(token) {
        if (extension.code.length == 0) revert ExtensionMissing(extension);
        if (liquidation.code.length == 0) revert ExtensionMissing(liquidation);
        (EXTENSION, LIQUIDATION) = (extension, liquidation);
        Address.functionDelegateCall(extension, abi.encodeCall(Governance.start, (authority)));
    }

    /// @notice Everything of IKeel that is not in this contract.
    fallback() external {
        bool liquidates =
            msg.sig == IKeelLiquidation.liquidate.selector ||
                msg.sig == IKeelLiquidation.liquidateBatch.selector ||
                msg.sig == IKeelLiquidation.unwind.selector ||
                msg.sig == IKeelLiquidation.windowOf.selector ||
                msg.sig == IKeelLiquidation.resolve.selector ||
                msg.sig == IKeelLiquidation.deleverage.selector ||
                msg.sig == IKeelLiquidation.cover.selector ||
                msg.sig == IKeelLiquidation.resolutionOf.selector ||
                msg.sig == IKeelLiquidation.resolutionMarkOf.selector ||
                msg.sig == IKeelLiquidation.lossesOf.selector;
        address code = liquidates ? LIQUIDATION : EXTENSION;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let done := delegatecall(gas(), code, free, calldatasize(), 0, 0)
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
