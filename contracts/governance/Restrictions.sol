// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Restriction} from "../types/Restriction.sol";
import {IKeelPool} from "../interfaces/IKeelPool.sol";
import {MarketBase} from "../core/MarketBase.sol";

/// @title Status of a market: who tightens it, for how long, and who loosens it
/// @notice The guardian tightens at once, for a term; after it anyone lifts, and the guardian rests for as long again. What
/// governance sets stands until governance changes it, and ends the guardian's rest: without governance a market is the
/// guardian's for half of the time at most.
abstract contract Restrictions is MarketBase, AccessManaged, IKeelPool {
    /// @dev How long the guardian's restriction lasts, and his rest after it.
    uint256 private constant TERM = 7 days;

    /// @dev Behind the access manager's slot: the core itself never reads it.
    mapping(uint16 market => Restriction) private restrictions;

    /// @inheritdoc IKeelPool
    function restrictMarket(uint16 market, uint8 level) external restricted {
        uint8 status = _statusOf(market);
        Restriction storage r = restrictions[market];
        if (block.timestamp >= r.until) {
            if (block.timestamp < r.restedAt) revert GuardianRests(market, r.restedAt);
            // What has lapsed counts as lifted, whether anyone lifted it or not.
            if (r.until == 0) r.standing = status;
            else status = r.standing;
            r.until = uint40(block.timestamp + TERM);
            r.restedAt = uint40(block.timestamp + 2 * TERM);
        }
        r.by = msg.sender;
        _setLevel(market, level, status + 1, r.until);
    }

    /// @inheritdoc IKeelPool
    function liftMarket(uint16 market) external {
        Restriction storage r = restrictions[market];
        if (r.until == 0 || block.timestamp < r.until) revert NothingToLift(market, r.until);
        // A market that had to share out a loss is reopened by governance alone.
        if (liquidationBooks[market].held && r.standing == STATUS_OPEN) r.standing = STATUS_REDUCE_ONLY;
        (r.by, r.until) = (address(0), 0);
        _setLevel(market, r.standing, r.standing, 0);
    }

    /// @inheritdoc IKeelPool
    function holdMarket(uint16 market, uint8 level) external restricted {
        _govern(market, level, STATUS_REDUCE_ONLY);
    }

    /// @inheritdoc IKeelPool
    function reopenMarket(uint16 market) external restricted {
        _govern(market, STATUS_OPEN, STATUS_OPEN);
    }

    /// @inheritdoc IKeelPool
    function restrictionOf(
        uint16 market
    ) external view returns (uint8 status, address by, uint256 until, uint256 restedAt) {
        Restriction storage r = restrictions[market];
        return (_statusOf(market), r.by, r.until, r.restedAt);
    }

    function _govern(uint16 market, uint8 status, uint8 least) private {
        _statusOf(market);
        delete restrictions[market];
        liquidationBooks[market].held = false;
        _setLevel(market, status, least, 0);
    }

    function _setLevel(uint16 market, uint8 status, uint8 least, uint256 until) private {
        if (configs[market].status() >= STATUS_RESOLVING) revert MarketShut(market);
        if (status < least || status > STATUS_CLOSED) {
            revert ParameterOutOfBounds("status", status, least, STATUS_CLOSED);
        }
        configs[market].setStatus(status);
        emit MarketStatusSet(market, status, msg.sender, until);
    }

    function _statusOf(uint16 market) private view returns (uint8 status) {
        status = configs[market].status();
        if (status == 0) revert MarketUnknown(market);
    }
}
