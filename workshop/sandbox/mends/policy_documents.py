"""Parses each policy document once: the emulator reads every policy of the caller anew, twice for each request."""

from functools import lru_cache
from typing import Any

from ministack.core import iam_evaluator

_DOCUMENTS = 4096


def keep_parsed_policies() -> None:
    """Remember the statements of a document by its text."""
    parse = iam_evaluator.parse_policy_document

    @lru_cache(maxsize=_DOCUMENTS)
    def parsed(text: str) -> tuple[Any, ...]:
        return tuple(parse(text))

    def parse_policy_document(document: Any) -> list[Any]:
        return list(parsed(document)) if isinstance(document, str) else parse(document)

    iam_evaluator.parse_policy_document = parse_policy_document
