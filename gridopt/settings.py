"""The settings of a case: everything of a case file that is neither network nor profile.

The models below are the schema of a case file. Unknown keys are errors that name the nearest valid key;
``python -m gridopt.settings`` prints the JSON schema that editors can use for completion.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from gridopt.errors import Fault, InputError

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


def _word_off(value: object) -> object:
    # YAML 1.1 reads a bare `off` as False; the word was meant.
    return "off" if value is False else value


def _word_on_off(value: object) -> object:
    # YAML 1.1 reads bare `on` and `off` as True and False; the words were meant.
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


def _word_none(value: object) -> object:
    # a null where the word is "none"
    return "none" if value is None else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


class Horizon(_Strict):
    """How the hours are split into optimisation problems."""

    mode: Literal["rolling", "parallel", "monolithic"] = Field(
        default="rolling",
        description="windows one after the other, in stretches of the horizon at once, or all hours as one problem",
    )
    stretches: Annotated[int, Field(ge=2)] = Field(
        default=4, description="parts of the horizon that mode parallel solves at once; the result depends on it"
    )
    window_h: Positive = Field(default=168, description="hours kept from each window [h]")
    look_ahead_h: NonNegative = Field(default=48, description="hours solved beyond the window and thrown away [h]")
    guide: Annotated[Literal["auto", "on", "off"], BeforeValidator(_word_on_off)] = Field(
        default="auto", description="solve the whole horizon coarsely before its windows; auto: where they are many"
    )
    guide_step_h: Positive = Field(default=6, description="step of the guide [h]")
    certificate: bool = Field(default=True, description="prove how much the horizon costs at least")
    proof_rounds: Annotated[int, Field(ge=0)] = Field(
        default=8,
        description="most rounds in which the proof is improved; fewer for many windows where no gap is asked for",
    )
    gap: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="relative gap to be proven; the run fails (exit code 6) where it is not; null: any"
    )
    end_storage: Literal["value", "cyclic", "free"] = Field(
        default="value", description="what storage is worth at the end: a price per MWh, its start level, or nothing"
    )


class Solver(_Strict):
    """How HiGHS is run."""

    threads: Annotated[int, Field(ge=1)] = Field(
        default=1, description="windows that the proof looks at at once; the result does not depend on it"
    )
    start: Literal["auto", "basis", "presolve"] = Field(
        default="auto", description="start a window from the last basis, cold with presolve, or decide by its shape"
    )
    feasibility_tolerance: Annotated[float, Field(ge=1e-10, le=1e-4)] = Field(
        default=1e-7, description="primal and dual feasibility tolerance"
    )
    mip_gap: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1e-3, description="with whole units: relative gap at which a window is solved well enough"
    )
    mip_nodes: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="with whole units: most nodes of the search of one window; none if absent"
    )


class Policy(_Strict):
    """The rules of the province."""

    chp_mode: Annotated[Literal["min_output", "heat_zone", "off"], BeforeValidator(_word_off)] = Field(
        default="min_output",
        description="heat-led plants keep a heat-season minimum, or serve the heat of their zone, or are free",
    )
    dr_share_of_peak: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05, description="demand-response capability of all programs as a share of the annual peak load [pu]"
    )
    dr_mode: Literal["economic", "peak_shaving", "drill"] = Field(
        default="economic",
        description="response is called where it saves cost, to lower the annual peak, or in the 20 peak hours",
    )
    renewable_priority_cny_per_mwh: NonNegative | None = Field(
        default=None, description="declared price of curtailed wind and solar; replaces the small curtailment price"
    )
    curtailment_sharing: Literal["free", "pro_rata"] = Field(
        default="free", description="which of the sites at one place is curtailed: any, or all by the same share"
    )
    max_curtailment_rate: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="largest share of the year's wind and solar that may be curtailed [pu]; null: any"
    )
    maintenance: Annotated[Literal["none", "given", "levelised"], BeforeValidator(_word_none)] = Field(
        default="given", description="planned outages: none, as the net gives them, or laid into the weeks of plenty"
    )
    forced_outages: bool = Field(default=True, description="the net's sudden outages happen")
    reserves: bool = Field(default=True, description="the net's reserve products are held")
    pilots: bool = Field(default=True, description="pilot zones keep their rules")
    channels: bool = Field(default=True, description="channels keep their renewable share")
    co2_cap_t: NonNegative | None = Field(default=None, description="most CO2 of a year [t]; null: no cap")


class Prices(_Strict):
    """Prices of what is not a plant [CNY/MWh unless named otherwise]."""

    value_of_lost_load_cny_per_mwh: Positive | None = Field(
        default=15_000.0, description="price of unserved energy; null forbids it (no solution is then an error)"
    )
    excess_cny_per_mwh: Positive | None = Field(
        default=5_000.0, description="price of energy that nobody can take; null forbids it"
    )
    curtailment_cny_per_mwh: NonNegative = Field(default=1.0, description="small price of curtailed wind and solar")
    co2_cny_per_t: NonNegative = Field(default=0.0, description="carbon price [CNY/t CO2]")
    water_spill_cny_per_mwh: NonNegative = Field(default=1.0, description="price of spilled water")
    heat_shortfall_cny_per_mwh: Positive | None = Field(
        default=5_000.0, description="price of heat that is not served; null forbids it (no solution is then an error)"
    )
    rule_cny_per_mwh: Positive = Field(default=2_000.0, description="price of a MWh by which an annual rule is broken")
    co2_breach_cny_per_t: Positive = Field(default=2_000.0, description="price of a tonne above the CO2 cap [CNY/t]")


class Settings(_Strict):
    """A case file."""

    name: str = Field(default="case", min_length=1, description="name of the case, used for its result folder")
    description: str = Field(default="", description="one sentence for the list of cases")
    base: str | None = Field(default=None, description="another case (name or file) that this one extends")
    network: str | None = Field(default=None, description="name of a shipped network, or a pandapower JSON file")
    year: Annotated[int, Field(ge=1990, le=2100)] | None = Field(default=None, description="target year")
    profiles: str | None = Field(
        default=None, description="name of shipped profiles (default: as the network), or a netCDF or CSV file"
    )
    weather_year: int | str = Field(default="typical", description="weather of the profiles: 'typical' or a year")
    plain: bool = Field(
        default=False, description="an ordinary pandapower net: solved as rundcopp would, without planner conventions"
    )
    leap_day: Literal["drop", "keep"] = Field(default="drop", description="what happens to 29 February")
    start: datetime | None = Field(
        default=None, description="when the horizon begins; its first hour is stamped one step later (hour-ending)"
    )
    hours: Positive | None = Field(default=None, description="length of the horizon; all hours if absent [h]")
    step_h: Annotated[float, Field(gt=0, le=24)] = Field(default=1.0, description="time step [h]")
    network_level: Literal["copperplate", "dc", "dc+n-1"] = Field(
        default="dc", description="no network, DC power flow, or one that keeps its limits after every credible outage"
    )
    unit_commitment: Annotated[Literal["off", "relaxed", "integer"], BeforeValidator(_word_off)] = Field(
        default="relaxed", description="no commitment, fractional numbers of units, or whole units"
    )
    alike: Literal["apart", "together"] = Field(
        default="apart",
        description="stores and flexible loads that are alike and lie behind the same interfaces: each for itself, or "
        "as one, each in proportion to its size; never units that are counted",
    )
    losses: Annotated[Literal["none", "linear"], BeforeValidator(_word_none)] = Field(
        default="none", description="demand is gross of losses, or marginal losses of AC base points in the balance"
    )
    line_loss_rate: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.05,
        description="share of losses that the given demand is assumed to hold; off it where losses are linear",
    )
    loss_passes: Annotated[int, Field(ge=0, le=10)] = Field(
        default=2, description="most times that losses are linearised anew and the horizon is solved again"
    )
    loss_tolerance: Positive = Field(
        default=0.02, description="relative difference of losses in dispatch and AC power flow that is good enough [pu]"
    )
    ac_check: Annotated[Literal["auto", "on", "off"], BeforeValidator(_word_on_off)] = Field(
        default="auto", description="AC power flow of every hour; auto: in runs with a network, except plain nets"
    )
    horizon: Horizon = Horizon()
    solver: Solver = Solver()
    policy: Policy = Policy()
    prices: Prices = Prices()
    levers: dict[str, float | str] = Field(default_factory=dict, description="see `gridopt levers`")

    @field_validator("start")
    @classmethod
    def _no_time_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is not None:
            raise ValueError("give local standard time without a time zone")
        return value

    @property
    def curtailment_price_cny_per_mwh(self) -> float:
        """Price of curtailed wind and solar: the declared priority, else the small price [CNY/MWh]."""
        priority = self.policy.renewable_priority_cny_per_mwh
        return self.prices.curtailment_cny_per_mwh if priority is None else priority

    @property
    def has_losses(self) -> bool:
        """Whether the balance holds losses; on a copper plate there is no grid that could lose anything."""
        return self.losses == "linear" and self.network_level != "copperplate"

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, ready for YAML or JSON."""
        return self.model_dump(mode="json")


