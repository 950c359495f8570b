r"""Reactance, ratio and phase shift of transformers from their name plates, as pandapower understands them.

The short-circuit voltage gives the series impedance, the no-load values the shunt admittance :math:`y`; the
equivalent T of both, seen as a branch, has the reactance
:math:`\operatorname{Im}(z_a + z_b + z_a z_b y)`.  Taps change the rated voltage of their side, ideal phase
shifters the angle alone, cross regulators both.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gridopt.results.audit.entry import number, truth

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

# What a kind of tap changer changes: the voltage across the line, or the angle alone.
_CHANGERS = {"Ratio": "complex", "Symmetrical": "complex", "Ideal": "ideal"}


@dataclass(frozen=True)
class Winding:
    """Series reactance on 1 MVA and the low side's bus voltage [1/MW], off-nominal ratio, phase shift."""

    reactance_per_mva: float
    ratio: float
    shift_rad: float


@dataclass(frozen=True)
class _Plate:
    """Name plate of one pair of windings."""

    sn_mva: float
    kv: tuple[float, float]
    bus_kv: tuple[float, float]
    vk_percent: float
    vkr_percent: float
    i0_percent: float
    pfe_kw: float
    parallel: float
    shift_degree: float
    leakage_r: float = 0.5
    leakage_x: float = 0.5


@dataclass(frozen=True)
class _Tap:
    """A tap changer: side 0 (high) or 1 (low), steps off neutral, and what a step does."""

    side: int
    kind: str
    steps: float
    percent: float
    degree: float


def two_windings(net: pandapowerNet, row: pd.Series) -> Winding:
    """Of a row of ``trafo``."""
    plate = _Plate(
        sn_mva=float(row["sn_mva"]),
        kv=(float(row["vn_hv_kv"]), float(row["vn_lv_kv"])),
        bus_kv=(_kv(net, row["hv_bus"]), _kv(net, row["lv_bus"])),
        vk_percent=float(row["vk_percent"]),
        vkr_percent=float(row["vkr_percent"]),
        i0_percent=number(row.get("i0_percent"), 0.0),
        pfe_kw=number(row.get("pfe_kw"), 0.0),
        parallel=float(row["parallel"]),
        shift_degree=number(row.get("shift_degree"), 0.0),
        leakage_r=number(row.get("leakage_resistance_ratio_hv"), 0.5),
        leakage_x=number(row.get("leakage_reactance_ratio_hv"), 0.5),
    )
    table = _tap_table(net, row)
    side = {"hv": 0, "lv": 1}.get(str(row.get("tap_side")))
    if table is not None:
        plate = replace(plate, vk_percent=float(table["vk_percent"]), vkr_percent=float(table["vkr_percent"]))
        if side is not None:
            return _winding(_moved(plate, side, float(table["voltage_ratio"]), float(table["angle_deg"])))
    taps = [tap for which in ("", "2") if (tap := _tap(row, which)) is not None]
    return _winding(_tapped(plate, taps))


def three_windings(net: pandapowerNet, row: pd.Series) -> tuple[Winding, Winding, Winding]:
    """Of a row of ``trafo3w``: high side to star, star to middle, star to low side.

    The short-circuit voltages are measured between pairs of sides, on the smaller rating of the two.
    """
    sides = ("hv", "mv", "lv")
    rated = {side: float(row[f"sn_{side}_mva"]) for side in sides}
    table = _tap_table(net, row)
    source = row if table is None else table
    pairs = {"hv": ("hv", "mv"), "mv": ("mv", "lv"), "lv": ("hv", "lv")}
    real, imaginary = {}, {}
    for name, (one, other) in pairs.items():
        on_high = rated["hv"] / min(rated[one], rated[other])
        vk, vkr = float(source[f"vk_{name}_percent"]) * on_high, float(source[f"vkr_{name}_percent"]) * on_high
        real[name], imaginary[name] = vkr, math.sqrt(vk**2 - vkr**2)
    # the leg of a side: half of its two pairs less the third
    legs = {"hv": ("hv", "lv", "mv"), "mv": ("mv", "hv", "lv"), "lv": ("lv", "mv", "hv")}
    loss_side = str(row.get("loss_side") or "hv") if isinstance(row.get("loss_side"), str) else "hv"
    windings = []
    for side in sides:
        first, second, third = legs[side]
        x = (imaginary[first] + imaginary[second] - imaginary[third]) / 2 * rated[side] / rated["hv"]
        r = (real[first] + real[second] - real[third]) / 2 * rated[side] / rated["hv"]
        high, low = float(row["vn_hv_kv"]), float(row[f"vn_{side}_kv"])
        plate = _Plate(
            sn_mva=rated[side],
            kv=(high, low),
            bus_kv=(_kv(net, row["hv_bus"]), _kv(net, row[f"{side}_bus"])),
            vk_percent=math.copysign(math.hypot(x, r), x),
            vkr_percent=r,
            i0_percent=number(row.get("i0_percent"), 0.0) if side == loss_side else 0.0,
            pfe_kw=number(row.get("pfe_kw"), 0.0) if side == loss_side else 0.0,
            parallel=1.0,
            shift_degree=0.0 if side == "hv" else number(row.get(f"shift_{side}_degree"), 0.0),
        )
        windings.append(_winding(_side_tapped(plate, row, side, table)))
    return windings[0], windings[1], windings[2]


