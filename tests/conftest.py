"""Common to all tests. This file's folder is on the import path, so helpers are `from support.x import y`."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from keel.sources import compile_all, stale

# Helpers assert, too: let their failures show values.
pytest.register_assert_rewrite("support")

_ROOT = Path(__file__).resolve().parent.parent
# ape compiles only the files that changed, not those that import them.
if stale(_ROOT) is not False:
    compile_all(_ROOT)

# The same examples at every run of the CI; `make fuzz` and local runs keep looking for new ones.
settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
