"""The sweep file: its schema, and the design that it describes.

``python -m gridopt.studies.specification`` prints the JSON schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from gridopt.case_file import is_path
from gridopt.errors import Fault, InputError
from gridopt.settings import read_yaml
from gridopt.studies import design as designs
from gridopt.studies.design import Design, Value

Positive = Annotated[float, Field(gt=0)]
Seed = Annotated[int, Field(ge=0)]
Values = Annotated[list[Value], Field(min_length=1)]

# Keys of a case whose change would give other hours or another grid: labels that one store can't hold.
UNSWEEPABLE = {
    *("base", "name", "description", "network", "profiles", "plain", "levers"),
    *("year", "start", "hours", "step_h", "leap_day"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


def _pair(value: object) -> object:
    # `[low, high]` is the short way of writing a range
    return {"low": value[0], "high": value[1]} if isinstance(value, list | tuple) and len(value) == 2 else value


class Range(_Strict):
    """A range of a lever."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low >= self.high:
            raise ValueError("low must be below high")
        return self


Ranges = dict[str, Annotated[Range, BeforeValidator(_pair)]]


def _bounds(ranges: Ranges) -> dict[str, tuple[float, float]]:
    return {name: (span.low, span.high) for name, span in ranges.items()}


class Grid(_Strict):
    """Every combination of the values."""

    kind: Literal["grid"]
    levers: Annotated[dict[str, Values], Field(min_length=1)]

    def design(self) -> Design:
        """The scenarios."""
        return designs.grid(self.levers)


class Zip(_Strict):
    """The values of all levers side by side."""

    kind: Literal["zip"]
    levers: Annotated[dict[str, Values], Field(min_length=1)]

    def design(self) -> Design:
        """The scenarios."""
        return designs.zipped(self.levers)


class Named(_Strict):
    """One scenario of a list."""

    name: Annotated[str, Field(min_length=1)]
    set: dict[str, Value] = Field(default_factory=dict)


class Listed(_Strict):
    """Named scenarios, each with the levers it changes."""

    kind: Literal["list"]
    scenarios: Annotated[list[Named], Field(min_length=1)]

    def design(self) -> Design:
        """The scenarios."""
        names = [scenario.name for scenario in self.scenarios]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                [Fault(table="design", row=name, message="two scenarios have this name") for name in twice]
            )
        return designs.listed([scenario.set for scenario in self.scenarios], names)


class LatinHypercube(_Strict):
    """A Latin hypercube over ranges."""

    kind: Literal["latin_hypercube"]
    levers: Annotated[Ranges, Field(min_length=1)]
    samples: Annotated[int, Field(ge=1)]
    seed: Seed

    def design(self) -> Design:
        """The scenarios."""
        return designs.latin_hypercube(_bounds(self.levers), self.samples, self.seed)


class Sobol(_Strict):
    """Scrambled Sobol points over ranges."""

    kind: Literal["sobol"]
    levers: Annotated[Ranges, Field(min_length=1)]
    samples: Annotated[int, Field(ge=1)]
    seed: Seed

    def design(self) -> Design:
        """The scenarios."""
        return designs.sobol(_bounds(self.levers), self.samples, self.seed)


class OutageRate(_Strict):
    """How often units fail, and for how long."""

    rate: Annotated[float, Field(gt=0, lt=1, description="share of time in which a unit is out by failure [pu]")]
    repair_h: Annotated[float, Field(gt=0, description="mean time to repair [h]")]


class MonteCarlo(_Strict):
    """Random weather years, sudden outages, and levers within ranges."""

    kind: Literal["monte_carlo"]
    samples: Annotated[int, Field(ge=1)]
    seed: Seed
    weather_years: list[int | str] = Field(default_factory=list)
    outages: dict[str, OutageRate] = Field(default_factory=dict)
    levers: Ranges = Field(default_factory=dict)

    @model_validator(mode="after")
    def _draws_something(self) -> MonteCarlo:
        if not (self.weather_years or self.outages or self.levers):
            raise ValueError("nothing to draw: give weather_years, outages or levers")
        return self

    def design(self) -> Design:
        """The scenarios."""
        return designs.monte_carlo(
            _bounds(self.levers),
            self.samples,
            self.seed,
            weather_years=self.weather_years,
            draws_outages=bool(self.outages),
        )


