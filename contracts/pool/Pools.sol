// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Market, Price} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Action} from "../types/Validity.sol";
import {IKeelPool} from "../interfaces/IKeelPool.sol";
import {MarketBase} from "../core/MarketBase.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {IKeelViews} from "../interfaces/IKeelViews.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {PoolMath} from "./PoolMath.sol";

/// @title Pool deposits and redemptions
/// @notice Shares are sold at the higher and bought back at the lower of the equity at index and at TWAP, floor either
/// way: nobody gains by being faster than the average.
abstract contract Pools is MarketBase, IKeelPool {
    /// @dev Before the lock: the core accrues, through its own front door, so that the code of accrual stands there alone.
    modifier accrued(uint16 market) {
        _accrue(market);
        _;
    }

    /// @dev Depth stays where the curve's products fit.
    uint256 private constant MAX_DEPTH = 2 ** 111;

    /// @inheritdoc IKeelPool
    function poolDeposit(
        uint16 market,
        uint256 tokens,
        uint256 wanted
    ) external accrued(market) nonReentrant returns (uint256 shares) {
        (Market memory m, MarketConfig memory c) = _enter(market, Action.PoolDeposit);
        uint256 amount = _bookIn(tokens);
        shares = _sharesFor(m, c, amount);
        if (wanted != 0 && wanted <= shares) shares = wanted;
        uint256 supply = m.shares + shares;
        if (shares == 0 || wanted > shares || supply < PoolMath.SHARE_UNIT) revert DustAmount(tokens);
        if (supply > type(uint120).max || PoolMath.depth(c.depthPerShare, supply) > MAX_DEPTH) {
            revert AmountOutOfRange(tokens, MAX_DEPTH);
        }
        m.cash += int128(int256(amount));
        m.shares = uint120(supply);
        markets[market].store(m);
        emit PoolDeposited(market, tokens, shares);
    }

    /// @inheritdoc IKeelPool
    function poolRedeem(
        uint16 market,
        uint256 shares,
        address to
    ) external accrued(market) nonReentrant returns (uint256 tokens) {
        (Market memory m, MarketConfig memory c) = _enter(market, Action.PoolRedeem);
        uint256 charge;
        (tokens, charge) = _tokensFor(m, c, shares);
        if (tokens == 0) revert DustAmount(shares);
        m.cash -= int128(int256(tokens * TOKEN_SCALE));
        m.shares -= uint120(shares);
        _checkLimits(m, c, _skew(m), _largerSide(m));
        emit PoolRedeemed(market, tokens, shares, charge);
        _checkRest(market, m);
        markets[market].store(m);
        _payOut(to, tokens);
    }

    /// @inheritdoc IKeelPool
    function poolEquity(uint16 market) external view returns (uint256, uint256) {
        (Market memory m, MarketConfig memory c) = _now(market);
        return _equities(m, c);
    }

    /// @inheritdoc IKeelPool
    function convertToPoolTokens(uint16 market, uint256 shares) external view returns (uint256) {
        (Market memory m, MarketConfig memory c) = _now(market);
        (uint256 lower, ) = _equities(m, c);
        return PoolMath.assetsFor(shares, lower, m.shares) / TOKEN_SCALE;
    }

    /// @inheritdoc IKeelPool
    function previewPoolDeposit(uint16 market, uint256 tokens) external view returns (uint256) {
        (Market memory m, MarketConfig memory c) = _now(market);
        return _sharesFor(m, c, _toAmount(tokens));
    }

    /// @inheritdoc IKeelPool
    function previewPoolMint(uint16 market, uint256 shares) external view returns (uint256) {
        (Market memory m, MarketConfig memory c) = _now(market);
        (, uint256 higher) = _equities(m, c);
        return Fixed.mulDivCeil(PoolMath.assetsToMint(shares, higher, m.shares), 1, TOKEN_SCALE);
    }

    /// @inheritdoc IKeelPool
    function previewPoolRedeem(uint16 market, uint256 shares) external view returns (uint256 tokens) {
        (Market memory m, MarketConfig memory c) = _now(market);
        (tokens, ) = _tokensFor(m, c, shares);
    }

    function _accrue(uint16 market) private {
        IKeelCore(address(this)).accrue(market);
    }

    /// @dev A market with funding accrued up to now, in memory only.
    function _now(uint16 market) private view returns (Market memory m, MarketConfig memory c) {
        bytes4 selector = IKeelViews.marketNow.selector;
        // The answer is copied to where `Market` keeps its twelve words, and the six of its price behind them.
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, market)
            if iszero(staticcall(gas(), address(), 0x00, 0x24, m, 0x180)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            returndatacopy(mload(add(m, 0x180)), 0x180, 0xc0)
        }
        configs[market].load(c);
    }

    function _enter(uint16 market, Action action) private returns (Market memory m, MarketConfig memory c) {
        configs[market].load(c);
        markets[market].load(m);
        if (msg.sender != links[market].vault) revert NotVault(msg.sender);
        if (c.status == STATUS_CLOSED) revert MarketClosed(market);
        // A pool that waits for its share of a loss, or that is gone.
        bool settled = c.status == STATUS_SHUT && action == Action.PoolRedeem && m.longInterest | m.shortInterest == 0;
        if (c.status >= STATUS_RESOLVING && !settled) revert MarketShut(market);
        ValidityLadder.require_(m.price, _validityOf(m, c), action);
    }

    /// @dev Equity at the lower and at the higher of index and TWAP; both above or at zero, or there is nothing to price.
    function _equities(Market memory m, MarketConfig memory c) private pure returns (uint256 lower, uint256 higher) {
        uint256 depth = PoolMath.depth(c.depthPerShare, m.shares);
        int256 skew = _skew(m);
        int256 atIndex = PoolMath.equity(m.cash, m.openNotional, m.price.index, depth, skew);
        int256 atTwap = PoolMath.equity(m.cash, m.openNotional, m.price.twap, depth, skew);
        if (atIndex < 0 || atTwap < 0) revert NoEquity(Fixed.min(atIndex, atTwap));
        return (uint256(Fixed.min(atIndex, atTwap)), uint256(Fixed.max(atIndex, atTwap)));
    }

    function _sharesFor(Market memory m, MarketConfig memory c, uint256 amount) private pure returns (uint256) {
        (, uint256 higher) = _equities(m, c);
        return PoolMath.sharesFor(amount, higher, m.shares);
    }

    /// @dev Payment in token units, floor, and the charge of a shallower curve, quote WAD.
    function _tokensFor(
        Market memory m,
        MarketConfig memory c,
        uint256 shares
    ) private view returns (uint256 tokens, uint256 charge) {
        if (shares == 0 || shares > m.shares) revert DustAmount(shares);
        (uint256 lower, ) = _equities(m, c);
        uint256 gross = PoolMath.assetsFor(shares, lower, m.shares);
        uint256 depthBefore = PoolMath.depth(c.depthPerShare, m.shares);
        uint256 depthAfter = PoolMath.depth(c.depthPerShare, m.shares - shares);
        _checkBand(m, c, depthAfter);
        Price memory p = m.price;
        uint256 index = p.index > p.twap ? p.index : p.twap;
        charge = PoolMath.redemptionCharge(index, depthBefore, depthAfter, _skew(m));
        tokens = gross > charge ? (gross - charge) / TOKEN_SCALE : 0;
    }

    /// @dev Less than a whole share must not stay: on crumbs of shares the rest of the equity, floored to token units, would set
    /// an absurd share price, and with it the depth of whoever comes next. What the last share leaves goes to insurance;
    /// no position is open then, or `_checkBand` had refused.
    function _checkRest(uint16 market, Market memory m) private {
        if (m.shares >= PoolMath.SHARE_UNIT) return;
        if (m.shares != 0) revert SharesNeeded(m.shares, PoolMath.SHARE_UNIT);
        if (m.cash <= 0) return;
        uint256 rest = uint256(int256(m.cash));
        m.cash = 0;
        insuranceAssets += uint128(rest);
        emit PoolRestSwept(market, rest);
    }

    /// @dev What remains must carry the net position inside the band, and either side alone.
    function _checkBand(Market memory m, MarketConfig memory c, uint256 depth) private pure {
        uint256 limit = (depth * c.maxSkewPpm) / Fixed.PPM;
        if (Fixed.abs(_skew(m)) > limit) revert BandExceeded(_skew(m), limit);
        _checkSide(_largerSide(m), depth);
    }
}
