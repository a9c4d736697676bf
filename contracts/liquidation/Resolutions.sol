// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {Account} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Resolution, ResolutionMark, Stage} from "../types/Resolution.sol";
import {Action} from "../types/Validity.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {IKeelLiquidation} from "../interfaces/IKeelLiquidation.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {PoolMath} from "../pool/PoolMath.sol";
import {Backstop} from "./Backstop.sol";
import {LiquidationMath} from "./LiquidationMath.sol";

/// @title Deleverage and shutdown
/// @notice What insurance and pool may not pay, the winners of the market give back, each in proportion to its profit at one fixed price, never
/// more than the profit, and no position is closed for it: who is hedged stays hedged. A shut market goes the same way, and its
/// positions end at that price. Two passes, in any order and by anyone: the first counts every position (that it is complete shows in
/// the open interest), the second takes. Until an account is through it cannot trade there, nor be liquidated.
/// @dev Chitra, "Autodeleveraging: Impossibilities and Optimization" (arXiv 2512.01112v3): severity and split are separate; in
/// proportion is the fair split.
abstract contract Resolutions is Backstop {
    /// @inheritdoc IKeelLiquidation
    function deleverage(uint16 market) external {
        // Through the front door, before the lock.
        IKeelCore(address(this)).accrue(market);
        _deleverage(market);
    }

    /// @inheritdoc IKeelLiquidation
    function resolve(uint16 market, AccountId[] calldata ids) external nonReentrant returns (uint256 done) {
        Resolution storage r = liquidationBooks[market].resolution;
        if (r.stage == Stage.None) revert NothingToResolve(market);
        if (r.longLeft | r.shortLeft == 0 && r.stage == Stage.Counting) _count(r, _load(_backstop(), market));
        // First in either pass: what it brings the insurance is there before the insurance pays, in whatever order the others come.
        if (r.stage != Stage.None) _step(r, market, _backstop());
        for (uint256 i; i < ids.length && r.stage != Stage.None; ++i) {
            if (_step(r, market, ids[i])) ++done;
        }
    }

    /// @inheritdoc IKeelLiquidation
    function cover(AccountId account) external {
        uint16 market = debtMarkets[account];
        Account memory a = accounts[account];
        if (market == 0 || a.markets != 0 || a.collateral != 0 || a.balance >= 0) {
            revert NothingToCover(AccountId.unwrap(account));
        }
        IKeelCore(address(this)).accrue(market);
        _cover(account, market);
    }

    /// @inheritdoc IKeelLiquidation
    function resolutionOf(uint16 market) external view returns (Resolution memory) {
        return liquidationBooks[market].resolution;
    }

    /// @inheritdoc IKeelLiquidation
    function resolutionMarkOf(AccountId account, uint16 market) external view returns (ResolutionMark memory) {
        return liquidationBooks[market].marks[account];
    }

    /// @inheritdoc IKeelLiquidation
    function lossesOf(uint16 market) external view returns (uint256, uint256) {
        return _losses(_load(_backstop(), market));
    }

    function _deleverage(uint16 market) private nonReentrant {
        Touch memory t = _load(_backstop(), market);
        if (t.config.status >= STATUS_RESOLVING) revert MarketShut(market);
        ValidityLadder.require_(t.market.price, _validityOf(t.market, t.config), Action.Open);
        int256 equity = PoolMath.equityOf(t.market, t.config);
        uint88 index = t.market.price.index;
        t.market.price.index = t.market.price.twap;
        int256 better = Fixed.max(equity, PoolMath.equityOf(t.market, t.config));
        if (better >= 0) revert PoolSolvent(market, better);
        t.market.price.index = index;
        Resolution storage r = liquidationBooks[market].resolution;
        r.waiting += uint256(-equity);
        _begin(t, r);
    }

    function _cover(AccountId account, uint16 market) private nonReentrant {
        Touch memory t = _load(account, market);
        if (t.config.status == STATUS_SHUT) _coverInsured(t);
        else _coverShortfall(t);
        _commit(t);
    }

    /// @dev A shut market's pool pays its winners: what the insurance has not stays owed, for another call.
    function _coverInsured(Touch memory t) private {
        int120 later = int120(Fixed.min(0, int256(uint256(insuranceAssets)) - int256(_unbacked(t))));
        t.account.balance -= later;
        _coverShortfall(t);
        t.account.balance += later;
    }

    function _step(Resolution storage r, uint16 market, AccountId id) private returns (bool) {
        ResolutionMark storage mark = liquidationBooks[market].marks[id];
        bool counting = r.stage == Stage.Counting;
        bool counted = mark.number == r.number;
        if (counting == counted || (counted && mark.done) || positions[id][market].size == 0) return false;
        Touch memory t;
        _settled(t, id, market, Action.AddMargin);
        if (AccountId.unwrap(id) == AccountId.unwrap(_backstop())) _sweep(t);
        if (counting) _countOne(r, mark, t);
        else _take(r, mark, t);
        return true;
    }

    /// @dev First pass: whoever has no profit is through; in a shut market its position ends here.
    function _countOne(Resolution storage r, ResolutionMark storage mark, Touch memory t) private {
        int256 size = t.position.size;
        if (size > 0) r.longLeft -= uint256(size);
        else r.shortLeft -= uint256(-size);
        int256 profit = Fixed.divFloor(size * int256(r.price), Fixed.WAD) - t.position.notional;
        bool shut = t.config.status == STATUS_SHUT;
        if (shut && profit > 0 && _last(t)) profit = _netOfDebt(r, t, profit);
        mark.number = uint64(r.number);
        mark.profit = profit > 0 ? SafeCastLib.toUint128(uint256(profit)) : 0;
        mark.done = profit <= 0;
        r.profits += mark.profit;
        emit PositionCounted(AccountId.unwrap(t.id), t.marketId, t.settled, mark.profit);
        if (mark.done && shut) _end(r, t);
        _commit(t);
        if (r.longLeft | r.shortLeft == 0) _count(r, t);
    }

    /// @dev Who owes sets that off against its profit: a cut of the whole would leave it a debt, and nobody is left to pay that. The pool
    /// pays what fills the debt all the same.
    function _netOfDebt(Resolution storage r, Touch memory t, int256 profit) private returns (int256 net) {
        int256 owed = int256(_unbacked(t));
        if (owed >= profit) return 0;
        r.waiting += uint256(owed);
        return profit - owed;
    }

    /// @dev All are counted. Of a shut market the profits get what the pool has; else they give what is missing.
    function _count(Resolution storage r, Touch memory t) private {
        uint256 cut = r.deficit;
        if (t.config.status == STATUS_SHUT) {
            uint256 asked = r.profits + r.waiting;
            uint256 cash = uint256(Fixed.max(0, t.market.cash));
            cut = asked > cash ? asked - cash : 0;
        }
        if (cut > r.profits) cut = r.profits;
        (r.cut, r.profitsLeft, r.stage) = (cut, r.profits, Stage.Applying);
        emit ResolutionCounted(t.marketId, r.number, r.profits, cut, r.deficit > cut ? r.deficit - cut : 0);
        if (r.profits == 0) _finish(r, t);
        else _step(r, t.marketId, _backstop());
    }

    /// @dev Second pass: the profit shrinks by what the position's notional grows.
    function _take(Resolution storage r, ResolutionMark storage mark, Touch memory t) private {
        uint256 amount = LiquidationMath.cutOf(mark.profit, r.profits, r.cut);
        int128 cut = SafeCastLib.toInt128(int256(amount));
        t.position.notional += cut;
        t.market.openNotional += cut;
        mark.done = true;
        r.profitsLeft -= mark.profit;
        emit ProfitCut(AccountId.unwrap(t.id), t.marketId, t.settled, amount);
        if (t.config.status == STATUS_SHUT) _end(r, t);
        _commit(t);
        if (r.profitsLeft == 0) _finish(r, t);
    }

    /// @dev The position ends at the fixed price; a debt goes down the waterfall, but one that came after the count not on the pool.
    function _end(Resolution storage r, Touch memory t) private {
        int256 size = t.position.size;
        Fill memory f = _book(t, -size, -Fixed.divFloor(size * int256(r.price), Fixed.WAD));
        if (AccountId.unwrap(t.id) == AccountId.unwrap(_backstop())) _sweep(t);
        else if (r.stage == Stage.Counting) _coverShortfall(t);
        else _coverInsured(t);
        emit PositionShut(AccountId.unwrap(t.id), t.marketId, f);
    }

    function _finish(Resolution storage r, Touch memory t) private {
        r.stage = Stage.None;
        emit ResolutionEnded(t.marketId, r.number);
        if (t.config.status == STATUS_SHUT) return;
        if (r.waiting != 0) {
            _begin(t, r);
        } else {
            uint8 status = r.before > STATUS_REDUCE_ONLY ? r.before : STATUS_REDUCE_ONLY;
            configs[t.marketId].setStatus(status);
            emit MarketStatusSet(t.marketId, status, address(0), 0);
        }
    }
}
