// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev Everything a funding model may depend on; all of it as it was *before* the touching call and constant since.
struct FundingInput {
    /// The model's own state of the market, as last returned.
    bytes32 state;
    /// Start of the accrual, seconds.
    uint256 since;
    /// Length of the accrual, seconds.
    uint256 elapsed;
    /// mark / index - 1, WAD.
    int256 premium;
    /// Utilization with the sign of the net position, WAD, at most 1e36 in size.
    int256 utilization;
    /// Annualised index volatility, WAD.
    uint256 sigma;
    /// Sum of long sizes, base WAD.
    uint256 longInterest;
    /// Sum of short sizes, base WAD.
    uint256 shortInterest;
}

/// @dev What a model says of a market, WAD per 8 h; positive: longs pay.
struct FundingRates {
    /// Rate now, trunc.
    int256 current;
    /// Rate at which funding settles if nothing changes.
    int256 target;
    /// Interest component of the target; 0 where a model has none.
    int256 interest;
    /// Rate of the short horizon.
    int256 fast;
    /// Rate of the long horizon.
    int256 slow;
}

/// @title A funding rate as a pure function of state and time
/// @notice Stateless and immutable: parameters are fixed at construction, so another parameter set is another model.
/// Rates are per 8 hours; positive means longs pay shorts. Correctness for the core: `accrue` is a pure function of its
/// input, cutting `elapsed` in pieces changes the sum of the integrals by rounding only, and it does not revert for any
/// state it returned. Liveness: it costs bounded gas.
interface IFundingModel {
    /// @notice A parameter lies outside its bounds.
    error ParameterOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);
    /// @notice The set would let arbitrage and funding feed each other into an oscillation (see Stability).
    /// @param loopGain gain of the loop per hour, WAD.
    /// @param limit most that is allowed: half of the critical gain.
    error Unstable(uint256 loopGain, uint256 limit);

    /// @notice State of a market whose funding has rested at the given input for ever.
    function initialState(FundingInput calldata input) external view returns (bytes32 state);

    /// @notice Advance the state and integrate the rate over `elapsed`.
    /// @return state the state at the end.
    /// @return integral integral of the rate over time, in units of 8 hours, RAY, trunc: 1 bp for 8 h = 1e23.
    /// @return deviation distance of the rate from its own slow mean at the end, in standard deviations, WAD, trunc.
    function accrue(
        FundingInput calldata input
    ) external view returns (bytes32 state, int256 integral, int256 deviation);

    /// @notice What the model says of the input's state. Ignores `elapsed`.
    function rates(FundingInput calldata input) external view returns (FundingRates memory);

    /// @notice Most that longs pay and most that shorts pay, WAD per 8 h, both positive.
    /// @return longsPay bound of a positive rate.
    /// @return shortsPay bound of a negative rate, as a size.
    function caps() external view returns (uint256 longsPay, uint256 shortsPay);
}
