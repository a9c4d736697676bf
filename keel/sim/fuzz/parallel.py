"""Several campaigns at once, one in each process, with seeds that follow each other."""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from keel.sim.fuzz.campaign import Campaign, Options, Report, open_stage


def run_jobs(seed: int, seconds: float, options: Options, jobs: int) -> Report:
    """Run campaigns with the seeds `seed`, `seed + 1`, ... at the same time; gives one report of all."""
    arguments = [(seed + job, seconds, options) for job in range(jobs)]
    # A fresh process: pyrevm's threads do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return merge(seed, pool.map(_one, *zip(*arguments, strict=True)))


def merge(seed: int, reports: Iterable[Report]) -> Report:
    """One report of several; its time is the longest of theirs."""
    whole = Report(seed)
    for report in reports:
        whole.seconds = max(whole.seconds, report.seconds)
        whole.cpu_seconds += report.cpu_seconds
        whole.tally.add(report.tally)
        for finding in report.findings:
            if finding.invariant not in whole.violations:
                whole.findings.append(finding)
        for invariant, count in report.violations.items():
            whole.violations[invariant] = whole.violations.get(invariant, 0) + count
    return whole


def _one(seed: int, seconds: float, options: Options) -> Report:
    return Campaign(open_stage(), seed, options).run(seconds)
