"""What the documents point at is there."""

import click
import pytest
from rules.documents import broken_links, unknown_commands, unknown_invariants
from rules.report import ROOT, assert_clean, committed_files, texts

from keel.cli.main import cli

DOCUMENTS = texts(ROOT, (path for path in committed_files() if path.endswith(".md")))
CATALOGUE = ROOT / "keel" / "sim" / "fuzz"
MAKEFILE = "SEED ?= 1\n.PHONY: test\ntest: setup ## run\n\trun\n"


@click.group()
def example():
    """A command line with one group and one option."""


@example.group()
def quote():
    """A group."""


@quote.command()
@click.option("--index")
@click.option("--json/--no-json")
def curve(index, json):
    """A command."""


def test_links__of_the_documents__lead_somewhere():
    assert_clean("Links", broken_links(ROOT, DOCUMENTS))


def test_commands__in_the_documents__exist():
    assert_clean("Commands", unknown_commands(DOCUMENTS, cli, (ROOT / "Makefile").read_text()))


def test_invariants__in_the_documents__are_in_the_catalogue():
    assert_clean("Invariants", unknown_invariants(DOCUMENTS, CATALOGUE))


def test_links__to_nothing__are_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "b.md").write_text("# The `pool`: shares\n\n```\n# no heading\n```\n")
    good = (
        "[a](docs/b.md) [b](docs/b.md#the-pool-shares) [c](https://example.org/x) [d](docs) ![e](<docs/b.md>)"
    )
    assert broken_links(tmp_path, {"a.md": good}) == []
    bad = "[a](b.md) [b](docs/b.md#pool) [c](docs/b.md#no-heading) `[d](e)`\n```\n[f](gone.md)\n```\n"
    assert len(broken_links(tmp_path, {"a.md": bad})) == 4
    assert broken_links(tmp_path, {"docs/c.md": "[a](b.md) [b](../docs/b.md)"}) == []


@pytest.mark.parametrize(
    "text",
    [
        "`keel`, `keel quote curve --index 10 --json`, `make test SEED=2`, `keel --help`, `keel quote -h`",
        "```sh\n$ keel quote curve --no-json | tee a --not-ours\nmake test   # keel --none\n```",
        "keel nothing and make nothing are prose, `keel/units.py` is a path, `keeling` a word",
    ],
    ids=["spans", "block", "prose"],
)
def test_commands__that_exist__are_fine(text):
    assert unknown_commands({"a.md": text}, example, MAKEFILE) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("`keel swim`", "there is no command swim"),
        ("```\nkeel quote line\n```", "there is no command line"),
        ("    .venv/bin/keel quote curve --depth 1", "there is no option --depth"),
        ("`make swim`", "the Makefile has no swim"),
        ("```\nmake test SPEED=1\n```", "the Makefile has no SPEED"),
    ],
)
def test_commands__that_do_not_exist__are_found(text, complaint):
    (problem,) = unknown_commands({"a.md": text}, example, MAKEFILE)
    assert problem.what.endswith(complaint)


def test_invariants__that_nobody_checks__are_found(tmp_path):
    (tmp_path / "catalogue.py").write_text('CHECKS = [("INV-01", f)]\nREASON = "as INV-02"\n')
    documents = {"a.md": "INV-01 holds, INV-02 too."}
    assert unknown_invariants(documents, tmp_path) == [("a.md", "INV-02 is not in the catalogue")]
