"""Content hash of tables and profiles: the same numbers give the same hash in every process.

The hash depends neither on the order of columns and keys, nor on file names and time stamps, nor on how a
number is stored (whole numbers as int or float, missing values as None or NaN), so that a net that went
through JSON keeps its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from pandapower import pandapowerNet

_SEPARATOR = b"\x00"


def fingerprint(settings: Mapping[str, Any], net: pandapowerNet, profiles: xr.Dataset) -> str:
    """SHA-256 of settings, network tables and profiles as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    _add(digest, "settings", json.dumps(settings, sort_keys=True).encode())
    _add(digest, "base", json.dumps([float(net["sn_mva"]), float(net["f_hz"])]).encode())
    for name in sorted(net):
        table = net[name]
        # Results and pandapower's internal tables are no input.
        if isinstance(table, pd.DataFrame) and len(table) and not name.startswith(("res_", "_")):
            _add_table(digest, name, table)
    _add(digest, "time", profiles["time"].to_numpy().astype("datetime64[ns]").astype("<i8").tobytes())
    for name in sorted(map(str, profiles.data_vars)):
        series = profiles[name]
        _add(digest, name, series.to_numpy().astype("<f8").tobytes())
        _add(digest, "kind", f"{series.attrs.get('kind', '')} {series.attrs.get('units', '')}".encode())
    return digest.hexdigest()


def _add(digest: hashlib._Hash, label: str, content: bytes) -> None:
    for part in (label.encode(), len(content).to_bytes(8, "little"), content):
        digest.update(part + _SEPARATOR)


def _add_table(digest: hashlib._Hash, name: str, table: pd.DataFrame) -> None:
    _add(digest, name, json.dumps([str(index) for index in table.index]).encode())
    for column in sorted(table.columns):
        values = table[column]
        if values.notna().any():  # a column of nothing says as much as no column
            _add(digest, str(column), _bytes(values))


def _bytes(values: pd.Series) -> bytes:
    missing = values.isna()
    if values.map(_is_number).where(~missing, True).all():
        numbers = pd.to_numeric(values.astype(object).where(~missing, np.nan)).to_numpy(dtype=np.float64)
        # One bit pattern for NaN and for zero.
        clean = np.where(np.isnan(numbers), np.nan, numbers + 0.0)
        return clean.astype("<f8").tobytes()
    words = ["" if absent else _word(value) for value, absent in zip(values, missing, strict=True)]
    return json.dumps(words).encode()


def _is_number(value: object) -> bool:
    return isinstance(value, (bool, int, float, np.bool_, np.number))


def _word(value: object) -> str:
    if isinstance(value, np.ndarray):
        return json.dumps(value.tolist())
    return value if isinstance(value, str) else repr(value)
