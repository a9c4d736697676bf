// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Curve} from "../market/Curve.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Pool equity, shares and the redemption charge
/// @notice C pool cash, N sum of signed open notionals, S shares (24 decimals), D = kappa * S.
///
///     equity       E = C - (V(q) - N)
///     deposit  a:  floor(a * (S + 1e6) / max(E + 1, (S + 1e6) / 1e12)) shares
///     redeem   s:  floor(s * (E + 1) / (S + 1e6)) - max(0, V_D'(q) - V_D(q)),  D' = kappa * (S - s)
///
/// @dev Cash, notionals and values are below 2^128, shares below 2^128, sizes below 2^112, the index below 2^88: sums and
/// plain products fit 256 bits. The 1e6 virtual shares and one wei of virtual assets stand against share inflation (ERC-4626 practice): the
/// first deposit of 1 quote makes 1e24 shares. The charge makes whoever shrinks the curve pay for the exit value that a
/// shallower curve would hand to the traders: without it a trader who is also the pool could gain at a constant index.
library PoolMath {
    uint256 internal constant VIRTUAL_SHARES = 1e6;
    uint256 internal constant SHARE_UNIT = 1e24;
    /// @dev The first price is 1 wei per 1e6 share units; a millionth of it is 1 per 1e12.
    uint256 private constant LEAST_PRICE_DIVISOR = 1e12;

    /// @notice Curve depth in base WAD, floor.
    function depth(uint256 depthPerShare, uint256 shares) internal pure returns (uint256) {
        unchecked {
            return (depthPerShare * shares) / SHARE_UNIT;
        }
    }

    /// @notice Pool equity if every trader closed now, quote WAD, floor (the traders' exit value is a ceil).
    function equity(
        int256 cash,
        int256 openNotional,
        uint256 index,
        uint256 depth_,
        int256 skew
    ) internal pure returns (int256) {
        unchecked {
            return cash + openNotional - Curve.valueCeil(index, depth_, skew);
        }
    }

    /// @notice Pool equity of a market at its index, quote WAD, floor.
    function equityOf(Market memory m, MarketConfig memory c) internal pure returns (int256) {
        unchecked {
            int256 skew = int256(uint256(m.longInterest)) - int256(uint256(m.shortInterest));
            return equity(m.cash, m.openNotional, m.price.index, depth(c.depthPerShare, m.shares), skew);
        }
    }

    /// @notice Shares for a deposit of `assets` (quote WAD) into equity `equity_`, floor.
    function sharesFor(uint256 assets, uint256 equity_, uint256 shares) internal pure returns (uint256) {
        return Fixed.mulDivFloor(assets, shares + VIRTUAL_SHARES, _sellingEquity(equity_, shares));
    }

    /// @notice Assets that mint `minted` shares, quote WAD, ceil.
    function assetsToMint(uint256 minted, uint256 equity_, uint256 shares) internal pure returns (uint256) {
        return Fixed.mulDivCeil(minted, _sellingEquity(equity_, shares), shares + VIRTUAL_SHARES);
    }

    /// @notice Assets that `burnt` shares stand for before any charge, quote WAD, floor.
    function assetsFor(uint256 burnt, uint256 equity_, uint256 shares) internal pure returns (uint256) {
        return Fixed.mulDivFloor(burnt, equity_ + 1, shares + VIRTUAL_SHARES);
    }

    /// @dev Equity that new shares are sold at: never below a millionth of the first price, or a wiped-out fund could sell
    /// none. Buyers then lose at most a millionth of what
    /// the old shares cost at the first price.
    function _sellingEquity(uint256 equity_, uint256 shares) private pure returns (uint256) {
        uint256 least = (shares + VIRTUAL_SHARES) / LEAST_PRICE_DIVISOR;
        return equity_ + 1 > least ? equity_ + 1 : least;
    }

    /// @notice What the traders would gain from a curve that shrinks to `depthAfter`, quote WAD, ceil.
    function redemptionCharge(
        uint256 index,
        uint256 depthBefore,
        uint256 depthAfter,
        int256 skew
    ) internal pure returns (uint256) {
        int256 charge = Curve.valueCeil(index, depthAfter, skew) - Curve.valueFloor(index, depthBefore, skew);
        return charge > 0 ? uint256(charge) : 0;
    }

    /// @notice Net position value over what the pool may carry, WAD, ceil, at most 1e36.
    /// @dev u = |q| * P / (E * maxExposure); an empty or insolvent pool with open interest is over any limit.
    function utilization(
        uint256 index,
        int256 skew,
        int256 equity_,
        uint256 maxExposurePpm
    ) internal pure returns (uint256) {
        if (skew == 0) return 0;
        unchecked {
            uint256 capacity = equity_ > 0 ? (uint256(equity_) * maxExposurePpm) / Fixed.PPM : 0;
            uint256 value = Fixed.divCeil(Fixed.abs(skew) * index, Fixed.WAD);
            if (value >= capacity * Fixed.WAD) return Fixed.WAD * Fixed.WAD;
            return Fixed.divCeil(value * Fixed.WAD, capacity);
        }
    }
}
