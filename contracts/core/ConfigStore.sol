// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Brackets, MarketConfig, SizeTiers} from "../types/MarketConfig.sol";

/// @dev Four words of parameters in storage.
struct ConfigWords {
    uint256 fees;
    uint256 limits;
    uint256 brackets;
    uint256 tiers;
}

using ConfigStore for ConfigWords global;

/// @title Market parameters between storage and memory: three words, or four with size tiers
/// @notice As MarketStore, for what `MarketConfig` says; low bits first. The top bit of the status says whether there are tiers:
/// a market without them is spared the load.
library ConfigStore {
    uint256 private constant TARGET_SHIFT = 136;
    uint256 private constant STATUS_SHIFT = 216;
    uint256 private constant STATUS_MASK = 0x7f;
    uint256 private constant TIERED = 0x80 << STATUS_SHIFT;

    /// @notice Fill a working copy, all but target, brackets and tiers: upkeep needs none.
    function load(ConfigWords storage self, MarketConfig memory c) internal view {
        uint256 word = self.fees;
        c.fundingModel = address(uint160(word));
        c.takerFeePpm = uint16(word >> 160);
        c.deviationFeePpm = uint16(word >> 176);
        c.insuranceFeeSharePpm = uint24(word >> 192);
        c.maxSidePpm = uint32(word >> 216);
        c.hedgePercent = uint8(word >> 248);
        word = self.limits;
        c.depthPerShare = uint88(word);
        c.maxExposurePpm = uint24(word >> 88);
        c.maxSkewPpm = uint24(word >> 112);
        c.baseSigmaBps = uint16(word >> 152);
        c.freshSeconds = uint16(word >> 168);
        c.staleSeconds = uint16(word >> 184);
        c.heartbeatSeconds = uint16(word >> 200);
        c.status = uint8((word >> STATUS_SHIFT) & STATUS_MASK);
        c.minNotional = uint32(word >> 224);
    }

    /// @notice Fill what a liquidation looks at in a working copy: hedge, depth, target and brackets.
    function glance(ConfigWords storage self, MarketConfig memory c) internal view {
        c.hedgePercent = uint8(self.fees >> 248);
        uint256 word = self.limits;
        (c.depthPerShare, c.targetBps) = (uint88(word), uint16(word >> TARGET_SHIFT));
        _loadBrackets(self, c.brackets);
    }

    /// @notice Store all parameters.
    function store(ConfigWords storage self, MarketConfig memory c) internal {
        self.fees =
            uint256(uint160(c.fundingModel)) |
            (uint256(c.takerFeePpm) << 160) |
            (uint256(c.deviationFeePpm) << 176) |
            (uint256(c.insuranceFeeSharePpm) << 192) |
            (uint256(c.maxSidePpm) << 216) |
            (uint256(c.hedgePercent) << 248);
        self.limits =
            uint256(c.depthPerShare) |
            (uint256(c.maxExposurePpm) << 88) |
            (uint256(c.maxSkewPpm) << 112) |
            (uint256(c.targetBps) << TARGET_SHIFT) |
            (uint256(c.baseSigmaBps) << 152) |
            (uint256(c.freshSeconds) << 168) |
            (uint256(c.staleSeconds) << 184) |
            (uint256(c.heartbeatSeconds) << 200) |
            (uint256(c.status) << STATUS_SHIFT) |
            (uint256(c.minNotional) << 224);
        Brackets memory b = c.brackets;
        uint256 word = uint256(b.limit1) | (uint256(b.limit2) << 32) | (uint256(b.limit3) << 64);
        word |= (uint256(b.maintenance1) << 96) | (uint256(b.maintenance2) << 112) | (uint256(b.maintenance3) << 128);
        word |= (uint256(b.maintenance4) << 144) | (uint256(b.initial1) << 160) | (uint256(b.initial2) << 176);
        word |= (uint256(b.initial3) << 192) | (uint256(b.initial4) << 208);
        self.brackets = word | (uint256(b.penaltyMinBps) << 224) | (uint256(b.penaltyMaxBps) << 240);
        if (c.tiers.limit1 != 0) self.limits |= TIERED;
        self.tiers = _pack(c.tiers);
    }

    /// @notice Whether the stored tiers are these: what a position weighs must not change between its settlements.
    function hasTiers(ConfigWords storage self, SizeTiers memory tiers) internal view returns (bool) {
        return self.tiers == _pack(tiers);
    }

    /// @notice As in MarketConfig.
    function status(ConfigWords storage self) internal view returns (uint8) {
        return uint8((self.limits >> STATUS_SHIFT) & STATUS_MASK);
    }

    /// @notice Change the status alone.
    function setStatus(ConfigWords storage self, uint8 status_) internal {
        self.limits = (self.limits & ~(STATUS_MASK << STATUS_SHIFT)) | (uint256(status_) << STATUS_SHIFT);
    }

    /// @notice Fill target, brackets and tiers of a working copy, which `load` has filled with the rest.
    function loadPosition(ConfigWords storage self, MarketConfig memory c) internal view {
        uint256 word = self.limits;
        c.targetBps = uint16(word >> TARGET_SHIFT);
        // A copy that is filled again may hold another market's tiers; without the first limit, the rest says nothing.
        if (word & TIERED != 0) _loadTiers(self, c.tiers);
        else c.tiers.limit1 = 0;
        _loadBrackets(self, c.brackets);
    }

    function _loadBrackets(ConfigWords storage self, Brackets memory b) private view {
        uint256 word = self.brackets;
        b.limit1 = uint32(word);
        b.limit2 = uint32(word >> 32);
        b.limit3 = uint32(word >> 64);
        b.maintenance1 = uint16(word >> 96);
        b.maintenance2 = uint16(word >> 112);
        b.maintenance3 = uint16(word >> 128);
        b.maintenance4 = uint16(word >> 144);
        b.initial1 = uint16(word >> 160);
        b.initial2 = uint16(word >> 176);
        b.initial3 = uint16(word >> 192);
        b.initial4 = uint16(word >> 208);
        b.penaltyMinBps = uint16(word >> 224);
        b.penaltyMaxBps = uint16(word >> 240);
    }

    function _pack(SizeTiers memory t) private pure returns (uint256) {
        uint256 limits = uint256(t.limit1) | (uint256(t.limit2) << 104);
        return limits | (uint256(t.weight2Ppm) << 208) | (uint256(t.weight3Ppm) << 232);
    }

    function _loadTiers(ConfigWords storage self, SizeTiers memory t) private view {
        uint256 word = self.tiers;
        (t.limit1, t.limit2) = (uint104(word), uint104(word >> 104));
        (t.weight2Ppm, t.weight3Ppm) = (uint24(word >> 208), uint24(word >> 232));
    }
}
