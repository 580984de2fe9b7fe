"""Parser of labels: ``s 98(1)``, ``art. L. 1234-9, al. 2``, ``§ 433 I 2``, ``3 kap. 1 §``.

A label begins with a kind word (or ends with one, ``1 §``) and is parsed as far as the tables of
:mod:`retrieval.citations.lexicon` allow. The caller checks the text after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from corpus.provision_numbers import roman_number
from retrieval.citations import label_forms as forms
from retrieval.citations.label_forms import Item, Mention, Part
from retrieval.citations.lexicon import KindWord, Languages, lexicon


def read_labels(text: str, names: list[tuple[int, int]]) -> list[Mention]:
    """Return the labels in ``text``, in order, outside the spans of ``names``."""
    reader = _Reader(text, frozenset(start for start, _ in names))
    found: list[Mention] = []
    after = 0
    spans = iter([*names, (len(text) + 1, 0)])
    start, end = next(spans)
    for place in _starts(text):
        while end and end <= place:
            start, end = next(spans)
        if place < after or start <= place < end:
            continue
        mention = reader.mention(place)
        if mention is not None and not (mention.start < after):
            found.append(mention)
            after = mention.end
    return found


def labels_in_code(text: str, place: int, *, many: bool) -> Mention | None:
    """Return the section numbers at ``place`` after a volume (``29 U.S.C.``)."""
    return _Reader(text, frozenset()).numbers(place, many=many)


def _is_level(name: str, languages: Languages) -> bool:
    """Return whether a part is only a number in brackets: ``paragraph (b)``."""
    tables = lexicon().tables
    return any(name in tables[tag].numbers.bracket_parts for tag in languages if tag in tables)


def bare_number(
    text: str, place: int, languages: Languages, names: frozenset[int]
) -> Mention | None:
    """Return the number at ``place`` with its parts, in the given languages."""
    return _Reader(text, names).numbers(place, many=False, languages=languages)


def bare_chinese(text: str, place: int) -> Mention | None:
    """Return the Chinese label at ``place``, in which 第 may be omitted (``185條之3``)."""
    return _Reader(text, frozenset()).chinese(place)


def _starts(text: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(r"(?<![^\W\d_])[^\W\d_]|§+|第", text))


@dataclass(frozen=True)
class _Reader:
    """Parses the labels of one text; ``names`` are the positions at which work names begin."""

    text: str
    names: frozenset[int]

    def mention(self, place: int) -> Mention | None:
        """Return the labels that begin, or whose kind word is, at ``place``."""
        if self.text[place] == "第":
            return self.chinese(place)
        word = self._word(place)
        kinds = lexicon().kinds.get(word, {})
        if not kinds and word not in lexicon().parts:
            return None
        chapter = place and forms.CHAPTER_OF.match(self.text, place + len(word))
        if chapter or forms.DECREED.match(self.text, place):
            return None
        if kinds and (found := self._labels(place, word, kinds)):
            return self._outer(found)
        if kinds and (behind := lexicon().behind.get(word)):
            return self._behind(place, word, behind)
        return self._inner_part(place, word)

    def _word(self, place: int) -> str:
        found = forms.WORD.match(self.text, place)
        return found[0].casefold() if found else ""

    def _labels(self, place: int, word: str, kinds: Mapping[str, KindWord]) -> Mention | None:
        """Parse a kind word and the numbers after it."""
        if word == "s" and self.text[place - 1 : place] in "'’" and place:
            return None
        end = place + len(word)
        plural = re.compile(r"-de?(?!\w)").match(self.text, end)
        gap = re.compile(r"\.?\s*").match(self.text, plural.end() if plural else end)
        begin = gap.end() if gap else end
        if begin == end and len(word) == 1 and word.isalpha() and word != "s":
            return None
        languages = frozenset(kinds)
        kind = next(iter(kinds.values()))
        first = self._item(begin, languages, kind)
        if first is None or self._is_act_number(kind, first[0]):
            return None
        many = bool(plural) or any(kind.many for kind in kinds.values())
        items, languages = self._list(first[0], first[1], kind, many)
        head = replace(items[0], start=place) if len(items) == 1 else items[0]
        return Mention((head, *items[1:]), place, items[-1].end, kind.name, languages)

    def numbers(
        self, place: int, *, many: bool, languages: Languages = frozenset({"en"})
    ) -> Mention | None:
        """Return the numbers at ``place`` that need no kind word."""
        kind = lexicon().kinds["section"]["en"]
        first = self._item(place, languages, kind)
        if first is None:
            return None
        items, languages = self._list(first[0], first[1], kind, many)
        return Mention(tuple(items), place, items[-1].end, kind.name, languages)

    @staticmethod
    def _is_act_number(kind: KindWord, item: Item) -> bool:
        return kind.name == "regulation" and "/" in item.number

    # -- one label ---------------------------------------------------------------------------

    def _item(
        self, place: int, languages: Languages, kind: KindWord
    ) -> tuple[Item, Languages] | None:
        pattern = forms.COMMENT if kind.name == "comment" else forms.NUMBER
        if kind.kind.letters:
            pattern = forms.LETTERS
        core = pattern.match(self.text, place)
        number, end = (core[0], core.end()) if core else self._ordinal(place)
        if not number or place in self.names:
            return None
        number, end = self._suffixed(number, end, languages)
        item = Item(f"{kind.name} {number}" if kind.kind.keyed else number, place, end)
        return self._with_parts(item, languages, kind)

    def _ordinal(self, place: int) -> tuple[str, int]:
        word = self._word(place)
        number = lexicon().ordinals.get(word)
        return (str(number), place + len(word)) if number else ("", place)

    def _suffixed(self, number: str, end: int, languages: Languages) -> tuple[str, int]:
        """Parse a suffix of a number: ``º``, ``bis``, ``duodecies A``."""
        if sign := forms.ORDINAL.match(self.text, end):
            end = sign.end()
        while True:
            gap = end + (self.text[end : end + 1] in (" ", " ", "-"))
            suffix = lexicon().suffix.match(self.text, gap)
            if suffix and not self._is_range(number, suffix):
                number, end = f"{number} {suffix[1].lower()}", suffix.end()
                continue
            letter = forms.LETTER_BEHIND.match(self.text, end)
            if letter and letter.start(1) not in self.names and self._letters(languages):
                number, end = f"{number} {letter[1]}", letter.end()
                continue
            return number, end

    def _is_range(self, number: str, word: re.Match[str]) -> bool:
        """Return whether a word between two numbers means "to": ``305 bis 310``."""
        last = forms.LAST_NUMBER.match(self.text, word.end())
        first = re.match(r"\d+", number)
        return bool(last and first and int(first[0]) < int(last[1]))

    @staticmethod
    def _letters(languages: Languages) -> bool:
        return bool(languages & lexicon().with_flag("letters_behind"))

    def _with_parts(
        self, item: Item, languages: Languages, kind: KindWord
    ) -> tuple[Item, Languages]:
        parts: list[Part] = []
        end = item.end
        while True:
            found = (
                self._bracket(end)
                or self._item_of_comment(end, kind)
                or self._named_part(end, languages, kind)
                or self._sign_part(end, languages, first=not parts)
            )
            if found is None:
                return replace(item, parts=tuple(parts), end=end), languages
            added, end, languages = found[0], found[1], found[2] or languages
            parts.extend(added)

    def _bracket(self, end: int) -> tuple[list[Part], int, Languages | None] | None:
        found = forms.BRACKET.match(self.text, end)
        if found is None:
            return None
        return [Part("", found[1] or found[2])], found.end(), None

    def _item_of_comment(
        self, end: int, kind: KindWord
    ) -> tuple[list[Part], int, Languages | None] | None:
        found = forms.ITEM_OF_COMMENT.match(self.text, end) if kind.name == "comment" else None
        return ([Part("-", found[0])], found.end(), None) if found else None

    def _named_part(
        self, end: int, languages: Languages, kind: KindWord
    ) -> tuple[list[Part], int, Languages | None] | None:
        """Parse ``Abs. 2``, ``, al. 1``: a word and the number after it."""
        gap = forms.WORD_THEN.match(self.text, end)
        if gap is None or gap.start(2) in self.names:
            return None
        name, narrowed = self._part_name(gap[2].casefold(), languages, kind)
        number = forms.PART_NUMBER.match(self.text, gap.end()) if name else None
        if name is None or number is None or gap.end() in self.names:
            return None
        if self.text[gap.end()] == "(" and _is_level(name, narrowed or languages):
            return [Part("", number[1])], number.end(), narrowed
        return [Part(name, number[1])], number.end(), narrowed

    @staticmethod
    def _part_name(
        word: str, languages: Languages, kind: KindWord
    ) -> tuple[str | None, Languages | None]:
        own = [name for name, words in kind.kind.parts.items() if word in words]
        if own:
            return own[0], None
        meant = {tag: n for tag, n in lexicon().parts.get(word, {}).items() if tag in languages}
        if not meant:
            return None, None
        return next(iter(meant.values())), frozenset(meant)

    def _sign_part(
        self, end: int, languages: Languages, *, first: bool
    ) -> tuple[list[Part], int, Languages | None] | None:
        """Parse subdivisions without a word: ``I 2``, ``2°``, ``.Uno``, ``.a)``."""
        roman = forms.ROMAN.match(self.text, end) if first else None
        if roman and self._reads(languages, "roman_parts") and roman.start(1) not in self.names:
            parts = [Part("roman 0", str(roman_number(roman[1])))]
            parts += [Part("roman 1", roman[2])] if roman[2] else []
            return parts, roman.end(), None
        degree = forms.DEGREE.match(self.text, end)
        if degree and self._reads(languages, "degree_parts"):
            return [Part("°", degree[1])], degree.end(), None
        if self.text[end : end + 1] == "." and self._reads(languages, "point_parts"):
            word = lexicon().point_word.match(self.text, end + 1)
            found = word or forms.POINT_LETTER.match(self.text, end)
            return ([Part(".", found[1])], found.end(), None) if found else None
        return None

    @staticmethod
    def _reads(languages: Languages, flag: str) -> bool:
        return bool(languages & lexicon().with_flag(flag))

    # -- lists, ranges, what follows ---------------------------------------------------------

    def _list(
        self, first: Item, languages: Languages, kind: KindWord, many: bool
    ) -> tuple[list[Item], Languages]:
        items = [self._ranged(first, languages, kind, many=many)]
        while True:
            end = items[-1].end
            if not many and items[-1].parts:
                return items, languages
            begin = self._next_number(end, languages, many=many)
            found = self._item(begin, languages, kind) if begin is not None else None
            if found is None:
                return items, languages
            items.append(self._ranged(found[0], found[1], kind, many=many))

    def _next_number(self, end: int, languages: Languages, *, many: bool) -> int | None:
        """Return the start of the next number of a list; a comma separates only after a plural."""
        comma = forms.COMMA.match(self.text, end) if many else None
        begin = comma.end() if comma else end
        gap = forms.WORD_THEN.match(self.text, begin)
        if gap and lexicon().ands.get(gap[2].casefold(), frozenset()) & languages:
            return gap.end()
        return begin if comma else None

    def _ranged(self, item: Item, languages: Languages, kind: KindWord, *, many: bool) -> Item:
        dashed = forms.DASHED.fullmatch(item.number)
        if many and dashed and int(dashed[1]) < int(dashed[2]):
            return replace(item, number=dashed[1], through=dashed[2])
        for pattern, spoken in lexicon().following:
            found = pattern.match(self.text, item.end) if spoken & languages else None
            if found and found.end() - 1 not in self.names:
                return replace(item, end=found.end(), through="ff")
        begin = self._range_gap(item, languages, many=many)
        last = self._item(begin, languages, kind) if begin is not None else None
        return replace(item, through=last[0].number, end=last[0].end) if last else item

    def _range_gap(self, item: Item, languages: Languages, *, many: bool) -> int | None:
        end = item.end
        if many and (dash := forms.DASH.match(self.text, end)):
            return dash.end()
        gap = forms.WORD_THEN.match(self.text, end)
        if gap is None or gap.end() in self.names:
            return None
        if item.parts or not self._is_range(item.number, gap):
            return None
        if not lexicon().tos.get(gap[2].casefold(), frozenset()) & languages:
            return None
        kind = forms.WORD_THEN.match(self.text, gap.end())
        if kind and kind[2].casefold() in lexicon().kinds:
            return kind.end()
        return gap.end()

    # -- other orders ------------------------------------------------------------------------

    def _outer(self, mention: Mention) -> Mention:
        """Parse ``para 4(2) of Schedule 2`` as paragraph 4(2) in Schedule 2."""
        if len(mention.items) > 1 or mention.items[0].through:
            return mention
        item = mention.items[0]
        word = self._word(mention.start)
        named = lexicon().parts.get(word, {})
        part = next((name for tag, name in named.items() if tag in mention.languages), None)
        if part is None:
            return mention
        number = item.number.removeprefix(f"{mention.kind} ")
        inner = (Part(part, number), *item.parts)
        return self._inside(inner, mention.start, mention.end) or mention

    def _inner_part(self, place: int, word: str) -> Mention | None:
        """Parse ``subsection (2) of section 13``, ``l'alinéa 2 de l'article 5``."""
        names = lexicon().parts.get(word)
        gap = forms.WORD_THEN.match(self.text, place)
        number = forms.PART_NUMBER.match(self.text, gap.end()) if gap and names else None
        if number is None or not names:
            return None
        end = number.end()
        parts = [Part(next(iter(names.values())), number[1])]
        if self.text[gap.end() if gap else place] == "(":
            parts = [Part("", number[1])]
        while found := self._bracket(end):
            parts.extend(found[0])
            end = found[1]
        return self._inside(tuple(parts), place, end)

    def _inside(self, parts: tuple[Part, ...], start: int, end: int) -> Mention | None:
        of = forms.OF.match(self.text, end)
        word = self._word(of.end()) if of else ""
        kinds = lexicon().kinds.get(word)
        if of is None or of.end() in self.names or not kinds:
            return None
        outer = self._labels(of.end(), word, kinds)
        if outer is None or len(outer.items) > 1:
            return None
        item = outer.items[0]
        item = replace(item, parts=(*item.parts, *parts), start=start)
        return replace(outer, items=(item,), start=start)

    def _behind(self, place: int, word: str, languages: Languages) -> Mention | None:
        """Parse ``1 §`` and ``3 kap. 1 §``."""
        before = self.text[max(0, place - 40) : place]
        own = forms.BEHIND.search(before)
        if own is None:
            return None
        number, start = own[1], own.start()
        upper = forms.UPPER.search(before[:start])
        kinds = [k.kind for k in lexicon().kinds.get(word, {}).values()]
        uppers = {w for kind in kinds for w in kind.upper}
        if upper and upper[2].casefold() in uppers:
            number, start = f"{upper[1]} kap. {number}", upper.start()
        begin = place - len(before) + start
        item = Item(number, begin, place + len(word))
        kind = next(iter(lexicon().kinds[word].values()))
        item, languages = self._with_parts(item, languages, kind)
        return Mention((item,), begin, item.end, kind.name, languages)

    def chinese(self, place: int) -> Mention | None:
        """Return the label of a Chinese law at ``place``."""
        found = forms.CHINESE.match(self.text, place)
        if found is None:
            return None
        sub = found["sub"] or found["inner"]
        number = f"第{found['number']}条" + (f"之{sub}" if sub else "")
        parts, end = [], found.end()
        while part := forms.CHINESE_PART.match(self.text, end):
            parts.append(Part(part[2] or part[3], part[1] or ""))
            end = part.end()
        item = Item(number, place, end, tuple(parts))
        gap = forms.CHINESE_RANGE.match(self.text, end)
        if gap and (last := forms.CHINESE.match(self.text, gap.end())):
            item = replace(item, through=last[0], end=last.end())
        return Mention((item,), place, item.end, "article", frozenset({"zh"}))
