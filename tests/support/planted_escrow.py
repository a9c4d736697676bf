"""Faults planted in prices and in what waits for better ones: the hub, fills in doubt, funding in escrow."""

from support.mutants import in_contract as _in
from support.mutants import in_core as _in_core

ESCROW = [
    _in_core(
        "suspect_prices_move_the_live_indices",
        "INV-13",
        "if (ValidityLadder.suspect(market.price.flags)) return (outcome, perBase, received);",
        "",
    ),
    _in_core(
        "escrow_swaps_its_sides",
        "INV-13",
        "if (perBase > 0) e.longsPaid += uint256(perBase); else e.shortsPaid += uint256(-perBase);",
        "if (perBase > 0) e.shortsPaid += uint256(perBase); else e.longsPaid += uint256(-perBase);",
    ),
    _in_core(
        "escrow_events_mirror_the_move",
        "INV-13",
        "emit FundingEscrowed(id, perBase);",
        "emit FundingEscrowed(id, -perBase);",
    ),
    _in_core(
        "a_confirmed_pool_gets_nothing",
        "INV-02",
        "m.cash = SafeCastLib.toInt128(m.cash + e.poolDue);",
        "",
    ),
    _in_core(
        "what_is_held_is_not_reserved",
        "INV-02 INV-11",
        "e.reserve += paid;",
        "",
    ),
    _in_core(
        "what_is_held_is_not_taken",
        "INV-02 INV-16",
        "t.account.balance -= SafeCastLib.toInt120(int256(paid));",
        "paid;",
    ),
    _in_core(
        "three_percent_are_near",
        "INV-63",
        "uint256 private constant CONFIRM_BPS = 200;",
        "uint256 private constant CONFIRM_BPS = 300;",
    ),
    _in_core(
        "the_lowest_suspect_index_is_forgotten",
        "INV-63",
        "bool confirmed = _near(e.low, m.price.index) && _near(e.high, m.price.index);",
        "bool confirmed = _near(e.high, m.price.index);",
    ),
    _in_core(
        "a_rejected_claim_pays_what_was_received",
        "INV-02 INV-64",
        "return (true, claim.paid);",
        "return (true, claim.received);",
    ),
    _in_core(
        "a_claim_stays_after_its_release",
        "INV-11 INV-64",
        "delete escrowClaims[account][id];",
        "",
    ),
    _in_core(
        "a_confirmed_part_is_settled_twice",
        "INV-12 INV-16",
        "p.longsPaid += uint128(claim.longsPaid);",
        "",
    ),
    _in_core(
        "a_confirmed_surplus_is_lost",
        "INV-02 INV-18",
        "insuranceAssets += uint128(claim.surplus);",
        "",
    ),
    _in_core(
        "health_forgets_what_waits_to_be_held",
        "INV-25",
        "_shift(h, -int256(owed));",
        "",
    ),
    _in_core(
        "funding_goes_on_without_a_price",
        "INV-13",
        "if (until > market.accruedAt && market.price.flags & ValidityLadder.INVALID == 0) {",
        "if (until > market.accruedAt) {",
    ),
    _in(
        "KeelLiquidation",
        "a_bankrupt_keeps_his_claim",
        "INV-64",
        "if (claim.period != 0) claim.forfeited = true;",
        "claim.forfeited = false;",
    ),
    _in_core(
        "claims_change_the_rate_of_the_past",
        "INV-64",
        "(Accrual outcome, int256 perBase) = _accrue(market, m, c); _announce(market, m, outcome, perBase);"
        " Position memory position",
        "c; markets[market].load(m); Position memory position",
    ),
    _in_core(
        "claims_are_swept_as_dust",
        "INV-12",
        "if (escrows[t.marketId].claims != 0) return;",
        "",
    ),
    _in_core(
        "settling_one_moves_the_index_of_all",
        "INV-13 INV-17",
        "= (t.market.longsPaid, t.market.shortsPaid); if (paid == 0 && received == 0) return;",
        "= (t.market.longsPaid, t.market.shortsPaid); t.market.longsPaid += 1e15;"
        " if (paid == 0 && received == 0) return;",
    ),
]

FILLS = [
    _in_core(
        "trades_do_not_pay_for_the_spread",
        "INV-49",
        "index = buys ? index + spread : index - spread;",
        "spread;",
    ),
    _in(
        "KeelLiquidation",
        "liquidations_pay_for_the_spread",
        "INV-49",
        "(plan.spreadBps, t.market.price.spreadBps) = (t.market.price.spreadBps, 0);",
        "plan.spreadBps = t.market.price.spreadBps;",
    ),
    _in(
        "KeelLiquidation",
        "a_doubt_does_not_delay_liquidation",
        "INV-25",
        "int256 equity = h.equityBetter;",
        "int256 equity = h.equity;",
    ),
]

PRICES = [
    _in(
        "OracleHub",
        "bounds_are_not_checked",
        "INV-48 INV-51",
        "return price < MIN_PRICE || price > MAX_PRICE ? 0 : Quorum.quote(price, spread);",
        "return Quorum.quote(price, spread);",
    ),
    _in(
        "OracleHub",
        "the_farther_neighbour_confirms",
        "INV-48",
        "return (b, priceOf(b) - priceOf(a) < priceOf(c) - priceOf(b) ? a : c);",
        "return (b, priceOf(b) - priceOf(a) < priceOf(c) - priceOf(b) ? c : a);",
    ),
    _in(
        "OracleHub",
        "a_primary_is_believed_again_at_once",
        "INV-48",
        "uint256 internal constant RECOVERY = 15 minutes;",
        "uint256 internal constant RECOVERY = 1 seconds;",
    ),
    _in(
        "OracleHub",
        "doubtful_prices_move_the_average",
        "INV-48",
        "if (last.flags() & ValidityLadder.UNFIT != 0) return average;",
        "",
    ),
    _in(
        "OracleHub",
        "any_confidence_will_do",
        "INV-48",
        "if (doubted || spread * Fixed.BPS > price * MAX_CONFIDENCE_BPS) flags |= ValidityLadder.UNCERTAIN;",
        "if (doubted) flags |= ValidityLadder.UNCERTAIN;",
    ),
    _in(
        "OracleHub",
        "anybody_takes_a_price",
        "INV-56",
        "if (msg.sender != CORE) revert NotCore(msg.sender);",
        "",
    ),
    _in(
        "KeelExtension",
        "any_market_s_hub_will_do",
        "INV-56",
        "if (core != uint160(address(this)) || _answer(oracle, IOracleHub.MARKET.selector) != market) {",
        "if (core != uint160(address(this))) {",
    ),
    _in(
        "Lens",
        "utilization_forgets_the_pool",
        "INV-10",
        "v.utilization = PoolMath.utilization(index, v.skew, v.equity, v.config.maxExposurePpm);",
        "v.utilization = PoolMath.utilization(index, v.skew, v.equity / 2, v.config.maxExposurePpm);",
    ),
]

WAITING = [*ESCROW, *FILLS, *PRICES]
