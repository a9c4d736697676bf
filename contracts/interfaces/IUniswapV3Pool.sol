// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The part of a Uniswap v3 pool that Keel reads
/// @notice Trust: the pool's price is its traders'; what an average over time makes of it is the reader's. Amounts are in
/// the tokens' own units.
interface IUniswapV3Pool {
    /// @notice The token with the lower address.
    function token0() external view returns (address);

    /// @notice The token with the higher address.
    function token1() external view returns (address);

    /// @notice Time integrals at moments in the past. Reverts when the oldest observation is younger than one of them.
    /// @param secondsAgos how long ago each moment lies, seconds.
    /// @return tickCumulatives integral of the tick.
    /// @return secondsPerLiquidityCumulativeX128s integral of 1 / liquidity in range, times 2^128; wraps around 2^160.
    function observe(
        uint32[] calldata secondsAgos
    ) external view returns (int56[] memory tickCumulatives, uint160[] memory secondsPerLiquidityCumulativeX128s);

    /// @notice State of the pool.
    /// @return sqrtPriceX96 square root of token1 per token0, times 2^96.
    /// @return tick logarithm of the price to the base 1.0001, floor.
    /// @return observationIndex newest observation.
    /// @return observationCardinality observations in use.
    /// @return observationCardinalityNext observations from the next round of the ring on.
    /// @return feeProtocol share of fees that the protocol takes.
    /// @return unlocked false inside a call to the pool.
    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );
}
