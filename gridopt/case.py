"""The case: settings, network and profiles, checked together and ready to be solved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from gridopt import catalog
from gridopt.case_file import Source, changed, is_path, read_source
from gridopt.check import check, profile_faults, with_kinds
from gridopt.errors import Fault, InputError
from gridopt.fingerprint import fingerprint
from gridopt.hours import cut, empty_profiles, one_step, step_of, total_load_mw
from gridopt.levers import apply_levers
from gridopt.network.columns import with_defaults, with_labels
from gridopt.settings import Settings, nearest, settings_and_faults

if TYPE_CHECKING:
    import xarray as xr
    from pandapower import pandapowerNet

# Keys whose whole effect is in the network tables, in the profiles of the horizon or in no number at all.
_SEEN_ELSEWHERE = {
    *("name", "description", "base", "network", "profiles", "levers"),
    *("weather_year", "leap_day", "start", "hours"),
}


@dataclass(frozen=True, eq=False)
class Case:
    """A planner's case: nothing in it is changed after it was made, ``override`` makes a new one.

    Attributes
    ----------
    name : str
        Name of the case.
    settings : Settings
        Settings with all levers applied.
    net : pandapowerNet
        Network with all extension columns and all levers applied.
    profiles : xr.Dataset
        Profiles of the horizon, dim ``time`` (hour-ending).
    plain : bool
        An ordinary pandapower net without planner conventions, see ``from_pandapower``.
    origin : tuple of Path
        The case files it was read from.
    source : Source
        What it was made from.
    """

    name: str
    settings: Settings
    net: pandapowerNet
    profiles: xr.Dataset
    plain: bool
    origin: tuple[Path, ...]
    source: Source

    @classmethod
    def from_pandapower(cls, net: pandapowerNet, profiles: xr.Dataset | None = None, **settings: object) -> Case:
        """Make a case of any pandapower net; it is solved as ``pandapower.rundcopp`` would.

        Parameters
        ----------
        net : pandapowerNet
            Copied, never changed. Extension columns are honoured where they are.
        profiles : xr.Dataset, optional
            One variable per profile that the net names, dim ``time``. It may hold the time coordinate alone:
            the net's own values then hold in every hour. Default: a single hour. A series without the
            attributes ``kind`` and ``units`` takes the kind from its use, and per unit.
        **settings
            Keys of a case file, such as ``unit_commitment="relaxed"`` or ``horizon={"window_h": 24}``.

        Examples
        --------
        >>> import pandapower.networks
        >>> case = Case.from_pandapower(pandapower.networks.case9(), network_level="dc")
        >>> len(case.time)
        1
        """
        name = str(net["name"]) if net.get("name") else "case"
        values = {"name": name, "plain": True, **settings}
        if profiles is None:
            profiles = one_step()
        elif "step_h" not in values and profiles.sizes.get("time", 0) > 1:
            values["step_h"] = step_of(profiles)
        own = with_labels(with_defaults(net))
        return _assemble(Source(values, Path.cwd(), net=own, profiles=with_kinds(profiles, own)))

    def override(self, changes: Mapping[str, Any]) -> Case:
        """Make a new case with some values changed.

        Parameters
        ----------
        changes : mapping of str to value
            Each key is a lever (see ``gridopt levers``) or a dotted path of the case file.

        Examples
        --------
        >>> case = load_case("tiny").override({"demand.scale": 1.1, "horizon.window_h": 24})
        >>> case.settings.horizon.window_h
        24.0
        """
        return _assemble(changed(self.source, changes))

    @property
    def time(self) -> pd.DatetimeIndex:
        """Time stamps of the horizon, each at the end of its step."""
        return self.profiles.indexes["time"]  # type: ignore[return-value]

    @cached_property
    def annual_peak_load_mw(self) -> float:
        """Largest load of all hours of the profiles, also of those outside the horizon [MW]."""
        profiles = self.source.profiles
        return float(total_load_mw(self.net, self.profiles if profiles is None else profiles).max())

    @cached_property
    def input_sha256(self) -> str:
        """Hash of all that determines the result: settings, network tables, profiles; not names and paths."""
        values = self.settings.as_dict()
        values = {key: value for key, value in values.items() if key not in _SEEN_ELSEWHERE}
        # The peak of the whole year sizes demand response even where a part of the year is solved.
        values["annual_peak_load_mw"] = self.annual_peak_load_mw
        return fingerprint(values, self.net, self.profiles)

    def save(self, folder: str | Path) -> Path:
        """Write the case so that it can be run again, and return the path of its ``case.yaml``.

        The network and the profiles are written beside it (``network.json``, ``profiles.nc``) unless they are
        shipped ones, which the name is enough for.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        values = self.settings.as_dict() | {"base": None}
        shipped = catalog.network_names()
        if self.settings.network not in shipped:
            from gridopt.network.io import write_json

            write_json(self.source.net, folder / "network.json")
            values["network"] = "network.json"
        if (self.settings.profiles or self.settings.network) not in shipped:
            values |= self._saved_profiles(folder)
        path = catalog.case_file_in(folder)
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _saved_profiles(self, folder: Path) -> dict[str, Any]:
        """Write the profiles and return the values of the case file that lead to them."""
        profiles = self.source.profiles
        if profiles is not None and profiles.data_vars:
            profiles.to_netcdf(folder / "profiles.nc")
            return {"profiles": "profiles.nc"}
        if self.settings.year is not None:
            return {}
        # Without series the hours alone say it.
        step_h = self.settings.step_h
        begin = self.time[0] - pd.Timedelta(hours=step_h)
        return {"start": begin.isoformat(), "hours": len(self.time) * step_h}


