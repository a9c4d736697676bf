// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Health} from "../types/Health.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig, SizeTiers} from "../types/MarketConfig.sol";
import {FundingLedger} from "../funding/FundingLedger.sol";
import {FundingMath} from "../funding/FundingMath.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {Action, Validity} from "../types/Validity.sol";
import {MarginMath} from "./MarginMath.sol";
import {MarketSet} from "./MarketSet.sol";
import {Positions} from "./Positions.sol";

/// @title One account in one market: load once, store once; and the account's health over all its markets
/// @notice Cross margin: one balance backs up to eight positions. Profit is floored, requirements are ceiled.
abstract contract MarginLedger is FundingLedger, Positions {
    using MarketSet for uint128;

    /// @dev Load, accrue the market, take a new price if asked to, settle the position's funding into the balance.
    function _touch(AccountId id, uint16 marketId, bool newPrice) internal returns (Touch memory t) {
        t.id = id;
        t.marketId = marketId;
        Accrual outcome;
        (outcome, t.settled.perBase) = _accrue(marketId, t.market, t.config);
        t.settled.fundingState = t.market.fundingState;
        if (outcome == Accrual.Spiked) emit FundingSpiked(marketId, t.market.stress);
        configs[marketId].loadPosition(t.config);
        if (newPrice) _takePrice(marketId, t.market, t.config);
        t.validity = _validityOf(t.market, t.config);
        t.account = accounts[id];
        t.position = positions[id][marketId];
        if (t.position.escrowed || ValidityLadder.suspect(t.market.price.flags)) _settleEscrow(t);
        _settle(t);
    }

    /// @dev Health with the touched position as in `t` and the others as stored; every other market must allow `action`, as the
    /// caller has checked of the touched one.
    function _healthOf(Touch memory t, Action action) internal view returns (Health memory h) {
        _open(h, t.account.balance);
        if (t.position.size != 0) _value(h, t.market, t.config, t.position, t.validity, action);
        _valueOthers(h, t.id, t.account.markets.remove(t.marketId), action);
        _net(h);
    }

    /// @dev Health of an account as stored.
    function _healthOf(AccountId id, Account memory account, Action action) internal view returns (Health memory h) {
        _open(h, account.balance);
        _valueOthers(h, id, account.markets, action);
        _net(h);
    }

    function _open(Health memory h, int256 balance) private pure {
        (h.equity, h.equityWorse, h.equityBetter, h.withdrawable) = (balance, balance, balance, balance);
    }

    function _valueOthers(Health memory h, AccountId id, uint128 set, Action action) private view {
        if (set == 0) return;
        Market memory market;
        MarketConfig memory config;
        mapping(uint16 market => Position) storage held = positions[id];
        for (; set != 0; set >>= 16) {
            uint16 marketId = uint16(set);
            (, int256 ahead, ) = _project(marketId, market, config);
            configs[marketId].loadPosition(config);
            Validity validity = _validityOf(market, config);
            ValidityLadder.require_(market.price, validity, action);
            Position memory position = held[marketId];
            if (position.escrowed) _addClaim(h, id, marketId, position);
            if (ValidityLadder.suspect(market.price.flags)) {
                (uint256 owed, , ) = _owed(id, marketId, config.tiers, position, ahead);
                _shift(h, -int256(owed));
                h.withdrawable -= int256(owed);
            }
            _value(h, market, config, position, validity, action);
        }
    }

    /// @dev A decided claim counts like balance, except for withdrawals: those need it credited.
    function _addClaim(Health memory h, AccountId id, uint16 marketId, Position memory position) private view {
        (, uint256 credit) = _claimOf(marketId, escrowClaims[id][marketId], position);
        _shift(h, int256(credit));
    }

    function _shift(Health memory h, int256 amount) private pure {
        unchecked {
            h.equity += amount;
            h.equityWorse += amount;
            h.equityBetter += amount;
        }
    }

    /// @dev Add one position. Sizes, prices and notionals are below 2^110, 2^88 and 2^127, an account holds eight: no sum here
    /// overflows.
    function _value(
        Health memory h,
        Market memory market,
        MarketConfig memory config,
        Position memory position,
        Validity validity,
        Action action
    ) private pure {
        if (validity > h.worst) h.worst = validity;
        _addProfit(h, market, config.tiers, position);
        // A liquidation does not go by the initial margin.
        bool whole = action != Action.Liquidate;
        (uint256 initial, uint256 maintenance) = MarginMath.requirements(market, config, position.size, whole);
        unchecked {
            int256 common = MarginMath.common(maintenance, config.hedgePercent, position.size);
            h.maintenance += maintenance - Fixed.abs(common);
            h.maintenanceCommon += common;
            if (!whole) return;
            common = MarginMath.common(initial, config.hedgePercent, position.size);
            h.initial += initial - Fixed.abs(common);
            h.initialCommon += common;
        }
    }

    /// @dev The worst of a grid of moves: all markets up or down together, and each against the position on its own. Never above the
    /// sum of the parts, equal to it where nothing is hedged.
    function _net(Health memory h) private pure {
        unchecked {
            h.initial += Fixed.abs(h.initialCommon);
            h.maintenance += Fixed.abs(h.maintenanceCommon);
        }
    }

    /// @dev Profit counts at the worse of TWAP and index less its spread where it would carry new risk.
    function _addProfit(
        Health memory h,
        Market memory market,
        SizeTiers memory tiers,
        Position memory position
    ) private pure {
        (uint256 paid, uint256 received, ) = FundingMath.due(market, tiers, position);
        int256 size = position.size;
        unchecked {
            int256 carried = int256(received) - int256(paid) - position.notional;
            int256 pnl = Fixed.divFloor(size * int256(uint256(market.price.index)), Fixed.WAD) + carried;
            int256 pnlTwap = Fixed.divFloor(size * int256(uint256(market.price.twap)), Fixed.WAD) + carried;
            h.equity += pnl;
            int256 doubt = Fixed.divFloor(
                int256(Fixed.abs(size) * market.price.index * market.price.spreadBps),
                Fixed.WAD * Fixed.BPS
            );
            int256 worse = Fixed.min(pnl - doubt, pnlTwap);
            h.equityWorse += worse;
            h.equityBetter += _inFavour(market.price.flags, pnl, doubt, pnlTwap);
            if (worse < 0) h.withdrawable += worse;
        }
    }

    /// @dev Profit and loss for a liquidation: at the index; where that is in doubt, at the better of TWAP and index plus its spread; but not at
    /// the TWAP of a grace period, which still stands where it stood before the outage.
    function _inFavour(uint8 flags, int256 pnl, int256 doubt, int256 pnlTwap) private pure returns (int256) {
        if (flags & (ValidityLadder.UNCERTAIN | ValidityLadder.VOLATILE) == 0) return pnl;
        unchecked {
            if (flags & ValidityLadder.SEQUENCER_GRACE != 0) return pnl + doubt;
            return Fixed.max(pnl + doubt, pnlTwap);
        }
    }

    /// @dev Before the live settlement: take out what is decided, then pay into the open period.
    function _settleEscrow(Touch memory t) private {
        (, uint256 credit) = _release(t.id, t.marketId, t.market, t.position);
        t.account.balance += SafeCastLib.toInt128(int256(credit));
        if (t.position.size == 0 || !ValidityLadder.suspect(t.market.price.flags)) return;
        uint256 paid = _hold(t.id, t.marketId, t.config.tiers, t.position);
        t.account.balance -= SafeCastLib.toInt128(int256(paid));
    }

    function _settle(Touch memory t) private {
        (uint256 paid, uint256 received, uint256 surplus) = FundingMath.due(t.market, t.config.tiers, t.position);
        (t.position.longsPaid, t.position.shortsPaid) = (t.market.longsPaid, t.market.shortsPaid);
        if (paid == 0 && received == 0) return;
        int128 net = SafeCastLib.toInt128(int256(paid) - int256(received));
        t.account.balance -= net;
        t.market.fundingClearing += net - int128(int256(surplus));
        t.toInsurance = surplus;
        (t.settled.paid, t.settled.received, t.settled.surplus) = (paid, received, surplus);
    }
}
