// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IInterestSource} from "../../interfaces/IInterestSource.sol";

/// @title A fixed rate per year
/// @notice What somebody else decided once; another rate is another contract.
/// @custom:halt nothing to halt: a constant.
contract FixedInterest is IInterestSource {
    /// @inheritdoc IInterestSource
    int256 public immutable annualRate;

    /// @param annualRate_ WAD per year: 0.05 % a year is 5e14.
    constructor(int256 annualRate_) {
        annualRate = annualRate_;
    }
}
