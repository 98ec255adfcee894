"""Every format has a page, and the pages name what is there."""

from pathlib import Path

import pytest

from pixelwise.cli.convert import convert
from pixelwise.data.choices import CHOICES
from pixelwise.data.detect import FORMATS

PAGES = Path(__file__).parents[3] / "docs" / "formats"

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the pages are not part of an sdist")


@pytest.mark.parametrize("name", [known.name for known in FORMATS])
def test_a_format_has_a_page_that_the_index_links(name):
    page = PAGES / f"{name.replace('-', '_')}.md"
    text = page.read_text()
    assert text.startswith(f"# {name}")
    assert "    pixelwise train " in text
    assert f"[{name}]({page.name})" in (PAGES / "README.md").read_text()
    assert name in convert.__doc__


def test_the_index_explains_every_choice():
    text = (PAGES / "README.md").read_text()
    assert all(f"{choice}:" in text for choice in CHOICES)
