"""A small protocol in use, made once per file and taken back after each test."""

import pytest
from support.bench import PRICE, make_bench, rolled_back


@pytest.fixture(scope="module")
def used():
    return make_bench()


@pytest.fixture
def bench(used):
    with rolled_back(used.chain):
        used.later()
        used.price(PRICE)
        yield used
