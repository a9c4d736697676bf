// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Validity} from "./Validity.sol";

/// @dev Equity and requirements of an account, quote WAD. Funding up to now is taken into account everywhere.
struct Health {
    /// Balance plus profit and loss at the index, floor.
    int256 equity;
    /// The same with each position at the worse of index and TWAP, floor.
    int256 equityWorse;
    /// What liquidation goes by: `equity`, with a doubtful or volatile price moved in the account's favour, floor.
    int256 equityBetter;
    /// `equityWorse` without unrealised profit: what can back a withdrawal.
    int256 withdrawable;
    /// Initial margin with its multipliers, hedges netted, ceil.
    uint256 initial;
    /// Maintenance margin at the index with its ramped multiplier, hedges netted, ceil.
    uint256 maintenance;
    /// Part of `initial` that a move common to all markets explains, signed: positive, falling markets hurt. `initial` holds its size.
    int256 initialCommon;
    /// The same of `maintenance`.
    int256 maintenanceCommon;
    /// Worst price validity among the account's markets.
    Validity worst;
}
