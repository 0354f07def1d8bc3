"""Who acts where: invented accounts and repositories, a few of them busy and most of them quiet."""

# ruff: noqa: SIM905 - words read better as words

import random
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from itertools import accumulate

API = "https://api.github.com"

ACTORS = 12_000
REPOSITORIES = 12_000
ORGANIZATIONS = 900
# Zipf with an offset: it takes the first few ranks down to the 2 % of all events that the busiest account really has.
RANK_OFFSET = 5

_ADJECTIVES = (
    "amber brisk calm dapper eager fabled gentle hazel idle jolly keen lunar mellow nimble opal plucky quiet rustic "
    "silver tidy umber vivid witty young zesty"
).split()
_NOUNS = (
    "anchor beacon cedar delta ember fjord glacier harbor island juniper kettle lantern meadow nutmeg orchard pebble "
    "quarry ridge sparrow thicket upland valley willow yarrow zephyr"
).split()
_SUBJECTS = "api app blog cli compiler docs dotfiles engine game kernel parser portal scheduler site tools".split()
_BOT_JOBS = "chore docs format label lint merge release review stale sync test update".split()


@dataclass(frozen=True)
class Account:
    """A user, a bot or an organization."""

    id: int
    login: str

    def short(self, *, display: bool) -> dict[str, object]:
        """The account as an event names its actor (with `display`) or its organization."""
        # A bot's display login is its login without the suffix.
        shown = {"display_login": self.login.removesuffix("[bot]")} if display else {}
        return {
            "id": self.id,
            "login": self.login,
            **shown,
            "gravatar_id": "",
            "url": f"{API}/{'users' if display else 'orgs'}/{self.login}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{self.id}?",
        }


@dataclass(frozen=True)
class Repository:
    """A repository, its owner and the account that works on it most."""

    id: int
    name: str
    owner: Account
    owned_by_organization: bool
    maintainer: Account

    @property
    def full_name(self) -> str:
        """Owner and name, as GitHub joins them."""
        return f"{self.owner.login}/{self.name}"

    def short(self) -> dict[str, object]:
        """The repository as an event names it."""
        return {"id": self.id, "name": self.full_name, "url": f"{API}/repos/{self.full_name}"}


class Population:
    """All accounts and repositories of one seed; picks follow Zipf's law."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._users = [Account(20_000_000 + 977 * n, _login(rng, n)) for n in range(ACTORS)]
        self._bots = [Account(90_000_000 + 31 * n, f"workshop-{job}[bot]") for n, job in enumerate(_BOT_JOBS)]
        organizations = [Account(60_000_000 + 613 * n, f"{_login(rng, n)}-org") for n in range(ORGANIZATIONS)]
        self._repositories = [self._repository(n, organizations) for n in range(REPOSITORIES)]
        self._user_weights = _zipf(ACTORS)
        self._repository_weights = _zipf(REPOSITORIES)

    def drawing_from(self, rng: random.Random) -> "Population":
        """The same accounts and repositories, picked by other random numbers."""
        other = copy(self)
        other._rng = rng
        return other

    def repository(self) -> Repository:
        """Any repository, the busy ones more often."""
        return self._rng.choices(self._repositories, cum_weights=self._repository_weights)[0]

    def user(self) -> Account:
        """Any user, the busy ones more often."""
        return self._rng.choices(self._users, cum_weights=self._user_weights)[0]

    def bot(self) -> Account:
        """Any bot."""
        return self._rng.choice(self._bots)

    def _repository(self, number: int, organizations: Sequence[Account]) -> Repository:
        rng = self._rng
        maintainer = rng.choice(self._users)
        # Three events in ten belong to an organization's repository.
        owned_by_organization = rng.random() < 0.3
        return Repository(
            id=100_000_000 + 7_919 * number,
            name=f"{rng.choice(_NOUNS)}-{rng.choice(_SUBJECTS)}-{number}",
            owner=rng.choice(organizations) if owned_by_organization else maintainer,
            owned_by_organization=owned_by_organization,
            maintainer=maintainer,
        )


def _login(rng: random.Random, number: int) -> str:
    """A made-up login; the number makes it unique."""
    return f"{rng.choice(_ADJECTIVES)}-{rng.choice(_NOUNS)}-{number:05d}"


def _zipf(count: int) -> list[float]:
    return list(accumulate(1 / (rank + RANK_OFFSET) for rank in range(1, count + 1)))
