"""Invented events for GH Archive's replica: the generator's, in the sizes of a real recording.

A recording of 5,000 events has a median of 0.9 KB, a mean of 4 KB and a largest of 87 KB: pushes of one commit are the
most, pull requests carry two repositories, and what people write is mostly short and now and then very long.
"""

# ruff: noqa: SIM905 - words read better as words

import random
from typing import Any

from workshop.sandbox.github.generator import compose
from workshop.sandbox.github.payloads import PAYLOADS
from workshop.sandbox.github.population import Population

Json = dict[str, Any]

# What is filled in for each event anew stands in its document as a character of Unicode's private use area.
ID, CREATED_AT, PUSH_ID, HEAD, BEFORE = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"

# Everything that a payload describes is older than the archive, so that no event speaks of its future.
BEFORE_THE_ARCHIVE = "2014-11-05T09:30:00Z"
# Commits of a push, in the proportions of the recording; a push without any makes a branch of known commits.
PUSH_SIZES = {0: 29, 1: 2192, 2: 195, 3: 53, 4: 39, 5: 21, 7: 35, 11: 25, 16: 15, 48: 17}
# GitHub lists at most 20 of them.
LISTED_COMMITS = 20
MAX_TEXT_BYTES = 60_000
_WORDS = (
    "a the this that and or not when if because after before with without from into over under every some no build "
    "cache change check client commit config crash default deploy docs error event expected failed file fix function "
    "handle index input issue label library line list load log merge message method missing module name option output "
    "package parser path please problem queue reads release request result return retry review run server session "
    "should slow start step table test thread timeout token type update user value version wait warning works worker "
    "writes wrong naïve größer обновление 修正 検索 🚀"
).split()
_LINKS = "issue comments review_comments review_comment commits statuses".split()


def invent(rng: random.Random, population: Population) -> Json:
    """One event of any type, with placeholders for what every event has for itself."""
    kind = rng.choices(list(PAYLOADS), weights=[weight for weight, _ in PAYLOADS.values()])[0]
    document = compose(rng, population, kind, identifier=ID, created_at=CREATED_AT, payload_at=BEFORE_THE_ARCHIVE)
    payload = document["payload"]
    if kind == "PushEvent":
        _push(rng, payload, document)
    for name, typical in (("issue", 400), ("comment", 100), ("review", 60), ("pull_request", 250), ("release", 100)):
        if name in payload:
            payload[name]["body"] = _text(rng, typical)
    if "diff_hunk" in payload.get("comment", ()):
        payload["comment"]["diff_hunk"] = f"@@ -1,4 +1,9 @@\n+{_text(rng, 900)}"
    if pull_request := payload.get("pull_request"):
        _widen_pull_request(pull_request)
    if "forkee" in payload:
        _widen_repository(payload["forkee"])
    return document


def _push(rng: random.Random, payload: Json, document: Json) -> None:
    size = rng.choices(list(PUSH_SIZES), weights=list(PUSH_SIZES.values()))[0]
    actor, repository = document["actor"], document["repo"]
    shas = [f"{rng.getrandbits(160):040x}" for _ in range(min(size, LISTED_COMMITS) - 1)]
    commits = [
        {
            "sha": sha,
            "author": {"email": f"{actor['id']}@users.example.org", "name": actor["login"]},
            "message": _text(rng, 20),
            "distinct": rng.random() < 0.9,
            "url": f"{repository['url']}/commits/{sha}",
        }
        # The newest commit, which the branch now points at, is the last.
        for sha in (*shas, HEAD)[: None if size else 0]
    ]
    payload |= {
        "push_id": PUSH_ID,
        "size": size,
        "distinct_size": size if size > LISTED_COMMITS else sum(commit["distinct"] is True for commit in commits),
        "head": HEAD,
        "before": BEFORE,
        "commits": commits,
    }


def _widen_pull_request(pull_request: Json) -> None:
    """Give a pull request the links that GitHub gives it, and widen its two repositories."""
    url, page = pull_request["url"], pull_request["html_url"]
    links = {name: f"{url}/{name}" for name in _LINKS}
    pull_request |= {
        "node_id": f"PR_{pull_request['id']:x}",
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": link for name, link in links.items()},
        "_links": {name: {"href": link} for name, link in {"self": url, "html": page, **links}.items()},
    }
    _widen_repository(pull_request["head"]["repo"])
    _widen_repository(pull_request["base"]["repo"])


def _widen_repository(repository: Json) -> None:
    """Give a nested repository the rest of what GitHub gives it."""
    url, page, name = repository["url"], repository["html_url"], repository["full_name"]
    repository |= {
        "created_at": "2013-05-04T09:30:00Z",
        **{
            f"{part}_url": f"{url}/{part.replace('_', '/')}{{/sha}}" for part in ("git_refs", "git_tags", "git_commits")
        },
        **{
            f"{part}_url": f"{url}/{part.replace('issue_', 'issues/')}{{/number}}"
            for part in ("issue_comment", "issue_events")
        },
        "trees_url": f"{url}/git/trees{{/sha}}",
        "archive_url": f"{url}/{{archive_format}}{{/ref}}",
        "git_url": f"git://github.com/{name}.git",
        "ssh_url": f"git@github.com:{name}.git",
        "svn_url": page,
        "homepage": None,
        "mirror_url": None,
        **{f"has_{part}": True for part in ("issues", "projects", "downloads", "wiki")},
        **{f"{part}_count": repository["stargazers_count"] // 7 for part in ("watchers", "forks", "open_issues")},
    }


def _text(rng: random.Random, typical: int) -> str:
    """Words of about `typical` bytes in the middle case and now and then many times as long (Pareto's law)."""
    size = min(typical * 500 // rng.randrange(1, 1001), MAX_TEXT_BYTES)
    words = rng.choices(_WORDS, k=size // 6 + 1)
    # A line break after every few words.
    words[11::12] = [f"{word}\n" for word in words[11::12]]
    return " ".join(words)
