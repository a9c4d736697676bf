// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {LibCall} from "solady/src/utils/LibCall.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {IKeel} from "../interfaces/IKeel.sol";
import {IKeelPool} from "../interfaces/IKeelPool.sol";
import {IShareVault} from "../interfaces/IShareVault.sol";

/// @title ERC-4626 in, ERC-7540 out: shares whose assets live in the core
/// @notice Deposits are at once. Redemptions are requested, wait for the cooldown and are priced when claimed. One request
/// per controller (request id 0): asking for more restarts the cooldown of the whole request, also of a part that was
/// claimable. A claim is open for two days; after that the request is made anew. Shares wait in this contract and go on bearing profit and loss. Deployed once per market, for its pool
/// (see PoolMath; a redemption pays for the depth it takes away), and once for the insurance, whose stakers earn penalties,
/// a part of the fees and dust, and are the first to pay bad debt.
/// @custom:halt pool deposits and claims stop while the price does not allow them; the insurance needs no price.
contract ShareVault is ERC20, IShareVault {
    struct Request {
        uint128 shares;
        uint40 claimableAt;
    }

    /// @inheritdoc IShareVault
    IKeel public immutable CORE;
    /// @inheritdoc IShareVault
    uint16 public immutable MARKET;
    /// @inheritdoc IShareVault
    uint256 public immutable COOLDOWN;
    /// @inheritdoc IShareVault
    address public immutable asset;
    uint256 private immutable ASSET_SCALE;

    /// @inheritdoc IShareVault
    /// @dev A request made long ago must not be a way out just before a known loss.
    uint256 public constant CLAIM_WINDOW = 2 days;

    mapping(address controller => Request) private requests;
    mapping(address controller => mapping(address operator => bool)) public isOperator;

    /// @param core the core.
    /// @param market market id whose pool this is, 0 for the insurance; the core must know this vault as such.
    /// @param cooldown seconds between request and claim.
    /// @param name_ token name.
    /// @param symbol_ token symbol.
    constructor(
        IKeel core,
        uint16 market,
        uint256 cooldown,
        string memory name_,
        string memory symbol_
    ) ERC20(name_, symbol_) {
        (CORE, MARKET) = (core, market);
        COOLDOWN = cooldown;
        asset = core.TOKEN();
        ASSET_SCALE = core.TOKEN_SCALE();
    }

    /* SHARE TOKEN */

    /// @notice Six more than WAD has: the virtual-share offset.
    function decimals() public pure override returns (uint8) {
        return 24;
    }

    /// @inheritdoc IShareVault
    function share() external view returns (address) {
        return address(this);
    }

    /* DEPOSITS */

    /// @inheritdoc IShareVault
    function deposit(uint256 assets, address receiver) external returns (uint256 shares) {
        return _deposit(assets, 0, receiver);
    }

    /// @inheritdoc IShareVault
    function mint(uint256 shares, address receiver) external returns (uint256 assets) {
        assets = previewMint(shares);
        _deposit(assets, shares, receiver);
    }

    /* REDEMPTIONS */

    /// @inheritdoc IShareVault
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256) {
        if (shares == 0) revert ZeroShares();
        if (msg.sender != owner && !isOperator[owner][msg.sender]) _spendAllowance(owner, msg.sender, shares);
        Request storage r = requests[controller];
        r.shares += uint128(shares);
        r.claimableAt = uint40(block.timestamp + COOLDOWN);
        _transfer(owner, address(this), shares);
        emit RedeemRequest(controller, owner, 0, msg.sender, shares);
        return 0;
    }

    /// @inheritdoc IShareVault
    function redeem(uint256 shares, address receiver, address controller) public returns (uint256 assets) {
        if (msg.sender != controller && !isOperator[controller][msg.sender])
            revert NotController(msg.sender, controller);
        Request storage r = requests[controller];
        uint256 claimable = _claimable(r);
        if (shares == 0) revert ZeroShares();
        if (shares > claimable) revert NotClaimable(shares, claimable, r.claimableAt);
        r.shares -= uint128(shares);
        _burn(address(this), shares);
        assets = MARKET == 0 ? CORE.insuranceRedeem(shares, receiver) : CORE.poolRedeem(MARKET, shares, receiver);
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
    }

    /// @inheritdoc IShareVault
    function cancelRequest(address receiver) external returns (uint256 shares) {
        shares = requests[msg.sender].shares;
        if (shares == 0) revert ZeroShares();
        delete requests[msg.sender];
        _transfer(address(this), receiver, shares);
        emit RedeemRequestCancelled(msg.sender, receiver, shares);
    }

    /// @inheritdoc IShareVault
    function depositAtLeast(uint256 assets, uint256 least, address receiver) external returns (uint256 shares) {
        shares = _deposit(assets, 0, receiver);
        if (shares < least) revert TooFew(shares, least);
    }

    /// @inheritdoc IShareVault
    function redeemAtLeast(
        uint256 shares,
        uint256 least,
        address receiver,
        address controller
    ) external returns (uint256 assets) {
        assets = redeem(shares, receiver, controller);
        if (assets < least) revert TooFew(assets, least);
    }

    /// @inheritdoc IShareVault
    function withdraw(uint256, address, address) external pure returns (uint256) {
        revert UseRedeem();
    }

    /// @inheritdoc IShareVault
    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    /* VIEWS */

    /// @inheritdoc IShareVault
    function pendingRedeemRequest(uint256, address controller) external view returns (uint256) {
        return requests[controller].shares - _claimable(requests[controller]);
    }

    /// @inheritdoc IShareVault
    function claimableRedeemRequest(uint256, address controller) external view returns (uint256) {
        return _claimable(requests[controller]);
    }

    /// @inheritdoc IShareVault
    function maxRedeem(address controller) external view returns (uint256) {
        return _claimable(requests[controller]);
    }

    /// @inheritdoc IShareVault
    function maxWithdraw(address) external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IShareVault
    function maxDeposit(address) external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @inheritdoc IShareVault
    function maxMint(address) external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @inheritdoc IShareVault
    function previewRedeem(uint256) external pure returns (uint256) {
        revert PriceAtClaim();
    }

    /// @inheritdoc IShareVault
    function previewWithdraw(uint256) external pure returns (uint256) {
        revert PriceAtClaim();
    }

    /// @inheritdoc IShareVault
    function convertToShares(uint256 assets) external view returns (uint256) {
        return previewDeposit(assets);
    }

    /// @notice ERC-165: ERC-7540 operators and asynchronous redemption, ERC-7575.
    /// @param id ERC-165 interface id.
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0xe3bc4e65 || id == 0x620ee8e4 || id == 0x2f0a18c5;
    }

    /// @inheritdoc IShareVault
    function totalAssets() external view returns (uint256) {
        uint256 assets;
        if (MARKET == 0) (assets, ) = CORE.insuranceEquity();
        else (assets, ) = CORE.poolEquity(MARKET);
        return assets / ASSET_SCALE;
    }

    /// @inheritdoc IShareVault
    function convertToAssets(uint256 shares) external view returns (uint256) {
        return _ask(IKeelPool.previewInsuranceRedeem.selector, IKeelPool.convertToPoolTokens.selector, shares);
    }

    /// @inheritdoc IShareVault
    function previewDeposit(uint256 assets) public view returns (uint256) {
        return _ask(IKeelPool.previewInsuranceDeposit.selector, IKeelPool.previewPoolDeposit.selector, assets);
    }

    /// @inheritdoc IShareVault
    function previewMint(uint256 shares) public view returns (uint256) {
        return _ask(IKeelPool.previewInsuranceMint.selector, IKeelPool.previewPoolMint.selector, shares);
    }

    function _deposit(uint256 assets, uint256 wanted, address receiver) private returns (uint256 shares) {
        SafeTransferLib.safeTransferFrom(asset, msg.sender, address(CORE), assets);
        shares = MARKET == 0 ? CORE.insuranceDeposit(assets, wanted) : CORE.poolDeposit(MARKET, assets, wanted);
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    /// @dev One question to the core about an amount, of the insurance or of this vault's market.
    function _ask(bytes4 ofInsurance, bytes4 ofPool, uint256 amount) private view returns (uint256) {
        bytes memory question =
            MARKET == 0 ? abi.encodeWithSelector(ofInsurance, amount) : abi.encodeWithSelector(ofPool, MARKET, amount);
        return abi.decode(LibCall.staticCallContract(address(CORE), question), (uint256));
    }

    function _claimable(Request storage r) private view returns (uint256) {
        if (block.timestamp < r.claimableAt || block.timestamp >= r.claimableAt + CLAIM_WINDOW) return 0;
        return r.shares;
    }
}
