// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Account, Position} from "../types/Account.sol";
import {AccountId} from "../types/AccountId.sol";
import {Health} from "../types/Health.sol";
import {Market} from "../types/Market.sol";
import {MarketConfig} from "../types/MarketConfig.sol";
import {FundingInput, FundingRates, IFundingModel} from "../interfaces/IFundingModel.sol";
import {IKeel} from "../interfaces/IKeel.sol";
import {FundingMath} from "../funding/FundingMath.sol";
import {FundingView} from "../funding/FundingView.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Funding as traders and monitors want to see it
/// @notice Reads one core. Rates are WAD per 8 h, positive when longs pay; what lies ahead is computed by the market's own model
/// as if nothing but time changed and prices, always the same, kept coming: without them funding stops at the heartbeat.
/// Not used by the core.
/// @custom:halt nothing to halt: read-only.
contract FundingLens {
    /// @dev Which side is crowded: the one that pays more than CROWDED per 8 h. High positive: longs pay, and a falling price
    /// squeezes them; high negative: shorts pay, and a rising price squeezes them.
    enum Regime {
        Neutral,
        CrowdedLongs,
        CrowdedShorts
    }

    /// @dev By rule, not by hand: stressed beyond the utilization at which the rate turns steep or while the rate is far from its
    /// slow mean, halted where accrual has stopped at the heartbeat of the stored price.
    enum Mode {
        Normal,
        Stressed,
        Halted
    }

    struct MarketFunding {
        FundingRates rates;
        /// Mean rate over the next 8 hours.
        int256 predicted;
        /// predicted - current.
        int256 delta;
        /// Current rate times the 1,095 periods of a year, simple.
        int256 annual;
        int256 premium;
        /// With the sign of the net position, WAD.
        int256 utilization;
        /// Net position over open interest, WAD.
        int256 imbalance;
        /// Distance of the rate from its slow mean beyond two standard deviations, in eighths of one; 0: no spike.
        uint8 stress;
        Regime regime;
        Mode mode;
    }

    /// @notice A holding period of nothing, or of more than ten years.
    /// @param most seconds.
    error HorizonOutOfRange(uint256 given, uint256 most);

    /// @notice Rate beyond which a side is crowded: 3 bp per 8 h, a third of the notional per year.
    int256 public constant CROWDED = 0.0003e18;
    /// @notice Utilization beyond which a market is stressed.
    uint256 public constant STRESSED = 0.8e18;
    int256 private constant PERIODS = 1095;
    uint256 private constant MOST = 3650 days;
    uint256 private constant HOURS_PER_PERIOD = 8;

    /// @notice The core that is read.
    IKeel public immutable CORE;

    /// @param core the core.
    constructor(IKeel core) {
        CORE = core;
    }

    /// @notice Funding of one market, now and ahead.
    /// @param id market id.
    function market(uint16 id) external view returns (MarketFunding memory f) {
        (Market memory m, MarketConfig memory c) = _load(id);
        FundingInput memory input = FundingView.inputOf(m, c, 8 hours);
        f.rates = IFundingModel(c.fundingModel).rates(input);
        f.predicted = _integral(c, input) / int256(Fixed.RAY / Fixed.WAD);
        f.delta = f.predicted - f.rates.current;
        f.annual = f.rates.current * PERIODS;
        (f.premium, f.utilization, f.stress) = (input.premium, input.utilization, m.stress);
        int256 total = int256(input.longInterest + input.shortInterest);
        int256 skew = int256(input.longInterest) - int256(input.shortInterest);
        if (total != 0) f.imbalance = (skew * int256(Fixed.WAD)) / total;
        if (f.rates.current > CROWDED) f.regime = Regime.CrowdedLongs;
        if (f.rates.current < -CROWDED) f.regime = Regime.CrowdedShorts;
        if (f.stress != 0 || Fixed.abs(input.utilization) > STRESSED) f.mode = Mode.Stressed;
        if (block.timestamp > uint256(m.price.at) + c.heartbeatSeconds) f.mode = Mode.Halted;
    }

    /// @notice Funding that a position of `size` would pay over `horizon` seconds if nothing but time changed, quote WAD;
    /// negative: receive. Size tiers count; ceil.
    /// @param id market id. @param size base WAD, positive = long. @param horizon seconds, 1 to ten years.
    function expectedCost(uint16 id, int256 size, uint256 horizon) external view returns (int256) {
        if (horizon == 0 || horizon > MOST) revert HorizonOutOfRange(horizon, MOST);
        (Market memory m, MarketConfig memory c) = _load(id);
        return _cost(m, c, size, horizon);
    }

    /// @notice How long an account's margin above maintenance lasts at what its positions pay in the next 8 hours, hours WAD,
    /// floor: 0 if it is gone, the largest uint256 if the account pays nothing.
    /// @param id account id.
    function bufferHours(AccountId id) external view returns (uint256) {
        Health memory h = CORE.healthOf(id);
        if (h.equity <= int256(h.maintenance)) return 0;
        Account memory a = CORE.accountOf(id);
        int256 cost;
        for (uint128 set = a.markets; set != 0; set >>= 16) {
            (Market memory m, MarketConfig memory c) = _load(uint16(set));
            Position memory p = CORE.positionOf(id, uint16(set));
            cost += _cost(m, c, p.size, 8 hours);
        }
        if (cost <= 0) return type(uint256).max;
        uint256 buffer = uint256(h.equity) - h.maintenance;
        return Fixed.mulDivFloor(buffer, HOURS_PER_PERIOD * Fixed.WAD, uint256(cost));
    }

    function _load(uint16 id) private view returns (Market memory m, MarketConfig memory c) {
        m = CORE.marketNow(id);
        (c, ) = CORE.configOf(id);
    }

    function _cost(Market memory m, MarketConfig memory c, int256 size, uint256 horizon) private view returns (int256) {
        int256 perBase = _integral(c, FundingView.inputOf(m, c, horizon)) * int256(uint256(m.price.index));
        perBase /= int256(Fixed.WAD);
        uint256 amount = Fixed.abs(size);
        bool pays = (size > 0) == (perBase > 0);
        if (pays) return int256(Fixed.mulDivCeil(FundingMath.weighted(c.tiers, amount), Fixed.abs(perBase), Fixed.RAY));
        return -int256(Fixed.mulDivFloor(amount, Fixed.abs(perBase), Fixed.RAY));
    }

    function _integral(MarketConfig memory c, FundingInput memory input) private view returns (int256 integral) {
        (, integral, ) = IFundingModel(c.fundingModel).accrue(input);
    }
}
