// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Settlement} from "../types/Settlement.sol";
import {Validity} from "../types/Validity.sol";
import {MarketBase} from "../core/MarketBase.sol";
import {MarketSet} from "./MarketSet.sol";

/// @title One account in one market
/// @notice Working copies of what one call may change, stored once.
abstract contract Positions is MarketBase {
    using MarketSet for uint128;

    /// @dev Working copies of everything one call on one position may change.
    struct Touch {
        AccountId id;
        uint16 marketId;
        Account account;
        Position position;
        Market market;
        MarketConfig config;
        Validity validity;
        Settlement settled;
        uint256 toInsurance;
    }

    /// @dev Working copies as stored: for who has just had the position settled. An empty one starts at the present indices.
    function _load(AccountId id, uint16 marketId) internal view returns (Touch memory t) {
        _load(t, id, marketId);
    }

    /// @dev As above, into a copy that is there: a new one costs more to clear than to fill.
    function _load(Touch memory t, AccountId id, uint16 marketId) internal view {
        (t.id, t.marketId) = (id, marketId);
        markets[marketId].load(t.market);
        configs[marketId].load(t.config);
        configs[marketId].loadPosition(t.config);
        t.account = accounts[id];
        t.position = positions[id][marketId];
        if (t.position.size != 0) return;
        (t.position.longsPaid, t.position.shortsPaid) = (t.market.longsPaid, t.market.shortsPaid);
    }

    /// @dev Store every working copy. An empty position leaves no trace but its account's balance.
    function _commit(Touch memory t) internal {
        if (t.position.size == 0) {
            delete positions[t.id][t.marketId];
            t.account.markets = t.account.markets.remove(t.marketId);
            _sweepDust(t);
        } else {
            positions[t.id][t.marketId] = t.position;
            t.account.markets = t.account.markets.add(t.marketId);
        }
        accounts[t.id] = t.account;
        bool waits = t.account.balance < 0 && (t.account.collateral != 0 || t.account.markets == 0);
        if (waits) debtMarkets[t.id] = t.marketId;
        markets[t.marketId].store(t.market);
        if (t.toInsurance != 0) insuranceAssets += uint128(t.toInsurance);
    }

    /// @dev With no position and no claim left, what was collected and not credited is rounding dust.
    function _sweepDust(Touch memory t) private {
        Market memory m = t.market;
        if (m.longInterest | m.shortInterest != 0 || m.fundingClearing <= 0) return;
        if (escrows[t.marketId].claims != 0) return;
        uint256 dust = uint256(int256(m.fundingClearing));
        m.fundingClearing = 0;
        t.toInsurance += dust;
        emit FundingDustSwept(t.marketId, dust);
    }
}
