// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Price} from "../types/Market.sol";
import {Action, Validity} from "../types/Validity.sol";

/// @title Validity ladder and action matrix
/// @notice The one place that says which action is allowed at which validity. A price with several defects is as good as
/// its worst one, and forbids what any of them forbids.
library ValidityLadder {
    /// @notice The stored price does not allow the action.
    /// @param action what was asked for.
    /// @param validity of the stored price now.
    /// @param ageSeconds seconds since a usable price was stored; the block time if none ever was.
    error PriceNotGoodFor(Action action, Validity validity, uint256 ageSeconds);

    /// @dev Defects stored with a price.
    uint8 internal constant SHORT_TWAP = 1;
    uint8 internal constant UNCERTAIN = 2;
    uint8 internal constant VOLATILE = 4;
    uint8 internal constant SEQUENCER_GRACE = 8;
    uint8 internal constant INVALID = 16;
    /// @dev Why it is INVALID.
    uint8 internal constant SEQUENCER_DOWN = 32;
    /// @dev A price that may be wrong: funding at it waits for a better one (see FundingEscrow).
    uint8 internal constant SUSPECT = UNCERTAIN | VOLATILE | INVALID;
    /// @dev A price that does not move averages: a doubt, or a market that has just come back.
    uint8 internal constant UNFIT = UNCERTAIN | SEQUENCER_GRACE;

    // Rows: one byte per validity, one bit per action, bit 0 AddMargin .. bit 6 PoolRedeem.
    //                                        Redeem Deposit Liquidate Withdraw Open Reduce AddMargin
    uint256 private constant ROW_VALID = 0x7f; //    1      1      1        1      1     1       1
    uint256 private constant ROW_STALE10 = 0x13; //  0      0      1        0      0     1       1
    uint256 private constant ROW_SHORT = 0x1b; //    0      0      1        1      0     1       1
    uint256 private constant ROW_STALE60 = 0x01; //  0      0      0        0      0     0       1
    uint256 private constant ROW_UNCERTAIN = 0x13; //0      0      1        0      0     1       1
    uint256 private constant ROW_VOLATILE = 0x13; // 0      0      1        0      0     1       1
    uint256 private constant ROW_GRACE = 0x13; //    0      0      1        0      0     1       1
    uint256 private constant ROW_INVALID = 0x01; //  0      0      0        0      0     0       1

    /// @dev Byte `v` of the word is the row of validity `v`.
    uint256 private constant MATRIX =
        ROW_VALID |
            (ROW_STALE10 << 8) |
            (ROW_SHORT << 16) |
            (ROW_STALE60 << 24) |
            (ROW_UNCERTAIN << 32) |
            (ROW_VOLATILE << 40) |
            (ROW_GRACE << 48) |
            (ROW_INVALID << 56);

    /// @notice Validity of a stored price now.
    function validity(Price memory price, uint256 freshSeconds, uint256 staleSeconds) internal view returns (Validity) {
        (uint256 at, uint256 flags) = (price.at, price.flags);
        if (at == 0 || flags & INVALID != 0) return Validity.Invalid;
        unchecked {
            uint256 age = block.timestamp - at;
            if (age > staleSeconds) return Validity.Stale60;
            if (flags & SEQUENCER_GRACE != 0) return Validity.SequencerGrace;
            if (flags & VOLATILE != 0) return Validity.Volatile;
            if (flags & UNCERTAIN != 0) return Validity.Uncertain;
            if (age > freshSeconds) return Validity.Stale10;
            return flags & SHORT_TWAP != 0 ? Validity.ShortTwap : Validity.Valid;
        }
    }

    /// @notice Whether funding at a price with these defects waits in escrow.
    function suspect(uint8 flags) internal pure returns (bool) {
        return flags & SUSPECT != 0;
    }

    /// @notice Whether the matrix allows the action.
    function allows(Validity validity_, Action action) internal pure returns (bool) {
        unchecked {
            return (MATRIX >> (8 * uint256(validity_) + uint256(action))) & 1 == 1;
        }
    }

    /// @notice Revert unless the matrix allows the action.
    /// @param validity_ validity of `price` now.
    function require_(Price memory price, Validity validity_, Action action) internal view {
        if (!allows(validity_, action)) revert PriceNotGoodFor(action, validity_, block.timestamp - price.at);
    }
}
