// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";

/// @title Price source over the time-weighted average of a Uniswap v3 pool
/// @notice Geometric mean of the pool's price over a window that ends now. Unusable when the pool does not remember the whole
/// window, or when its harmonic mean liquidity is below a minimum. A pool is as hard to move as it is deep, and its average
/// lags by half a window: use it as a reference beside another source. Trust: governance has looked at the pool.
/// @custom:halt nothing to halt: read-only.
contract UniswapV3Source is IPriceSource {
    /// @notice A parameter lies outside its bounds.
    error SourceOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);
    /// @notice The pool does not trade this token.
    error NotInPool(address token);

    uint256 internal constant MIN_WINDOW = 5 minutes;
    uint256 internal constant MAX_WINDOW = 1 days;
    /// @dev Logarithms of 1.0001 and of 10, times 10^36.
    int256 internal constant LN_TICK = 99995000333308335333166680951131;
    int256 internal constant LN_10 = 2302585092994045684017991454684364208;

    /// @notice The pool that is read.
    IUniswapV3Pool public immutable POOL;
    /// @notice Least harmonic mean of the liquidity in range, in the pool's units: sqrt(amount0 * amount1).
    uint256 public immutable MIN_LIQUIDITY;
    /// @notice Length of the average, seconds: every answer has the weight of that much time.
    uint256 public immutable heartbeat;
    bool private immutable BASE_IS_TOKEN0;
    /// @dev Logarithm of 10^(base decimals - quote decimals), times 10^36.
    int256 private immutable LN_SCALE;

    /// @param pool Uniswap v3 pool of base and quote.
    /// @param base token whose price it is; the other one is the quote. Both have at most 18 decimals.
    /// @param windowSeconds length of the average, 300 to 86,400.
    /// @param minLiquidity least harmonic mean liquidity, above 0.
    /// @param blockSeconds shortest time between blocks: the pool must have room for an observation in every block of the
    /// window, or anyone could swap its memory away. `increaseObservationCardinalityNext` makes room, for anyone.
    constructor(IUniswapV3Pool pool, address base, uint256 windowSeconds, uint256 minLiquidity, uint256 blockSeconds) {
        _check("windowSeconds", windowSeconds, MIN_WINDOW, MAX_WINDOW);
        _check("minLiquidity", minLiquidity, 1, type(uint128).max);
        _check("blockSeconds", blockSeconds, 1, windowSeconds);
        (, , , , uint256 room, , ) = pool.slot0();
        // One more than the blocks: the window begins between two observations.
        _check("cardinality", room, (windowSeconds + blockSeconds - 1) / blockSeconds + 1, type(uint16).max);
        (address token0, address token1) = (pool.token0(), pool.token1());
        if (base != token0 && base != token1) revert NotInPool(base);
        BASE_IS_TOKEN0 = base == token0;
        uint256 quoteDecimals = IERC20Metadata(BASE_IS_TOKEN0 ? token1 : token0).decimals();
        uint256 baseDecimals = IERC20Metadata(base).decimals();
        _check("decimals", quoteDecimals > baseDecimals ? quoteDecimals : baseDecimals, 0, 18);
        LN_SCALE = (int256(baseDecimals) - int256(quoteDecimals)) * LN_10;
        (POOL, heartbeat, MIN_LIQUIDITY) = (pool, windowSeconds, minLiquidity);
    }

    /// @inheritdoc IPriceSource
    /// @dev Geometric mean = exp(mean of the logarithm); the mean tick is not rounded, so base and quote have inverse prices.
    /// Wrong by less than 10^-17 of the price and 1 wei.
    function latest() external view returns (uint256 price, uint256, uint256 publishedAt) {
        uint32[] memory ago = new uint32[](2);
        ago[0] = uint32(heartbeat);
        (int56[] memory ticks, uint160[] memory inverses) = POOL.observe(ago);
        publishedAt = block.timestamp;
        uint256 inverse;
        unchecked {
            // The integral wraps.
            inverse = inverses[1] - inverses[0];
        }
        if ((heartbeat << 128) / inverse < MIN_LIQUIDITY) return (0, 0, publishedAt);
        int256 ticksHeld = int256(ticks[1]) - ticks[0];
        int256 ln = (ticksHeld * LN_TICK) / int256(heartbeat);
        // Token1 per token0 is what a tick measures.
        ln = LN_SCALE + (BASE_IS_TOKEN0 ? ln : -ln);
        price = uint256(FixedPointMathLib.expWad(ln / 1e18));
    }

    function _check(bytes32 name, uint256 given, uint256 low, uint256 high) private pure {
        if (given < low || given > high) revert SourceOutOfBounds(name, given, low, high);
    }
}
