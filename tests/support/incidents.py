"""Where every incident and every audit finding is tested, or why it cannot happen here.

I-01 to I-42 are public losses, F-01 to F-52 findings of audits; each number stands in exactly one row. A row
names the test that would fail first; others may name the number in their docstring, too.
"""

_I = "tests/unit/test_incidents_"
_U = "tests/unit/test_"
_A = "tests/scenario/test_funding_attacks.py"

#: Number, and its tests.
TESTED = [
    ("I-01", f"{_I}margin.py::test_two_account_pump"),
    ("I-02", f"{_I}margin.py::test_cex_push_roundtrip"),
    ("I-03", f"{_I}reentry.py::test_reenter_every_external", f"{_I}reentry.py::test_gmx_read_only_reentry"),
    (
        "I-04",
        "tests/style/test_access_matrix.py::test_matrix__of_the_deployed_contracts__is_as_listed",
        f"{_I}admin.py::test_kiloex_every_contract_is_in_the_access_matrix",
        f"{_I}oracle_attacks.py::test_two_prices_in_one_block",
    ),
    (
        "I-05",
        f"{_I}backstop.py::test_poison_backstop",
        f"{_I}oracle_limits.py::test_hyperliquid_jelly_squeeze",
    ),
    (
        "I-06",
        f"{_I}liquidation.py::test_liquidation_never_better_than_close",
        f"{_I}oracle_limits.py::test_hyperliquid_whale_liquidated_by_himself",
    ),
    (
        "I-07",
        f"{_I}margin.py::test_popcat_sybil_brackets",
        f"{_I}oracle_limits.py::test_popcat_nineteen_wallets_share_one_limit",
    ),
    ("I-09", f"{_I}oracle_limits.py::test_paradex_maintenance_resets_no_index"),
    ("I-10", f"{_I}exits.py::test_drift_winners_exit_first"),
    (
        "I-11",
        f"{_I}admin.py::test_admin_takeover",
        f"{_I}admin.py::test_governor_reaches_no_balance",
        f"{_I}oracle_limits.py::test_drift_fake_oracle_waits_for_the_timelock",
    ),
    ("I-12", f"{_I}oracle_attacks.py::test_levana_sender_chosen_price"),
    ("I-13", f"{_I}oracle.py::test_synthetix_skrw_bad_print"),
    ("I-14", f"{_I}oracle_limits.py::test_synthetix_trb_price_times_ten"),
    ("I-15", f"{_I}margin.py::test_pyramid_then_crash"),
    (
        "I-16",
        f"{_I}backstop.py::test_perp_v1_cascade_is_slowed",
        f"{_I}oracle_limits.py::test_perp_v1_cream_cascade",
    ),
    (
        "I-17",
        f"{_I}vaults.py::test_tribe_loops_of_shares_and_trades",
        f"{_I}vaults.py::test_insurance_drain_by_wash_trading",
    ),
    ("I-18", f"{_I}oracle_attacks.py::test_perp_v2_fabricated_premium"),
    ("I-19", f"{_I}vaults.py::test_denaria_and_balancer_dust"),
    ("I-20", f"{_I}oracle_limits.py::test_futureswap_units"),
    (
        "I-21",
        f"{_I}vaults.py::test_tribe_loops_of_shares_and_trades",
        f"{_U}no_free_lunch.py::test_no_closed_set_gains",
    ),
    (
        "I-23",
        f"{_I}admin.py::test_level_array_arguments",
        f"{_I}backstop.py::test_level_batches_of_liquidations",
    ),
    ("I-24", f"{_I}exits.py::test_euler_no_voluntary_insolvency"),
    ("I-25", f"{_I}oracle.py::test_venus_luna_min_answer"),
    ("I-26", f"{_I}oracle_attacks.py::test_inverse_short_twap"),
    ("I-27", f"{_I}oracle_attacks.py::test_rodeo_sandwiched_sample"),
    ("I-28", f"{_I}oracle_attacks.py::test_polter_pool_drained_in_a_block"),
    ("I-29", f"{_U}bad_input_trade.py::test_the_band", f"{_U}bad_input_trade.py::test_too_little_margin"),
    ("I-30", f"{_I}oracle.py::test_vee_finance_decimals"),
    ("I-31", f"{_I}oracle.py::test_ribbon_decimals_migration"),
    ("I-32", f"{_I}oracle.py::test_moonwell_wrong_ratio_at_activation"),
    ("I-33", f"{_I}oracle_attacks.py::test_curve_llamalend_donations"),
    ("I-34", f"{_I}oracle.py::test_compound_dai_single_venue"),
    ("I-35", f"{_I}vaults.py::test_denaria_and_balancer_dust"),
    ("I-36", f"{_I}vaults.py::test_usm_split_redemption"),
    ("I-37", f"{_U}funding_escrow.py::test_a_bankrupt_leaves_its_claim_to_the_insurance"),
    ("I-38", f"{_I}reentry.py::test_reenter_every_external"),
    ("I-39", f"{_I}exits.py::test_maker_black_thursday_backlog"),
    (
        "I-40",
        f"{_U}source_sequencer.py::test_arbitrum_december_2023_sequencer_gap",
        f"{_I}oracle_limits.py::test_arbitrum_sequencer_down_and_grace",
    ),
    ("I-41", f"{_U}funding_exactness.py::test_the_examples_cross_zero_and_end_at_a_cap"),
    (
        "I-42",
        f"{_I}index.py::test_every_number_is_accounted_for_once",
        "tests/invariant/test_planted_faults.py::test_a_planted_fault_is_caught",
    ),
    ("F-01", f"{_I}oracle_attacks.py::test_two_prices_in_one_block"),
    ("F-02", f"{_I}oracle_attacks.py::test_flatmoney_executor_picks_or_skips"),
    ("F-04", f"{_I}oracle_attacks.py::test_velar_newest_only_is_no_weapon"),
    ("F-05", f"{_I}oracle.py::test_perennial_a_missing_price_freezes_nothing_for_good"),
    ("F-07", f"{_I}margin.py::test_gmx_split_order"),
    ("F-08", f"{_I}margin.py::test_gmx_split_order"),
    (
        "F-09",
        f"{_A}::test_a_push_that_is_gone_before_the_block_ends_leaves_no_trace",
    ),
    ("F-10", f"{_U}regressions.py::test_poking_an_hour_long_changes_nothing"),
    ("F-11", f"{_U}size_tiers.py::test_what_an_hour_costs"),
    (
        "F-13",
        f"{_A}::test_without_fees_pumping_takes_from_the_pool_and_with_fees_it_costs_a_hundred_times_that",
    ),
    ("F-14", f"{_U}twin_ledger.py::test_random_walk"),
    ("F-15", f"{_U}funding_exactness.py::test_a_thousand_pieces_add_up_on_chain"),
    ("F-16", f"{_I}exits.py::test_velar_close_in_every_order"),
    ("F-17", f"{_I}margin.py::test_tigris_close_in_parts_on_any_path"),
    (
        "F-18",
        f"{_I}margin.py::test_tigris_close_in_parts_on_any_path",
        f"{_U}bad_input_trade.py::test_sizes_that_no_position_holds",
    ),
    ("F-19", f"{_I}margin.py::test_tigris_close_in_parts_on_any_path"),
    ("F-20", f"{_I}liquidation.py::test_perennial_not_in_the_block_of_the_opening"),
    ("F-21", f"{_I}margin.py::test_perennial_reducing_makes_nobody_liquidatable"),
    (
        "F-22",
        f"{_I}liquidation.py::test_perennial_not_in_the_block_of_the_opening",
        f"{_I}liquidation.py::test_liquidation_never_better_than_close",
    ),
    ("F-23", f"{_I}liquidation.py::test_perennial_riskless_position_with_tiny_collateral"),
    ("F-24", f"{_U}funding_escrow_health.py::test_the_view_and_the_touch_agree_on_who_is_healthy"),
    (
        "F-25",
        f"{_I}exits.py::test_gmx_bombs_in_the_liquidated_and_in_the_keeper",
        f"{_U}source_guard.py::test_a_hostile_source_stops_no_liquidation",
    ),
    (
        "F-26",
        f"{_I}tokens.py::test_predy_blacklisted_victim",
        f"{_I}tokens.py::test_hubble_blacklisted_provider",
    ),
    (
        "F-27",
        f"{_I}exits.py::test_hubble_gas_up_to_eight_markets",
        f"{_I}exits.py::test_hubble_gas_with_many_accounts_and_much_history",
    ),
    ("F-28", f"{_U}action_matrix.py::test_actions"),
    ("F-29", f"{_I}exits.py::test_ostium_no_call_of_the_owner_stops_a_liquidation"),
    ("F-30", f"{_I}admin.py::test_hubble_pause_hurts_no_user"),
    ("F-31", f"{_I}exits.py::test_perennial_shortfall_is_no_run"),
    ("F-32", f"{_I}liquidation.py::test_flatmoney_solvent_accounts_keep_their_margin"),
    (
        "F-33",
        f"{_I}vaults.py::test_hubble_leaving_before_a_known_loss",
        f"{_I}vaults.py::test_hubble_a_standing_request_is_no_way_out",
        f"{_I}backstop.py::test_hubble_stakers_stay_while_they_are_needed",
    ),
    ("F-34", f"{_I}vaults.py::test_velar_just_in_time_provider"),
    (
        "F-35",
        f"{_I}vaults.py::test_hundred_finance_first_depositor",
        f"{_I}vaults.py::test_perennial_fees_before_the_first_stake",
        f"{_U}regressions.py::test_wiped_out_insurance_sells_shares_again",
    ),
    ("F-36", f"{_I}vaults.py::test_velar_sandwiched_provider"),
    (
        "F-37",
        f"{_I}liquidation.py::test_predy_no_part_is_left_out",
        f"{_I}liquidation.py::test_symmetrical_no_choice_of_the_bad_part",
    ),
    (
        "F-38",
        f"{_I}liquidation.py::test_polynomial_cliffs_and_dust",
        f"{_I}liquidation.py::test_polynomial_trims_end",
    ),
    ("F-39", f"{_I}liquidation.py::test_polynomial_cliffs_and_dust"),
    (
        "F-40",
        f"{_I}liquidation.py::test_hubble_sandwich_of_a_liquidation",
        f"{_I}liquidation.py::test_hubble_sandwich_at_rest",
        f"{_I}backstop.py::test_hubble_sandwich_of_an_unwinding",
    ),
    ("F-41", f"{_U}twin_fixed.py::test_signed_rounding"),
    (
        "F-42",
        f"{_I}tokens.py::test_boros_decimals",
        f"{_U}source_pyth.py::test_every_price_and_exponent_is_floored_exactly",
    ),
    (
        "F-43",
        f"{_I}tokens.py::test_velar_paused_or_refusing_token",
        f"{_I}tokens.py::test_hubble_token_that_rebases_down",
        f"{_I}tokens.py::test_hubble_token_that_rebases_up",
        f"{_U}bad_input_deployment.py::test_fees_on_transfer_are_refused",
        f"{_U}bad_input_deployment.py::test_the_whole_flow_works_with",
    ),
    ("F-44", f"{_I}admin.py::test_hubble_zero_amounts"),
    ("F-45", f"{_I}reentry.py::test_reenter_every_external"),
    ("F-46", f"{_I}margin.py::test_perennial_cap_by_turns", f"{_I}margin.py::test_perennial_maker_closes"),
    (
        "F-47",
        "tests/invariant/test_findings.py::test_a_withdrawal_that_the_core_cannot_pay_is_refused_by_name",
    ),
    (
        "F-48",
        f"{_I}admin.py::test_perennial_parameters_mid_run",
        f"{_I}admin.py::test_gmx_new_brackets_liquidate_nobody_at_once",
        f"{_U}bad_input_governance.py::test_market_parameters",
    ),
    ("F-49", f"{_I}admin.py::test_jojo_arbitrary_call"),
    (
        "F-50",
        f"{_I}oracle.py::test_two_feeds_have_a_heartbeat_each",
        f"{_I}oracle_limits.py::test_no_contract_counts_blocks",
    ),
    ("F-51", f"{_I}vaults.py::test_glv_mint_price_is_never_below_redeem_price"),
    ("F-52", f"{_I}margin.py::test_overlay_mirror"),
]

#: Number, and what there would have to be for it to happen.
NOT_APPLICABLE = [
    ("I-08", "one collateral, the settlement token itself: no feed prices it, so none can misprice it"),
    ("I-22", "no trigger orders: a trade fills at once or reverts, there is no stop to set above the price"),
    ("F-03", "no pending orders: a trade fills at once or reverts, so there is no option to hold"),
    ("F-06", "no stop orders: nobody was promised a price"),
    ("F-12", "one curve per market: the rate follows the whole net position, there is no part of it to push"),
]
