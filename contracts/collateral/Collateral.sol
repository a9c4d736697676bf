// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {Account} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {CollateralKind} from "../types/CollateralTerms.sol";
import {Health} from "../types/Health.sol";
import {Price} from "../types/Market.sol";
import {Action} from "../types/Validity.sol";
import {ICollateral} from "../interfaces/ICollateral.sol";
import {IKeel} from "../interfaces/IKeel.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {LiquidationMath} from "../liquidation/LiquidationMath.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {CollateralKinds} from "./CollateralKinds.sol";
import {CollateralMath} from "./CollateralMath.sol";

/// @title Collateral besides the settlement token
/// @notice See ICollateral. A contract of its own: a token that misbehaves reaches no balance of the core.
/// @custom:halt deposits, new risk and sales stop while a kind's price is not valid; withdrawals of who has neither positions nor debt never.
contract Collateral is CollateralKinds {
    /// @dev Debt up to this part of what the collateral counts for waits: funding and fees are no reason to sell. No more, because it bears
    /// no interest: a winning and a losing account of one person would be a loan for ever.
    uint256 private constant DEBT_BPS = 100;

    mapping(AccountId id => mapping(uint16 kind => uint256)) private balances;

    /// @param core the core; it must know this contract as such.
    constructor(IKeel core) CollateralKinds(core) {}

    /* IN, OUT */

    /// @inheritdoc ICollateral
    function deposit(AccountId account, uint16 kind, uint256 tokens) external nonReentrant {
        _authorize(account);
        if (tokens == 0) revert ZeroAmount();
        (CollateralKind storage k, Price memory price) = _takePrice(kind);
        if (price.index < k.terms.floor) revert PegLost(price.index, k.terms.floor);
        SafeTransferLib.safeTransferFrom(k.token, msg.sender, address(this), tokens);
        uint256 held = k.held + tokens;
        if (held > k.terms.cap) revert CapExceeded(held, k.terms.cap);
        k.held = uint128(held);
        _checkTokens(k);
        balances[account][kind] += tokens;
        _note(account, kind);
        emit CollateralDeposited(AccountId.unwrap(account), kind, msg.sender, tokens);
    }

    /// @inheritdoc ICollateral
    function withdraw(AccountId account, uint16 kind, uint256 tokens, address to) external nonReentrant {
        _authorize(account);
        address owner = account.owner();
        if (to != owner && msg.sender != owner) revert NotAuthorized(msg.sender, AccountId.unwrap(account));
        if (tokens == 0) revert ZeroAmount();
        CollateralKind storage k = _kind(kind);
        _take(account, kind, k, tokens);
        CORE.checkWithdrawal(account);
        emit CollateralWithdrawn(AccountId.unwrap(account), kind, to, tokens);
        _payOut(k, to, tokens);
    }

    /// @inheritdoc ICollateral
    function buy(
        AccountId account,
        uint16 kind,
        uint256 tokens,
        uint256 maxCost,
        address to
    ) external nonReentrant returns (uint256 bought, uint256 cost) {
        (CollateralKind storage k, Price memory price) = _takePrice(kind);
        (uint256 amount, uint256 discountBps) = _saleOf(account, k);
        tokens = _least(tokens, balances[account][kind]);
        (bought, cost) = _priced(k, price, amount, discountBps, tokens);
        if (bought == 0) revert ZeroAmount();
        if (cost > maxCost) revert CostTooHigh(cost, maxCost);
        _take(account, kind, k, bought);
        emit CollateralSold(AccountId.unwrap(account), kind, msg.sender, bought, cost, discountBps);
        _payIn(account, cost);
        _payOut(k, to, bought);
    }

    /* VIEWS */

    /// @inheritdoc ICollateral
    function heldOf(AccountId account, uint16 kind) external view returns (uint256) {
        return balances[account][kind];
    }

    /// @inheritdoc ICollateral
    function saleOf(AccountId account, uint16 kind) external view returns (uint256 amount, uint256 discountBps) {
        return _saleOf(account, _kind(kind));
    }

    /// @inheritdoc ICollateral
    function valueOf(
        AccountId account,
        uint8 noted
    ) public view returns (uint256 value, uint256 worse, uint256 better) {
        Price memory price;
        for (uint16 kind = 1; noted != 0; (++kind, noted >>= 1)) {
            if (noted & 1 == 0) continue;
            uint256 tokens = balances[account][kind];
            CollateralKind storage k = kinds[kind];
            prices[kind].load(price);
            uint256 unit = 10 ** k.decimals;
            (uint256 plain, uint256 low, uint256 high) = CollateralMath.prices(price, k.terms.floor, k.terms.ceiling);
            uint256 kept = _haircut(k);
            value += CollateralMath.valueOf(tokens, unit, plain, kept);
            better += CollateralMath.valueOf(tokens, unit, high, kept);
            if (!ValidityLadder.allows(_validityOf(k, price), Action.Open)) continue;
            worse += CollateralMath.valueOf(tokens, unit, low, k.terms.haircutBps);
        }
    }

    /// @inheritdoc ICollateral
    function proceedsOf(AccountId account, uint8 noted) external view returns (uint256 amount) {
        Price memory price;
        for (uint16 kind = 1; noted != 0; (++kind, noted >>= 1)) {
            if (noted & 1 == 0) continue;
            CollateralKind storage k = kinds[kind];
            prices[kind].load(price);
            uint256 least = CollateralMath.discount(k.terms.discountBps, _haircut(k), Fixed.WAD);
            uint256 fair = CollateralMath.fairOf(price);
            amount += CollateralMath.valueOf(balances[account][kind], 10 ** k.decimals, fair, least);
        }
    }

    /* SALES */

    /// @dev What a sale may bring, and at what discount.
    function _saleOf(AccountId account, CollateralKind storage k) private view returns (uint256, uint256) {
        Health memory h = CORE.healthFor(account, Action.Liquidate);
        Account memory a = CORE.accountOf(account);
        (uint256 value, , uint256 better) = valueOf(account, a.collateral);
        uint256 debt = a.balance < 0 ? uint256(-int256(a.balance)) : 0;
        uint256 haircutBps = _haircut(k);
        // Without positions nobody is in a hurry.
        uint256 ratio = h.maintenance == 0 ? Fixed.WAD : LiquidationMath.marginRatio(h.equityBetter, h.maintenance);
        uint256 discountBps = CollateralMath.discount(k.terms.discountBps, haircutBps, ratio);
        if (h.equityBetter >= int256(h.maintenance)) {
            uint256 allowed = (value * DEBT_BPS) / Fixed.BPS;
            if (debt <= allowed) revert NothingToSell(debt, allowed);
            return (debt, discountBps);
        }
        uint256 missing = uint256(int256(h.maintenance) - h.equityBetter);
        return (CollateralMath.healing(missing, debt, better, discountBps, haircutBps), discountBps);
    }

    /// @dev Tokens for at most `amount`, and what they cost in settlement tokens, ceil.
    function _priced(
        CollateralKind storage k,
        Price memory price,
        uint256 amount,
        uint256 discountBps,
        uint256 most
    ) private view returns (uint256 bought, uint256 cost) {
        uint256 scale = 10 ** k.decimals * Fixed.BPS;
        uint256 asked = CollateralMath.fairOf(price) * (Fixed.BPS - discountBps);
        bought = _least(most, Fixed.mulDivCeil(amount, scale, asked));
        cost = Fixed.divCeil(Fixed.divCeil(bought * asked, scale), SETTLEMENT_SCALE);
    }

    /// @dev The buyer's settlement tokens go into the account; what is left of its debt goes down the waterfall, if nothing is left to pay it.
    function _payIn(AccountId account, uint256 cost) private {
        SafeTransferLib.safeTransferFrom(SETTLEMENT, msg.sender, address(this), cost);
        SafeTransferLib.safeApprove(SETTLEMENT, address(CORE), cost);
        CORE.deposit(account, cost);
        Account memory a = CORE.accountOf(account);
        if (a.collateral == 0 && a.markets == 0 && a.balance < 0) CORE.cover(account);
    }

    /* PRICES, TOKENS */

    /// @dev A kind with its price of this block, which must be valid.
    function _takePrice(uint16 kind) private returns (CollateralKind storage k, Price memory price) {
        (k, price) = _updatePrice(kind);
        ValidityLadder.require_(price, _validityOf(k, price), Action.Open);
    }

    function _take(AccountId account, uint16 kind, CollateralKind storage k, uint256 tokens) private {
        uint256 held = balances[account][kind];
        if (tokens > held) revert TokensMissing(held, tokens);
        balances[account][kind] = held - tokens;
        k.held -= uint128(tokens);
        if (tokens == held) _note(account, kind);
    }

    function _payOut(CollateralKind storage k, address to, uint256 tokens) private {
        SafeTransferLib.safeTransfer(k.token, to, tokens);
        _checkTokens(k);
    }

    function _checkTokens(CollateralKind storage k) private view {
        uint256 held = SafeTransferLib.balanceOf(k.token, address(this));
        if (held < k.held) revert TokensMissing(held, k.held);
    }

    /// @dev Tell the core whether the account has the kind.
    function _note(AccountId account, uint16 kind) private {
        uint8 noted = CORE.accountOf(account).collateral;
        uint8 bit = uint8(1 << (kind - 1));
        uint8 noting = balances[account][kind] == 0 ? noted & ~bit : noted | bit;
        if (noting != noted) CORE.noteCollateral(account, noting);
    }

    function _authorize(AccountId account) private view {
        if (msg.sender == account.owner() || CORE.isOperator(account, msg.sender)) return;
        revert NotAuthorized(msg.sender, AccountId.unwrap(account));
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
