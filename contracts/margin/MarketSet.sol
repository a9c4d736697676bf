// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Set of at most eight markets in 128 bits
/// @notice Eight 16-bit market ids, packed from the low end without gaps; 0 ends the list.
library MarketSet {
    /// @notice The account already has positions in eight markets.
    error TooManyMarkets(uint256 limit);

    uint256 internal constant LIMIT = 8;

    /// @notice The set with `id` added; unchanged when present.
    function add(uint128 set, uint16 id) internal pure returns (uint128) {
        unchecked {
            for (uint256 shift; shift < 16 * LIMIT; shift += 16) {
                uint256 member = uint16(set >> shift);
                if (member == id) return set;
                if (member == 0) return uint128(set | (uint256(id) << shift));
            }
        }
        revert TooManyMarkets(LIMIT);
    }

    /// @notice The set without `id`: the members behind it move up; unchanged when absent.
    function remove(uint128 set, uint16 id) internal pure returns (uint128) {
        unchecked {
            for (uint256 shift; set >> shift != 0; shift += 16) {
                if (uint16(set >> shift) != id) continue;
                uint256 below = set & ((1 << shift) - 1);
                return uint128(below | ((set >> (shift + 16)) << shift));
            }
            return set;
        }
    }

    /// @notice Number of members.
    function length(uint128 set) internal pure returns (uint256 count) {
        while (set != 0) {
            set >>= 16;
            ++count;
        }
    }
}