# What an ordinary pandapower net takes where nothing else is said: no commitment, no price that pandapower's
# optimal power flow doesn't know, no unserved energy beyond its controllable loads, and demand without losses.
PLAIN_DEFAULTS: dict[str, Any] = {
    "unit_commitment": "off",
    "line_loss_rate": 0.0,
    "horizon": {"end_storage": "free"},
    "policy": {
        "chp_mode": "off",
        "dr_share_of_peak": 0.0,
        **dict.fromkeys(("forced_outages", "reserves", "pilots", "channels"), False),
    },
    "prices": {
        "value_of_lost_load_cny_per_mwh": None,
        "excess_cny_per_mwh": None,
        "curtailment_cny_per_mwh": 0.0,
        "water_spill_cny_per_mwh": 0.0,
    },
}


class _UniqueKeyLoader(yaml.SafeLoader):
    """Safe loader that refuses a key given twice, which YAML would silently drop."""


def _unique_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[object] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not a word", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one case file with the safe loader; it must hold a mapping without repeated keys."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(Fault(str(path), message="there is no such file")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Fault(str(path), message=f"can't be read: {error}")) from error
    try:
        content = yaml.load(text, Loader=_UniqueKeyLoader)
    except yaml.YAMLError as error:
        raise InputError(Fault(str(path), message=_yaml_message(error))) from error
    if not isinstance(content, dict):
        raise InputError(Fault(str(path), message="a case file is a mapping of keys to values"))
    return content


