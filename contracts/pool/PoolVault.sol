// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IKeel} from "../interfaces/IKeel.sol";
import {IShareVault} from "../interfaces/IShareVault.sol";
import {CooldownVault} from "../vault/CooldownVault.sol";

/// @title Shares of one market's pool
/// @notice See CooldownVault and PoolMath. A redemption pays for the depth it takes away.
/// @custom:halt deposits stop while the price is not valid; claims while it does not allow them.
contract PoolVault is CooldownVault {
    /// @notice The market whose pool this is.
    uint16 public immutable MARKET;

    /// @param core the core.
    /// @param market market id; the core must list it with this vault.
    /// @param cooldown seconds between request and claim.
    /// @param name_ token name.
    /// @param symbol_ token symbol.
    constructor(IKeel core, uint16 market, uint256 cooldown, string memory name_, string memory symbol_)
        CooldownVault(core, cooldown, name_, symbol_)
    {
        MARKET = market;
    }

    /// @inheritdoc IShareVault
    function totalAssets() public view override returns (uint256) {
        (uint256 lower,) = CORE.poolEquity(MARKET);
        return lower / ASSET_SCALE;
    }

    /// @inheritdoc IShareVault
    function convertToAssets(uint256 shares) public view override returns (uint256) {
        return CORE.convertToPoolTokens(MARKET, shares);
    }

    /// @inheritdoc IShareVault
    function previewDeposit(uint256 assets) public view override returns (uint256) {
        return CORE.previewPoolDeposit(MARKET, assets);
    }

    /// @inheritdoc IShareVault
    function previewMint(uint256 shares) public view override returns (uint256) {
        return CORE.previewPoolMint(MARKET, shares);
    }

    function _depositToCore(uint256 assets, uint256 wanted) internal override returns (uint256) {
        return CORE.poolDeposit(MARKET, assets, wanted);
    }

    function _redeemFromCore(uint256 shares, address to) internal override returns (uint256) {
        return CORE.poolRedeem(MARKET, shares, to);
    }
}
