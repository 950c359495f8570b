"""Reading and writing nets: pandapower JSON, and MATPOWER ``.mat`` files.

pandapower's JSON names Python classes, and its reader imports and builds them. A net from elsewhere is
therefore read only when it declares nothing but tables and plain values; what reaches pandapower is written
anew from what was checked, so that nothing can hide from the check. Pickle is never read.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.errors import Fault, InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from pandapower import pandapowerNet

#: The only classes that a pandapower JSON may declare.
NET_CLASS = ("pandapower.auxiliary", "pandapowerNet")
TABLE_CLASSES = (("pandas.core.frame", "DataFrame"), ("pandas", "DataFrame"))

#: What else may stand beside the content of a table; all of it plain values.
_TABLE_KEYS = {
    *("_module", "_class", "_object", "orient", "dtype", "is_multiindex", "is_multicolumn"),
    *("index_name", "index_names", "column_name", "column_names"),
}

_REFUSED = {
    ".p": "pickle files can run any program and are never read; save the net with pandapower.to_json",
    ".pkl": "pickle files can run any program and are never read; save the net with pandapower.to_json",
    ".pickle": "pickle files can run any program and are never read; save the net with pandapower.to_json",
    ".m": "MATPOWER scripts are not read; save the case as .mat (in MATLAB or Octave: save('case.mat', 'mpc'))",
}

# Standard columns of MATPOWER's matrices; pandapower appends its own.
_MATPOWER_COLUMNS = {"bus": 13, "gen": 21, "branch": 13, "gencost": None}

# What pandapower's readers raise on content that is no net.
_UNREADABLE = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, ImportError, NotImplementedError),
    *(UserWarning, RecursionError),
)


def read_net(path: str | Path) -> pandapowerNet:
    """Read a net from pandapower JSON (``.json``) or a MATPOWER case (``.mat``), without running anything in it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    pandapowerNet

    Raises
    ------
    InputError
        If there is no such file, its kind is not read, it declares other classes than tables, or it is no
        net.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in _REFUSED:
        raise InputError(Fault(file=str(path), message=_REFUSED[suffix]))
    if suffix not in (".json", ".mat"):
        raise InputError(Fault(file=str(path), message=f"a net is read from .json or .mat, not from {suffix!r}"))
    if not path.is_file():
        raise InputError(Fault(file=str(path), message="there is no such file"))
    return _read_json(path) if suffix == ".json" else _read_matpower(path)


