// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {Curve} from "../market/Curve.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MarginMath} from "../margin/MarginMath.sol";
import {MarketSet} from "../margin/MarketSet.sol";
import {Resolutions} from "./Resolutions.sol";

/// @title Which position of a cross account is liquidated
/// @notice The one whose end restores most: the margin that it frees, at the target ratio, less what closing it costs. Nobody chooses,
/// so nobody leaves the bad part for others.
abstract contract Choice is Resolutions {
    using MarketSet for uint128;

    /// @dev Multipliers count as last stored.
    function _choose(AccountId account) internal view returns (uint16 best) {
        uint128 set = accounts[account].markets;
        if (set == 0) revert NoPosition(AccountId.unwrap(account), 0);
        best = uint16(set);
        if (set >> 16 == 0) return best;
        uint256 count = set.length();
        uint256[] memory own = new uint256[](count);
        int256[] memory common = new int256[](count);
        int256[] memory costs = new int256[](count);
        int256 net;
        for (uint256 i; i < count; ++i) {
            Touch memory t = _load(account, uint16(set >> (16 * i)));
            (own[i], common[i]) = _partsOf(t);
            costs[i] = _curveLoss(t, t.position.size) + _leastPenaltyOf(t);
            net += common[i];
        }
        int256 most = type(int256).min;
        for (uint256 i; i < count; ++i) {
            uint16 market = uint16(set >> (16 * i));
            uint256 freed = own[i] + Fixed.abs(net) - Fixed.abs(net - common[i]);
            int256 relief = int256((freed * links[market].targetBps) / Fixed.BPS) - costs[i];
            if (relief > most) (most, best) = (relief, market);
        }
    }

    /// @dev Maintenance of the touched position alone: what cannot be hedged, and what can, signed.
    function _partsOf(Touch memory t) internal pure returns (uint256 own, int256 common) {
        if (t.position.size == 0) return (0, 0);
        (, uint256 maintenance) = MarginMath.requirements(t.market, t.config, t.position.size);
        common = MarginMath.common(maintenance, t.config.hedgePercent, t.position.size);
        own = maintenance - Fixed.abs(common);
    }

    /// @dev What the curve would take from equity if `position` were closed now, quote WAD, negative = give: of what it can take, scaled up.
    function _curveLoss(Touch memory t, int256 position) internal pure returns (int256) {
        uint256 held = Fixed.abs(position);
        uint256 room = _room(t, position > 0);
        uint256 size = held < room ? held : room;
        if (size == 0) return 0;
        int256 closing = position > 0 ? -int256(size) : int256(size);
        int256 loss = _lossOf(
            t,
            closing,
            Curve.cost(_worseFor(t.market, closing > 0), _depth(t), _skew(t.market), closing)
        );
        return size == held ? loss : Fixed.mulDivCeil(loss, held, size);
    }

    function _leastPenaltyOf(Touch memory t) private pure returns (int256) {
        return int256((_valueOf(t, t.position.size) * t.config.brackets.penaltyMinBps) / Fixed.BPS);
    }
}
