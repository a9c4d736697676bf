"""Faults planted in cross margin, in liquidations that the insurance takes over, and in its own positions."""

from support.mutants import in_contract as _in
from support.mutants import in_core as _in_core

MARGIN = [
    _in_core(
        "a_side_may_hold_anything",
        "INV-44",
        "if (used > Fixed.WAD) revert SideExceeded(used, Fixed.WAD);",
        "used;",
    ),
    _in_core(
        "hedges_count_twice",
        "INV-25 INV-67",
        "int256 part = int256((requirement * hedgePercent) / PERCENT);",
        "int256 part = int256((requirement * hedgePercent * 2) / PERCENT);",
    ),
    _in_core(
        "the_ramp_needs_no_time",
        "INV-68",
        "uint256 step = (ramp * elapsed * RAMP_PER_SECOND) / 1e9;",
        "uint256 step = ramp + elapsed;",
    ),
    _in_core(
        "maintenance_follows_at_once",
        "INV-25 INV-67",
        "uint256 ramp = m.ramp;",
        "uint256 ramp = MultiplierMath.initial(m, c);",
    ),
    _in_core(
        "the_ramp_is_not_asked_of_who_comes_new",
        "INV-24",
        "if (multiplier < ramp) multiplier = ramp;",
        "",
    ),
    _in_core(
        "the_ramp_falls_no_faster_than_it_rises",
        "INV-68",
        "if (target <= ramp) return target;",
        "if (target <= ramp) return ramp - target > ramp / 100 ? ramp - ramp / 100 : target;",
    ),
    _in_core(
        "crowds_are_not_counted",
        "INV-25 INV-68",
        "return (product * crowding(m, c)) / (STRESS_UNITS * ONE);",
        "c; return product / STRESS_UNITS;",
    ),
    _in(
        "KeelExtension",
        "new_brackets_count_at_once",
        "INV-68",
        "m.ramp = uint24(MarginMath.damped(m.ramp, before.brackets, config.brackets));",
        "",
    ),
    _in(
        "KeelExtension",
        "hedges_are_taken_back_under_positions",
        "INV-13",
        "bool hedgeFalls = config.hedgePercent < before.hedgePercent;",
        "bool hedgeFalls = false;",
    ),
]

CHOICE = [
    _in(
        "KeelLiquidation",
        "the_last_position_is_taken",
        "INV-70",
        "if (relief > most) (most, best) = (relief, uint16(set >> (16 * i)));",
        "(most, best) = (relief, uint16(set >> (16 * i)));",
    ),
    _in(
        "KeelLiquidation",
        "costs_do_not_matter_for_the_choice",
        "INV-70",
        "int256 relief = int256((freed * c.targetBps) / Fixed.BPS) - c.cost;",
        "int256 relief = int256((freed * c.targetBps) / Fixed.BPS);",
    ),
    _in(
        "KeelLiquidation",
        "a_batch_ends_with_the_first_healthy_account",
        "INV-25",
        "if (success) ++done;",
        "if (!success) break; ++done;",
    ),
]

WINDOW = [
    _in(
        "KeelLiquidation",
        "the_window_never_empties",
        "INV-69",
        "return amount > gone ? amount - gone : 0;",
        "return amount + 0 * gone;",
    ),
    _in(
        "KeelLiquidation",
        "the_window_never_fills",
        "INV-69",
        "liquidationBooks[t.marketId].pushed = Window(uint128(pushed + value), uint64(block.timestamp));"
        " return (true, _book(t, plan.size, cost));",
        "return (true, _book(t, plan.size, cost));",
    ),
    _in(
        "KeelLiquidation",
        "a_full_window_is_no_reason",
        "INV-66 INV-69",
        "if (pushed + value > capacity) return (false, f); int256 cost =",
        "capacity; int256 cost =",
    ),
    _in(
        "KeelLiquidation",
        "a_curve_far_from_the_index_is_no_reason",
        "INV-66",
        "if (_lossOf(t, plan.size, cost) > int256((value * MAX_LOSS_BPS) / Fixed.BPS)) return (false, f);",
        "",
    ),
]

BACKSTOP = [
    _in(
        "KeelLiquidation",
        "the_insurance_takes_over_at_the_average",
        "INV-66",
        "int256 cost = -Fixed.divFloor(-size * int256(uint256(t.market.price.index)), Fixed.WAD);",
        "int256 cost = -Fixed.divFloor(-size * int256(uint256(t.market.price.twap)), Fixed.WAD);",
    ),
    _in(
        "KeelLiquidation",
        "what_the_curve_is_spared_is_not_charged",
        "INV-31",
        "plan.slippage ="
        " _positive(_curveLoss(t, t.position.size) - _curveLoss(t, t.position.size + plan.size));",
        "plan.slippage = 0;",
    ),
    _in(
        "KeelLiquidation",
        "the_insurance_takes_what_it_cannot_carry",
        "INV-66",
        "return means >= int256(h.initial) + Fixed.max(0, int256(after_) - int256(before));",
        "after_; return means >= 0 * int256(before);",
    ),
    _in(
        "KeelLiquidation",
        "the_insurance_needs_only_maintenance",
        "INV-66",
        "(uint256 after_, ) = MarginMath.requirements(t.market, t.config, held - size, true);",
        "(, uint256 after_) = MarginMath.requirements(t.market, t.config, held - size, true);",
    ),
    _in(
        "KeelLiquidation",
        "the_insurance_needs_only_what_the_part_asks_for",
        "INV-66",
        "(uint256 after_, ) = MarginMath.requirements(t.market, t.config, held - size, true);",
        "(uint256 after_, ) = MarginMath.requirements(t.market, t.config, size, true); before = 0;",
    ),
    _in(
        "KeelLiquidation",
        "the_first_units_are_charged",
        "INV-31",
        "plan.slippage ="
        " _positive(_curveLoss(t, t.position.size) - _curveLoss(t, t.position.size + plan.size));",
        "plan.slippage = _positive(_curveLoss(t, -plan.size));",
    ),
    _in(
        "KeelLiquidation",
        "the_insurance_keeps_a_balance",
        "INV-65",
        "result = t.account.balance; t.account.balance = 0;",
        "result = t.account.balance;",
    ),
    _in(
        "KeelLiquidation",
        "the_insurance_is_liquidated",
        "INV-65",
        "if (account.owner() == address(this)) revert NotLiquidatable(0, 0);",
        "",
    ),
    _in(
        "KeelLiquidation",
        "a_piece_may_cost_anything",
        "INV-65",
        "if (loss > int256(limit)) revert UnwindTooDear(loss, limit);",
        "limit;",
    ),
    _in(
        "KeelLiquidation",
        "a_piece_is_the_whole",
        "INV-65",
        "if (all) size = held;",
        "size = held;",
    ),
    _in(
        "KeelExtension",
        "shares_forget_the_insurance_s_positions",
        "INV-40 INV-71",
        "if (accounts[id].markets == 0) return (lower, higher, 0);",
        "if (accounts[id].markets != type(uint128).max) return (lower, higher, 0);",
    ),
    _in(
        "KeelExtension",
        "the_margin_of_the_insurance_is_paid_out",
        "INV-71",
        "if (lower < amount + tied || insuranceAssets < amount)",
        "if (tied > type(uint128).max || insuranceAssets < amount)",
    ),
]

TAKEN_OVER = [*MARGIN, *CHOICE, *WINDOW, *BACKSTOP]
