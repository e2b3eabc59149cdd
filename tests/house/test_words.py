"""One idea, one word: what people read uses none of the words that the glossary puts out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from toprung.interfaces.texts.texts import CATALOGUES_FOLDER, read_catalogue
from toprung.settings import Settings

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
COMMAND_LINE = ROOT / "src" / "toprung" / "interfaces" / "cli"
ROW = re.compile(r"^\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE)
HEADINGS = {"word", "not this"}


def rows(part: str) -> dict[str, str]:
    """The rows of one of the glossary's two tables."""
    told, _, out = GLOSSARY.read_text("utf-8").partition("## Words that are out")
    found = {row["word"]: row["meaning"] for row in ROW.finditer(out if part == "out" else told)}
    return {word: meaning for word, meaning in found.items() if word not in HEADINGS and set(word) != {"-"}}


OUT = tuple(phrase.strip() for phrases in rows("out") for phrase in phrases.split(","))
PATTERN = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, OUT)) + r")(?![\w-])", re.IGNORECASE)


def pages() -> Iterator[tuple[str, str]]:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if page != GLOSSARY:
            yield page.name, page.read_text("utf-8")


def sentences() -> Iterator[tuple[str, str]]:
    for code, forms in read_catalogue(CATALOGUES_FOLDER / "en.po").forms.items():
        yield code, " | ".join(forms)
    for name, field in Settings.model_fields.items():
        yield name, field.description or ""


def helps() -> Iterator[tuple[str, str]]:
    """The help of the command line: of options, and of commands, which is what their functions say of themselves."""
    for path in sorted(COMMAND_LINE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Constant):
                yield f"{path.name}:{node.value.lineno}", str(node.value.value)
            elif isinstance(node, ast.FunctionDef) and any(
                "command" in ast.unparse(one) for one in node.decorator_list
            ):
                yield f"{path.name}:{node.lineno}", ast.get_docstring(node) or ""


@pytest.mark.parametrize("said", [pages, sentences, helps], ids=lambda said: str(said.__name__))
def test_nobody_reads_a_word_that_is_out(said: type[Iterator[tuple[str, str]]]) -> None:
    found = list(said())
    assert len(found) >= 10
    assert not [(place, wrong[0]) for place, text in found for wrong in PATTERN.finditer(text)]


def test_a_word_that_is_out_is_found_wherever_it_stands() -> None:
    assert len(OUT) >= 10
    for phrase in OUT:
        assert PATTERN.search(f"It says {phrase.upper()}, here.")
        assert not PATTERN.search(f"un{phrase.replace(' ', '')}x")


def test_the_glossary_has_one_line_for_each_word_in_order() -> None:
    words = list(rows("in"))
    assert len(words) >= 30
    assert words == sorted(set(words), key=str.casefold)
    assert not {word for word in words if PATTERN.search(word)}
