"""Committed files say nothing about the machine that they were made on."""

import subprocess

import pytest
from rules.committed import traces
from rules.report import ROOT, Problem, assert_clean, committed_files, texts


def test_committed_files__of_the_project__carry_no_traces():
    assert_clean("Traces", traces(texts(ROOT, committed_files())))


@pytest.mark.parametrize(
    "text",
    [
        "see /{}/main".format("work"),
        "'/{}'".format("root"),
        "HOME=/{}/ann".format("home"),
        "to /{}/x".format("tmp"),
        "https://{}.example.org/simple".format("registry"),
        "{}.org/project/x".format("pypi"),
        "in this {}{}".format("sess", "ion"),
        "as {} #12".format("issue"),
    ],
)
def test_traces__in_a_text__are_found(text):
    (problem,) = traces({"a.md": f"first\n{text}\n"})
    assert problem.what.startswith("line 2 has ")


@pytest.mark.parametrize(
    "text",
    [
        'scope="session", start_new_session=True',
        "net/work/root, ./tmp/x, ${HOME}/work, ../work, work/shared",
        "omit-lockfile-registry-resolved=true, issues 1 and 2",
        "https://example.org/home/ann",
    ],
)
def test_traces__of_other_things__are_fine(text):
    assert traces({"a.md": text}) == []


def test_locks__that_say_where_packages_come_from__are_found():
    assert len(traces({"package-lock.json": '{"resolved": "https://example.org"}'})) == 1
    assert len(traces({"requirements.lock": "a==1\n--index-url https://example.org\n  -f x\n"})) == 2
    assert traces({"requirements.lock": "a==1 \\\n    --hash=sha256:00\n", "a.md": '"resolved"'}) == []


def test_committed_files__are_tracked_or_would_be(tmp_path):
    for name in ("a.py", "ignored.py", ".venv/b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert committed_files(tmp_path) == ("a.py", "ignored.py")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("ignored.py\n.venv\n")
    committed_files.cache_clear()
    assert committed_files(tmp_path) == (".gitignore", "a.py")


def test_assert_clean__takes_what_is_accepted_with_a_reason_and_needed():
    breach = [Problem("a.py", "too long")]
    assert_clean("Rule", breach, {"Rule": {"a.py": "generated"}})
    with pytest.raises(AssertionError, match=r"a\.py: too long"):
        assert_clean("Rule", breach, {"Other": {"a.py": "generated"}})
    with pytest.raises(AssertionError, match="without a reason"):
        assert_clean("Rule", breach, {"Rule": {"a.py": " "}})
    with pytest.raises(AssertionError, match="nothing is wrong"):
        assert_clean("Rule", [], {"Rule": {"a.py": "generated"}})
