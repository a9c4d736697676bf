// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IInterestSource} from "../../interfaces/IInterestSource.sol";

/// @title Cost of lending quote less cost of lending base
/// @notice The interest of a funding rate as exchanges define it: I = (quote rate - base rate) per year, spread over the
/// year's 8-hour periods by whoever reads it. Example: 6 % against 3 % gives 3 % a year, 0.274 bp per 8 h.
/// @custom:halt nothing to halt: reads two sources.
contract RateDifference is IInterestSource {
    /// @notice Rate of the quote currency.
    IInterestSource public immutable QUOTE;
    /// @notice Rate of the base currency.
    IInterestSource public immutable BASE;

    /// @param quote rate of the quote currency. @param base rate of the base currency.
    constructor(IInterestSource quote, IInterestSource base) {
        QUOTE = quote;
        BASE = base;
    }

    /// @inheritdoc IInterestSource
    function annualRate() external view returns (int256) {
        return QUOTE.annualRate() - BASE.annualRate();
    }
}
