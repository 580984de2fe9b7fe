"""Parser of the amendment annals in Taiwan's law database.

The Ministry of Justice prints under every act a numbered list in prose: who promulgated what and
when, which articles were amended, added or deleted, when they take effect, and later orders that
fix an open date. What cannot be parsed completely is read conservatively: an unclear list of
articles means the whole act, an unclear commencement is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from corpus.provision_numbers import chinese_number
from corpus.sources.dated.amendments import Amendment, ArticleRange, Rule, Start, number

_NUM = r"[〇零一二三四五六七八九十百]+"
_DAY = rf"(?:中華民國)?(?:民國)?({_NUM})年({_NUM})月({_NUM})日"
_CLAUSE = re.compile(
    rf"(?<!自)中華民國({_NUM})年({_NUM})月({_NUM})日"
    r"(?=(?:總統|國民政府|行政院|司法院|法務部|考試院|立法院))"
)
_INSTRUMENT = re.compile(r"^.{2,40}?(?:號令|號函|令(?=[制修增公發])|(?:總統|政府)(?=[制修增公]))")
_ENACTS = re.compile(r"^(?:總統|國民政府)(?!.{0,40}號令公布第[\d、～-]+條修正條文定自)")
_LEVELS = (
    r"(?:第[一二三四五六七八九十]+[編章節款目](?:之[一二三四五六七八九十]+)?)+"
    r"(?:[編章節款目]?名稱?)?"
)
_LIST = re.compile(r"^\d+(?:-\d+)?(?:～\d+(?:-\d+)?)?$")
_WHEN = re.compile(
    rf"(?:(?<!規)定)?自?{_DAY}(?:起)?(?:施行|生效)"
    r"|(?:(?<!規)定)?自(?:修正)?公布(?:之)?日(?:起)?施行"
    rf"|(?:(?<!規)定)?自(?:修正)?公布(?:日)?後(?:({_NUM})年)?(?:({_NUM})個月)?(?:（{_DAY}）)?施行"
    rf"|(?:(?<!規)定)?自(?:中華民國)?({_NUM})年度施行"
    rf"|同年({_NUM})月({_NUM})日施行"
    r"|(?:之)?施行日期，?(?:由.{2,9}?|以命令)(?:以命令)?(?:另)?定之"
)
_FILLER = re.compile(
    r"[，；。、]|並|但|其中|規定|修正|之|條文|其餘|其他|發布|公布|除|外|及|刪除|暨|規範"
)
_ASIDE = re.compile(r"（(?:原名稱|新名稱)[^）]*）|，?但現行條文[^；。]*之刪除，自公布日施行")
_LAST_YEAR = 300
_HIGHEST = 2000  # no act has more articles; a greater number is a missing comma
_REF = re.compile(r"第?([\d～、-]*\d)(條|項|款|類|目)(?:序文)?")


def amendments(annals: str, *, third_day_since: date) -> tuple[Amendment, ...]:
    """Parse the annals of one act, oldest first.

    Args:
        annals: the prose as published (numbered entries, wrapped lines).
        third_day_since: promulgations from this date on take effect, unless stated otherwise, on
            the third day counting the day of promulgation; older ones are then undated.

    Raises:
        ValueError: there is no entry, or an entry does not begin with a dated order.
    """
    found: list[Amendment] = []
    for entry in re.split(r"\n(?=\s*\d+\.)", annals.replace("\r", "").strip()):
        flat = re.sub(r"\s+|^\s*\d+\.", "", entry)
        for day, body in _clauses(flat):
            instrument, order = _instrument(body)
            if re.search(r"改由.*管轄", order):
                continue
            if _ENACTS.match(body):
                found.append(_enacted(day, instrument, order, third_day_since))
            elif found and "施行" in order:
                found[-1] = _fixed(found[-1], day, instrument, order)
    if not found:
        raise ValueError("the annals contain no dated order")
    return tuple(sorted(found, key=lambda a: a.published or date.min))


def roc_date(year: str, month: str, day: str) -> date:
    """Return the date in Chinese numerals, years counted from 1912 (``一百零七`` is 2018).

    Raises:
        ValueError: a numeral is malformed or the date does not exist.
    """
    count = int(chinese_number(year))
    if count > _LAST_YEAR:
        raise ValueError(f"the year {year} lies too far ahead")
    return date(count + 1911, int(chinese_number(month)), int(chinese_number(day)))


def _clauses(flat: str) -> Iterator[tuple[date, str]]:
    starts = list(_CLAUSE.finditer(flat))
    if not starts or starts[0].start() != 0:
        raise ValueError(f"the entry '{flat[:30]}' does not begin with a dated order")
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        end = following.start() if following else len(flat)
        yield roc_date(*match.groups()), flat[match.end() : end]


def _instrument(body: str) -> tuple[str, str]:
    match = _INSTRUMENT.match(body)
    return (match[0], body[match.end() :]) if match else ("", body)


def _enacted(day: date, instrument: str, order: str, third_day_since: date) -> Amendment:
    operations, terms = _split(order)
    touched, inserted = _touched(operations)
    third = day + timedelta(days=2)
    usual = Start(day=third, known=day) if day >= third_day_since else Start(known=day)
    default, rules = _terms(terms, day, usual)
    return Amendment(
        instrument=instrument or None,
        published=day,
        touched=touched,
        inserted=inserted,
        default=default or usual,
        rules=rules,
    )


def _fixed(amendment: Amendment, day: date, instrument: str, order: str) -> Amendment:
    """Return the amendment with its open date fixed by a later order."""
    published = amendment.published or day
    usual = Start(day=published + timedelta(days=2), known=day)
    default, rules = _terms(order, published, usual, known=day)
    excepted = _excepted(order)
    kept = Rule(spans=excepted, start=amendment.default) if excepted else None
    merged = (*amendment.rules, *((kept,) if kept else ()), *rules)
    return amendment.model_copy(
        update={
            "default": default or amendment.default,
            "rules": merged,
            "enacted_as": amendment.enacted_as or amendment,
            "fixed_by": instrument or None,
        }
    )


def _split(order: str) -> tuple[str, str]:
    """Split an order into operations on articles and commencement clauses."""
    operations, terms = [], []
    plain = _ASIDE.sub("", order).replace("註：", "；")
    for part in re.split(r"(?<=[；。])", plain):
        if "施行" not in part:
            operations.append(part)
            continue
        verb = re.match(r"(?:並|及)?(?:修正|增訂|刪除|公布|制定)(?!之)", part)
        cut = 0
        if verb:
            inner = re.search(r"(?:，|並)?(?:定?自(?!第)|(?<!刪)除第|施行日期|，但)", part)
            cut = inner.start() if inner else 0
        operations.append(part[:cut])
        terms.append(part[cut:])
    return "".join(operations), "".join(terms)


def _touched(operations: str) -> tuple[tuple[ArticleRange, ...] | None, tuple[ArticleRange, ...]]:
    """Return the article ranges an order changes (``None``: any) and those it adds."""
    if "全文" in operations:
        return None, ()
    touched: list[ArticleRange] = []
    inserted: list[ArticleRange] = []
    for verb, listed in re.findall(r"(修正|增訂|刪除)((?:(?!修正|增訂|刪除).)*)", operations):
        spans = _spans(listed)
        if spans is None:
            return None, ()
        touched += spans
        inserted += spans if verb == "增訂" else ()
    return (tuple(touched), tuple(inserted)) if touched else (None, ())


def _spans(listed: str) -> list[ArticleRange] | None:
    bare = re.sub(_LEVELS, "", listed)
    bare = re.sub(r"第[\d、～]+[項款類目]", "", bare)
    bare = re.sub(r"公布|名稱|條文|條|第|並|及|暨|[；。，]", "、", bare)
    spans = []
    for item in filter(None, bare.split("、")):
        if not _LIST.match(item):
            return None
        first, _, last = item.partition("～")
        span = ArticleRange(first=number(first), last=number(last or first))
        if span.last[0] > _HIGHEST:
            return None
        spans.append(span)
    return spans


def _terms(
    terms: str, published: date, usual: Start, *, known: date | None = None
) -> tuple[Start | None, tuple[Rule, ...]]:
    """Parse commencement clauses: the default, and the articles that differ."""
    default: Start | None = None
    rules: list[Rule] = []
    end = 0
    for match in _WHEN.finditer(terms):
        subject = terms[end : match.start()]
        start = _start(match, published, usual, known or published)
        exceptions_only = subject.count("除") and "外" in subject
        spans = () if exceptions_only else _references(subject)
        unclear = "第" in subject and not (spans or exceptions_only)
        if unclear or _FILLER.sub("", _REF.sub("", re.sub(_LEVELS, "", subject))).strip("（）本法"):
            start = Start(known=known or published, condition=terms)
        if spans:
            rules.append(Rule(spans=spans, start=start))
        else:
            default = start
        end = match.end()
    if terms.strip("。；") and end == 0:
        default = Start(known=known or published, condition=terms)
    return default, tuple(rules)


def _excepted(order: str) -> tuple[ArticleRange, ...]:
    match = re.search(r"(?<!刪)除((?:(?!施行).)*?)外，", order)
    return _references(match[1]) if match else ()


def _references(subject: str) -> tuple[ArticleRange, ...]:
    """Return the articles named, with their paragraphs if only some are meant."""
    spans: list[ArticleRange] = []
    last: list[ArticleRange] = []
    for numbers, unit in _REF.findall(subject):
        if unit == "條":
            spans += last
            last = _spans(numbers) or []
        elif unit == "項" and last:
            *whole, final = last
            parts = (*final.parts, *_paragraphs(numbers))
            last = [*whole, final.model_copy(update={"parts": parts})]
    return (*spans, *last)


def _paragraphs(numbers: str) -> tuple[int, ...]:
    found: list[int] = []
    for item in filter(None, numbers.split("、")):
        first, _, last = item.partition("～")
        found += range(int(first), int(last or first) + 1)
    return tuple(found)


def _start(match: re.Match[str], published: date, usual: Start, known: date) -> Start:
    if "定之" in match[0]:
        return Start(known=known, pending=True, condition=match[0].removeprefix("之"))
    day = _day(match, published)
    return usual.model_copy(update={"known": known}) if day is None else Start(day=day, known=known)


def _day(match: re.Match[str], published: date) -> date | None:
    """Return the date in a commencement clause, or ``None`` for "on promulgation"."""
    stated, years, months, given = match.group(1, 2, 3), match[4], match[5], match.group(6, 7, 8)
    fiscal, same_year = match[9], match.group(10, 11)
    if stated[0] or given[0]:
        return roc_date(*(stated if stated[0] else given))
    if years or months:
        return _later(published, years, months)
    if fiscal:
        return roc_date(fiscal, "一", "一")
    if same_year[0]:
        return date(published.year, *(int(chinese_number(part)) for part in same_year))
    return None


def _later(day: date, years: str | None, months: str | None) -> date:
    """Return the same day of a later month, or that month's last day where it has none."""
    count = day.month - 1 + 12 * int(chinese_number(years or "零"))
    count += int(chinese_number(months or "零"))
    first_of_next = date(day.year + (count + 1) // 12, (count + 1) % 12 + 1, 1)
    last = (first_of_next - timedelta(days=1)).day
    return date(day.year + count // 12, count % 12 + 1, min(day.day, last))
