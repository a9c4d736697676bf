// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Position} from "../types/Account.sol";
import {Market} from "../types/Market.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Settlement of one position against the two funding indices
/// @notice A long pays ceil(|s| * dU) and receives floor(|s| * dW); a short the mirror. The pool, opposite to the net position,
/// books floor(q * (dU - dW)) at accrual. So what is collected never falls short of what is credited.
/// Sizes are below 2^110 and indices below 2^128, and the indices never fall, so nothing here overflows.
/// Example: 1 base long, index 51,000, +1 bp for 8 h: dU = 5.1, the long pays 5.10.
library FundingMath {
    /// @notice What a position owes and is owed since its last settlement, quote WAD.
    function due(
        Market memory market,
        Position memory position
    ) internal pure returns (uint256 paid, uint256 received) {
        uint256 size = Fixed.abs(position.size);
        if (size == 0) return (0, 0);
        unchecked {
            uint256 byLongs = market.longsPaid - position.longsPaid;
            uint256 byShorts = market.shortsPaid - position.shortsPaid;
            (uint256 pay, uint256 receive_) = position.size > 0 ? (byLongs, byShorts) : (byShorts, byLongs);
            if (pay != 0) paid = Fixed.divCeil(size * pay, Fixed.RAY);
            if (receive_ != 0) received = (size * receive_) / Fixed.RAY;
        }
    }
}
