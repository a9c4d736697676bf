"""One deployment in use per run, on whatever network ape is connected to; every test is taken back."""

import pytest
from support.bench import Bench, rolled_back

from keel.config.deployment import load_deployment
from keel.sdk.apechain import ApeChain
from keel.sdk.deploy import deploy
from keel.sdk.protocol import Protocol


@pytest.fixture(scope="session")
def chain():
    return ApeChain()


@pytest.fixture(scope="session")
def settings():
    return load_deployment()


@pytest.fixture(scope="session")
def deployed(chain, settings):
    """A deployment that nobody has used yet."""
    return Bench(Protocol(chain, deploy(chain, settings)))


@pytest.fixture(scope="session")
def used(chain, settings):
    """The bench, on a deployment of its own."""
    return Bench(Protocol(chain, deploy(chain, settings))).use()


@pytest.fixture
def bench(used):
    """The bench with a price of this moment; what the test does is taken back."""
    with rolled_back(used.chain):
        used.later()
        used.price(50_000)
        yield used


@pytest.fixture
def fresh(deployed):
    """The unused deployment; what the test does is taken back."""
    with rolled_back(deployed.chain):
        yield deployed


@pytest.fixture(scope="session")
def chain_id(networks):
    return networks.provider.chain_id
