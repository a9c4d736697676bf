"""The planted faults, and the invariants each of which must notice without the help of the others."""

from support.mutants import in_contract as _in
from support.mutants import in_core as _in_core
from support.planted_backstop import TAKEN_OVER
from support.planted_collateral import COLLATERAL
from support.planted_escrow import WAITING
from support.planted_funding import FUNDING
from support.planted_losses import LOSSES

BOOKS = [
    _in_core(
        "deposit_credits_a_wei_too_much",
        "INV-01 INV-02",
        "accounts[account].balance += int120(int256(_bookIn(tokens)));",
        "accounts[account].balance += int120(int256(_bookIn(tokens))) + 1;",
    ),
    _in_core(
        "booking_forgets_a_unit",
        "INV-03",
        "bookedTokens += uint128(tokens);",
        "bookedTokens += uint128(tokens) - 1;",
    ),
    _in_core(
        "short_interest_forgets_half_a_fill",
        "INV-04",
        "else m.shortInterest += uint112(uint256(-sizeAfter));",
        "else m.shortInterest += uint112(uint256(-sizeAfter) / 2);",
    ),
    _in_core(
        "notional_is_not_moved",
        "INV-05",
        "m.openNotional += SafeCastLib.toInt128(f.notionalAfter - notional);",
        "",
    ),
    _in_core(
        "equity_forgets_funding_owed",
        "INV-06",
        "int256 carried = int256(received) - int256(paid) - position.notional;",
        "int256 carried = int256(received) - position.notional; paid;",
    ),
    _in_core(
        "closed_market_stays_in_the_set",
        "INV-08",
        "t.account.markets = t.account.markets.remove(t.marketId); _sweepDust(t);",
        "_sweepDust(t);",
    ),
    _in_core(
        "closed_position_leaves_checkpoints",
        "INV-09",
        "delete positions[t.id][t.marketId];",
        "positions[t.id][t.marketId] = t.position;",
    ),
    _in(
        "KeelLiquidation",
        "reward_goes_to_the_second_account",
        "INV-34",
        "accounts[AccountIdLib.from(msg.sender, 0)].balance",
        "accounts[AccountIdLib.from(msg.sender, 1)].balance",
    ),
]

TRADES = [
    _in_core(
        "cost_is_the_marginal_price",
        "INV-19 INV-20 INV-40 INV-49 INV-52",
        "return valueCeil(index, depth, skew + size) - valueFloor(index, depth, skew);",
        "return int256(mark(index, depth, skew)) * size / 1e18 + 1;",
    ),
    _in_core(
        "small_trades_are_free",
        "INV-54",
        "insuranceFee = (fee * c.insuranceFeeSharePpm) / Fixed.PPM;",
        "if (Fixed.abs(cost) < 9_000e18) fee = 0; insuranceFee = (fee * c.insuranceFeeSharePpm) / Fixed.PPM;",
    ),
    _in_core(
        "pool_keeps_the_insurance_part_of_a_fee",
        "INV-18",
        "t.market.cash += int128(int256(fee - insuranceFee));",
        "t.market.cash += int128(int256(fee));",
    ),
    _in_core(
        "reductions_are_not_checked",
        "INV-21",
        "if (reduced.equity < int256(reduced.maintenance))",
        "if (reduced.equity < -int256(reduced.maintenance))",
    ),
    _in_core(
        "opening_needs_only_maintenance",
        "INV-24",
        "if (h.equityWorse < int256(h.initial)) revert MarginTooLow(h.equityWorse, h.initial);",
        "if (h.equityWorse < int256(h.maintenance)) revert MarginTooLow(h.equityWorse, h.initial);",
    ),
    _in_core(
        "utilization_is_not_checked",
        "INV-44",
        "if (used > Fixed.WAD) revert UtilizationExceeded(used, Fixed.WAD);",
        "used;",
    ),
    _in_core(
        "a_second_price_in_a_block",
        "INV-48 REVERT",
        "if (market.price.at == block.timestamp) return;",
        "",
    ),
    _in_core(
        "stale_prices_open_positions",
        "INV-49 INV-50",
        "uint256 private constant ROW_STALE10 = 0x13;",
        "uint256 private constant ROW_STALE10 = 0x17;",
    ),
    _in(
        "KeelExtension",
        "anybody_names_the_access_manager",
        "INV-56",
        "if (authority() != address(0)) revert AccessManagedUnauthorized(msg.sender);",
        "",
    ),
    _in_core(
        "anybody_is_an_operator",
        "INV-56",
        "if (msg.sender == account.owner() || operators[account][msg.sender]) return;",
        "if (msg.sender != address(0)) return;",
    ),
]

