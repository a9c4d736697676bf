// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {MarketConfig, MarketLinks} from "../types/MarketConfig.sol";

/// @title What vaults and governance call
/// @notice The vaults hold the share ledgers; the core holds the tokens and prices the shares.
interface IKeelPool {
    /// @notice Credit `tokens` that the market's vault has just sent, and mint shares. Vault only.
    /// @dev Priced at the higher of the equity at index and at TWAP. Needs a valid price.
    /// @param wanted exact shares to mint, at most what the tokens are worth; 0 = all of that, floor.
    /// @return shares 24 decimals.
    function poolDeposit(uint16 market, uint256 tokens, uint256 wanted) external returns (uint256 shares);

    /// @notice Burn shares and pay `to`. Vault only.
    /// @dev Priced at the lower of the equity at index and at TWAP, less the redemption charge; what remains must carry the
    /// open interest (utilization <= 1, net position inside the band).
    /// @return tokens token units, floor.
    function poolRedeem(uint16 market, uint256 shares, address to) external returns (uint256 tokens);

    /// @notice Credit `tokens` that the insurance vault has just sent, and mint shares. Insurance vault only.
    /// @param wanted exact shares to mint, at most what the tokens are worth; 0 = all of that, floor.
    /// @return shares 24 decimals.
    function insuranceDeposit(uint256 tokens, uint256 wanted) external returns (uint256 shares);

    /// @notice Burn insurance shares and pay `to`. Insurance vault only.
    function insuranceRedeem(uint256 shares, address to) external returns (uint256 tokens);

    /// @notice Insurance assets with its own positions, quote WAD, floor, at least 0.
    /// @return lower at the worse of index and TWAP. @return higher at the better.
    function insuranceEquity() external view returns (uint256 lower, uint256 higher);

    /// @notice Pool equity at the lower and at the higher of index and TWAP, quote WAD, floor.
    function poolEquity(uint16 market) external view returns (uint256 lower, uint256 higher);

    /// @notice Token units behind pool shares now, before the redemption charge, floor.
    function convertToPoolTokens(uint16 market, uint256 shares) external view returns (uint256 tokens);

    /// @notice Shares for a deposit of token units into a market's pool now, floor.
    function previewPoolDeposit(uint16 market, uint256 tokens) external view returns (uint256 shares);

    /// @notice Token units that mint exactly `shares` of a market's pool now, ceil.
    function previewPoolMint(uint16 market, uint256 shares) external view returns (uint256 tokens);

    /// @notice Token units for a redemption of shares from a market's pool now, floor, charge taken.
    function previewPoolRedeem(uint16 market, uint256 shares) external view returns (uint256 tokens);

    /// @notice Shares for a deposit of token units into the insurance now, floor.
    function previewInsuranceDeposit(uint256 tokens) external view returns (uint256 shares);

    /// @notice Token units that mint exactly `shares` of the insurance now, ceil.
    function previewInsuranceMint(uint256 shares) external view returns (uint256 tokens);

    /// @notice Token units for a redemption of insurance shares now, floor.
    function previewInsuranceRedeem(uint256 shares) external view returns (uint256 tokens);

    /// @notice List a market. Restricted.
    /// @return market its id; ids count from 1.
    function listMarket(MarketConfig calldata config, MarketLinks calldata links) external returns (uint16 market);

    /// @notice Replace a market's parameters, after accruing at the old ones. Restricted. A new funding model starts from its
    /// own resting state. The status stays as it is, whatever `config` says.
    function setMarket(uint16 market, MarketConfig calldata config, MarketLinks calldata links) external;

    /// @notice Tighten a market's status for 7 days. Restricted to the guardian, who can raise it within that time, but not
    /// prolong it, and then rests for 7 days. No level blocks reductions, margin, liquidations, prices or funding.
    /// @param level 2 no new risk, 3 also neither pool deposits, redemptions nor withdrawals of who has a position in it.
    function restrictMarket(uint16 market, uint8 level) external;

    /// @notice End a guardian's restriction whose time is over: back to what governance had set. Anyone.
    function liftMarket(uint16 market) external;

    /// @notice Restrict a market until governance reopens it. Restricted to the governor.
    /// @param level as in `restrictMarket`; it may be lower than the present one.
    function holdMarket(uint16 market, uint8 level) external;

    /// @notice Take new risk again. Restricted to the governor.
    function reopenMarket(uint16 market) external;

    /// @notice End a market: every position is settled at the present average of its price, which nobody chooses. Restricted to the governor;
    /// the market must be reduce-only. See IKeelLiquidation.resolve.
    function shutMarket(uint16 market) external;
    /// @notice Status of a market, and whose it is.
    /// @return status as in MarketConfig.
    /// @return by the guardian who set it; zero: governance.
    /// @return until from when on anyone may lift it, seconds; 0 = it stands until governance changes it.
    /// @return restedAt from when on the guardian may restrict the market anew, seconds.
    function restrictionOf(
        uint16 market
    ) external view returns (uint8 status, address by, uint256 until, uint256 restedAt);

    /// @notice Note which kinds of other collateral an account has. Only the contract that keeps them.
    /// @param kinds bit `kind - 1` for each.
    function noteCollateral(AccountId account, uint8 kinds) external;

    /// @notice Set the contract that keeps other collateral. Restricted; once.
    function setCollateral(address collateral) external;

    /// @notice Set the insurance vault. Restricted; while no insurance share exists.
    function setInsuranceVault(address vault) external;
}