def _read_json(path: Path) -> pandapowerNet:
    """Check a pandapower JSON and let pandapower build the net from its checked content."""
    from pandapower import from_json, pandapowerNet

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(file=str(path), message=f"is not valid JSON: {error}")) from error
    checked = _checked_net(content, str(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # between pandapower and pandas
            net = from_json(io.StringIO(json.dumps(checked)), convert=True)
    except _UNREADABLE as error:
        message = f"pandapower can't read it: {error}"
        raise InputError(Fault(file=str(path), message=message)) from error
    if not isinstance(net, pandapowerNet):
        raise InputError(Fault(file=str(path), message="holds no pandapower net"))
    wrong = [
        Fault(file=str(path), table=name, message="is no table")
        for name in sorted(_table_names())
        if not hasattr(net.get(name), "columns")
    ]
    if wrong:
        raise InputError(wrong)
    return net


@cache
def _table_names() -> frozenset[str]:
    """Names of pandapower's own tables."""
    from pandapower import create_empty_network

    return frozenset(name for name, table in create_empty_network().items() if hasattr(table, "columns"))


def _checked_net(content: object, file: str) -> dict[str, object]:
    """The content of a net with every table parsed, checked and written anew."""
    if not isinstance(content, dict) or (content.get("_module"), content.get("_class")) != NET_CLASS:
        message = "is no pandapower net (written by pandapower.to_json, version 2.1 or later)"
        raise InputError(Fault(file=file, message=message))
    tables = content.get("_object")
    if not isinstance(tables, dict):
        raise InputError(Fault(file=file, message="the net holds no tables"))
    faults: list[Fault] = []
    checked: dict[str, object] = {}
    for name, value in tables.items():
        if _declared(value) in TABLE_CLASSES:
            checked[name] = _checked_table(value, name, file, faults)
        else:
            checked[name] = value
            faults += [Fault(file=file, table=name, message=text) for text in _declarations(value)]
    if faults:
        raise InputError(faults)
    return {"_module": NET_CLASS[0], "_class": NET_CLASS[1], "_object": checked}


def _checked_table(value: dict[str, object], name: str, file: str, faults: list[Fault]) -> dict[str, object]:
    """One table, its text replaced by what was checked in it; adds to the faults."""
    other = sorted(set(value) - _TABLE_KEYS)
    if other:
        faults.append(Fault(file=file, table=name, message=f"unknown key {', '.join(other)}"))
    try:
        inner = json.loads(str(value.get("_object")))
    except (ValueError, RecursionError):
        faults.append(Fault(file=file, table=name, message="the table's content is not valid JSON"))
        return value
    if not isinstance(inner, dict):
        faults.append(Fault(file=file, table=name, message="the table's content is no JSON object"))
    rest = [entry for key, entry in value.items() if key not in ("_module", "_class", "_object")]
    faults += [Fault(file=file, table=name, message=text) for text in _declarations([inner, rest])]
    return {**value, "_object": json.dumps(inner)}


def _declared(value: object) -> tuple[object, object] | None:
    """Module and class that a JSON object declares, if it declares either."""
    if isinstance(value, dict) and ("_module" in value or "_class" in value):
        return value.get("_module"), value.get("_class")
    return None


def _declarations(value: object) -> Iterator[str]:
    """Complaints about all classes declared anywhere in a plain value."""
    declared = _declared(value)
    if declared is not None:
        module, name = declared
        yield f"declares the class {module}.{name}; only tables and plain values are read"
    if isinstance(value, dict):
        for entry in value.values():
            yield from _declarations(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _declarations(entry)
    elif isinstance(value, str) and "_module" in value and "_class" in value:
        yield "holds a text that declares a class; only tables and plain values are read"


def _read_matpower(path: Path) -> pandapowerNet:
    """A MATPOWER case from a ``.mat`` file, by pandapower's own converter.

    That converter turns the charging of transformers into a magnetizing current, which moves their
    susceptance a little (about 1e-5 of it).
    """
    import scipy.io
    from pandapower.converter.matpower.from_mpc import from_mpc
    from scipy.io.matlab import MatReadError

    try:
        names = [name for name, _, kind in scipy.io.whosmat(path) if kind == "struct"]
        if len(names) != 1:
            message = f"must hold one MATPOWER case, but holds {', '.join(names) or 'none'}"
            raise InputError(Fault(file=str(path), message=message))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # between pandapower and pandas
            return from_mpc(str(path), f_hz=50, casename_mpc_file=names[0])
    except (*_UNREADABLE, MatReadError) as error:
        raise InputError(Fault(file=str(path), message=f"pandapower can't read it: {error}")) from error


def write_json(net: pandapowerNet, path: str | Path) -> None:
    """Write a net as pandapower JSON, extension columns and tables included, every number to its last digit.

    JSON knows no infinity: infinite numbers become missing ones.

    Parameters
    ----------
    net : pandapowerNet
    path : str or Path
    """
    from pandapower import to_json

    content = json.loads(to_json(net))
    for name, value in content["_object"].items():
        if _declared(value) in TABLE_CLASSES:
            value["_object"] = _all_digits(value["_object"], net[name])
    Path(path).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _all_digits(text: str, table: pd.DataFrame) -> str:
    """A table's text with the floats as they are: pandas writes fifteen digits, which is not always enough."""
    inner = json.loads(text)
    for column, dtype in enumerate(table.dtypes):
        if dtype.kind == "f":
            for row, value in zip(inner["data"], table.iloc[:, column].tolist(), strict=True):
                if row[column] is not None:  # missing and infinite numbers are null
                    row[column] = value
    return json.dumps(inner)


def write_matpower(net: pandapowerNet, path: str | Path) -> list[str]:
    """Write a net as a MATPOWER case (``.mat``, variable ``mpc``, format version 2), by pandapower's own converter.

    Buses are numbered from 1 without gaps; ``mpc.bus_name`` holds their names in the net. What is connected
    to no slack is left out, as in ``pandapower.rundcpp``; a branch without limit has ``rateA`` 0.

    Parameters
    ----------
    net : pandapowerNet
        Left untouched.
    path : str or Path
        Ends in ``.mat``.

    Returns
    -------
    list of str
        What the file does not carry.

    Raises
    ------
    InputError
        If the net holds DC lines, which pandapower's converter would drop, or can't be converted.
    """
    import numpy as np
    from pandapower.converter.matpower.to_mpc import to_mpc
    from scipy.io import savemat

    path = Path(path)
    if path.suffix != ".mat":
        raise InputError(Fault(file=str(path), message="a MATPOWER case is written to a .mat file"))
    rows = net["dcline"][net["dcline"]["in_service"].astype(bool)]
    if len(rows):
        labels = ", ".join(str(index) for index in rows.index)
        raise InputError(Fault(table="dcline", row=labels, message="DC lines can't be written as MATPOWER"))
    work = deepcopy(net)
    for table in ("line", "trafo", "trafo3w"):
        if "max_loading_percent" not in work[table]:  # else the converter would invent a limit of 100 MW
            work[table]["max_loading_percent"] = np.nan
    for table in ("ext_grid", "gen", "sgen", "load", "storage"):
        for column in ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"):
            if column not in work[table]:  # missing values are no limits, missing columns an error
                work[table][column] = np.nan
    try:
        case = to_mpc(work, init="flat", calculate_voltage_angles=True)["mpc"]
    except _UNREADABLE as error:
        raise InputError(f"pandapower can't convert the net to MATPOWER: {error}") from error
    mpc = {"version": "2", "baseMVA": float(case["baseMVA"]), "bus_name": _bus_names(work, len(case["bus"]))}
    for name, columns in _MATPOWER_COLUMNS.items():
        if name in case:
            mpc[name] = np.nan_to_num(np.real(case[name][:, :columns]))
    savemat(path, {"mpc": mpc})
    return _not_carried(net)


def _bus_names(work: pandapowerNet, n_bus: int) -> NDArray[np.object_]:
    """Name (else id) of one bus of the net for each bus of the converted case, shape (bus,)."""
    import numpy as np

    names = np.full(n_bus, "", dtype=object)
    row_of_bus = work["_pd2ppc_lookups"]["bus"]
    for bus, name in work["bus"]["name"][::-1].items():
        row = row_of_bus[bus]
        if 0 <= row < n_bus:
            names[row] = name if isinstance(name, str) and name else str(bus)
    return names


def _not_carried(net: pandapowerNet) -> list[str]:
    """What of this net has no place in a MATPOWER case."""
    own = _table_names()
    extension = [
        name
        for name, table in net.items()
        if hasattr(table, "columns") and len(table) and name not in own and not name.startswith(("_", "res_"))
    ]
    notes = ["names of branches and generators, and every extension column"]
    if extension:
        notes.append(f"the extension tables {', '.join(sorted(extension))}")
    if len(net["storage"]):
        notes.append("the energy of storages: they become generators or loads")
    if len(net["trafo3w"]):
        notes.append("three-winding transformers as such: they become three branches each")
    return notes
