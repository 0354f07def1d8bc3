"""Preparing a notebook's world: only what is missing, in as few applies as possible, in the right order."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workshop import steps
from workshop.errors import WorkshopError
from workshop.steps import NEEDS, STAGES, Stage, is_there, prepare, stages_until


@dataclass
class World:
    """Remembers what was built and done; `built` and `filled` hold names of stages."""

    built: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    done: list[Any] = field(default_factory=list)

    def apply(self, root: str = "env", targets: tuple[str, ...] = ()) -> None:
        self.done.append((root, list(targets)))

    def fill(self, name: str) -> None:
        self.done.append(name)


@pytest.fixture(autouse=True)
def stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real stages' names, targets and order, on a world without AWS."""

    def on_world(stage: Stage) -> Stage:
        def built(ws: Any) -> object:
            return stage.name in ws.built

        def filled(ws: Any) -> object:
            return stage.name in ws.filled or stage.name not in {"ingest", "silver", "gold"}

        def fill(ws: Any) -> object:
            return ws.fill(stage.name)

        return Stage(stage.name, stage.target, built, filled, fill)

    monkeypatch.setattr(steps, "STAGES", tuple(on_world(stage) for stage in STAGES))


INNER = "module.lakehouse.module."
ALL = {stage.name for stage in STAGES}


def test_nothing_is_done_when_everything_is_there() -> None:
    world = World(built=set(ALL), filled=set(ALL))
    prepare(world, "07_explore_gold")  # type: ignore[arg-type]
    assert world.done == []


def test_an_empty_world_takes_two_applies_and_then_the_data_in_order() -> None:
    world = World()
    prepare(world, "07_explore_gold")  # type: ignore[arg-type]
    modules = ["data_lake", "catalog_athena", "github_events_lambda", "athena_scheduler"]
    assert world.done[0] == ("global/remote_state", [])
    assert world.done[1] == ("env", [INNER + module for module in modules])
    assert world.done[2:] == ["ingest", "silver", "gold"]


@pytest.mark.parametrize("notebook", ["08_backfill", "09_quality", "10_break_and_heal"])
def test_the_state_machine_is_built_with_the_rest_and_only_for_notebooks_that_need_it(notebook: str) -> None:
    world = World()
    prepare(world, notebook)  # type: ignore[arg-type]
    assert len(world.done) == 5
    assert INNER + "gharchive_backfill" in world.done[1][1]
    assert world.done[2:] == ["ingest", "silver", "gold"]
    built_up_to_gold = World(built=ALL - {"backfill"}, filled=set(ALL))
    prepare(built_up_to_gold, notebook)  # type: ignore[arg-type]
    assert built_up_to_gold.done == [("env", [INNER + "gharchive_backfill"])]


def test_a_killed_run_is_continued_and_not_started_over() -> None:
    world = World(built={"remote_state", "data_lake", "catalog"})
    prepare(world, "05_silver")  # type: ignore[arg-type]
    assert world.done == [("env", [INNER + "github_events_lambda"]), "ingest"]


def test_a_notebook_gets_no_more_than_it_needs() -> None:
    world = World()
    prepare(world, "02_data_lake")  # type: ignore[arg-type]
    assert world.done == [("global/remote_state", [])]


def test_each_notebook_needs_at_least_what_the_one_before_needs() -> None:
    sizes = [len(stages_until(need)) for name, need in NEEDS.items() if name != "99_teardown"]
    assert sizes == sorted(sizes)


def test_an_unknown_notebook_is_an_error() -> None:
    with pytest.raises(WorkshopError, match="no notebook"):
        prepare(World(), "11_iceberg")  # type: ignore[arg-type]


def failing(code: str) -> Any:
    def look(_: Any) -> object:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Get")

    return look


@pytest.mark.parametrize(
    "code", ["404", "NoSuchBucket", "NoSuchBucketPolicy", "EntityNotFoundException", "StateMachineDoesNotExist"]
)
def test_not_found_is_an_answer(code: str) -> None:
    assert not is_there(failing(code), World())  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "ThrottlingException"])
def test_any_other_error_is_not_taken_for_not_found(code: str) -> None:
    with pytest.raises(ClientError):
        is_there(failing(code), World())  # type: ignore[arg-type]
