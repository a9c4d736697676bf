// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {CollateralKind, CollateralTerms} from "../types/CollateralTerms.sol";
import {Price} from "../types/Market.sol";
import {PackedPrice} from "../types/PackedPrice.sol";
import {Validity} from "../types/Validity.sol";
import {ICollateral} from "../interfaces/ICollateral.sol";
import {IKeel} from "../interfaces/IKeel.sol";
import {IOracleHub} from "../interfaces/IOracleHub.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {CollateralMath} from "./CollateralMath.sol";

/// @title Kinds of collateral and their prices
/// @notice Terms are bounded in code, as market parameters are; a kind is never unlisted, its cap can be set to nothing.
abstract contract CollateralKinds is AccessManaged, ReentrancyGuardTransient, ICollateral {
    uint256 internal constant MOST_KINDS = 8;
    uint256 private constant MAX_HAIRCUT = 9000;

    /// @notice The core whose accounts these are.
    IKeel public immutable CORE;
    address internal immutable SETTLEMENT;
    uint256 internal immutable SETTLEMENT_SCALE;

    /// @inheritdoc ICollateral
    uint16 public kindCount;
    mapping(uint16 kind => CollateralKind) internal kinds;
    mapping(uint16 kind => PackedPrice) internal prices;
    mapping(address token => uint16 kind) private kindByToken;

    /// @param core the core; its access manager counts here, too.
    constructor(IKeel core) AccessManaged(core.authority()) {
        CORE = core;
        SETTLEMENT = core.TOKEN();
        SETTLEMENT_SCALE = core.TOKEN_SCALE();
    }

    /// @inheritdoc ICollateral
    function listKind(address token, CollateralTerms calldata terms) external restricted returns (uint16 kind) {
        if (kindCount == MOST_KINDS || kindByToken[token] != 0 || token == SETTLEMENT) revert KindRefused(token);
        uint8 decimals = IERC20Metadata(token).decimals();
        _within("decimals", decimals, 0, 18);
        kind = ++kindCount;
        kindByToken[token] = kind;
        CollateralKind storage k = kinds[kind];
        (k.token, k.decimals, k.haircutBefore) = (token, decimals, terms.haircutBps);
        _set(kind, k, terms);
    }

    /// @inheritdoc ICollateral
    function setTerms(uint16 kind, CollateralTerms calldata terms) external restricted {
        CollateralKind storage k = _kind(kind);
        // A haircut on its way stops where it stands.
        (k.haircutBefore, k.haircutSince) = (uint16(_haircut(k)), uint40(block.timestamp));
        _set(kind, k, terms);
    }

    /// @inheritdoc ICollateral
    function updatePrice(uint16 kind) external nonReentrant {
        _updatePrice(kind);
    }

    /// @inheritdoc ICollateral
    function kindOf(uint16 kind) external view returns (CollateralKind memory) {
        return _kind(kind);
    }

    /// @notice The stored price of a kind.
    /// @param kind its id.
    function priceOf(uint16 kind) external view returns (Price memory price) {
        prices[kind].load(price);
    }

    function _updatePrice(uint16 kind) internal returns (CollateralKind storage k, Price memory price) {
        k = _kind(kind);
        PackedPrice last = prices[kind];
        if (last.at() != block.timestamp) {
            last = IOracleHub(k.terms.oracle).refresh(last);
            prices[kind] = last;
            last.load(price);
            emit CollateralPriced(kind, price);
        } else {
            last.load(price);
        }
    }

    /// @dev Haircut of maintenance.
    function _haircut(CollateralKind storage k) internal view returns (uint256) {
        return CollateralMath.haircut(k.haircutBefore, k.terms.haircutBps, block.timestamp - k.haircutSince);
    }

    /// @dev Of a kind there is nothing between fresh and unknown.
    function _validityOf(CollateralKind storage k, Price memory price) internal view returns (Validity) {
        return ValidityLadder.validity(price, k.terms.freshSeconds, k.terms.freshSeconds);
    }

    function _kind(uint16 kind) internal view returns (CollateralKind storage k) {
        k = kinds[kind];
        if (k.token == address(0)) revert KindUnknown(kind);
    }

    function _set(uint16 kind, CollateralKind storage k, CollateralTerms calldata terms) private {
        _within("haircutBps", terms.haircutBps, 100, MAX_HAIRCUT);
        _within("discountBps", terms.discountBps, 1, terms.haircutBps);
        _within("freshSeconds", terms.freshSeconds, 1, 1 hours);
        _within("ceiling", terms.ceiling, 1, type(uint88).max);
        _within("floor", terms.floor, 0, terms.ceiling);
        bool served = IOracleHub(terms.oracle).CORE() == address(this) && IOracleHub(terms.oracle).MARKET() == kind;
        if (!served) revert TermOutOfBounds("oracle", 0, 1, 1);
        k.terms = terms;
        emit CollateralListed(kind, k.token, terms);
    }

    function _within(bytes32 name, uint256 given, uint256 low, uint256 high) private pure {
        if (given < low || given > high) revert TermOutOfBounds(name, given, low, high);
    }
}
