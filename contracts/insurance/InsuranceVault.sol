// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IKeel} from "../interfaces/IKeel.sol";
import {IShareVault} from "../interfaces/IShareVault.sol";
import {CooldownVault} from "../vault/CooldownVault.sol";

/// @title Shares of the insurance
/// @notice Stakers earn penalties, a part of the fees and dust, and are the first to pay bad debt.
/// @custom:halt nothing to halt: claims need no price.
contract InsuranceVault is CooldownVault {
    /// @param core the core, which must know this vault.
    /// @param cooldown seconds between request and claim.
    /// @param name_ token name.
    /// @param symbol_ token symbol.
    constructor(IKeel core, uint256 cooldown, string memory name_, string memory symbol_)
        CooldownVault(core, cooldown, name_, symbol_)
    {}

    /// @inheritdoc IShareVault
    function totalAssets() public view override returns (uint256) {
        (uint256 assets,,) = CORE.insurance();
        return assets / ASSET_SCALE;
    }

    /// @inheritdoc IShareVault
    function convertToAssets(uint256 shares) public view override returns (uint256) {
        return CORE.previewInsuranceRedeem(shares);
    }

    /// @inheritdoc IShareVault
    function previewDeposit(uint256 assets) public view override returns (uint256) {
        return CORE.previewInsuranceDeposit(assets);
    }

    /// @inheritdoc IShareVault
    function previewMint(uint256 shares) public view override returns (uint256) {
        return CORE.previewInsuranceMint(shares);
    }

    function _depositToCore(uint256 assets, uint256 wanted) internal override returns (uint256) {
        return CORE.insuranceDeposit(assets, wanted);
    }

    function _redeemFromCore(uint256 shares, address to) internal override returns (uint256) {
        return CORE.insuranceRedeem(shares, to);
    }
}
