// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {FundingInput} from "../interfaces/IFundingModel.sol";
import {PoolMath} from "../pool/PoolMath.sol";

/// @title What a funding model sees of a market
/// @notice The core and the lenses build it here, so that what is shown is what is charged.
library FundingView {
    uint256 private constant WAD = 1e18;
    uint256 private constant RAY = 1e27;
    uint256 private constant PPM = 1e6;
    uint256 private constant MOST = 1e36;

    /// @notice Input of a model from a market's state.
    /// @param elapsed seconds to accrue.
    function inputOf(
        Market memory market,
        MarketConfig memory config,
        uint256 elapsed
    ) internal pure returns (FundingInput memory input) {
        (input.state, input.since, input.elapsed) = (market.fundingState, market.accruedAt, elapsed);
        (input.premium, input.utilization) = pressureOf(market, config);
        (input.longInterest, input.shortInterest) = (market.longInterest, market.shortInterest);
        input.sigma = sigmaOf(market);
    }

    /// @notice Premium and signed utilization, WAD.
    /// @dev With x = D / (D - q), floor to 27 decimals: premium = x^2 - 1, V = P * q * x. Plain products instead of the 512-bit ones
    /// that balances need: what a rate depends on must be the same for everyone, not right to the last wei.
    /// Utilization leaves out funding accrued but not collected: accruing must not move what the rate depends on.
    /// The net position stays below 3/4 of the depth (see Curve), x below 4.
    /// @return premium floor. @return utilization trunc, at most 1e36 in size.
    function pressureOf(
        Market memory market,
        MarketConfig memory config
    ) internal pure returns (int256 premium, int256 utilization) {
        unchecked {
            int256 skew = int256(uint256(market.longInterest)) - int256(uint256(market.shortInterest));
            if (skew == 0) return (0, 0);
            uint256 depth = PoolMath.depth(config.depthPerShare, market.shares);
            uint256 index = market.price.index;
            int256 equity = int256(market.cash) + market.fundingClearing + market.openNotional;
            uint256 exposure = config.maxExposurePpm;
            assembly ("memory-safe") {
                let x := div(mul(depth, RAY), sub(depth, skew))
                premium := sub(div(mul(x, x), MOST), WAD)
                let value := sdiv(mul(skew, index), WAD)
                equity := sub(equity, sdiv(mul(value, x), RAY))
                let sign := sar(255, value)
                let size := mul(sub(xor(value, sign), sign), WAD)
                utilization := MOST
                if sgt(equity, 0) {
                    let capacity := div(mul(equity, exposure), PPM)
                    if lt(size, mul(capacity, WAD)) {
                        utilization := div(size, capacity)
                    }
                }
                sign := sar(255, skew)
                utilization := sub(xor(utilization, sign), sign)
            }
        }
    }

    /// @notice Annualised volatility, WAD.
    function sigmaOf(Market memory market) internal pure returns (uint256) {
        unchecked {
            return uint256(market.price.sigma) * 1e12;
        }
    }
}
