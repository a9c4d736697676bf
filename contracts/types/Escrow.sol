// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev Funding of one stretch of suspect prices in a market, until a good price confirms or rejects it. A slot per field: it is read and
/// written only while a price is suspect or just after, and code is dearer than those slots.
struct Escrow {
    /// Number of this period, from 1.
    uint256 period;
    /// What longs and shorts would have paid in this period, RAY quote per base; zero when it begins.
    uint256 longsPaid;
    uint256 shortsPaid;
    /// What the pool would have received, quote WAD, each accrual floor.
    int256 poolDue;
    /// Lowest and highest suspect index of this period, WAD.
    uint256 low;
    uint256 high;
    /// Claims that are not taken out yet, of all periods: while there are any, what looks like dust may be theirs.
    uint256 claims;
    /// Quote WAD that accounts paid in and have not claimed or spent yet, of this period and of earlier ones.
    uint256 reserve;
}

/// @dev What one account has in a market's escrow.
struct EscrowClaim {
    /// Period of the claim; 0 = none.
    uint248 period;
    /// Whether the account went bankrupt since: then the claim belongs to the insurance, which paid its debt.
    bool forfeited;
    /// What the account paid into the reserve, quote WAD, ceil, with the surplus of its size tiers.
    uint256 paid;
    /// What waits for it, quote WAD, floor.
    uint256 received;
    /// Part of `paid` that its size tiers added.
    uint256 surplus;
    /// Indices of the escrow up to which the claim counts.
    uint256 longsPaid;
    uint256 shortsPaid;
}

/// @dev What became of a period.
enum EscrowOutcome {
    Open,
    Rejected,
    Confirmed
}
