// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Market} from "../types/Market.sol";
import {MarketConfig, MarketLinks} from "../types/MarketConfig.sol";
import {IFundingModel} from "../interfaces/IFundingModel.sol";
import {IKeelPool} from "../interfaces/IKeelPool.sol";
import {FundingLedger} from "../funding/FundingLedger.sol";
import {MarketRules} from "./MarketRules.sol";

/// @title Listing and parameters
/// @notice The access manager says who may call what, MarketRules what a parameter may be. Funding up to now is
/// accrued at the old parameters before new ones count.
abstract contract Governance is FundingLedger, IKeelPool {
    /// @inheritdoc IKeelPool
    function listMarket(
        MarketConfig calldata config,
        MarketLinks calldata links_
    ) external restricted returns (uint16 market) {
        MarketRules.check(config, links_);
        market = ++markets_;
        Market memory m;
        m.accruedAt = uint32(block.timestamp);
        m.fundingState = IFundingModel(config.fundingModel).initialState(_fundingInput(m, config, 0));
        markets[market].store(m);
        _set(market, config, links_);
        _announce(market, m, 0);
    }

    /// @inheritdoc IKeelPool
    function setMarket(uint16 market, MarketConfig calldata config, MarketLinks calldata links_) external restricted {
        Market memory m;
        MarketConfig memory before;
        _accrue(market, m, before);
        MarketRules.check(config, links_);
        if (_skew(m) != 0 && config.depthPerShare != before.depthPerShare) {
            revert ParameterOutOfBounds(
                "depthPerShare",
                config.depthPerShare,
                before.depthPerShare,
                before.depthPerShare
            );
        }
        if (m.shares != 0 && links_.vault != links[market].vault) revert NotVault(links_.vault);
        if (config.fundingModel != before.fundingModel) {
            m.fundingState = IFundingModel(config.fundingModel).initialState(_fundingInput(m, config, 0));
            markets[market].store(m);
            _announce(market, m, 0);
        }
        _set(market, config, links_);
    }

    /// @inheritdoc IKeelPool
    function restrictMarket(uint16 market) external restricted {
        _setStatus(market, STATUS_REDUCE_ONLY);
    }

    /// @inheritdoc IKeelPool
    function reopenMarket(uint16 market) external restricted {
        _setStatus(market, STATUS_OPEN);
    }

    /// @inheritdoc IKeelPool
    function setInsuranceVault(address vault) external restricted {
        if (insuranceShares != 0) revert NotVault(vault);
        insuranceVault = vault;
        emit InsuranceVaultSet(vault);
    }

    function _set(uint16 market, MarketConfig calldata config, MarketLinks calldata links_) private {
        configs[market].store(config);
        links[market] = links_;
        emit MarketConfigured(market, config, links_);
    }

    function _setStatus(uint16 market, uint8 status) private {
        if (configs[market].status() == 0) revert MarketUnknown(market);
        configs[market].setStatus(status);
        emit MarketStatusSet(market, status);
    }
}
