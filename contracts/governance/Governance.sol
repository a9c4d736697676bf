// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {Escrow, EscrowOutcome} from "../types/Escrow.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig, MarketLinks} from "../types/MarketConfig.sol";
import {PackedPriceLib} from "../types/PackedPrice.sol";
import {Resolution, Stage} from "../types/Resolution.sol";
import {IFundingModel} from "../interfaces/IFundingModel.sol";
import {IKeelPool} from "../interfaces/IKeelPool.sol";
import {IKeelCore} from "../interfaces/IKeelCore.sol";
import {FundingCall} from "../funding/FundingCall.sol";
import {FundingView} from "../funding/FundingView.sol";
import {MarginMath} from "../margin/MarginMath.sol";
import {MultiplierMath} from "../margin/MultiplierMath.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {MarketRules} from "./MarketRules.sol";
import {Restrictions} from "./Restrictions.sol";

/// @title Listing and parameters
/// @notice The access manager says who may call what, MarketRules what a parameter may be. Funding up to now is
/// accrued at the old parameters before new ones count.
abstract contract Governance is Restrictions {
    /// @notice Name the access manager, once: the core's constructor calls this on its own storage.
    /// @param authority_ access manager.
    function start(address authority_) external {
        if (authority() != address(0)) revert AccessManagedUnauthorized(msg.sender);
        _setAuthority(authority_);
    }

    /// @inheritdoc IKeelPool
    function listMarket(
        MarketConfig memory config,
        MarketLinks memory links_
    ) external restricted returns (uint16 market) {
        market = ++markets_;
        MarketRules.check(market, config, links_);
        Market memory m;
        (m.accruedAt, m.ramp) = (uint32(block.timestamp), uint24(MultiplierMath.ONE));
        liquidationBooks[market].pushed.at = uint64(block.timestamp);
        _set(market, config, links_);
        _adopt(market, m, config);
    }

    /// @inheritdoc IKeelPool
    function setMarket(uint16 market, MarketConfig memory config, MarketLinks memory links_) external restricted {
        IKeelCore(address(this)).accrue(market);
        if (configs[market].status() >= STATUS_RESOLVING) revert MarketShut(market);
        Market memory m;
        MarketConfig memory before;
        markets[market].load(m);
        configs[market].load(before);
        configs[market].loadPosition(before);
        // A proposal that waited must not undo what happened to the status meanwhile.
        config.status = before.status;
        MarketRules.check(market, config, links_);
        bool used = m.longInterest | m.shortInterest != 0;
        if (used && config.depthPerShare != before.depthPerShare) {
            revert ParameterOutOfBounds(
                "depthPerShare",
                config.depthPerShare,
                before.depthPerShare,
                before.depthPerShare
            );
        }
        bool hedgeFalls = config.hedgePercent < before.hedgePercent;
        if (used && (hedgeFalls || !configs[market].hasTiers(config.tiers))) revert MarketInUse(market);
        // Higher maintenance comes over hours, not at once.
        m.ramp = uint24(MarginMath.damped(m.ramp, before.brackets, config.brackets));
        if (m.shares != 0 && links_.vault != links[market].vault) revert NotVault(links_.vault);
        if (config.fundingModel != before.fundingModel) _adopt(market, m, config);
        else markets[market].store(m);
        _set(market, config, links_);
    }

    /// @inheritdoc IKeelPool
    function shutMarket(uint16 market) external restricted {
        IKeelCore(address(this)).accrue(market);
        uint8 status = configs[market].status();
        if (status != STATUS_REDUCE_ONLY && status != STATUS_CLOSED) revert MarketNotRestricted(market);
        Market memory m;
        markets[market].load(m);
        configs[market].setStatus(STATUS_SHUT);
        emit MarketStatusSet(market, STATUS_SHUT, msg.sender, 0);
        if (ValidityLadder.suspect(m.price.flags)) _rejectEscrow(market);
        uint88 price = m.price.twap;
        markets[market].price = PackedPriceLib.join(price, price, m.price.sigma, 0, m.price.at, 0);
        Resolution storage r = liquidationBooks[market].resolution;
        (r.number, r.stage, r.price) = (r.number + 1, Stage.Counting, price);
        (r.longLeft, r.shortLeft, r.deficit, r.profits) = (m.longInterest, m.shortInterest, 0, 0);
        emit ResolutionBegun(market, r.number, price);
    }

    /// @inheritdoc IKeelPool
    function setInsuranceVault(address vault) external restricted {
        if (insuranceShares != 0) revert NotVault(vault);
        insuranceVault = vault;
        emit InsuranceVaultSet(vault);
    }

    /// @inheritdoc IKeelPool
    function setCollateral(address collateral_) external restricted {
        if (collateral != address(0)) revert NotCollateral(collateral_);
        collateral = collateral_;
        emit CollateralSet(collateral_);
    }

    /// @inheritdoc IKeelPool
    function noteCollateral(AccountId account, uint8 kinds) external nonReentrant {
        if (msg.sender != collateral) revert NotCollateral(msg.sender);
        accounts[account].collateral = kinds;
    }

    /// @notice See IKeelViews.
    function configOf(uint16 market) external view returns (MarketConfig memory config, MarketLinks memory links_) {
        if (configs[market].status() == 0) revert MarketUnknown(market);
        configs[market].load(config);
        configs[market].loadPosition(config);
        links_ = links[market];
    }

    /// @dev Let a model start where it would rest. It must be able to accrue, or nobody could touch the market again.
    function _adopt(uint16 market, Market memory m, MarketConfig memory config) private {
        m.stress = 0;
        m.fundingState = IFundingModel(config.fundingModel).initialState(FundingView.inputOf(m, config, 0));
        FundingCall.accrue(m, config, 1);
        markets[market].store(m);
        emit FundingAccrued(market, m.fundingState, 0);
    }

    function _set(uint16 market, MarketConfig memory config, MarketLinks memory links_) private {
        configs[market].store(config);
        links[market] = links_;
        emit MarketConfigured(market, config, links_);
    }

    /// @dev No good price will come to confirm what waits: it goes back.
    function _rejectEscrow(uint16 market) private {
        Escrow storage e = escrows[market];
        escrowOutcomes[market][e.period] = EscrowOutcome.Rejected;
        emit EscrowClosed(market, false, e.longsPaid, e.shortsPaid, e.poolDue);
    }
}