def _side_tapped(plate: _Plate, row: pd.Series, side: str, table: pd.Series | None) -> _Plate:
    """The plate of a leg after the tap changer, which sits at a terminal or at the star point."""
    if str(row.get("tap_side")) != side:
        return plate
    at_star = truth(row.get("tap_at_star_point"))
    end = 0 if (side == "hv") != at_star else 1
    if table is not None:
        ratio, angle = float(table["voltage_ratio"]), float(table["angle_deg"])
        return _moved(plate, end, 1 / ratio if at_star else ratio, -angle if at_star else angle)
    tap = _tap(row, "")
    if tap is None:
        return plate
    tap = replace(tap, side=end)
    if at_star:
        step = tap.percent * cmath.exp(1j * math.radians(tap.degree))
        seen = 100 * step / (100 + step * tap.steps)
        tap = replace(tap, percent=abs(seen), degree=math.degrees(cmath.phase(seen)) - 180)
    return _tapped(plate, [tap])


def _tap_table(net: pandapowerNet, row: pd.Series) -> pd.Series | None:
    """The row of the characteristic table at the present tap, None where the transformer has none."""
    if not truth(row.get("tap_dependency_table")) or "trafo_characteristic_table" not in net:
        return None
    table = net["trafo_characteristic_table"]
    here = table[(table["id_characteristic"] == row["id_characteristic_table"]) & (table["step"] == row["tap_pos"])]
    first: pd.Series = here.iloc[0]
    return first


def _tap(row: pd.Series, which: str) -> _Tap | None:
    """A tap changer of a row, None where there is none or it stands at neutral."""
    side = {"hv": 0, "mv": 1, "lv": 1}.get(str(row.get(f"tap{which}_side")))
    steps = number(row.get(f"tap{which}_pos"), math.nan) - number(row.get(f"tap{which}_neutral"), math.nan)
    if side is None or math.isnan(steps):
        return None
    percent, degree = (number(row.get(f"tap{which}_step_{unit}"), 0.0) for unit in ("percent", "degree"))
    if f"tap{which}_changer_type" in row:
        word = row[f"tap{which}_changer_type"]
        kind = _CHANGERS.get(word) if isinstance(word, str) else None
    else:
        kind = "ideal" if truth(row.get(f"tap{which}_phase_shifter")) else "complex"
    return None if kind is None else _Tap(side, kind, steps, percent, degree)


def _tapped(plate: _Plate, taps: list[_Tap]) -> _Plate:
    for tap in taps:
        if tap.kind == "ideal":
            angle = tap.steps * tap.degree
            if not tap.degree:
                angle = 2 * math.degrees(math.asin(tap.steps * tap.percent / 200))
            plate = _moved(plate, tap.side, 1.0, angle)
        else:
            turned = 1 + tap.percent * tap.steps / 100 * cmath.exp(1j * math.radians(tap.degree))
            plate = _moved(plate, tap.side, abs(turned), math.degrees(math.atan(turned.imag / turned.real)))
    return plate


def _moved(plate: _Plate, side: int, ratio: float, angle_degree: float) -> _Plate:
    """The plate with one side's voltage changed by a ratio and turned by an angle."""
    kv = (plate.kv[0] * ratio, plate.kv[1]) if side == 0 else (plate.kv[0], plate.kv[1] * ratio)
    return replace(plate, kv=kv, shift_degree=plate.shift_degree + (angle_degree if side == 0 else -angle_degree))


def _winding(plate: _Plate) -> Winding:
    low = (plate.kv[1] / plate.bus_kv[1]) ** 2
    z = plate.vk_percent / 100 / plate.sn_mva * low
    r = plate.vkr_percent / 100 / plate.sn_mva * low
    x = math.copysign(math.sqrt(z**2 - r**2), z)
    r, x = r / plate.parallel, x / plate.parallel
    iron = plate.pfe_kw / 1000
    magnetising = math.sqrt(max((plate.i0_percent / 100 * plate.sn_mva) ** 2 - iron**2, 0.0))
    y = complex(iron, -magnetising) / low * plate.parallel
    one = complex(r * plate.leakage_r, x * plate.leakage_x)
    other = complex(r, x) - one
    reactance = (one + other + one * other * y).imag
    ratio = plate.kv[0] / plate.kv[1] / (plate.bus_kv[0] / plate.bus_kv[1])
    return Winding(reactance, ratio, math.radians(plate.shift_degree))


def _kv(net: pandapowerNet, bus: Any) -> float:
    return float(net["bus"].at[int(bus), "vn_kv"])