LIQUIDATIONS = [
    _in(
        "KeelLiquidation",
        "anybody_is_liquidated",
        "INV-25",
        "if (equity >= int256(trigger)) revert NotLiquidatable(equity, trigger);",
        "",
    ),
    _in(
        "KeelLiquidation",
        "penalty_eats_the_rest",
        "INV-29",
        "penalty = Fixed.min(penalty, Fixed.max(left - int256(_backing(t, plan)), least));",
        "penalty = Fixed.min(penalty * 20, left);",
    ),
    _in(
        "KeelLiquidation",
        "penalty_is_not_limited",
        "INV-31",
        "penalty = Fixed.max(Fixed.min(penalty, settled), least);",
        "penalty = left + 1e18;",
    ),
    _in(
        "KeelLiquidation",
        "a_keeper_is_paid_of_what_the_rest_will_cost",
        "INV-31",
        "uint256(Fixed.max(0, Fixed.min(reward, kept)))",
        "uint256(Fixed.max(reward, kept - kept))",
    ),
    _in(
        "KeelLiquidation",
        "a_gain_of_the_curve_is_there_for_the_keeper",
        "INV-31",
        "if (c.cost > 0) toll += c.cost;",
        "toll += c.cost;",
    ),
    _in(
        "KeelLiquidation",
        "bad_debt_is_not_written_off",
        "INV-32",
        "t.account.balance += SafeCastLib.toInt120(int256(shortfall));",
        "",
    ),
    _in(
        "KeelLiquidation",
        "the_pool_pays_with_the_insurance",
        "INV-37",
        "fromInsurance = amount < insured ? amount : insured;",
        "fromInsurance = amount < insured ? amount : insured / 2;",
    ),
    _in(
        "KeelLiquidation",
        "insurance_keeps_what_it_pays",
        "INV-36",
        "insuranceAssets = SafeCastLib.toUint128(insured - fromInsurance);",
        "insuranceAssets = SafeCastLib.toUint128(insured);",
    ),
]

POOLS = [
    _in(
        "KeelExtension",
        "deposits_at_the_lower_equity",
        "INV-40 INV-42",
        "(, uint256 higher) = _equities(m, c); return PoolMath.sharesFor(amount, higher, m.shares);",
        "(uint256 higher, ) = _equities(m, c); return PoolMath.sharesFor(amount, higher / 2, m.shares);",
    ),
    _in(
        "KeelExtension",
        "redemption_is_not_charged",
        "INV-40 INV-52",
        "charge = PoolMath.redemptionCharge(index, depthBefore, depthAfter, _skew(m));",
        "charge = 0 * (index + depthBefore);",
    ),
    _in(
        "KeelExtension",
        "wiped_out_funds_sell_at_nothing",
        "INV-58",
        "return equity_ + 1 > least ? equity_ + 1 : least;",
        "return equity_ + 1 + 0 * least;",
    ),
    _in(
        "ShareVault",
        "nobody_waits",
        "INV-45",
        "if (block.timestamp < r.claimableAt || block.timestamp >= r.claimableAt + CLAIM_WINDOW) return 0;",
        "if (block.timestamp >= r.claimableAt + CLAIM_WINDOW) return 0;",
    ),
    _in(
        "ShareVault",
        "claims_are_open_for_ever",
        "INV-45",
        "if (block.timestamp < r.claimableAt || block.timestamp >= r.claimableAt + CLAIM_WINDOW) return 0;",
        "if (block.timestamp < r.claimableAt) return 0;",
    ),
]

STATUSES = [
    _in(
        "KeelExtension",
        "the_guardian_reopens",
        "INV-56",
        "_setLevel(market, level, status + 1, r.until);",
        "_setLevel(market, level, STATUS_OPEN, r.until);",
    ),
    _in(
        "KeelExtension",
        "the_guardian_prolongs",
        "INV-56",
        "if (block.timestamp >= r.until) { if (block.timestamp < r.restedAt)",
        "{ if (block.timestamp >= r.until && block.timestamp < r.restedAt)",
    ),
    _in(
        "KeelExtension",
        "restrictions_are_lifted_early",
        "INV-56",
        "if (r.until == 0 || block.timestamp < r.until) revert",
        "if (r.until == 0) revert",
    ),
    _in(
        "KeelExtension",
        "restrictions_never_lapse",
        "INV-56",
        "if (r.until == 0 || block.timestamp < r.until) revert",
        "revert",
    ),
    _in_core(
        "a_closed_market_takes_no_reductions",
        "INV-59",
        "if (!reduces && t.config.status > STATUS_OPEN)",
        "if ((!reduces || t.config.status == STATUS_CLOSED) && t.config.status > STATUS_OPEN)",
    ),
    _in_core(
        "a_closed_market_takes_new_risk",
        "INV-59",
        "if (!reduces && t.config.status > STATUS_OPEN)",
        "if (!reduces && t.config.status == STATUS_REDUCE_ONLY)",
    ),
    _in_core(
        "who_has_a_position_withdraws_from_a_closed_market",
        "INV-59",
        "if (status == STATUS_CLOSED) revert MarketClosed(uint16(set));",
        "if (status > STATUS_CLOSED) revert MarketClosed(uint16(set));",
    ),
    _in(
        "KeelExtension",
        "the_pool_of_a_closed_market_moves",
        "INV-59",
        "if (c.status == STATUS_CLOSED) revert",
        "if (c.status > STATUS_CLOSED) revert",
    ),
]

MUTANTS = [
    *STATUSES,
    *BOOKS,
    *FUNDING,
    *WAITING,
    *TRADES,
    *LIQUIDATIONS,
    *TAKEN_OVER,
    *POOLS,
    *LOSSES,
    *COLLATERAL,
]
