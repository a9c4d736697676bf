// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Validity} from "../types/Validity.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {PoolMath} from "../pool/PoolMath.sol";
import {KeelStorage} from "./KeelStorage.sol";

/// @title What the core and its extension both ask of a market
/// @notice Of working copies in memory: skew, validity of the stored price, the limit of what the pool carries.
abstract contract MarketBase is KeelStorage {
    /// @dev Net trader position, base WAD.
    function _skew(Market memory market) internal pure returns (int256) {
        unchecked {
            return int256(uint256(market.longInterest)) - int256(uint256(market.shortInterest));
        }
    }

    function _validityOf(Market memory market, MarketConfig memory config) internal view returns (Validity) {
        return ValidityLadder.validity(market.price, config.freshSeconds, config.staleSeconds);
    }

    /// @dev Revert if the pool carries more than it may.
    function _checkUtilization(Market memory m, MarketConfig memory c) internal pure {
        uint256 depth = PoolMath.depth(c.depthPerShare, m.shares);
        int256 equity = PoolMath.equity(m.cash, m.openNotional, m.price.index, depth, _skew(m));
        uint256 used = PoolMath.utilization(m.price.index, _skew(m), equity, c.maxExposurePpm);
        if (used > Fixed.WAD) revert UtilizationExceeded(used, Fixed.WAD);
    }
}
