"""word_stem for English: the Porter2 algorithm as Snowball publishes it (snowballstem.org, the English stemmer)."""

import re

from workshop.sandbox.athena.udf import FunctionError, invalid

_VOWELS = "aeiouy"
_WHOLE = {
    "skis": "ski",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "idly": "idl",
    "gently": "gentl",
    "ugly": "ugli",
    "early": "earli",
    "only": "onli",
    "singly": "singl",
    **{word: word for word in ("sky", "news", "howe", "atlas", "cosmos", "bias", "andes")},
}
_AFTER_PLURAL = frozenset(["inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"])
_DERIVED = {
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "abli": "able",
    "entli": "ent",
    "izer": "ize",
    "ization": "ize",
    "ational": "ate",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "aliti": "al",
    "alli": "al",
    "fulness": "ful",
    "ousli": "ous",
    "ousness": "ous",
    "iveness": "ive",
    "iviti": "ive",
    "biliti": "ble",
    "bli": "ble",
    "ogi": "og",
    "fulli": "ful",
    "lessli": "less",
    "li": "",
}
_DERIVED_TWICE = {
    "tional": "tion",
    "ational": "ate",
    "alize": "al",
    "icate": "ic",
    "iciti": "ic",
    "ical": "ic",
    "ful": "",
    "ness": "",
    "ative": "",
}
_DROPPED = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ism", "ate", "iti", "ous"),
    *("ive", "ize", "ion"),
)
_REGION = re.compile(r"[aeiouy][^aeiouy]")
_SHORT_SYLLABLE = re.compile(r"(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$")
_OTHER_LANGUAGES = frozenset(
    ["ca", "da", "de", "es", "eu", "fi", "fr", "hu", "hy", "ir", "it", "lt", "nl", "no", "pt", "ro", "ru", "sv", "tr"]
)


def stem_in(word: str, language: str) -> str:
    """word_stem with a language; only English is done here."""
    if language in _OTHER_LANGUAGES:
        what = f"The language {language} of word_stem"
        raise FunctionError("NOT_SUPPORTED", f"{what} is not supported by the local Athena")
    if language != "en":
        raise invalid(f"Unknown stemmer language: {language}")
    return stem(word)


def stem(word: str) -> str:
    """The stem of an English word in lower case."""
    if len(word) <= 2 or word in _WHOLE:
        return _WHOLE.get(word, word)
    word = re.sub(r"(^|[aeiouy])y", r"\1Y", word.removeprefix("'"))
    first = _region(word, 0)
    prefix = re.match("gener|commun|arsen", word)
    if prefix:
        first = prefix.end()
    second = _region(word, first)
    word = _plural(re.sub(r"('s'|'s|')$", "", word))
    if word not in _AFTER_PLURAL:
        for step in (_participle, _final_y, _derived, _derived_twice, _dropped, _final_e):
            word = step(word, first, second)
    return word.replace("Y", "y")


def _region(word: str, start: int) -> int:
    """Behind the first consonant after a vowel."""
    found = _REGION.search(word, start)
    return found.end() if found else len(word)


def _plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and re.search(r"[aeiouy].", word[:-1]):
        return word[:-1]
    return word


def _participle(word: str, first: int, _: int) -> str:
    ending = _longest(word, ("eed", "eedly", "ed", "edly", "ing", "ingly"))
    if ending.startswith("eed"):
        return word[: -len(ending)] + "ee" if len(word) - len(ending) >= first else word
    base = word[: len(word) - len(ending)]
    if not ending or not re.search("[aeiouy]", base):
        return word
    if base.endswith(("at", "bl", "iz")):
        return base + "e"
    if re.search(r"(bb|dd|ff|gg|mm|nn|pp|rr|tt)$", base):
        return base[:-1]
    return base + "e" if len(base) <= first and _SHORT_SYLLABLE.search(base) else base


def _final_y(word: str, _: int, __: int) -> str:
    return word[:-1] + "i" if len(word) > 2 and word[-1] in "yY" and word[-2] not in _VOWELS else word


def _longest(word: str, endings: tuple[str, ...] | dict[str, str]) -> str:
    return max((e for e in endings if word.endswith(e)), key=len, default="")


def _derived(word: str, first: int, _: int) -> str:
    ending = _longest(word, _DERIVED)
    base = word[: len(word) - len(ending)]
    wrong = (ending == "ogi" and not base.endswith("l")) or (ending == "li" and base[-1:] not in tuple("cdeghkmnrt"))
    return word if not ending or len(base) < first or wrong else base + _DERIVED[ending]


def _derived_twice(word: str, first: int, second: int) -> str:
    ending = _longest(word, _DERIVED_TWICE)
    base = word[: len(word) - len(ending)]
    return word if not ending or len(base) < (second if ending == "ative" else first) else base + _DERIVED_TWICE[ending]


def _dropped(word: str, _: int, second: int) -> str:
    ending = _longest(word, _DROPPED)
    base = word[: len(word) - len(ending)]
    wrong = ending == "ion" and not base.endswith(("s", "t"))
    return word if not ending or len(base) < second or wrong else base


def _final_e(word: str, first: int, second: int) -> str:
    base = word[:-1]
    if word.endswith("e"):
        goes = len(base) >= second or (len(base) >= first and not _SHORT_SYLLABLE.search(base))
        return base if goes else word
    return base if word.endswith("ll") and len(base) >= second else word