def _yaml_message(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{place}not valid YAML: {getattr(error, 'problem', None) or error}"


def deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Values of `over` on top of `base`; mappings are merged key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = deep_merge(old, value)
        else:
            merged[key] = value
    return merged


def parse_settings(values: Mapping[str, Any], file: str = "") -> Settings:
    """Check the values of a case file and return its settings.

    Raises
    ------
    InputError
        With one fault per wrong key or value, each naming its full path.
    """
    settings, faults = settings_and_faults(values, file)
    if faults:
        raise InputError(faults)
    return settings


def settings_and_faults(values: Mapping[str, Any], file: str = "") -> tuple[Settings, list[Fault]]:
    """The settings that the good values make, and the faults of the others.

    With faults the settings serve only to look for more faults in the network and the profiles.
    """
    values = deep_merge(PLAIN_DEFAULTS, values) if values.get("plain") is True else dict(values)
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        faults: dict[str, Fault] = {}
        for problem in error.errors():  # a union has one problem per branch: the first says enough
            fault = _fault(dict(problem), values, file)
            faults.setdefault(fault.row, fault)
            values = _without(values, _written_keys(problem["loc"], values))
    return Settings.model_validate(values), list(faults.values())


def _without(values: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
    """A copy without the value at a path of keys."""
    kept = dict(values)
    if len(keys) == 1:
        kept.pop(keys[0], None)
    elif keys[0] in kept and isinstance(kept[keys[0]], Mapping):
        kept[keys[0]] = _without(kept[keys[0]], keys[1:])
    return kept


def _fault(problem: dict[str, Any], values: Mapping[str, Any], file: str) -> Fault:
    keys = _written_keys(problem["loc"], values)
    path = ".".join(keys)
    if problem["type"] == "extra_forbidden":
        return Fault(file, "settings", path, "", f"unknown key{nearest(path, setting_paths())}")
    message = problem["msg"].removeprefix("Value error, ")
    value = problem["input"]
    return Fault(file, "settings", path, "", f"{message[:1].lower()}{message[1:]}, got {value!r}")


def _written_keys(loc: tuple[str | int, ...], values: Mapping[str, Any]) -> list[str]:
    """The part of pydantic's location that stands in the file (it adds the branch of a union)."""
    keys: list[str] = []
    level: object = values
    for part in loc:
        if not isinstance(level, Mapping):
            break
        keys.append(str(part))
        level = level.get(part)
    return keys


def setting_paths() -> list[str]:
    """All dotted paths of a case file, such as ``horizon.window_h``."""
    return list(_paths(Settings, ""))


def _paths(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _paths(kind, f"{prefix}{name}.")


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint such as ``; did you mean 'hours'?``, or nothing when no known word is close.

    Dotted words are first compared with their neighbours (same stem), then by their last part anywhere.
    """
    known = list(known)
    stem, _, last = word.rpartition(".")
    siblings = [path for path in known if path.rpartition(".")[0] == stem]
    for group in (siblings, known):
        tails = {path.rpartition(".")[2]: path for path in reversed(group)}
        close = difflib.get_close_matches(last, tails, n=1, cutoff=0.7)
        if close:
            return f"; did you mean {tails[close[0]]!r}?"
    others = [path for path in known if path != stem]  # the part it stands in is no hint
    close = difflib.get_close_matches(word, others, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def json_schema() -> str:
    """The schema of a case file as JSON text (published as ``examples/case.schema.json``)."""
    schema = Settings.model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema, indent=2) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")
