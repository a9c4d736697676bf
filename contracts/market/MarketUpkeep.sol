// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {FundingLedger} from "../funding/FundingLedger.sol";

/// @title Permissionless upkeep: accrue, take a price
/// @notice Anyone may call, at any time and any number of times: no keeper has to be trusted.
abstract contract MarketUpkeep is FundingLedger, IKeelCore {
    /// @inheritdoc IKeelCore
    function accrue(uint16 market) external nonReentrant {
        _keepUp(market, false);
    }

    /// @inheritdoc IKeelCore
    function updatePrice(uint16 market) external nonReentrant {
        _keepUp(market, true);
    }

    function _keepUp(uint16 market, bool newPrice) private {
        Market memory m;
        MarketConfig memory c;
        (Accrual outcome, int256 perBase) = _accrue(market, m, c);
        _announce(market, m, outcome, perBase);
        if (newPrice) _takePrice(market, m, c);
        markets[market].store(m);
    }
}
