"""Faults planted where other collateral is kept and sold."""

from support.mutants import in_contract as _in
from support.mutants import in_core as _in_core

KEPT = [
    _in(
        "Collateral",
        "the_kind_counts_a_unit_less",
        "INV-72 INV-73",
        "k.held = uint128(held);",
        "k.held = uint128(held - 1);",
    ),
    _in(
        "Collateral",
        "the_core_hears_nothing_of_the_last_withdrawal",
        "INV-72",
        "if (tokens == held) _note(account, kind);",
        "if (tokens > held) _note(account, kind);",
    ),
    _in(
        "Collateral",
        "a_withdrawal_leaves_no_margin",
        "INV-76",
        "CORE.checkWithdrawal(account);",
        "",
    ),
    _in(
        "Collateral",
        "the_cap_counts_what_was_there",
        "INV-78",
        "if (held > k.terms.cap) revert CapExceeded(held, k.terms.cap);",
        "if (k.held > k.terms.cap) revert CapExceeded(held, k.terms.cap);",
    ),
    _in(
        "Collateral",
        "a_lost_peg_is_taken",
        "INV-78",
        "if (price.index < k.terms.floor) revert PegLost(price.index, k.terms.floor);",
        "",
    ),
]

SOLD = [
    _in(
        "Collateral",
        "anybodys_collateral_is_for_sale",
        "INV-75",
        "if (debt <= allowed) revert NothingToSell(debt, allowed);",
        "if (debt == 0 && allowed == 0) revert NothingToSell(debt, allowed);",
    ),
    _in(
        "Collateral",
        "a_sale_gives_a_token_more",
        "INV-75",
        "bought = _least(most, Fixed.mulDivCeil(amount, scale, asked));",
        "bought = _least(most, Fixed.mulDivCeil(amount, scale, asked) + 1);",
    ),
    _in(
        "Collateral",
        "a_higher_haircut_counts_at_once",
        "INV-77",
        "return before + ((target - before) * elapsed) / HAIRCUT_RAMP;",
        "return before + ((target - before) * (elapsed + HAIRCUT_RAMP)) / HAIRCUT_RAMP;",
    ),
]

BACKED = [
    _in(
        "KeelLiquidation",
        "collateral_backs_every_debt",
        "INV-32 INV-74",
        "return debt > backed ? debt - backed : 0;",
        "return debt > backed ? 0 * debt : 0;",
    ),
    _in_core(
        "collateral_counts_twice",
        "INV-06 INV-25",
        "h.equity += int256(value);",
        "h.equity += 2 * int256(value);",
    ),
]

COLLATERAL = [*KEPT, *SOLD, *BACKED]
