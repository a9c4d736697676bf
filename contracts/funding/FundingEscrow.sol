// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Escrow, EscrowClaim, EscrowOutcome} from "../types/Escrow.sol";
import {Market} from "../types/Market.sol";
import {SizeTiers} from "../types/MarketConfig.sol";
import {Fixed} from "../libraries/Fixed.sol";
import {MarketBase} from "../core/MarketBase.sol";
import {ValidityLadder} from "../oracle/ValidityLadder.sol";
import {FundingMath} from "./FundingMath.sol";

/// @title Funding at prices that may be wrong
/// @notice While the stored price is suspect, funding accrues into a second pair of indices. Who is touched meanwhile pays into a reserve
/// and is paid nothing yet. The first good price decides: where every suspect index of the period lies within 2 % of it, the pair
/// joins the live one and the pool takes its share; else what was paid goes back, and nobody paid for a broken feed. Both are exact
/// and cost O(1): an account that was not touched in the period needs nothing, one that was has one claim, at its next touch or
/// by `claimFunding`, also when its position is gone.
/// @dev Mission row 67. New risk is not taken at suspect prices, so a position with a claim has only shrunk since the period began.
abstract contract FundingEscrow is MarketBase {
    uint256 private constant CONFIRM_BPS = 200;

    /// @dev Add what a long of one base would have paid to the pair of the open period; sums of below 2^120 a step do not overflow.
    /// @param received what the pool would have received, quote WAD, floor.
    function _accrueEscrow(uint16 id, int256 perBase, int256 received) internal {
        Escrow storage e = escrows[id];
        unchecked {
            if (perBase > 0) e.longsPaid += uint256(perBase);
            else e.shortsPaid += uint256(-perBase);
            e.poolDue += received;
        }
        emit FundingEscrowed(id, perBase);
    }

    /// @dev A new price was stored: a suspect one opens a period or widens the open one, a good one closes it.
    /// @param wasSuspect whether the price before was.
    function _review(uint16 id, Market memory m, bool wasSuspect) internal {
        Escrow storage e = escrows[id];
        uint256 index = m.price.index;
        if (!ValidityLadder.suspect(m.price.flags)) return _close(id, e, m);
        if (!wasSuspect) {
            unchecked {
                ++e.period;
            }
            (e.longsPaid, e.shortsPaid, e.poolDue) = (0, 0, 0);
            (e.low, e.high) = (index, index);
        } else if (index < e.low) {
            e.low = index;
        } else if (index > e.high) {
            e.high = index;
        }
    }

    /// @dev Settle a position's part of the open period: what it pays leaves the account, what it receives waits.
    /// @return paid quote WAD, ceil, with the surplus of size tiers.
    function _hold(
        AccountId account,
        uint16 id,
        SizeTiers memory tiers,
        Position memory p
    ) internal returns (uint256 paid) {
        Escrow storage e = escrows[id];
        (uint256 byLongs, uint256 byShorts) = (e.longsPaid, e.shortsPaid);
        if (byLongs | byShorts == 0) return 0;
        uint256 received;
        uint256 surplus;
        (paid, received, surplus) = _owed(account, id, tiers, p, 0);
        EscrowClaim storage claim = escrowClaims[account][id];
        (claim.longsPaid, claim.shortsPaid) = (byLongs, byShorts);
        if (claim.period == 0) ++e.claims;
        claim.period = uint248(e.period);
        claim.paid += paid;
        claim.received += received;
        claim.surplus += surplus;
        e.reserve += paid;
        p.escrowed = true;
        emit EscrowHeld(AccountId.unwrap(account), id, paid, received, surplus);
    }

    /// @dev A position's part of the open period that it has not settled.
    /// @param ahead what a long of one base would have paid since the market was touched last, RAY quote.
    /// @return paid quote WAD, ceil, with the surplus of size tiers.
    /// @return received quote WAD, floor.
    /// @return surplus part of `paid`.
    function _owed(
        AccountId account,
        uint16 id,
        SizeTiers memory tiers,
        Position memory p,
        int256 ahead
    ) internal view returns (uint256 paid, uint256 received, uint256 surplus) {
        (uint256 byLongs, uint256 byShorts) = (escrows[id].longsPaid, escrows[id].shortsPaid);
        unchecked {
            if (ahead > 0) byLongs += uint256(ahead);
            else byShorts += uint256(-ahead);
            if (p.escrowed) {
                byLongs -= escrowClaims[account][id].longsPaid;
                byShorts -= escrowClaims[account][id].shortsPaid;
            }
        }
        return FundingMath.dueBetween(p.size, tiers, byLongs, byShorts);
    }

    /// @dev Take out a claim whose period is decided. A confirmed pair became part of the live indices, so a position that settled its part
    /// already goes on from there, and what was paid beyond what is received goes where the live settlement would have put it.
    /// @param m working copy of the market; its clearing moves.
    /// @param p working copy of the position; its checkpoints move.
    /// @return decided whether there was such a claim.
    /// @return credit quote WAD for the account's balance.
    function _release(
        AccountId account,
        uint16 id,
        Market memory m,
        Position memory p
    ) internal returns (bool decided, uint256 credit) {
        EscrowClaim memory claim = escrowClaims[account][id];
        (decided, credit) = _claimOf(id, claim, p);
        if (!decided) return (false, 0);
        if (escrowOutcomes[id][claim.period] == EscrowOutcome.Confirmed) {
            m.fundingClearing += int128(int256(claim.paid) - int256(credit) - int256(claim.surplus));
            insuranceAssets += uint128(claim.surplus);
        }
        delete escrowClaims[account][id];
        escrows[id].reserve -= claim.paid;
        --escrows[id].claims;
        emit EscrowReleased(AccountId.unwrap(account), id, claim.forfeited, credit);
        if (claim.forfeited) (insuranceAssets, credit) = (insuranceAssets + uint128(credit), 0);
    }

    /// @dev What a claim is worth, and the position's checkpoints after it.
    function _claimOf(
        uint16 id,
        EscrowClaim memory claim,
        Position memory p
    ) internal view returns (bool decided, uint256 credit) {
        EscrowOutcome outcome = escrowOutcomes[id][claim.period];
        if (outcome == EscrowOutcome.Open) return (false, 0);
        if (outcome == EscrowOutcome.Rejected) {
            p.escrowed = false;
            return (true, claim.paid);
        }
        if (p.escrowed) {
            p.longsPaid += uint128(claim.longsPaid);
            p.shortsPaid += uint128(claim.shortsPaid);
            p.escrowed = false;
        }
        return (true, claim.received);
    }

    /// @dev Confirmed: the pair joins the live indices, the pool takes its share; claims do the rest. Rejected: the pair ends here.
    function _close(uint16 id, Escrow storage e, Market memory m) private {
        bool confirmed = _near(e.low, m.price.index) && _near(e.high, m.price.index);
        escrowOutcomes[id][e.period] = confirmed ? EscrowOutcome.Confirmed : EscrowOutcome.Rejected;
        emit EscrowClosed(id, confirmed, e.longsPaid, e.shortsPaid, e.poolDue);
        if (!confirmed) return;
        m.longsPaid = SafeCastLib.toUint128(m.longsPaid + e.longsPaid);
        m.shortsPaid = SafeCastLib.toUint128(m.shortsPaid + e.shortsPaid);
        m.cash = SafeCastLib.toInt128(m.cash + e.poolDue);
        m.fundingClearing = SafeCastLib.toInt128(m.fundingClearing - e.poolDue);
    }

    function _near(uint256 index, uint256 good) private pure returns (bool) {
        return Fixed.abs(int256(index) - int256(good)) * Fixed.BPS <= good * CONFIRM_BPS;
    }
}
