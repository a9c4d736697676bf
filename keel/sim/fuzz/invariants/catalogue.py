"""The checks that run after actions, by id, and the reasons of those ids that have none here."""

from collections.abc import Mapping
from types import MappingProxyType

from keel.sim.fuzz.invariants import (
    access,
    backstop,
    collateral,
    collateral_sales,
    escrow,
    funding,
    funding_events,
    liquidation,
    liveness,
    losses,
    margin,
    parameters,
    pools,
    portfolio,
    prices,
    resolutions,
    solvency,
    statuses,
)
from keel.sim.fuzz.invariants.base import Check

_TRADE, _LIQUIDATE, _FILLS = (
    frozenset({"trade"}),
    frozenset({"liquidate"}),
    frozenset({"trade", "update_trade"}),
)
_OWN = frozenset({"trade", "withdraw", "multicall", "set_operator", "deposit"})
_KEPT = frozenset({"collateral_deposit", "collateral_withdraw"})
_VAULT, _BUY = frozenset({"stake", "mint", "redeem"}), frozenset({"stake", "mint"})
_PRICE = frozenset({"update_price", "tick", "update_trade"})
_TOKENS = _VAULT | frozenset({"deposit", "withdraw", "multicall", "donate", "collateral_buy", "cover"})
_HUB = frozenset({"set_hub"})
_PARAMETERS = frozenset({"set_market", "set_model", "set_tiers"}) | _HUB
_GOVERN = _PARAMETERS | statuses.STATUS_ACTIONS
# Whose events are read again: enough to have every way on which funding is settled and accrued.
_UNWIND = frozenset({"unwind"})
_CLOSE = _LIQUIDATE | frozenset({"liquidate_batch", "unwind"})
_RESOLVE, _BATCH = frozenset({"resolve"}), frozenset({"liquidate_batch"})
_IN, _OUT, _BOUGHT = (frozenset({f"collateral_{what}"}) for what in ("deposit", "withdraw", "buy"))
_COVER = _BOUGHT | frozenset({"cover"})
_SHARE = _CLOSE | _RESOLVE | frozenset({"deleverage", "shut"}) | _COVER
_TERMS = frozenset({"set_terms", "set_kind_feed"})
_KINDS = _IN | _OUT | _COVER | _TERMS | frozenset({"update_kind", "tick_kind"})
_ONE = _LIQUIDATE | _UNWIND | _RESOLVE
_TOLD = frozenset(
    (
        *(_PARAMETERS | _SHARE - _BATCH),
        *("accrue", "multicall", "update_price", "update_trade"),
    )
)
_FEED = frozenset({"set_feed"})
_CLAIM = frozenset({"claim_funding"})
_MARKET = _VAULT | _FILLS | _GOVERN | _CLAIM | _SHARE | frozenset({"multicall", "accrue", "set_feed"})
_ACCOUNT = _FILLS | _CLAIM | _CLOSE | _RESOLVE | _COVER | frozenset({"withdraw", "multicall", "deposit"})
_TOUCH = _FILLS | _LIQUIDATE | _RESOLVE | frozenset({"multicall", "unwind"})
# What a market that shares out a loss refuses beside these.
_SHUT_TO = _PARAMETERS | _FEED | frozenset({"restrict", "lift", "hold", "reopen", "deleverage", "shut"})
_ACCESS = (_FILLS | _GOVERN | {"withdraw", "multicall", "set_operator", "set_feed", "intrude"}) - {"lift"}

