// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {Fill} from "../types/Fill.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {Positions} from "../margin/Positions.sol";
import {PoolMath} from "../pool/PoolMath.sol";
import {Curve} from "./Curve.sol";
import {PositionMath} from "./PositionMath.sol";

/// @title A fill on the curve, for trades and liquidations alike
/// @notice Sizes base WAD, costs quote WAD, rounded against the trader; the pool's cash pays and takes what is realised.
abstract contract Filling is Positions {
    /// @dev Cost of a fill at the price that is worse for its side.
    function _cost(Market memory m, uint256 depth, int256 skew, int256 size) internal pure returns (int256) {
        return Curve.cost(_worseFor(m, size > 0), depth, skew, size);
    }

    /// @dev The worse for a side of TWAP and index, the index moved by its spread, ceil.
    function _worseFor(Market memory m, bool buys) internal pure returns (uint256) {
        unchecked {
            uint256 index = m.price.index;
            uint256 twap = m.price.twap;
            uint256 spread = Fixed.divCeil(index * m.price.spreadBps, Fixed.BPS);
            index = buys ? index + spread : index - spread;
            return buys == (twap > index) ? twap : index;
        }
    }

    /// @dev Fee of a trade on its cost, taker fee and surcharge, quote WAD, ceil.
    function _feeOn(MarketConfig memory c, int256 cost) internal pure returns (uint256) {
        unchecked {
            return Fixed.divCeil(Fixed.abs(cost) * (uint256(c.takerFeePpm) + c.deviationFeePpm), Fixed.PPM);
        }
    }

    function _depth(Touch memory t) internal pure returns (uint256) {
        return PoolMath.depth(t.config.depthPerShare, t.market.shares);
    }

    /// @dev Base that a sale (or a purchase) can still move before the hard end of the curve.
    function _room(uint256 depth, int256 skew, bool sale) internal pure returns (uint256) {
        unchecked {
            int256 limit = int256((depth * Curve.HARD_SKEW_PPM) / Fixed.PPM);
            int256 room = sale ? limit + skew : limit - skew;
            return room > 0 ? uint256(room) : 0;
        }
    }

    /// @dev Move the net position, the position, the balance and the pool's cash by one fill.
    /// @param bounded true stops at the band, false at the hard end of the curve.
    function _fill(Touch memory t, int256 size, bool bounded) internal pure returns (Fill memory) {
        int256 skew = _skew(t.market);
        uint256 depth = _depth(t);
        uint256 limit = (depth * (bounded ? t.config.maxSkewPpm : Curve.HARD_SKEW_PPM)) / Fixed.PPM;
        if (!_inBand(skew, skew + size, limit)) revert BandExceeded(skew + size, limit);
        return _book(t, size, _cost(t.market, depth, skew, size));
    }

    /// @dev Book a fill at a cost.
    function _book(Touch memory t, int256 size, int256 cost) internal pure returns (Fill memory f) {
        Market memory m = t.market;
        (int256 before, int256 notional) = (t.position.size, t.position.notional);
        f = PositionMath.fill(before, notional, size, cost);
        if (Fixed.abs(f.sizeAfter) > MAX_SIZE) revert SizeOutOfRange(f.sizeAfter, MAX_SIZE);
        (t.position.size, t.position.notional) = (int120(f.sizeAfter), SafeCastLib.toInt128(f.notionalAfter));
        m.openNotional += SafeCastLib.toInt128(f.notionalAfter - notional);
        int128 realized = SafeCastLib.toInt128(f.realized);
        m.cash -= realized;
        t.account.balance += realized;
        _moveInterest(m, before, f.sizeAfter);
    }

    function _moveInterest(Market memory m, int256 before, int256 sizeAfter) private pure {
        if (before > 0) m.longInterest -= uint112(uint256(before));
        else m.shortInterest -= uint112(uint256(-before));
        if (sizeAfter > 0) m.longInterest += uint112(uint256(sizeAfter));
        else m.shortInterest += uint112(uint256(-sizeAfter));
    }

    /// @dev Towards zero always; away from zero only inside the limit.
    function _inBand(int256 before, int256 skewAfter, uint256 limit) internal pure returns (bool) {
        uint256 size = Fixed.abs(skewAfter);
        return size <= limit || (size <= Fixed.abs(before) && (skewAfter > 0) == (before > 0));
    }
}
