// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccountId} from "../types/AccountId.sol";
import {Resolution, ResolutionMark} from "../types/Resolution.sol";

/// @title What keepers call
/// @notice Amounts are quote WAD, sizes base WAD. Rewards go to the balance of the caller's account 0.
interface IKeelLiquidation {
    /// @notice Reduce a position of an account whose equity is below maintenance. Anyone. The core chooses the position whose end restores
    /// most, how much of it is closed, and whether the curve or the insurance takes it; see Choice, LiquidationMath, Backstop.
    /// @return market whose position was reduced.
    /// @return size base closed, with the sign of the closing trade.
    /// @return reward quote WAD.
    function liquidate(AccountId account) external returns (uint16 market, int256 size, uint256 reward);

    /// @notice `liquidate` for each account; who cannot be liquidated is passed over.
    /// @param accounts account ids, in the order of the calls.
    /// @return done how many were liquidated.
    function liquidateBatch(AccountId[] calldata accounts) external returns (uint256 done);

    /// @notice Close a small piece of the insurance's own position in a market through the curve: at most a sixteenth of the window, where it has
    /// room, at most 1 % worse than the index. Anyone; needs a valid price.
    /// @return size base closed, with the sign of the closing trade.
    /// @return cost quote paid, negative = received.
    function unwind(uint16 market) external returns (int256 size, int256 cost);

    /// @notice Begin to share out what a market's pool cannot pay its winners: its equity is below zero at index and at TWAP. Anyone; needs a
    /// valid price.
    function deleverage(uint16 market) external;

    /// @notice Take accounts through a market's resolution: first every position is counted, then each profit gives its part of the cut (and a shut
    /// market's positions are settled). Anyone, any number of accounts, in any order, which changes nobody's result; accounts with nothing
    /// to do are passed over.
    /// @param accounts account ids.
    /// @return done how many accounts went a step further.
    function resolve(uint16 market, AccountId[] calldata accounts) external returns (uint256 done);

    /// @notice Let insurance and pool pay the debt of an account without positions whose other collateral is all sold. Anyone; a sale
    /// of the last collateral does it, too. The pool is that of the market where the debt last showed; of a shut
    /// market it pays nothing more, and what the insurance has not stays owed.
    function cover(AccountId account) external;

    /// @notice A market's present or last resolution.
    function resolutionOf(uint16 market) external view returns (Resolution memory);

    /// @notice An account in a market's resolutions, as stored.
    function resolutionMarkOf(AccountId account, uint16 market) external view returns (ResolutionMark memory);

    /// @notice What a market's pool paid for debts lately, and the most it does in a day.
    /// @return lost quote WAD.
    /// @return cap quote WAD.
    function lossesOf(uint16 market) external view returns (uint256 lost, uint256 cap);

    /// @notice Value that liquidations pushed through a market's curve lately, and the most they may in a window.
    /// @return pushed quote WAD.
    /// @return capacity quote WAD.
    function windowOf(uint16 market) external view returns (uint256 pushed, uint256 capacity);
}
