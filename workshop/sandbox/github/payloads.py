"""The payload of each event type, in the shape of https://docs.github.com/en/rest/using-the-rest-api/github-event-types.

Only the shape matters to the lake, so texts are short and invented; nested users, repositories and pull requests are as
wide as GitHub makes them, because they make some events many times larger than others.
"""

# ruff: noqa: SIM905 - words read better as words

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workshop.sandbox.github.population import API, Account, Repository

Json = dict[str, Any]

WEB = "https://github.com"
_BRANCHES = ("main", "main", "main", "develop", "release/2.x", "fix/überlauf", "機能/検索", "docs")
# Scripts, emoji, quotes and line breaks: everything that a byte-true pipeline must carry through.
_TEXTS = (
    "Fix typo",
    "Bump the pinned versions",
    "Naïve façade: don't throw on a missing façade",
    "修正: 文字化けを直す",
    "Исправить падение теста",
    "🚀 Release the kraken 🐙",
    'Quote "everything" and escape \\ too',
    "Refactor the scheduler\n\nIt waited for every worker; now it waits for the first.\r\n- less code\n- fewer locks",
    "Añadir traducción al español",
    "<b>Escape</b> & survive",
)
_USER_LINKS = "followers gists starred subscriptions organizations repos events received_events".split()
_REPOSITORY_LINKS = (
    "forks keys collaborators teams hooks events assignees branches tags blobs statuses languages stargazers "
    "contributors subscribers subscription commits comments contents compare merges downloads issues pulls milestones "
    "notifications labels releases deployments"
).split()


@dataclass(frozen=True)
class Scene:
    """What a payload is made from."""

    rng: random.Random
    actor: Account
    repository: Repository
    created_at: str


def _sha(scene: Scene) -> str:
    return f"{scene.rng.getrandbits(160):040x}"


def _text(scene: Scene, sentences: int = 1) -> str:
    return "\n\n".join(scene.rng.choice(_TEXTS) for _ in range(sentences))


def _user(account: Account) -> Json:
    url = f"{API}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": f"U_{account.id:x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{WEB}/{account.login}",
        **{f"{name}_url": f"{url}/{name}" for name in _USER_LINKS},
        "type": "Bot" if account.login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def _repository(scene: Scene, repository: Repository) -> Json:
    url = f"{API}/repos/{repository.full_name}"
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id:x}",
        "name": repository.name,
        "full_name": repository.full_name,
        "private": False,
        "owner": _user(repository.owner),
        "html_url": f"{WEB}/{repository.full_name}",
        "description": _text(scene),
        "fork": False,
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in _REPOSITORY_LINKS},
        "created_at": "2021-05-04T09:30:00Z",
        "pushed_at": scene.created_at,
        "clone_url": f"{WEB}/{repository.full_name}.git",
        "size": scene.rng.randrange(10, 90_000),
        "stargazers_count": scene.rng.randrange(2_000),
        "language": scene.rng.choice(("Python", "Rust", "Go", "TypeScript", None)),
        "license": None,
        "topics": [],
        "default_branch": "main",
    }


def _fork_of(scene: Scene) -> Repository:
    """The actor's copy of the scene's repository."""
    source = scene.repository
    return Repository(
        source.id + 400_000_000, source.name, scene.actor, owned_by_organization=False, maintainer=scene.actor
    )


def _pull_request(scene: Scene, number: int, state: str) -> Json:
    url = f"{API}/repos/{scene.repository.full_name}/pulls/{number}"
    branch = scene.rng.choice(_BRANCHES)
    return {
        "url": url,
        "id": scene.rng.randrange(1_500_000_000, 2_600_000_000),
        "html_url": f"{WEB}/{scene.repository.full_name}/pull/{number}",
        "number": number,
        "state": state,
        "locked": False,
        "title": _text(scene),
        "user": _user(scene.actor),
        "body": _text(scene, scene.rng.randrange(1, 12)),
        "created_at": scene.created_at,
        "updated_at": scene.created_at,
        "closed_at": scene.created_at if state == "closed" else None,
        "merge_commit_sha": _sha(scene),
        "requested_reviewers": [_user(scene.repository.maintainer)],
        "labels": [],
        "draft": False,
        "commits_url": f"{url}/commits",
        "comments_url": f"{url}/comments",
        "head": {"label": branch, "ref": branch, "sha": _sha(scene), "repo": _repository(scene, _fork_of(scene))},
        "base": {"label": "main", "ref": "main", "sha": _sha(scene), "repo": _repository(scene, scene.repository)},
        "author_association": "CONTRIBUTOR",
        "merged": state == "closed",
        "additions": scene.rng.randrange(900),
        "deletions": scene.rng.randrange(400),
        "changed_files": scene.rng.randrange(1, 30),
    }


def _issue(scene: Scene, number: int, state: str) -> Json:
    url = f"{API}/repos/{scene.repository.full_name}/issues/{number}"
    return {
        "url": url,
        "html_url": f"{WEB}/{scene.repository.full_name}/issues/{number}",
        "id": scene.rng.randrange(2_000_000_000, 3_100_000_000),
        "number": number,
        "title": _text(scene),
        "user": _user(scene.repository.maintainer),
        "labels": [],
        "state": state,
        "locked": False,
        "assignee": None,
        "comments": scene.rng.randrange(40),
        "created_at": scene.created_at,
        "updated_at": scene.created_at,
        "closed_at": scene.created_at if state == "closed" else None,
        "author_association": "NONE",
        "body": _text(scene, scene.rng.randrange(1, 10)),
    }


