// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {IFundingModel} from "../interfaces/IFundingModel.sol";
import {IKeelErrors} from "../interfaces/IKeelErrors.sol";
import {FundingView} from "./FundingView.sol";

/// @title The call of a funding model on the path of every trade
/// @notice Writes the eight words of a FundingInput where the call wants them and reads the answer from scratch memory: the
/// compiler's encoder and decoder would cost as much as the model's own arithmetic.
library FundingCall {
    /// @notice IFundingModel.accrue on what FundingView shows. What the model reverts with is passed on; an answer that is too
    /// short is no model's.
    /// @param elapsed seconds to accrue.
    function accrue(
        Market memory market,
        MarketConfig memory config,
        uint256 elapsed
    ) internal view returns (bytes32 state, int256 integral, int256 deviation) {
        (int256 premium, int256 utilization) = FundingView.pressureOf(market, config);
        uint256 selector = uint32(IFundingModel.accrue.selector);
        address model = config.fundingModel;
        uint256 sigma = FundingView.sigmaOf(market);
        bool complete;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x20), mload(add(market, 0xe0))) // fundingState
            mstore(add(free, 0x40), mload(add(market, 0x40))) // accruedAt
            mstore(add(free, 0x60), elapsed)
            mstore(add(free, 0x80), premium)
            mstore(add(free, 0xa0), utilization)
            mstore(add(free, 0xc0), sigma)
            mstore(add(free, 0xe0), mload(market)) // longInterest
            mstore(add(free, 0x100), mload(add(market, 0x20))) // shortInterest
            if iszero(staticcall(gas(), model, add(free, 0x1c), 0x104, free, 0x60)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            complete := gt(returndatasize(), 0x5f)
            state := mload(free)
            integral := mload(add(free, 0x20))
            deviation := mload(add(free, 0x40))
        }
        if (!complete) revert IKeelErrors.FundingModelUnknown(model);
    }
}
