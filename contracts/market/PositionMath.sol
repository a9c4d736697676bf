// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Fill} from "../types/Fill.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title What a fill does to a position
/// @notice notionalAfter = notionalBefore + cost + realized holds to the wei, so the sum of all notionals and the pool's cash move by
/// exactly what the position and the balance move.
library PositionMath {
    /// @notice Apply a fill of `size` at `cost` to a position.
    /// @dev Sizes below 2^111, notionals and costs below 2^140: no sum overflows. A reduction realises its share of the notional, ceil (profit is deferred, never advanced). A flip splits its cost
    /// by size, ceil for the closing part, and opens the rest.
    function fill(
        int256 sizeBefore,
        int256 notionalBefore,
        int256 size,
        int256 cost
    ) internal pure returns (Fill memory f) {
        unchecked {
            (f.size, f.cost, f.sizeAfter) = (size, cost, sizeBefore + size);
            uint256 held = Fixed.abs(sizeBefore);
            uint256 moved = Fixed.abs(size);
            if (sizeBefore == 0 || (sizeBefore > 0) == (size > 0)) {
                f.notionalAfter = notionalBefore + cost;
            } else if (moved <= held) {
                int256 released = moved == held ? notionalBefore : Fixed.mulDivCeil(notionalBefore, moved, held);
                (f.notionalAfter, f.realized) = (notionalBefore - released, -cost - released);
            } else {
                int256 closing = Fixed.mulDivCeil(cost, held, moved);
                (f.notionalAfter, f.realized) = (cost - closing, -closing - notionalBefore);
            }
        }
    }

    /// @notice Whether a fill only shrinks a position.
    function reduces(int256 sizeBefore, int256 size) internal pure returns (bool) {
        return sizeBefore != 0 && (sizeBefore > 0) != (size > 0) && Fixed.abs(size) <= Fixed.abs(sizeBefore);
    }
}
