// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccountId} from "../types/AccountId.sol";

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

    /// @notice Close a small piece of the insurance's own position in a market through the curve: at most an eighth of the window, where it has
    /// room, at most 1 % worse than the index. Anyone; needs a valid price.
    /// @return size base closed, with the sign of the closing trade.
    /// @return cost quote paid, negative = received.
    function unwind(uint16 market) external returns (int256 size, int256 cost);

    /// @notice Value that liquidations pushed through a market's curve lately, and the most they may in a window, quote WAD.
    function windowOf(uint16 market) external view returns (uint256 pushed, uint256 capacity);
}
