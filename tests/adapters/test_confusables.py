from pathlib import Path

import pytest

from scripts.make_confusables import reduced
from toprung.adapters.confusables import load_prototypes

DATA = Path(__file__).parents[2] / "src" / "toprung" / "adapters" / "data"

SOURCE = """\
# confusables.txt
# Date: 2020-02-13, 01:38:49 GMT
# © 2020 Unicode®, Inc.
# Version: 13.0.0
#
0430 ;\t0061 ;\tMA\t# ( а → a ) CYRILLIC SMALL LETTER A → LATIN SMALL LETTER A\t#

1F700 ;\t0051 0045 ;\tMA\t# comment
0022 ;\t0027 0027 ;\tMA\t# ( " → '' ) QUOTATION MARK; with a semicolon
"""


def test_the_table_holds_unicodes_look_alikes() -> None:
    prototypes = load_prototypes()
    assert len(prototypes) == 6311
    assert prototypes["\u0430"] == "a"
    assert prototypes["\u0405"] == "S"
    assert prototypes["m"] == "rn"
    assert prototypes["I"] == prototypes["1"] == "l"
    assert prototypes["0"] == "O"
    assert all(len(source) == 1 and prototype and prototype != source for source, prototype in prototypes.items())


def test_a_prototype_is_nothing_elses_look_alike() -> None:
    prototypes = load_prototypes()
    assert not any(char in prototypes for prototype in prototypes.values() for char in prototype)


def test_unicodes_notice_goes_with_the_table() -> None:
    assert "Unicode®, Inc. See UNICODE-LICENSE.txt" in (DATA / "confusables.tsv").read_text(encoding="utf-8")[:400]
    assert (DATA / "UNICODE-LICENSE.txt").read_text(encoding="utf-8").startswith("UNICODE LICENSE V3")


def test_the_script_reduces_unicodes_file() -> None:
    header, rows = reduced(SOURCE).split("UNICODE-LICENSE.txt.\n")
    assert "version 13.0.0 (2020-02-13)" in header
    assert rows == "0022\t0027 0027\n0430\t0061\n1F700\t0051 0045\n"


def test_the_script_refuses_another_file() -> None:
    with pytest.raises(SystemExit, match="is it confusables"):
        reduced("hello")
