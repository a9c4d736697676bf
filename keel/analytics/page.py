"""The frame and the style that all pages share: one self-contained file, no script, no external resource."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

_FRAME = Path(__file__).parent / "templates" / "frame.html"


def page(title: str, body: Path, parts: Mapping[str, str]) -> str:
    """A page.

    Args:
        title: Its title, plain text.
        body: Template of what stands inside the frame.
        parts: What the template names, as HTML.
    """
    inside = Template(body.read_text()).substitute(parts)
    return Template(_FRAME.read_text()).substitute(title=escape(title), body=inside)
