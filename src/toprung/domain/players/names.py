"""Names that players chose, which are hostile input: what is let in, when two count as the same, and safe CSV cells.

The raw text is kept and shown; it is refused only where it could hide something (control and invisible characters) or
spill over its line (piles of combining marks). Korean, Cyrillic, Chinese and Arabic names are as welcome as Latin ones.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from toprung.domain.errors import InvalidInput

PLAYER_NAME_MAX_CODE_POINTS: Final = 24
RAW_NAME_MAX_CODE_POINTS: Final = 200
STACKED_MARKS_MAX: Final = 2

InvalidNameReason = Literal[
    "empty",
    "too_long",
    "control_character",
    "invisible_character",
    "unassigned_character",
    "leading_mark",
    "stacked_marks",
    "no_letter_or_digit",
]

_CATEGORY_REASONS: Final[Mapping[str, InvalidNameReason]] = {
    "Cc": "control_character",
    "Zl": "control_character",
    "Zp": "control_character",
    "Cf": "invisible_character",
    "Cs": "unassigned_character",
    "Co": "unassigned_character",
    "Cn": "unassigned_character",
}

# Characters whose category says "letter", "mark" or "symbol" but which show nothing: Unicode's default ignorables, the
# blanks among braille, music, hieroglyphs and Khitan, and the stand-in for an object. A name made of these looks empty,
# and a name with one of these added looks like the name without it.
_LOOK_BLANK: Final = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xFFFC, 0xFFFC),
        (0x13441, 0x13442),
        (0x16FE4, 0x16FE4),
        (0x1D159, 0x1D159),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)


class InvalidName(InvalidInput):
    """A name that may not be used. `reason` is stable and meant for programs; the sentence says what to change."""

    code = "invalid_name"

    def __init__(self, reason: InvalidNameReason, sentence: str, **parameters: object) -> None:
        super().__init__("player_name", sentence, reason, **parameters)
        self.reason: InvalidNameReason = reason


def clean_name(raw: str) -> str:
    """The name as it is stored and shown: in NFC, without outer white space, with single spaces inside.

    A raw text that is far too long is refused before any work is spent on it. Cleaning a clean name changes nothing.
    Raises `InvalidName`.
    """
    if len(raw) > RAW_NAME_MAX_CODE_POINTS:
        raise _too_long(len(raw))
    name = _spaced(unicodedata.normalize("NFC", raw))
    if not name:
        raise InvalidName("empty", "A name needs at least one letter or digit.")
    _refuse_unsafe(name)
    if len(name) > PLAYER_NAME_MAX_CODE_POINTS:
        raise _too_long(len(name))
    _refuse_piles(name)
    if not any(unicodedata.category(char)[0] in "LN" for char in name):
        raise InvalidName("no_letter_or_digit", "A name needs at least one letter or digit; add one.")
    return name


def unsafe_character(text: str) -> tuple[int, InvalidNameReason] | None:
    """The index of the first character that can hide or fake something and what is wrong with it; None without one."""
    for index, char in enumerate(text):
        if char in _LOOK_BLANK:
            return index, "invisible_character"
        if reason := _CATEGORY_REASONS.get(unicodedata.category(char)):
            return index, reason
    return None


def _too_long(length: int) -> InvalidName:
    return InvalidName(
        "too_long",
        "A name may have at most {most} characters; this one has {length}. Shorten it.",
        most=PLAYER_NAME_MAX_CODE_POINTS,
        length=str(length),
    )


def _spaced(text: str) -> str:
    """Space separators and tabs become single spaces. Line breaks go at the ends; inside they stay, to be refused."""
    spaces = (" " if char == "\t" or unicodedata.category(char) == "Zs" else char for char in text.strip("\t\r\n "))
    return " ".join(part for part in "".join(spaces).split(" ") if part)


def _refuse_unsafe(name: str) -> None:
    found = unsafe_character(name)
    if found is None:
        return
    index, reason = found
    sentence = {
        "control_character": (
            "Character {position} of the name is a control character or line break ({which}); take it out."
        ),
        "invisible_character": "Character {position} of the name is an invisible character ({which}); take it out.",
        "unassigned_character": (
            "Character {position} of the name is a character without a meaning ({which}); take it out."
        ),
    }[reason]
    label = unicodedata.name(name[index], "")
    which = f"U+{ord(name[index]):04X}{' ' if label else ''}{label}"
    raise InvalidName(reason, sentence, position=str(index + 1), which=which)


def _refuse_piles(name: str) -> None:
    """Refuses marks without a letter below them, and more marks on one letter than any line has room for.

    Counted in NFD, so that a letter that brings a mark along has used one of the two. A spacing mark (Devanagari's
    vowel signs, say) takes room of its own and begins anew.
    """
    stacked = 0
    previous = " "
    for char in unicodedata.normalize("NFD", name):
        category = unicodedata.category(char)
        if category[0] == "M" and previous == " ":
            raise InvalidName(
                "leading_mark", "A word in the name starts with a combining mark; put a letter before it."
            )
        stacked = stacked + 1 if category in ("Mn", "Me") else 0
        if stacked > STACKED_MARKS_MAX:
            raise InvalidName(
                "stacked_marks",
                "A letter in the name carries more than {most} marks; take some off.",
                most=STACKED_MARKS_MAX,
            )
        previous = char


class NameKeys:
    """Keys of names: names that a reader could take for one another have the same key.

    `prototypes` maps a character to the text it looks like (Unicode's TR39 table). Characters that look alike and
    characters that differ only in case are one class, and a key is the name with each character replaced by its
    class's representative. Taken to the end that would also join letters nobody confuses (N looks like Greek capital
    nu, whose small letter looks like v), so a pair of cases is *not* joined where that would make two ASCII letters
    equal. This separates the cases of a few, mostly Greek, letters and catches every look-alike of an ASCII one.

    Raises ValueError if a character looks like a text that holds it.
    """

    def __init__(self, prototypes: Mapping[str, str]) -> None:
        self._images: Mapping[str, str] = _Classes(prototypes).images()

    def key(self, name: str) -> str:
        """The text that is equal for names which count as the same. `key(key(x)) == key(x)`."""
        decomposed = unicodedata.normalize("NFD", name)
        return unicodedata.normalize("NFC", "".join(_image(char, self._images) for char in decomposed))


def _image(char: str, images: Mapping[str, str]) -> str:
    """What stands in a key for a character. One that the table does not know is folded, and its parts are looked up."""
    known = images.get(char)
    if known is not None:
        return known
    folded = _folded(char)
    return char if folded == char else "".join(_image(part, images) for part in folded)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFD", unicodedata.normalize("NFKD", text).casefold())


_LAST_CASED_CODE_POINT: Final = 0x1E943  # the last letter that has two cases (Adlam); a test holds this
_CASE_FOLDS: Final = range(_LAST_CASED_CODE_POINT + 1)


class _Classes:
    """Classes of characters that count as the same, grown pair by pair; thrown away once their images are known."""

    def __init__(self, prototypes: Mapping[str, str]) -> None:
        self._parents: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        self._texts: dict[str, str] = {}  # a character that looks like, or folds to, several characters
        for source, prototype in prototypes.items():
            # After NFD a composed character never turns up, so what it looks like does not matter.
            if unicodedata.normalize("NFD", source) == source:
                self._add_lookalike(source, unicodedata.normalize("NFD", prototype))
        for code in range(ord("A"), ord("Z") + 1):
            self._join(chr(code), chr(code).lower())
        # Greek comes last: where the cases of two scripts cannot both be joined, it is the rarer one among players.
        for upper, lower in sorted(self._case_pairs(), key=lambda pair: _is_greek(pair[0])):
            if not (self._is_anchored(upper) and self._is_anchored(lower)):
                self._join(upper, lower)

    def images(self) -> dict[str, str]:
        """The text that stands for each character in a key, for every character that is not its own."""
        images: dict[str, str] = {}
        for root, members in self._members.items():
            images.update(dict.fromkeys(members, self._expanded(root, frozenset())))
        return images

    def _add_lookalike(self, source: str, prototype: str) -> None:
        if len(prototype) == 1:
            self._join(source, prototype)
        else:
            self._root(source)
            self._texts[source] = prototype

    def _case_pairs(self) -> Iterator[tuple[str, str]]:
        for code in _CASE_FOLDS:
            char = chr(code)
            folded = char.casefold()
            if folded == char or unicodedata.normalize("NFD", char) != char:
                continue
            if len(folded) > 1 and char in self._parents:
                self._texts.setdefault(char, unicodedata.normalize("NFD", folded))
            elif len(folded) == 1 and (char in self._parents or folded in self._parents):
                yield char, folded

    def _root(self, char: str) -> str:
        if char not in self._parents:
            self._parents[char] = char
            self._members[char] = [char]
        while self._parents[char] != char:
            char = self._parents[char]
        return char

    def _join(self, one: str, other: str) -> None:
        kept, gone = self._root(one), self._root(other)
        if kept != gone:
            self._parents[gone] = kept
            self._members[kept] += self._members.pop(gone)

    def _is_anchored(self, char: str) -> bool:
        """Whether the class stands for ASCII, as a character or as a text of such."""
        members = self._members[self._root(char)]
        return any(member.isascii() for member in members) or any(map(self._is_plain, members))

    def _is_plain(self, char: str) -> bool:
        text = self._texts.get(char)
        return text is not None and all(
            part in self._parents and any(member.isascii() for member in self._members[self._root(part)])
            for part in text
        )

    def _expanded(self, char: str, seen: frozenset[str]) -> str:
        """The text that stands for the class of a character: of ASCII if it has some, and made of such texts itself."""
        root = self._root(char)
        members = self._members[root]
        ascii_members = [member for member in members if member.isascii()]
        candidates = [member for member in ascii_members or members if member in self._texts]
        if root in seen:
            raise ValueError(
                f"U+{ord(char):04X} looks like a text that holds itself; the table must not run in circles"
            )
        if candidates:
            chosen = min(candidates, key=lambda member: (not self._is_plain(member), member))
            return "".join(self._part(part, seen | {root}) for part in self._texts[chosen])
        return min(ascii_members or members, key=lambda member: (not member.islower(), member))

    def _part(self, part: str, seen: frozenset[str]) -> str:
        if part in self._parents:
            return self._expanded(part, seen)
        folded = _folded(part)
        return part if folded == part else "".join(self._part(piece, seen) for piece in folded)


def _is_greek(char: str) -> bool:
    return unicodedata.name(char, "").startswith("GREEK")


# What makes a spreadsheet read a cell as a formula, and the apostrophe that tells it not to.
_ESCAPE: Final = "'"
_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠\t\r\n\0" + _ESCAPE)


def csv_cell(text: str) -> str:
    """The text as a CSV cell that no spreadsheet runs as a formula: `csv_uncell` gives the text back exactly."""
    return _ESCAPE + text if text[:1] in _FORMULA_STARTS else text


def csv_uncell(cell: str) -> str:
    """The text that `csv_cell` was given. A leading apostrophe that escapes nothing belongs to the text and stays."""
    return cell[1:] if cell[:1] == _ESCAPE and cell[1:2] in _FORMULA_STARTS else cell