CHECKS: tuple[Check, ...] = (
    # First, since others go by the price that the twin of the hub says is stored.
    Check("INV-48", prices.inv_48, _PRICE),
    Check("INV-01", solvency.inv_01, _TOKENS | _MARKET),
    Check("INV-02", solvency.inv_02, _TOKENS | _MARKET),
    Check("INV-03", solvency.inv_03, _TOKENS),
    Check("INV-04", solvency.inv_04, _MARKET),
    Check("INV-05", solvency.inv_05, _MARKET),
    Check("INV-05", solvency.inv_05_fill, _FILLS),
    Check("INV-08", solvency.inv_08, _ACCOUNT),
    Check("INV-09", solvency.inv_09, _ACCOUNT),
    Check("INV-11", escrow.inv_11, _MARKET | _PRICE),
    Check("INV-12", funding.inv_12, _MARKET | _PRICE),
    Check("INV-13", funding.inv_13, _MARKET | _PRICE),
    Check("INV-13", funding.inv_13_one_way, _TOLD),
    Check("INV-13", funding.inv_13_suspect, _MARKET | _PRICE),
    Check("INV-13", funding_events.inv_13_events, _TOLD),
    Check("INV-13", funding_events.inv_13_escrow_events, _TOLD),
    Check("INV-13", parameters.inv_13_governed, _PARAMETERS),
    Check("INV-13", parameters.inv_13_in_use, _PARAMETERS),
    Check("INV-13", parameters.inv_13_in_use_refused, refused=True),
    Check("INV-14", funding.inv_14, _MARKET | _PRICE),
    Check("INV-14", funding.inv_14_rate, _TOLD),
    Check("INV-16", funding.inv_16, _FILLS),
    Check("INV-16", funding_events.inv_16_event, _TOLD),
    Check("INV-18", funding.inv_18, _FILLS),
    Check("INV-19", margin.inv_19, _FILLS),
    Check("INV-21", margin.inv_21, _OWN),
    Check("INV-21", collateral.inv_21, _KEPT),
    Check("INV-21", portfolio.inv_21_others, _MARKET | _ACCOUNT),
    Check("INV-22", margin.inv_22, _TRADE),
    Check("INV-23", margin.inv_23, _MARKET),
    Check("INV-24", margin.inv_24, _FILLS),
    Check("INV-24", margin.inv_24_withdraw, frozenset({"withdraw"})),
    Check("INV-25", liquidation.inv_25, _LIQUIDATE),
    Check("INV-25", liquidation.inv_25_refused, _LIQUIDATE, refused=True),
    Check("INV-26", margin.inv_26, _OWN),
    Check("INV-28", liquidation.inv_28, _LIQUIDATE),
    Check("INV-29", liquidation.inv_29, _LIQUIDATE),
    Check("INV-30", liquidation.inv_30, _LIQUIDATE),
    Check("INV-31", liquidation.inv_31, _LIQUIDATE),
    Check("INV-32", liquidation.inv_32, _LIQUIDATE),
    Check("INV-35", resolutions.inv_35, _SHARE - _BATCH),
    Check("INV-35", resolutions.inv_35_books, _RESOLVE),
    Check("INV-35", resolutions.inv_35_sum, _RESOLVE),
    Check("INV-35", resolutions.inv_35_end, _RESOLVE),
    Check("INV-36", liquidation.inv_36, _LIQUIDATE),
    Check("INV-37", liquidation.inv_37, _LIQUIDATE),
    Check("INV-37", losses.inv_37_deficit, _LIQUIDATE | _UNWIND | _COVER),
    Check("INV-38", resolutions.inv_38, _RESOLVE),
    Check("INV-39", losses.inv_39, _ONE | _COVER),
    Check("INV-39", losses.inv_39_others, _ONE | _COVER),
    Check("INV-40", pools.inv_40, _MARKET),
    Check("INV-40", pools.inv_40_insurance, _VAULT),
    Check("INV-41", pools.inv_41, _VAULT),
    Check("INV-42", pools.inv_42, _BUY),
    Check("INV-42", pools.inv_42_redeem, frozenset({"redeem"})),
    Check("INV-43", pools.inv_43, _VAULT),
    Check("INV-44", margin.inv_44, _MARKET - _SHARE),
    Check("INV-44", margin.inv_44_side, _MARKET - _SHARE),
    Check("INV-45", pools.inv_45, frozenset({"redeem"})),
    Check("INV-45", pools.inv_45_refused, frozenset({"redeem"}), refused=True),
    Check("INV-47", prices.inv_47, _PRICE),
    Check("INV-49", margin.inv_49, _VAULT | _TRADE | _LIQUIDATE),
    Check("INV-49", margin.inv_49_fill, _FILLS),
    Check("INV-49", margin.inv_49_liquidation, _LIQUIDATE | _UNWIND),
    Check("INV-50", margin.inv_50, _VAULT | _TRADE | _LIQUIDATE | _UNWIND | frozenset({"withdraw"})),
    Check("INV-50", margin.inv_50_refused, refused=True),
    Check("INV-51", prices.inv_51, _PRICE),
    Check("INV-55", access.inv_55, refused=True),
    Check("INV-56", access.inv_56, _ACCESS),
    Check("INV-56", parameters.inv_56_change, _GOVERN),
    Check("INV-56", parameters.inv_56_no_model, refused=True),
    Check("INV-56", parameters.inv_56_hub, _HUB),
    Check("INV-56", parameters.inv_56_no_hub, _HUB, refused=True),
    Check("INV-56", parameters.inv_56_feed, frozenset({"set_feed"})),
    Check("INV-56", statuses.inv_56_restricted, frozenset({"restrict"})),
    Check("INV-56", statuses.inv_56_lifted, frozenset({"lift"})),
    Check("INV-56", statuses.inv_56_refused, refused=True),
    Check("INV-58", access.inv_58_refused, frozenset({"deposit", "stake"}), refused=True),
    Check("INV-59", statuses.inv_59, _FILLS | _VAULT | frozenset({"withdraw"})),
    Check("INV-59", statuses.inv_59_refused, refused=True),
    Check("INV-59", statuses.inv_59_shared, _FILLS | _VAULT | _CLOSE - _BATCH | _PRICE | _SHUT_TO),
    Check("INV-59", statuses.inv_59_shared_refused, refused=True),
    Check("INV-60", liveness.inv_60, frozenset(liveness.CEILINGS)),
    Check("INV-63", escrow.inv_63, _PRICE),
    Check("INV-64", escrow.inv_64, _TOUCH),
    Check("INV-64", funding_events.inv_64_event, _TOUCH | _CLAIM),
    Check("INV-64", escrow.inv_64_claim, _CLAIM),
    Check("INV-64", escrow.inv_64_owed, _CLAIM),
    Check("INV-64", escrow.inv_64_refused, _CLAIM, refused=True),
    Check("INV-65", backstop.inv_65, _CLOSE),
    Check("INV-65", backstop.inv_65_never, _CLOSE - _UNWIND),
    Check("INV-65", backstop.inv_65_unwind, _UNWIND),
    Check("INV-66", backstop.inv_66, _LIQUIDATE),
    Check("INV-66", backstop.inv_66_reason, _LIQUIDATE),
    Check("INV-68", portfolio.inv_68, (_MARKET | _PRICE) - _PARAMETERS - _FEED),
    Check("INV-68", portfolio.inv_68_governed, _PARAMETERS | _FEED),
    Check("INV-69", backstop.inv_69, _CLOSE),
    Check("INV-70", backstop.inv_70, _LIQUIDATE),
    Check("INV-71", backstop.inv_71, frozenset({"redeem"})),
    Check("INV-72", collateral.inv_72, _ACCOUNT | _KINDS),
    Check("INV-73", collateral.inv_73, _KEPT | _BOUGHT),
    Check("INV-74", collateral.inv_74, _ACCOUNT | _KEPT),
    Check("INV-74", collateral.inv_74_covered, _COVER),
    Check("INV-75", collateral_sales.inv_75, _BOUGHT),
    Check("INV-75", collateral_sales.inv_75_equity, _BOUGHT),
    Check("INV-75", collateral_sales.inv_75_refused, _COVER, refused=True),
    Check("INV-76", collateral.inv_76, _KEPT),
    Check("INV-76", collateral.inv_76_refused, _KEPT | _BOUGHT, refused=True),
    Check("INV-76", collateral.inv_76_free, _OUT, refused=True),
    Check("INV-77", collateral.inv_77, _TERMS),
    Check("INV-77", collateral.inv_77_ramp, _TERMS),
    Check("INV-77", collateral.inv_77_refused, _TERMS, refused=True),
    Check("INV-78", collateral.inv_78, _KINDS),
    Check("INV-78", collateral.inv_78_deposit, _IN),
    Check("REVERT", access.reverts, refused=True),
)

NOT_CHECKED: Mapping[str, str] = MappingProxyType(
    {
        "INV-57": "needs the order book, which is not built",
    }
)
