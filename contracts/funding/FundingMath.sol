// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Position} from "../types/Account.sol";
import {Market} from "../types/Market.sol";
import {SizeTiers} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Settlement of one position against the two funding indices
/// @notice A long pays ceil(w(|s|) * dU) and receives floor(|s| * dW); a short the mirror. w >= |s| is the size by tiers; what it
/// adds over |s| is the surplus, for the insurance. The pool, opposite to the net position, books floor(q * (dU - dW)) at
/// accrual. So what is collected never falls short of what is credited.
/// Sizes are below 2^110, weights below 2^4 and indices below 2^128, and the indices never fall, so nothing here overflows.
/// Example: 1 base long, index 51,000, +1 bp for 8 h: dU = 5.1, the long pays 5.10.
library FundingMath {
    /// @notice What a position owes and is owed since its last settlement, quote WAD.
    /// @return paid ceil, the surplus included.
    /// @return received floor.
    /// @return surplus part of `paid` that the size tiers add.
    function due(
        Market memory market,
        SizeTiers memory tiers,
        Position memory position
    ) internal pure returns (uint256 paid, uint256 received, uint256 surplus) {
        if (position.size == 0) return (0, 0, 0);
        unchecked {
            uint256 byLongs = market.longsPaid - position.longsPaid;
            return dueBetween(position.size, tiers, byLongs, market.shortsPaid - position.shortsPaid);
        }
    }

    /// @notice What a position owes and is owed for what the two sides paid, quote WAD.
    /// @param byLongs what the index of longs rose by, RAY quote per base.
    /// @param byShorts what that of shorts rose by.
    /// @return paid ceil, the surplus included.
    /// @return received floor.
    /// @return surplus part of `paid` that the size tiers add.
    function dueBetween(
        int256 signedSize,
        SizeTiers memory tiers,
        uint256 byLongs,
        uint256 byShorts
    ) internal pure returns (uint256 paid, uint256 received, uint256 surplus) {
        unchecked {
            uint256 size = Fixed.abs(signedSize);
            (uint256 pay, uint256 receive_) = signedSize > 0 ? (byLongs, byShorts) : (byShorts, byLongs);
            if (receive_ != 0) received = (size * receive_) / Fixed.RAY;
            if (pay == 0) return (0, received, 0);
            paid = Fixed.divCeil(size * pay, Fixed.RAY);
            if (tiers.limit1 == 0 || size <= tiers.limit1) return (paid, received, 0);
            surplus = Fixed.divCeil(weighted(tiers, size) * pay, Fixed.RAY) - paid;
            paid += surplus;
        }
    }

    /// @notice w(|s|): the size by marginal tiers, base WAD, ceil.
    /// @dev Example: tiers of 100 at 1, up to 500 at 1.25, the rest at 1.5: 700 weigh 100 + 500 + 300 = 900.
    function weighted(SizeTiers memory tiers, uint256 size) internal pure returns (uint256) {
        unchecked {
            if (tiers.limit1 == 0 || size <= tiers.limit1) return size;
            uint256 middle = (size < tiers.limit2 ? size : tiers.limit2) - tiers.limit1;
            uint256 top = size > tiers.limit2 ? size - tiers.limit2 : 0;
            uint256 added = middle * (tiers.weight2Ppm - Fixed.PPM) + top * (tiers.weight3Ppm - Fixed.PPM);
            return size + Fixed.divCeil(added, Fixed.PPM);
        }
    }
}
