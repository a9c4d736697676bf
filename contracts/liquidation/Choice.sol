// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MarginMath} from "../margin/MarginMath.sol";
import {MarketSet} from "../margin/MarketSet.sol";
import {Resolutions} from "./Resolutions.sol";

/// @title Which position of a cross account is liquidated
/// @notice The one whose end restores most: the margin that it frees, at the target ratio, less what closing it costs. Nobody chooses,
/// so nobody leaves the bad part for others.
abstract contract Choice is Resolutions {
    using MarketSet for uint128;

    /// @dev What the choice knows of one position.
    struct Candidate {
        uint256 own;
        int256 common;
        int256 cost;
        uint256 targetBps;
    }

    /// @dev Multipliers count as last stored.
    /// @param t a copy to look at one after the other: one for each would cost more to clear than to fill.
    /// @return best The market.
    /// @return toll What closing all of several positions would cost, quote WAD, not less what the curve would give: anyone may take that
    /// away before.
    function _choose(Touch memory t, AccountId account) internal view returns (uint16 best, int256 toll) {
        uint128 set = accounts[account].markets;
        if (set == 0) revert NoPosition(AccountId.unwrap(account), 0);
        best = uint16(set);
        if (set >> 16 == 0) return (best, 0);
        Candidate[] memory all = new Candidate[](set.length());
        (int256 net, int256 most) = (0, type(int256).min);
        unchecked {
            for (uint256 i; i < all.length; ++i) {
                _glance(t, account, uint16(set >> (16 * i)));
                Candidate memory c = all[i];
                (c.own, c.common) = _partsOf(t);
                c.cost = _curveLoss(t, t.position.size) + _leastPenaltyOf(t);
                c.targetBps = t.config.targetBps;
                net += c.common;
                if (c.cost > 0) toll += c.cost;
            }
            for (uint256 i; i < all.length; ++i) {
                Candidate memory c = all[i];
                uint256 freed = c.own + Fixed.abs(net) - Fixed.abs(net - c.common);
                int256 relief = int256((freed * c.targetBps) / Fixed.BPS) - c.cost;
                if (relief > most) (most, best) = (relief, uint16(set >> (16 * i)));
            }
        }
    }

    /// @dev Fill a copy with what the choice looks at.
    function _glance(Touch memory t, AccountId account, uint16 market) private view {
        markets[market].glance(t.market);
        configs[market].glance(t.config);
        t.position.size = positions[account][market].size;
    }

    /// @dev Maintenance of the touched position alone: what cannot be hedged, and what can, signed.
    function _partsOf(Touch memory t) internal pure returns (uint256 own, int256 common) {
        if (t.position.size == 0) return (0, 0);
        unchecked {
            (, uint256 maintenance) = MarginMath.requirements(t.market, t.config, t.position.size, false);
            common = MarginMath.common(maintenance, t.config.hedgePercent, t.position.size);
            own = maintenance - Fixed.abs(common);
        }
    }

    /// @dev What the curve would take from equity if `position` were closed now, quote WAD, negative = give: of what it can take, scaled up.
    function _curveLoss(Touch memory t, int256 position) internal pure returns (int256) {
        unchecked {
            (uint256 depth, int256 skew) = (_depth(t), _skew(t.market));
            uint256 held = Fixed.abs(position);
            uint256 room = _room(depth, skew, position > 0);
            uint256 size = held < room ? held : room;
            if (size == 0) return 0;
            int256 closing = position > 0 ? -int256(size) : int256(size);
            int256 loss = _lossOf(t, closing, _cost(t.market, depth, skew, closing));
            return size == held ? loss : Fixed.mulDivCeil(loss, held, size);
        }
    }

    function _leastPenaltyOf(Touch memory t) private pure returns (int256) {
        unchecked {
            return int256((_valueOf(t, t.position.size) * t.config.brackets.penaltyMinBps) / Fixed.BPS);
        }
    }
}
