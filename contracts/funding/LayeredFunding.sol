// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LayeredMath, LayeredParams} from "./LayeredMath.sol";
import {FundingInput, IFundingModel} from "../interfaces/IFundingModel.sol";

/// @title Keel's default funding model
/// @notice See LayeredMath for the formulas. State: three signed 80-bit layers (fast, slow, skew) in 1e-22 per 8 h.
/// @custom:halt nothing to halt: stateless.
contract LayeredFunding is IFundingModel {
    /// @notice A parameter lies outside its bounds.
    error ParameterOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);

    uint256 private immutable RATES_A;
    uint256 private immutable RATES_B;
    uint256 private immutable RATES_C;
    uint256 private immutable RATES_D;

    /// @param p parameters; every one is checked against its bounds.
    constructor(LayeredParams memory p) {
        _check("interestMax", p.interestMax, p.interest, 0.01e18);
        _check("interestBeta", p.interestBeta, 0, 10e18);
        _check("baseSigma", p.baseSigma, 0.01e18, 10e18);
        _check("deadzone", p.deadzone, 0, 0.01e18);
        _check("convexity", p.convexity, 0.0001e18, 1e18);
        _check("premiumFactor", p.premiumFactor, 0, 10e18);
        _check("kink", p.kink, 0.01e18, 0.99e18);
        _check("kinkRate", p.kinkRate, 0, 0.1e18);
        _check("slopeRate", p.slopeRate, 0, 0.1e18);
        uint256 headroom = p.kinkRate + p.slopeRate;
        _check("capLongsPay", p.capLongsPay, headroom + p.interestMax, 0.1e18);
        _check("capShortsPay", p.capShortsPay, headroom, 0.1e18);
        _check("slowWeight", p.slowWeight, 0, 1e18);
        _check("fastSeconds", p.fastSeconds, 1 minutes, 30 days);
        _check("slowSeconds", p.slowSeconds, p.fastSeconds, 30 days);
        _check("skewSeconds", p.skewSeconds, 1 minutes, 30 days);
        RATES_A = _pack(p.interest, p.interestMax, p.interestBeta, p.baseSigma);
        RATES_B = _pack(p.deadzone, p.convexity, p.premiumFactor, p.kinkRate);
        RATES_C = _pack(p.slopeRate, p.kink, p.capLongsPay, p.capShortsPay);
        RATES_D = _pack(p.slowWeight, p.fastSeconds, p.slowSeconds, p.skewSeconds);
    }

    /// @notice The parameters of this instance.
    function params() public view returns (LayeredParams memory p) {
        uint256 word = RATES_A;
        (p.interest, p.interestMax) = (uint64(word), uint64(word >> 64));
        (p.interestBeta, p.baseSigma) = (uint64(word >> 128), word >> 192);
        word = RATES_B;
        (p.deadzone, p.convexity) = (uint64(word), uint64(word >> 64));
        (p.premiumFactor, p.kinkRate) = (uint64(word >> 128), word >> 192);
        word = RATES_C;
        (p.slopeRate, p.kink) = (uint64(word), uint64(word >> 64));
        (p.capLongsPay, p.capShortsPay) = (uint64(word >> 128), word >> 192);
        word = RATES_D;
        (p.slowWeight, p.fastSeconds) = (uint64(word), uint64(word >> 64));
        (p.slowSeconds, p.skewSeconds) = (uint64(word >> 128), word >> 192);
    }

    /// @inheritdoc IFundingModel
    function initialState(FundingInput calldata input) external view returns (bytes32) {
        LayeredParams memory p = params();
        int256 base = LayeredMath.fromRate(LayeredMath.premiumTarget(p, input.premium, input.sigma));
        return _encode(base, base, LayeredMath.fromRate(LayeredMath.skewTarget(p, input.utilization)));
    }

    /// @inheritdoc IFundingModel
    function accrue(FundingInput calldata input) external view returns (bytes32 state, int256 integral) {
        LayeredParams memory p = params();
        int256 base = LayeredMath.premiumTarget(p, input.premium, input.sigma);
        (int256 fast, int256 slow, int256 skew) = layers(input.state);
        int256 fastArea;
        int256 slowArea;
        int256 skewArea;
        (fast, fastArea) = LayeredMath.relax(fast, base, input.elapsed, p.fastSeconds);
        (slow, slowArea) = LayeredMath.relax(slow, base, input.elapsed, p.slowSeconds);
        (skew, skewArea) = LayeredMath.relax(
            skew,
            LayeredMath.skewTarget(p, input.utilization),
            input.elapsed,
            p.skewSeconds
        );
        state = _encode(fast, slow, skew);
        integral = LayeredMath.toIntegral(LayeredMath.weigh(p, fastArea, slowArea, skewArea));
    }

    /// @inheritdoc IFundingModel
    function rate(FundingInput calldata input) external view returns (int256) {
        (int256 fast, int256 slow, int256 skew) = layers(input.state);
        return LayeredMath.toRate(LayeredMath.weigh(params(), fast, slow, skew));
    }

    /// @inheritdoc IFundingModel
    function target(FundingInput calldata input) external view returns (int256) {
        LayeredParams memory p = params();
        return LayeredMath.premiumTarget(p, input.premium, input.sigma) + LayeredMath.skewTarget(p, input.utilization);
    }

    /// @inheritdoc IFundingModel
    function caps() external view returns (uint256 longsPay, uint256 shortsPay) {
        LayeredParams memory p = params();
        return (p.capLongsPay, p.capShortsPay);
    }

    /// @notice The three layers of a state, 1e-22 per 8 h.
    /// @return fast follows the target of the premium with time constant `fastSeconds`.
    /// @return slow the same with `slowSeconds`.
    /// @return skew follows the target of the utilization with `skewSeconds`.
    function layers(bytes32 state) public pure returns (int256 fast, int256 slow, int256 skew) {
        uint256 word = uint256(state);
        return (int80(uint80(word)), int80(uint80(word >> 80)), int80(uint80(word >> 160)));
    }

    function _encode(int256 fast, int256 slow, int256 skew) private pure returns (bytes32) {
        return
            bytes32(
                uint256(uint80(int80(fast))) |
                    (uint256(uint80(int80(slow))) << 80) |
                    (uint256(uint80(int80(skew))) << 160)
            );
    }

    function _check(bytes32 name, uint256 given, uint256 low, uint256 high) private pure {
        if (given < low || given > high) revert ParameterOutOfBounds(name, given, low, high);
    }

    /// @dev Every parameter was checked to lie far below 2^64.
    function _pack(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (uint256) {
        return a | (b << 64) | (c << 128) | (d << 192);
    }
}
