// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFundingModel} from "../interfaces/IFundingModel.sol";

/// @title Bounds of a funding model's parameters, and the stability of its loop
/// @notice Funding draws arbitrage, arbitrage moves the premium, the premium moves funding. With `gain` the part of a premium
/// that an hour of rate r per unit draws away, and `slope` the steepest rise of the rate with the premium, K = gain * slope.
/// The market is touched every five minutes at least while arbitrage trades. Critical gains, without any mean reversion of
/// the premium's own (with it they are higher):
///
///     rolling   rate follows continuously, trades come one touch after the rate they follow: K_crit = 1 / touch (12 per hour)
///     held      rate set once per window and held for the next: K_crit = 2 / window, 3 / window where later samples weigh more
///
/// A set above half of 1 / touch or of 2 / window is refused; a window shorter than a touch is no better than rolling.
/// Derivation: the state (premium, rate) of the held loop steps by [[1, -x], [1, -x/2]], x = K * window, whose eigenvalues
/// leave the unit circle at x = 2 (Jury).
library Stability {
    uint256 private constant WAD = 1e18;
    uint256 private constant ROLLING_LIMIT = 6e18;

    /// @notice Revert with the first parameter that is out of bounds.
    function within(bytes32 name, uint256 given, uint256 low, uint256 high) internal pure {
        if (given < low || given > high) revert IFundingModel.ParameterOutOfBounds(name, given, low, high);
    }

    /// @notice A rate that follows the premium continuously.
    /// @param gain per hour, WAD. @param slope rate per premium, WAD.
    function checkRolling(uint256 gain, uint256 slope) internal pure {
        _check((gain * slope) / WAD, ROLLING_LIMIT);
    }

    /// @notice A rate set once per window of `window` seconds.
    /// @param gain per hour, WAD. @param slope rate per premium, WAD.
    function checkHeld(uint256 gain, uint256 slope, uint256 window) internal pure {
        uint256 limit = (WAD * 1 hours) / window;
        _check((gain * slope) / WAD, limit < ROLLING_LIMIT ? limit : ROLLING_LIMIT);
    }

    function _check(uint256 loopGain, uint256 limit) private pure {
        if (loopGain > limit) revert IFundingModel.Unstable(loopGain, limit);
    }
}
