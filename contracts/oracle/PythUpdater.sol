// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";

/// @title Push Pyth's price and take it, in one transaction
/// @notice For anyone, for the sender's own ether. The fee is asked for in the same transaction, so a change of fee between
/// quote and inclusion stops nobody who sent enough; the rest goes back. Holds nothing and has no rights: the core takes the
/// price from its hub as at any other time, and never handles ether.
/// @custom:halt nothing to halt: it only does what its caller could do in two calls.
contract PythUpdater {
    /// @notice Too little ether for the update.
    /// @param given ether sent, wei.
    /// @param fee what Pyth asks for, wei.
    error FeeMissing(uint256 given, uint256 fee);

    /// @notice Pyth's contract on this chain.
    IPyth public immutable PYTH;
    /// @notice The core that takes the price.
    IKeelCore public immutable CORE;

    /// @param pyth Pyth's contract, the one that the market's sources read.
    /// @param core Keel.
    constructor(IPyth pyth, IKeelCore core) {
        (PYTH, CORE) = (pyth, core);
    }

    /// @notice Push updates, then let the market take its price. An update older than the stored price changes nothing.
    /// @param updates signed updates, as Pyth's service gives them.
    function updatePrice(uint16 market, bytes[] calldata updates) external payable {
        uint256 fee = PYTH.getUpdateFee(updates);
        if (msg.value < fee) revert FeeMissing(msg.value, fee);
        PYTH.updatePriceFeeds{value: fee}(updates);
        CORE.updatePrice(market);
        SafeTransferLib.safeTransferETH(msg.sender, msg.value - fee);
    }
}
