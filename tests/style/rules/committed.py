"""What no committed file may contain: where it was made, and on what."""

import re
from collections.abc import Mapping

from rules.report import Problem

_WRONG = {
    "a path of one machine": re.compile(
        r"(?<![\w.~$}-])/(?:(?:work|root)\b(?![-.])|(?:home|Users|tmp|opt|mnt)/\w)"
    ),
    "the host of a package registry": re.compile(
        r"\bregistry\.[a-z]|\bpypi\.org|\bpythonhosted\.org|\bnpmjs\.(?:org|com)|\bnpmmirror|\bartifactory\b",
        re.IGNORECASE,
    ),
    "a word about how it was made": re.compile(
        r"(?<!scope=\")(?<!scope=')\bsessions?\b|\bissues? #", re.IGNORECASE
    ),
}
_LOCKS = {
    "package-lock.json": re.compile(r'"resolved"'),
    "requirements.lock": re.compile(
        r"^\s*(?:-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", re.MULTILINE
    ),
}


def traces(texts: Mapping[str, str]) -> list[Problem]:
    """Paths of one machine, registry hosts and workshop words, by path."""
    found = []
    for path, text in texts.items():
        patterns = dict(_WRONG)
        if path in _LOCKS:
            patterns["where a package comes from"] = _LOCKS[path]
        found += [
            Problem(
                path, f"line {text.count(chr(10), 0, place.start()) + 1} has {what}: {place.group().strip()}"
            )
            for what, pattern in patterns.items()
            for place in pattern.finditer(text)
        ]
    return found