def _comment(scene: Scene, on: str) -> Json:
    number = scene.rng.randrange(2_000_000_000, 3_000_000_000)
    return {
        "url": f"{API}/repos/{scene.repository.full_name}/{on}/comments/{number}",
        "id": number,
        "user": _user(scene.actor),
        "created_at": scene.created_at,
        "updated_at": scene.created_at,
        "author_association": "CONTRIBUTOR",
        "body": _text(scene, scene.rng.randrange(1, 14)),
    }


def _push(scene: Scene) -> Json:
    # Most pushes carry one commit; the list ends at 20 however many there are, and a rebase's are not all distinct.
    size = scene.rng.choice((1, 1, 1, 1, 1, 1, 2, 2, 3, 5, 28))
    shas = [_sha(scene) for _ in range(min(size, 20))]
    commits = [
        {
            "sha": sha,
            "author": {"email": f"{scene.actor.id}@users.example.org", "name": scene.actor.login},
            "message": _text(scene),
            "distinct": scene.rng.random() < 0.9,
            "url": f"{API}/repos/{scene.repository.full_name}/commits/{sha}",
        }
        for sha in shas
    ]
    return {
        "repository_id": scene.repository.id,
        "push_id": scene.rng.randrange(24_000_000_000, 25_000_000_000),
        "size": size,
        "distinct_size": sum(commit["distinct"] is True for commit in commits),
        "ref": f"refs/heads/{scene.rng.choice(_BRANCHES)}",
        "head": shas[-1],
        "before": _sha(scene),
        "commits": commits,
    }


def _create(scene: Scene) -> Json:
    kind = scene.rng.choices(("branch", "repository", "tag"), weights=(64, 29, 7))[0]
    names = {"branch": scene.rng.choice(_BRANCHES), "repository": None, "tag": f"v1.{scene.rng.randrange(40)}.0"}
    return {
        "ref": names[kind],
        "ref_type": kind,
        "master_branch": "main",
        "description": scene.rng.choice((None, _text(scene))),
        "pusher_type": "user",
    }


def _delete(scene: Scene) -> Json:
    return {"ref": scene.rng.choice(_BRANCHES), "ref_type": "branch", "pusher_type": "user"}


def _pull_request_event(scene: Scene) -> Json:
    action, state = scene.rng.choice(
        (("opened", "open"), ("closed", "closed"), ("closed", "closed"), ("reopened", "open"))
    )
    number = scene.rng.randrange(1, 4_000)
    return {"action": action, "number": number, "pull_request": _pull_request(scene, number, state)}


def _review(scene: Scene) -> Json:
    number = scene.rng.randrange(1, 4_000)
    review = {**_comment(scene, "pulls"), "state": scene.rng.choice(("approved", "commented", "changes_requested"))}
    return {"action": "created", "review": review, "pull_request": _pull_request(scene, number, "open")}


def _review_comment(scene: Scene) -> Json:
    number = scene.rng.randrange(1, 4_000)
    comment = {**_comment(scene, "pulls"), "path": "src/main.py", "diff_hunk": _text(scene, 4)}
    return {"action": "created", "comment": comment, "pull_request": _pull_request(scene, number, "open")}


def _issues(scene: Scene) -> Json:
    action, state = scene.rng.choice((("opened", "open"), ("closed", "closed"), ("reopened", "open")))
    return {"action": action, "issue": _issue(scene, scene.rng.randrange(1, 4_000), state)}


def _issue_comment(scene: Scene) -> Json:
    issue = _issue(scene, scene.rng.randrange(1, 4_000), "open")
    return {"action": "created", "issue": issue, "comment": _comment(scene, "issues")}


def _release(scene: Scene) -> Json:
    tag = f"v{scene.rng.randrange(9)}.{scene.rng.randrange(40)}.0"
    release = {
        "url": f"{API}/repos/{scene.repository.full_name}/releases/{tag}",
        "id": scene.rng.randrange(200_000_000, 230_000_000),
        "author": _user(scene.actor),
        "tag_name": tag,
        "name": _text(scene),
        "draft": False,
        "prerelease": False,
        "published_at": scene.created_at,
        "assets": [],
        "body": _text(scene, 6),
    }
    return {"action": "published", "release": release}


def _gollum(scene: Scene) -> Json:
    page = {"page_name": "Home", "title": "Home", "summary": None, "action": "edited", "sha": _sha(scene)}
    return {"pages": [page]}


# The types, in the proportions of a real two-hour recording (events of each in 5,000), with what makes their payload.
PAYLOADS: dict[str, tuple[int, Callable[[Scene], Json]]] = {
    "PushEvent": (2621, _push),
    "CreateEvent": (732, _create),
    "PullRequestEvent": (356, _pull_request_event),
    "IssueCommentEvent": (322, _issue_comment),
    "WatchEvent": (204, lambda scene: {"action": "started"}),
    "PullRequestReviewEvent": (171, _review),
    "PullRequestReviewCommentEvent": (140, _review_comment),
    "IssuesEvent": (133, _issues),
    "DeleteEvent": (108, _delete),
    "ForkEvent": (106, lambda scene: {"forkee": _repository(scene, _fork_of(scene))}),
    "ReleaseEvent": (34, _release),
    "MemberEvent": (23, lambda scene: {"member": _user(scene.actor), "action": "added"}),
    "CommitCommentEvent": (18, lambda scene: {"comment": _comment(scene, "commits")}),
    "GollumEvent": (17, _gollum),
    "PublicEvent": (15, lambda scene: {}),
}
