// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFundingModel} from "../interfaces/IFundingModel.sol";
import {IKeelErrors} from "../interfaces/IKeelErrors.sol";
import {IOracleHub} from "../interfaces/IOracleHub.sol";
import {Brackets, MarketConfig, MarketLinks, SizeTiers} from "../types/MarketConfig.sol";

/// @title Bounds of every market parameter
/// @notice Inclusive, in the units of MarketConfig and MarketLinks. They bind governance, too: nothing outside can be
/// listed or set.
library MarketRules {
    uint256 private constant PPM = 1e6;
    uint256 private constant PPM_PER_BPS = 100;
    uint256 private constant BPS = 10_000;

    /// @notice Revert with the first parameter that is out of bounds.
    function check(uint16 market, MarketConfig memory c, MarketLinks memory links) internal view {
        _within("takerFeePpm", c.takerFeePpm, 0, 10_000);
        _within("deviationFeePpm", c.deviationFeePpm, 0, 20_000);
        _within("insuranceFeeSharePpm", c.insuranceFeeSharePpm, 0, 1_000_000);
        _within("depthPerShare", c.depthPerShare, 1, type(uint88).max);
        _within("maxSkewPpm", c.maxSkewPpm, 10_000, 500_000);
        _within("maxExposurePpm", c.maxExposurePpm, 10_000, _exposureLimit(c.maxSkewPpm));
        _within("maxSidePpm", c.maxSidePpm, c.maxExposurePpm, 20e6);
        _within("hedgePercent", c.hedgePercent, 0, 40);
        _within("targetBps", c.targetBps, 10_100, 20_000);
        _within("baseSigmaBps", c.baseSigmaBps, 100, 50_000);
        _within("freshSeconds", c.freshSeconds, 1, 1 hours);
        _within("staleSeconds", c.staleSeconds, c.freshSeconds, 2 hours);
        _within("heartbeatSeconds", c.heartbeatSeconds, c.staleSeconds, 12 hours);
        _within("minNotional", c.minNotional, 1, 1_000_000);
        _within("status", c.status, 1, 3);
        _within("keeperShareBps", links.keeperShareBps, 0, 5000);
        _within("windowPpm", links.windowPpm, 100, PPM);
        _within("lossCapPpm", links.lossCapPpm, 1000, PPM);
        _checkModel(c.fundingModel);
        _hasCode("vault", links.vault);
        _checkBrackets(c, links);
        _checkTiers(c.tiers);
        _checkHub(links.oracle, market);
    }

    /// @dev A model answers with caps of 10 % per 8 h at most; what it does inside them is its own affair, its parameters were
    /// checked when it was deployed.
    function _checkModel(address model) private view {
        bytes4 selector = IFundingModel.caps.selector;
        bool answered;
        uint256 longsPay;
        uint256 shortsPay;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            answered := and(eq(returndatasize(), 0x40), staticcall(gas(), model, 0x00, 0x04, 0x00, 0x40))
            longsPay := mload(0x00)
            shortsPay := mload(0x20)
        }
        if (!answered) revert IKeelErrors.FundingModelUnknown(model);
        _within("capLongsPay", longsPay, 0, 0.1e18);
        _within("capShortsPay", shortsPay, 0, 0.1e18);
    }

    /// @dev A hub of another market would mix two histories, one of another core could not be asked.
    function _checkHub(address oracle, uint16 market) private view {
        uint256 core = _answer(oracle, IOracleHub.CORE.selector);
        if (core != uint160(address(this)) || _answer(oracle, IOracleHub.MARKET.selector) != market) {
            revert IKeelErrors.HubUnknown(oracle, market);
        }
    }

    /// @dev First word that a contract answers; 0 where it does not.
    function _answer(address target, bytes4 question) private view returns (uint256 word) {
        assembly ("memory-safe") {
            mstore(0x00, question)
            if and(gt(returndatasize(), 0x1f), staticcall(gas(), target, 0x00, 0x04, 0x00, 0x20)) {
                word := mload(0x00)
            }
        }
    }

    function _checkTiers(SizeTiers memory t) private pure {
        if (t.limit1 | t.limit2 | t.weight2Ppm | t.weight3Ppm == 0) return;
        _within("tierLimit1", t.limit1, 1, t.limit2);
        _within("tierWeight2Ppm", t.weight2Ppm, PPM, t.weight3Ppm);
        _within("tierWeight3Ppm", t.weight3Ppm, t.weight2Ppm, 10 * PPM);
    }

    /// @dev At the band x, a pool filled to maxExposure has E = x * P * D / maxExposure. Below E = P * D * (x / (1 - x))^2 a
    /// depositor could gain by deepening the curve under others' positions and leaving (the charge falls on who redeems,
    /// the gain on the rest), so maxExposure <= (1 - x)^2 / x. Example: x = 0.3 allows 1.63.
    function _exposureLimit(uint256 maxSkewPpm) private pure returns (uint256) {
        uint256 limit = ((PPM - maxSkewPpm) * (PPM - maxSkewPpm)) / maxSkewPpm;
        return limit < 10 * PPM ? limit : 10 * PPM;
    }

    /// @dev Limits and rates do not fall; in every bracket the initial rate is above maintenance + penalty + fees, so that an
    /// account opened at the limit is not liquidated by its own exit; the part of the penalty that leaves the keeper is at
    /// least the fee, so that liquidating oneself is never a cheaper exit than closing.
    function _checkBrackets(MarketConfig memory c, MarketLinks memory links) private pure {
        Brackets memory b = c.brackets;
        _within("limit1", b.limit1, 1, b.limit2);
        _within("limit2", b.limit2, b.limit1, b.limit3);
        _within("maintenance1", b.maintenance1, 10, b.maintenance2);
        _within("maintenance2", b.maintenance2, b.maintenance1, b.maintenance3);
        _within("maintenance3", b.maintenance3, b.maintenance2, b.maintenance4);
        uint256 feePpm = uint256(c.takerFeePpm) + c.deviationFeePpm;
        uint256 margin = b.penaltyMinBps + feePpm / PPM_PER_BPS + 1;
        _within("initial1", b.initial1, b.maintenance1 + margin, b.initial2);
        _within("initial2", b.initial2, b.maintenance2 + margin, b.initial3);
        _within("initial3", b.initial3, b.maintenance3 + margin, b.initial4);
        _within("initial4", b.initial4, b.maintenance4 + margin, BPS);
        _within("penaltyMaxBps", b.penaltyMaxBps, b.penaltyMinBps, 2000);
        uint256 kept = ((BPS - links.keeperShareBps) * b.penaltyMinBps * PPM_PER_BPS) / BPS;
        _within("penaltyMinBps", kept, feePpm, type(uint256).max);
    }

    function _within(bytes32 name, uint256 given, uint256 low, uint256 high) private pure {
        if (given < low || given > high) revert IKeelErrors.ParameterOutOfBounds(name, given, low, high);
    }

    function _hasCode(bytes32 name, address given) private view {
        if (given.code.length == 0) revert IKeelErrors.ParameterOutOfBounds(name, 0, 1, type(uint256).max);
    }
}