AnyDesign = Annotated[Grid | Zip | Listed | LatinHypercube | Sobol | MonteCarlo, Field(discriminator="kind")]


class Week(_Strict):
    """A run of hours that stands for several like it."""

    start: datetime
    hours: Positive = 168
    weight: Positive = Field(description="how many weeks of the year it stands for")


class Weeks(_Strict):
    """Chosen weeks instead of the year."""

    weeks: Annotated[list[Week], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_after_the_other(self) -> Weeks:
        for before, after in pairwise(self.weeks):
            if after.start < before.start + timedelta(hours=before.hours):
                raise ValueError(f"the week of {after.start} begins before that of {before.start} has ended")
        return self


class Part(_Strict):
    """A part of the year."""

    start: datetime
    hours: Positive


def _kind(value: object) -> str:
    """Which branch of a union is meant, so that only that one complains."""
    if isinstance(value, str):
        return "word"
    if isinstance(value, list | tuple):
        return "variables"
    return "weeks" if isinstance(value, Weeks) or (isinstance(value, Mapping) and "weeks" in value) else "part"


AnyHorizon = Annotated[
    Annotated[Literal["case", "year"], Tag("word")] | Annotated[Part, Tag("part")] | Annotated[Weeks, Tag("weeks")],
    Discriminator(_kind),
]
Kept = Annotated[
    Annotated[Literal["summary", "everything"], Tag("word")]
    | Annotated[list[str], Field(min_length=1), Tag("variables")],
    Discriminator(_kind),
]


class Limits(_Strict):
    """What one scenario may use; beyond it the scenario is stopped and recorded as failed."""

    time_s: Positive | None = None
    memory_mb: Positive | None = Field(default=None, description="default: the memory limit of the dask worker")


class Cluster(_Strict):
    """The local cluster, where no scheduler is named."""

    workers: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="processes; default one per core; 0: in this process, one after the other"
    )
    memory_limit: str = Field(default="auto", description="memory per worker, such as 4GB")


class Sweep(_Strict):
    """A sweep file."""

    case: str = Field(description="name of a shipped case, or a file or folder (relative to the sweep file)")
    description: str = ""
    changes: dict[str, Any] = Field(
        default_factory=dict, alias="set", description="levers and settings of all scenarios"
    )
    design: AnyDesign
    horizon: AnyHorizon = "case"
    keep: Kept = "summary"
    audit: bool = Field(default=True, description="check every result with the independent audit")
    limits: Limits = Limits()
    cluster: Cluster = Cluster()


def read_sweep(path: Path) -> Sweep:
    """Read a sweep file; a case that is a path starts at the folder of the file."""
    values = read_yaml(path)
    case = values.get("case")
    if isinstance(case, str) and is_path(case):
        values["case"] = str((path.parent / case).resolve())
    return parse_sweep(values, str(path))


def parse_sweep(values: Mapping[str, Any], file: str = "") -> Sweep:
    """Check the values of a sweep file.

    Raises
    ------
    InputError
        One fault per wrong key or value.
    """
    try:
        return Sweep.model_validate(values)
    except ValidationError as error:
        faults: dict[str, Fault] = {}
        for problem in error.errors():
            path = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            message = "unknown key" if problem["type"] == "extra_forbidden" else message[:1].lower() + message[1:]
            faults.setdefault(path, Fault(file, "sweep", path, "", message))
        raise InputError(faults.values()) from error


def json_schema() -> str:
    """The schema of a sweep file as JSON text."""
    schema = Sweep.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema, indent=2) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")
