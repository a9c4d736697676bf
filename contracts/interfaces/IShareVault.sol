// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IKeel} from "./IKeel.sol";

/// @title Share vault: ERC-4626 deposits, ERC-7540 asynchronous redemptions
/// @notice Assets are token units of the settlement token, shares have 24 decimals.
interface IShareVault {
    /// @notice ERC-4626.
    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    /// @notice ERC-4626, at the claim of a redemption.
    event Withdraw(
        address indexed sender,
        address indexed receiver,
        address indexed owner,
        uint256 assets,
        uint256 shares
    );
    /// @notice ERC-7540. `requestId` is always 0: requests of a controller add up.
    event RedeemRequest(
        address indexed controller,
        address indexed owner,
        uint256 indexed requestId,
        address sender,
        uint256 shares
    );
    /// @notice A controller took its request back.
    event RedeemRequestCancelled(address indexed controller, address indexed receiver, uint256 shares);
    /// @notice ERC-7540.
    event OperatorSet(address indexed controller, address indexed operator, bool approved);

    /// @notice Nothing to do.
    error ZeroShares();
    /// @notice Less than the caller wanted at least.
    /// @param got shares or assets.
    error TooFew(uint256 got, uint256 least);
    /// @notice Only the controller or its operator claims.
    error NotController(address caller, address controller);
    /// @notice More than what the cooldown has set free, or too late.
    /// @param claimable shares of the request that can be claimed now.
    /// @param claimableAt when the cooldown of the request ends, seconds.
    error NotClaimable(uint256 shares, uint256 claimable, uint256 claimableAt);
    /// @notice A redemption is priced when it is claimed, so it cannot be previewed (ERC-7540).
    error PriceAtClaim();
    /// @notice Claims are by shares; the charge makes assets a non-linear function of them.
    error UseRedeem();

    /// @notice The core that holds the assets.
    function CORE() external view returns (IKeel);

    /// @notice Market whose pool this is, 0 for the insurance.
    function MARKET() external view returns (uint16);

    /// @notice Time between request and claim, seconds.
    function COOLDOWN() external view returns (uint256);

    /// @notice Settlement token.
    function asset() external view returns (address);

    /// @notice This contract is its own share token (ERC-7575).
    function share() external view returns (address);

    /// @notice Assets behind all shares at the lower of index and TWAP, floor.
    function totalAssets() external view returns (uint256);

    /// @notice Shares for assets now, floor.
    function convertToShares(uint256 assets) external view returns (uint256);

    /// @notice Assets behind shares now, before any redemption charge, floor.
    function convertToAssets(uint256 shares) external view returns (uint256);

    /// @notice No limit.
    function maxDeposit(address receiver) external view returns (uint256);

    /// @notice No limit.
    function maxMint(address receiver) external view returns (uint256);

    /// @notice Shares that `deposit` would mint now, floor.
    function previewDeposit(uint256 assets) external view returns (uint256);

    /// @notice Assets that `mint` would take now, ceil.
    function previewMint(uint256 shares) external view returns (uint256);

    /// @notice Pay assets, get shares.
    function deposit(uint256 assets, address receiver) external returns (uint256 shares);

    /// @notice Get exactly `shares`, pay what they cost.
    function mint(uint256 shares, address receiver) external returns (uint256 assets);

    /// @notice Hand shares in; claimable by `controller` after the cooldown. Caller: owner, its operator, or by allowance.
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId);

    /// @notice Take the caller's request back, all of it.
    /// @return shares handed to `receiver`.
    function cancelRequest(address receiver) external returns (uint256 shares);

    /// @notice `deposit`, unless it gives fewer than `least` shares.
    function depositAtLeast(uint256 assets, uint256 least, address receiver) external returns (uint256 shares);

    /// @notice `redeem`, unless it pays fewer than `least` assets.
    function redeemAtLeast(
        uint256 shares,
        uint256 least,
        address receiver,
        address controller
    ) external returns (uint256 assets);

    /// @notice Shares cooling down, or past the end of their claim: those are requested anew.
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @notice Time for which a claim stays open after the cooldown, seconds.
    function CLAIM_WINDOW() external view returns (uint256);

    /// @notice Shares that can be claimed.
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @notice Claim: burn shares, pay `receiver`. Controller or its operator.
    function redeem(uint256 shares, address receiver, address controller) external returns (uint256 assets);

    /// @notice Not supported: see UseRedeem.
    function withdraw(uint256 assets, address receiver, address controller) external returns (uint256 shares);

    /// @notice Shares that can be claimed.
    function maxRedeem(address controller) external view returns (uint256);

    /// @notice Always 0: claims are by shares.
    function maxWithdraw(address controller) external view returns (uint256);

    /// @notice Reverts, see PriceAtClaim.
    function previewRedeem(uint256 shares) external view returns (uint256);

    /// @notice Reverts, see PriceAtClaim.
    function previewWithdraw(uint256 assets) external view returns (uint256);

    /// @notice Let `operator` request and claim for the caller.
    function setOperator(address operator, bool approved) external returns (bool);

    /// @notice Whether `operator` may act for `controller`.
    function isOperator(address controller, address operator) external view returns (bool);
}
