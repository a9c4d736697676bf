"""Faults planted in the funding engine: in what the core books, what governance sets, what models say."""

from support.mutants import in_contract as _in
from support.mutants import in_core as _in_core

ACCRUAL = [
    _in_core(
        "accrual_counts_a_second_twice",
        "INV-13",
        "_advance(market, config, until - market.accruedAt)",
        "_advance(market, config, until - market.accruedAt + 1)",
    ),
    _in_core(
        "touching_moves_utilization",
        "INV-13 INV-15",
        "int256 equity = int256(market.cash) + market.fundingClearing + market.openNotional;",
        "int256 equity = int256(market.cash) + market.openNotional;",
    ),
    _in_core(
        "shorts_pay_for_the_longs",
        "INV-12 INV-13",
        "if (perBase > 0) market.longsPaid = SafeCastLib.toUint128(market.longsPaid + uint256(perBase));",
        "if (perBase > 0) market.shortsPaid = SafeCastLib.toUint128(market.shortsPaid + uint256(perBase));",
    ),
    _in_core(
        "pool_rounds_its_funding_to_zero",
        "INV-16 INV-18",
        "received := sub(sdiv(received, ray), slt(smod(received, ray), 0))",
        "received := sdiv(received, ray)",
    ),
    _in_core(
        "stress_leaks_into_the_cash",
        "INV-02 INV-13",
        "uint256 word = uint256(m.shares) | (uint256(m.stress) << 120) | (uint256(m.ramp) << 128);",
        "uint256 word = uint256(m.shares) | (uint256(m.stress) << 152) | (uint256(m.ramp) << 128);",
    ),
    _in_core(
        "spikes_are_not_told",
        "INV-13",
        "if (market.stress == 0) outcome = Accrual.Spiked;",
        "",
    ),
    _in_core(
        "events_mirror_the_move",
        "INV-13",
        "emit FundingAccrued(id, market.fundingState, perBase);",
        "emit FundingAccrued(id, market.fundingState, -perBase);",
    ),
]

SETTLEMENT = [
    _in_core(
        "payers_pay_less_than_floor",
        "INV-12 INV-16",
        "paid = Fixed.divCeil(size * pay, Fixed.RAY);",
        "paid = size * pay / Fixed.RAY - 1;",
    ),
    _in_core(
        "sides_are_swapped",
        "INV-12 INV-16 INV-53",
        "signedSize > 0 ? (byLongs, byShorts) : (byShorts, byLongs)",
        "signedSize > 0 ? (byShorts, byLongs) : (byLongs, byShorts)",
    ),
    _in_core(
        "surplus_is_lost",
        "INV-02",
        "t.toInsurance = surplus;",
        "",
    ),
    _in_core(
        "surplus_stays_in_the_clearing",
        "INV-12 INV-18",
        "t.market.fundingClearing += net - int128(int256(surplus)); t.toInsurance = surplus;",
        "t.market.fundingClearing += net;",
    ),
    _in_core(
        "receivers_pay_the_surplus",
        "INV-12 INV-16",
        "paid += surplus;",
        "",
    ),
    _in_core(
        "weights_are_rounded_down",
        "INV-16",
        "return size + Fixed.divCeil(added, Fixed.PPM);",
        "return size + added / Fixed.PPM;",
    ),
    _in_core(
        "surplus_is_not_told",
        "INV-16",
        "(t.settled.paid, t.settled.received, t.settled.surplus) = (paid, received, surplus);",
        "(t.settled.paid, t.settled.received, t.settled.surplus) = (paid, received, 0);",
    ),
    _in_core(
        "tiers_of_the_market_before_are_kept",
        "INV-06 INV-25",
        "else c.tiers.limit1 = 0;",
        "",
    ),
]

PARAMETERS = [
    _in(
        "KeelExtension",
        "parameters_change_before_accrual",
        "INV-13",
        "IKeelCore(address(this)).accrue(market); if (configs[market].status() >= STATUS_RESOLVING)",
        "if (configs[market].status() >= STATUS_RESOLVING)",
    ),
    _in(
        "KeelExtension",
        "a_new_model_gets_the_old_state",
        "INV-13",
        "if (config.fundingModel != before.fundingModel) _adopt(market, m, config);"
        " else markets[market].store(m);",
        "markets[market].store(m);",
    ),
    _in(
        "KeelExtension",
        "a_new_model_inherits_the_stress",
        "INV-13",
        "m.stress = 0;",
        "",
    ),
    _in(
        "KeelExtension",
        "tiers_change_under_positions",
        "INV-13",
        "if (used && (hedgeFalls || !configs[market].hasTiers(config.tiers))) revert MarketInUse(market);",
        "if (used && hedgeFalls) revert MarketInUse(market);",
    ),
    _in(
        "KeelExtension",
        "a_restriction_forgets_the_tiers",
        "INV-56",
        "self.limits = (self.limits & ~(STATUS_MASK << STATUS_SHIFT))",
        "self.limits = (self.limits & ~(uint256(0xff) << STATUS_SHIFT))",
    ),
    _in(
        "KeelExtension",
        "anything_is_a_model",
        "REVERT",
        "if (!answered) revert IKeelErrors.FundingModelUnknown(model);",
        "if (!answered) return;",
    ),
]

MODELS = [
    _in(
        "LayeredFunding",
        "layers_are_charged_as_they_began",
        "INV-15",
        "area := add(mul(goal, elapsed), sdiv(mul(mul(gap, tau), sub(one, decay)), one))",
        "area := mul(layer_, elapsed)",
    ),
    _in(
        "PremiumFunding",
        "the_average_is_charged_as_it_began",
        "INV-15",
        "area = PremiumMath.springArea(p, value, s.premium, s.interest, s.elapsed);",
        "area = PremiumMath.rateOf(p, value / unit, s.interest) * unit * int256(s.elapsed);",
    ),
    _in(
        "PremiumFunding",
        "whole_intervals_are_skipped",
        "INV-15",
        "area += PremiumMath.rateOf(p, s.premium, s.interest) * int256(end / interval - 1);",
        "",
    ),
    _in(
        "VelocityFunding",
        "the_drift_has_no_caps",
        "INV-14",
        "return (-int256(p.capShortsPay) * Paths.FINE_PER_WAD, int256(p.capLongsPay) * Paths.FINE_PER_WAD);",
        "return (-1e27 * int256(p.capShortsPay / p.capShortsPay), 1e27);",
    ),
    _in(
        "VelocityFunding",
        "the_corner_at_a_cap_is_cut",
        "INV-15",
        "(end, area) = (high, high * time - _triangle(high - start, speed));",
        "(end, area) = (high, high * time);",
    ),
    _in(
        "AdaptiveFunding",
        "the_last_rate_is_charged_for_the_whole_gap",
        "INV-15",
        "if (least == 0) return (end, area);",
        "area = end * int256(elapsed); if (least == 0) return (end, area);",
    ),
]

FUNDING = [*ACCRUAL, *SETTLEMENT, *PARAMETERS, *MODELS]
