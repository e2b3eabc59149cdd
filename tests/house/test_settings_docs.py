"""Every setting is described for organisers."""

import re
from pathlib import Path

from toprung.settings import ENV_PREFIX, Settings

DOCS = Path(__file__).parents[2] / "docs"


def test_every_setting_is_in_the_docs_and_the_docs_name_no_other() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")))
    named = set(re.findall(rf"{ENV_PREFIX}([A-Z_]+[A-Z])", text))
    assert named == {name.upper() for name in Settings.model_fields}
