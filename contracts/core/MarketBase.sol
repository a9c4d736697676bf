// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {LiquidationBook} from "../types/LiquidationBook.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {ResolutionMark} from "../types/Resolution.sol";
import {Validity} from "../types/Validity.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Curve} from "../market/Curve.sol";
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

    /// @dev The price of a shut market is final.
    function _validityOf(Market memory market, MarketConfig memory config) internal view returns (Validity) {
        if (config.status == STATUS_SHUT) return Validity.Valid;
        return ValidityLadder.validity(market.price, config.freshSeconds, config.staleSeconds);
    }

    /// @dev Revert if the pool carries more than it may: net, or of one side, which is what is left to carry when the other one closes.
    /// @param net position to carry, base WAD, 0 = any.
    /// @param side open interest of one side, base WAD.
    function _checkLimits(Market memory m, MarketConfig memory c, int256 net, uint256 side) internal pure {
        int256 equity = PoolMath.equityOf(m, c);
        uint256 used = PoolMath.utilization(m.price.index, net, equity, c.maxExposurePpm);
        if (used > Fixed.WAD) revert UtilizationExceeded(used, Fixed.WAD);
        used = PoolMath.utilization(m.price.index, int256(side), equity, c.maxSidePpm);
        if (used > Fixed.WAD) revert SideExceeded(used, Fixed.WAD);
    }

    /// @dev Either side can close whole, alone: with less depth, positions that net to zero could not be closed one by one, and a shut
    /// market, which ends its losers first, could not end.
    /// @param side open interest of one side, base WAD.
    function _checkSide(uint256 side, uint256 depth) internal pure {
        uint256 limit = (depth * Curve.HARD_SKEW_PPM) / Fixed.PPM;
        if (side > limit) revert BandExceeded(int256(side), limit);
    }

    /// @dev Revert where a market's positions must not change: it is shut, or this one has not been through its resolution.
    function _checkResolved(AccountId account, uint16 market, uint8 status) internal view {
        if (status < STATUS_RESOLVING) return;
        if (status == STATUS_SHUT) revert MarketShut(market);
        LiquidationBook storage book = liquidationBooks[market];
        ResolutionMark memory mark = book.marks[account];
        if (mark.number != book.resolution.number || !mark.done) {
            revert Unresolved(AccountId.unwrap(account), market);
        }
    }

    /// @dev Open interest of the larger side, base WAD.
    function _largerSide(Market memory m) internal pure returns (uint256) {
        return m.longInterest > m.shortInterest ? m.longInterest : m.shortInterest;
    }
}
