// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountIdLib} from "../types/AccountId.sol";
import {Position} from "../types/Account.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {Resolution} from "../types/Resolution.sol";
import {IKeel} from "../interfaces/IKeel.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MultiplierMath} from "../margin/MultiplierMath.sol";
import {PoolMath} from "../pool/PoolMath.sol";

/// @title How near a market is to its limits, and what stands behind them
/// @notice Reads one core. Everything is as of now, prices as stored. Not used by the core.
/// @custom:halt nothing to halt: read-only.
contract LiquidationLens {
    /// @dev Amounts quote WAD.
    struct DefenceView {
        uint16 id;
        /// As in MarketConfig.
        uint8 status;
        /// Larger side's value over what the pool may be left with, WAD, ceil.
        uint256 sideUse;
        /// Multiplier of the initial margin, and the ramp of the maintenance margin, 1e-6.
        uint256 multiplier;
        uint256 ramp;
        /// What liquidations pushed through the curve lately, and the most they may in five minutes.
        uint256 pushed;
        uint256 window;
        /// What the pool paid for debts lately, and the most it does in a day.
        uint256 lost;
        uint256 lossCap;
        /// The insurance's own position.
        Position backstop;
        Resolution resolution;
    }

    /// @dev Whether the insurance would last through a gap, quote WAD.
    struct Sizing {
        /// Insurance assets with its own positions at the worse price.
        uint256 equity;
        /// What positions could lose beyond their margin, see `sizing`.
        uint256 needed;
    }

    /// @notice The core that is read.
    IKeel public immutable CORE;

    /// @param core the core.
    constructor(IKeel core) {
        CORE = core;
    }

    /// @notice One market's limits and how far they are used.
    /// @param id market id.
    function defence(uint16 id) external view returns (DefenceView memory v) {
        Market memory m = CORE.marketNow(id);
        (MarketConfig memory c, ) = CORE.configOf(id);
        (v.id, v.status, v.ramp) = (id, c.status, m.ramp);
        v.sideUse = PoolMath.utilization(m.price.index, _side(m), PoolMath.equityOf(m, c), c.maxSidePpm);
        v.multiplier = MultiplierMath.initial(m, c);
        (v.pushed, v.window) = CORE.windowOf(id);
        (v.lost, v.lossCap) = CORE.lossesOf(id);
        v.backstop = CORE.positionOf(AccountIdLib.from(address(CORE), 0), id);
        v.resolution = CORE.resolutionOf(id);
    }

    /// @notice Insurance against what a gap in all markets at once could cost beyond margin. An upper bound: every position of each
    /// market's larger side stands just at the lowest maintenance rate, times the ramp.
    /// @dev quant: Fund >= OI * q * E[(G - b)+], with q = 1 and b the maintenance rate.
    /// @param gapBps adverse move before anybody can liquidate, bps (1300 = 13 %).
    /// @return s `needed` ceil.
    function sizing(uint256 gapBps) external view returns (Sizing memory s) {
        (s.equity, ) = CORE.insuranceEquity();
        uint16 count = CORE.marketCount();
        for (uint16 id = 1; id <= count; ++id) {
            Market memory m = CORE.marketNow(id);
            (MarketConfig memory c, ) = CORE.configOf(id);
            uint256 rate = (uint256(c.brackets.maintenance1) * m.ramp) / MultiplierMath.ONE;
            if (gapBps <= rate) continue;
            uint256 value = Fixed.divCeil(uint256(_side(m)) * m.price.index, Fixed.WAD);
            s.needed += Fixed.divCeil(value * (gapBps - rate), Fixed.BPS);
        }
    }

    function _side(Market memory m) private pure returns (int256) {
        return int256(uint256(m.longInterest > m.shortInterest ? m.longInterest : m.shortInterest));
    }
}
