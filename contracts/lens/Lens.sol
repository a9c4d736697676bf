// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Health} from "../types/Health.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig, MarketLinks} from "../types/MarketConfig.sol";
import {Validity} from "../types/Validity.sol";
import {FundingInput, FundingRates, IFundingModel} from "../interfaces/IFundingModel.sol";
import {IKeel} from "../interfaces/IKeel.sol";
import {IKeelErrors} from "../interfaces/IKeelErrors.sol";
import {FundingView} from "../funding/FundingView.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {LiquidationMath} from "../liquidation/LiquidationMath.sol";
import {Curve} from "../market/Curve.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {PoolMath} from "../pool/PoolMath.sol";

/// @title Batched views for bots and pages
/// @notice Reads one core. Everything is as of now: funding accrued, prices as stored. Not used by the core.
/// @custom:halt nothing to halt: read-only.
contract Lens {
    /// @dev Amounts quote WAD, sizes base WAD, rates WAD per 8 h.
    struct MarketView {
        uint16 id;
        Market state;
        MarketConfig config;
        MarketLinks links;
        Validity validity;
        int256 skew;
        uint256 depth;
        uint256 mark;
        int256 premium;
        int256 equity;
        uint256 utilization;
        FundingRates funding;
    }

    struct PositionView {
        uint16 market;
        Position position;
    }

    struct AccountView {
        AccountId id;
        Account state;
        Health health;
        uint256 marginRatio;
        PositionView[] positions;
    }

    struct TradeQuote {
        int256 cost;
        uint256 fee;
        uint256 priceAverage;
        uint256 markBefore;
        uint256 markAfter;
    }

    int256 private constant MAX_SIZE = 2 ** 112;

    /// @notice The core that is read.
    IKeel public immutable CORE;

    /// @param core the core.
    constructor(IKeel core) {
        CORE = core;
    }

    /// @notice All markets.
    function markets() external view returns (MarketView[] memory views) {
        uint16 count = CORE.marketCount();
        views = new MarketView[](count);
        for (uint16 i; i < count; ++i) {
            views[i] = market(i + 1);
        }
    }

    /// @notice Several accounts with their positions.
    /// @param ids account ids, in the order of the result.
    function accounts(AccountId[] calldata ids) external view returns (AccountView[] memory views) {
        views = new AccountView[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            views[i] = account(ids[i]);
        }
    }

    /// @notice Margin ratio of each account, WAD, floor; below 1e18 it can be liquidated.
    /// @param ids account ids, in the order of the result.
    function marginRatios(AccountId[] calldata ids) external view returns (uint256[] memory ratios) {
        ratios = new uint256[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            Health memory h = CORE.healthOf(ids[i]);
            ratios[i] = LiquidationMath.marginRatio(h.equity, h.maintenance);
        }
    }

    /// @notice What a trade of `size` would cost at the stored price, limits and margin aside.
    /// @param id market id.
    /// @param size base WAD, positive = purchase, not zero.
    /// @return q cost, fee and average price ceil, marks floor; prices WAD quote per base.
    function quoteTrade(uint16 id, int256 size) external view returns (TradeQuote memory q) {
        _checkSize(size);
        Market memory m = CORE.marketNow(id);
        (MarketConfig memory c, ) = CORE.configOf(id);
        uint256 depth = PoolMath.depth(c.depthPerShare, m.shares);
        bool twapHigher = m.price.twap > m.price.index;
        uint256 index = (size > 0) == twapHigher ? m.price.twap : m.price.index;
        q.cost = Curve.cost(index, depth, _skew(m), size);
        q.fee = Fixed.mulDivCeil(Fixed.abs(q.cost), uint256(c.takerFeePpm) + c.deviationFeePpm, Fixed.PPM);
        q.priceAverage = Fixed.mulDivCeil(Fixed.abs(q.cost), Fixed.WAD, Fixed.abs(size));
        q.markBefore = Curve.mark(m.price.index, depth, _skew(m));
        q.markAfter = Curve.mark(m.price.index, depth, _skew(m) + size);
    }

    /// @notice The curve for any state: cost of `size`, its average price and the marks, all WAD.
    /// @param index quote per base. @param depth base. @param skew net position, below depth. @param size base, signed.
    /// @return cost quote, ceil. @return priceAverage floor. @return markBefore floor. @return markAfter floor.
    function quoteCurve(
        uint256 index,
        uint256 depth,
        int256 skew,
        int256 size
    ) public pure returns (int256 cost, uint256 priceAverage, uint256 markBefore, uint256 markAfter) {
        _checkSize(size);
        cost = Curve.cost(index, depth, skew, size);
        priceAverage = Fixed.mulDivFloor(Fixed.abs(cost), Fixed.WAD, Fixed.abs(size));
        markBefore = Curve.mark(index, depth, skew);
        markAfter = Curve.mark(index, depth, skew + size);
    }

    /// @notice Largest purchase for at most `quote`; negative `quote`: smallest sale that yields it. Base WAD, floor.
    function sizeFor(uint256 index, uint256 depth, int256 skew, int256 quote) external pure returns (int256) {
        return Curve.sizeFor(index, depth, skew, quote);
    }

    /// @notice One market.
    /// @param id market id.
    function market(uint16 id) public view returns (MarketView memory v) {
        v.id = id;
        v.state = CORE.marketNow(id);
        (v.config, v.links) = CORE.configOf(id);
        v.validity = ValidityLadder.validity(v.state.price, v.config.freshSeconds, v.config.staleSeconds);
        v.skew = _skew(v.state);
        v.depth = PoolMath.depth(v.config.depthPerShare, v.state.shares);
        uint256 index = v.state.price.index;
        v.mark = v.skew == 0 ? index : Curve.mark(index, v.depth, v.skew);
        v.premium = Curve.premium(v.depth, v.skew);
        v.equity = PoolMath.equity(v.state.cash, v.state.openNotional, index, v.depth, v.skew);
        v.utilization = PoolMath.utilization(index, v.skew, v.equity, v.config.maxExposurePpm);
        FundingInput memory input = FundingView.inputOf(v.state, v.config, 0);
        v.funding = IFundingModel(v.config.fundingModel).rates(input);
    }

    /// @notice One account with its positions.
    /// @param id account id.
    function account(AccountId id) public view returns (AccountView memory v) {
        v.id = id;
        v.state = CORE.accountOf(id);
        v.health = CORE.healthOf(id);
        v.marginRatio = LiquidationMath.marginRatio(v.health.equity, v.health.maintenance);
        uint256 count;
        for (uint128 set = v.state.markets; set != 0; set >>= 16) ++count;
        v.positions = new PositionView[](count);
        for (uint256 i; i < count; ++i) {
            uint16 id_ = uint16(v.state.markets >> (16 * i));
            v.positions[i] = PositionView(id_, CORE.positionOf(id, id_));
        }
    }

    function _checkSize(int256 size) private pure {
        if (size == 0) revert IKeelErrors.ZeroAmount();
        if (size <= -MAX_SIZE || size >= MAX_SIZE) revert IKeelErrors.SizeOutOfRange(size, uint256(MAX_SIZE));
    }

    function _skew(Market memory m) private pure returns (int256) {
        return int256(uint256(m.longInterest)) - int256(uint256(m.shortInterest));
    }
}