def load_case(case: str | Path | Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> Case:
    """Load and check a case.

    Parameters
    ----------
    case : str, Path or mapping
        Name of a shipped case, a YAML file, a folder with a ``case.yaml``, or the content of a case file.
    changes : mapping of str to value, optional
        Levers and settings to change, as in ``Case.override``.

    Raises
    ------
    InputError
        With all faults of settings, network and profiles at once.

    Examples
    --------
    >>> load_case("tiny").name
    'tiny'
    """
    return _assemble(changed(read_source(case), changes or {}))


@contextmanager
def _collected(faults: list[Fault]) -> Iterator[None]:
    """Keep the faults of a step, so that the steps after it find theirs too."""
    try:
        yield
    except InputError as error:
        faults += error.faults


def _assemble(source: Source) -> Case:
    """Make the case, or raise one error with the faults of settings, network and profiles together."""
    label = source.label
    settings, faults = settings_and_faults(source.values, label)
    net = full = profiles = None
    with _collected(faults):
        source = _with_net(source, settings)
        net = source.net
    if net is not None:
        with _collected(faults):
            net, settings = apply_levers(net, settings, settings.levers, label)
    with _collected(faults):
        source = _with_profiles(source, settings)
        full = source.profiles
    if full is not None:
        name = str(settings.profiles or "profiles")
        faults += profile_faults(full, name, plain=settings.plain)
        with _collected(faults):
            profiles = cut(full, settings, label)
    if net is not None:
        faults += check(net, full, plain=settings.plain, file=str(settings.network or label))
    if faults or net is None or profiles is None:
        raise InputError(dict.fromkeys(faults))
    return Case(settings.name, settings, net, profiles, settings.plain, source.files, source)


def _with_net(source: Source, settings: Settings) -> Source:
    """The source with the network that the settings name."""
    name = settings.network
    shipped = name in catalog.network_names()
    key = (name, settings.year if shipped else None)
    if source.net is not None and (source.net_key == key or name is None):
        return source
    if name is None:
        raise InputError(Fault(source.label, "settings", "network", "", "is missing"))
    if shipped:
        if settings.year is None:
            message = f"is missing: the network {name!r} needs a target year"
            raise InputError(Fault(source.label, "settings", "year", "", message))
        from gridopt.network.build import build

        net = build(name, settings.year)
    elif is_path(name):
        from gridopt.network.io import read_net

        net = read_net(_existing(source, name, "network"))
    else:
        hint = nearest(name, catalog.network_names())
        message = f"no shipped network {name!r}{hint}; a file needs its suffix, such as .json"
        raise InputError(Fault(source.label, "settings", "network", "", message))
    net = with_defaults(net)
    return replace(source, net_key=key, net=with_labels(net) if settings.plain else net)


def _with_profiles(source: Source, settings: Settings) -> Source:
    """The source with the profiles that the settings name."""
    shipped = catalog.network_names()
    name = settings.profiles
    if name is None and settings.network in shipped:
        name = settings.network
    given = name is None and settings.network is None
    key = _profiles_key(name, settings, shipped=name in shipped)
    if source.profiles is not None and (source.profiles_key == key or given):
        return source
    if name is None:
        profiles = empty_profiles(settings, source.label)
    elif name in shipped:
        if settings.year is None:
            message = f"is missing: the profiles {name!r} need a target year"
            raise InputError(Fault(source.label, "settings", "year", "", message))
        from gridopt.profiles import build

        profiles = build(name, year=settings.year, weather_year=settings.weather_year, leap_day=settings.leap_day)
    elif is_path(name):
        from gridopt.profiles import read

        path = _existing(source, name, "profiles")
        try:
            profiles = read(path)
        except (ValueError, OSError) as error:  # what pandas and netCDF raise on files that are none of theirs
            raise InputError(Fault(str(path), message=f"can't be read as profiles: {error}")) from error
    else:
        hint = nearest(name, shipped)
        message = f"no shipped profiles {name!r}{hint}; a file needs its suffix, such as .nc or .csv"
        raise InputError(Fault(source.label, "settings", "profiles", "", message))
    return replace(source, profiles_key=key, profiles=profiles)


def _profiles_key(name: str | None, settings: Settings, *, shipped: bool) -> tuple[object, ...]:
    """What identifies the profiles: a change of it means that they must be read again."""
    if name is None:
        return (settings.year, settings.leap_day, settings.start, settings.hours, settings.step_h)
    return (name, settings.year, settings.weather_year, settings.leap_day) if shipped else (name,)


def _existing(source: Source, name: str, key: str) -> Path:
    path = Path(name) if Path(name).is_absolute() else source.folder / name
    if not path.is_file():
        raise InputError(Fault(source.label, "settings", key, "", f"there is no file {path}"))
    return path
