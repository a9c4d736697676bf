"""Every contract fits a block's rules, and the core fits its own limit."""

from rules.code_sizes import CORE_LIMIT, core_report, oversized
from rules.report import assert_clean

from keel.analytics.sizes import CORE_CONTRACTS, core_size, runtime_sizes


def test_contracts__that_are_deployed__fit_the_limit():
    assert_clean("Runtime sizes", oversized(runtime_sizes()))


def test_core__in_all__fits_its_limit():
    sizes = runtime_sizes()
    assert core_size(sizes) < CORE_LIMIT, core_report(sizes)


def test_contracts__at_the_limit__are_found():
    (problem,) = oversized({"Fits": 24_575, "Big": 24_576})
    assert problem.where == "Big"
    assert oversized({}) == [("contracts", "nothing is compiled")]


def test_core__over_its_limit__is_reported_with_both_sums():
    sizes = dict.fromkeys(runtime_sizes(), CORE_LIMIT)
    assert core_size(sizes) >= CORE_LIMIT
    core = len(CORE_CONTRACTS) * CORE_LIMIT
    assert core_report(sizes).startswith(f"the core has {core} bytes, with the lens {core + CORE_LIMIT};")
