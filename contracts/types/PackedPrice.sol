// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Price} from "./Market.sol";

/// @dev A `Price` in one word, as it is stored and as the oracle takes and gives it; low bits first, in the order of its fields.
type PackedPrice is uint256;

using PackedPriceLib for PackedPrice global;

/// @title Between a price and its word
/// @notice By hand: the compiler's coding of six fields costs more gas than the median of three sources.
library PackedPriceLib {
    /// @notice The word of a price.
    function pack(Price memory p) internal pure returns (PackedPrice) {
        return join(p.index, p.twap, p.sigma, p.spreadBps, p.at, p.flags);
    }

    /// @notice The word of a price's fields, each inside its width.
    function join(
        uint256 index_,
        uint256 twap_,
        uint256 sigma_,
        uint256 spreadBps,
        uint256 at_,
        uint256 flags_
    ) internal pure returns (PackedPrice) {
        uint256 word = index_ | (twap_ << 88) | (sigma_ << 176);
        return PackedPrice.wrap(word | (spreadBps << 200) | (at_ << 216) | (flags_ << 248));
    }

    /// @notice The same price with more defects.
    function marked(PackedPrice self, uint256 flags_) internal pure returns (PackedPrice) {
        return PackedPrice.wrap(PackedPrice.unwrap(self) | (flags_ << 248));
    }

    /// @notice `Price.index`.
    function index(PackedPrice self) internal pure returns (uint256) {
        return uint88(PackedPrice.unwrap(self));
    }

    /// @notice `Price.twap`.
    function twap(PackedPrice self) internal pure returns (uint256) {
        return uint88(PackedPrice.unwrap(self) >> 88);
    }

    /// @notice `Price.sigma`.
    function sigma(PackedPrice self) internal pure returns (uint256) {
        return uint24(PackedPrice.unwrap(self) >> 176);
    }

    /// @notice `Price.at`.
    function at(PackedPrice self) internal pure returns (uint256) {
        return uint32(PackedPrice.unwrap(self) >> 216);
    }

    /// @notice `Price.flags`.
    function flags(PackedPrice self) internal pure returns (uint256) {
        return PackedPrice.unwrap(self) >> 248;
    }

    /// @notice Fill a working copy.
    function load(PackedPrice self, Price memory p) internal pure {
        uint256 word = PackedPrice.unwrap(self);
        p.index = uint88(word);
        p.twap = uint88(word >> 88);
        p.sigma = uint24(word >> 176);
        p.spreadBps = uint16(word >> 200);
        p.at = uint32(word >> 216);
        p.flags = uint8(word >> 248);
    }
}
