"""The attribute table: every extension column and table that a net of this project may hold.

pandapower's own tables and columns come first; what it lacks stands here, once, with type, unit, default,
check and meaning. A missing column takes its default, and so does a missing value in a column that is there.
``NaN`` as a default means "none" or "as the case says", as the description tells. Quantities are of the whole
element, whose ``n_units`` units are equal (only ``start_cost_cny`` is per unit start).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

Values = pd.Series
NAN = math.nan
REQUIRED = "(required)"

# pandapower's element tables that take extension columns; the other tables of this module are our own.
PANDAPOWER_TABLES = ("bus", "line", "trafo", "trafo3w", "dcline", "load", "gen", "sgen", "storage")


@dataclass(frozen=True)
class Check:
    """A test of single values: what it demands in words, and where a column fulfils it."""

    text: str
    holds: Callable[[Values], Values]


@dataclass(frozen=True)
class Attribute:
    """One extension column.

    Attributes
    ----------
    element : str
        Table of the net.
    name : str
        Column.
    kind : type
        ``float``, ``int``, ``bool`` or ``str``.
    unit : str
        Unit, empty for none.
    default : object
        Value where the column or the entry is missing; ``REQUIRED`` if there is no sensible one.
    description : str
        Meaning, in words.
    check : Check or None
        Demand on every single value.
    """

    element: str
    name: str
    kind: type
    unit: str
    default: Any
    description: str
    check: Check | None = None

    @property
    def required(self) -> bool:
        """Whether the value must be given in each row."""
        return isinstance(self.default, str) and self.default == REQUIRED


ANY = None
POSITIVE = Check("> 0", lambda x: x > 0)
NOT_NEGATIVE = Check(">= 0", lambda x: x >= 0)
COUNT = Check("a whole number >= 1", lambda x: (x >= 1) & (x == x.round()))
WHOLE = Check("a whole number >= 0", lambda x: (x >= 0) & (x == x.round()))
SHARE = Check("within [0, 1]", lambda x: (x >= 0) & (x <= 1))
EFFICIENCY = Check("within (0, 1]", lambda x: (x > 0) & (x <= 1))
SIGN = Check("+1 or -1", lambda x: x.abs() == 1)


def one_of(*words: str) -> Check:
    """A check for a fixed list of words; the empty word is shown as ''."""
    return Check("one of " + ", ".join(repr(word) for word in words), lambda x: x.isin(words))


GEN_TECHNOLOGIES = ("", "coal", "coal_chp", "gas", "biomass", "hydro_reservoir", "hydro_ror", "nuclear")
SGEN_TECHNOLOGIES = ("", "wind", "solar", "solar_distributed", "biomass", "hydro_ror")
LOAD_KINDS = ("city", "industrial", "ev", "electric_heating", "electrolyser", "data_centre", "captive", "tie")

_Row = tuple[str, type, str, Any, Check | None, str]
_YEARS: list[_Row] = [
    ("commission_year", float, "a", NAN, ANY, "first year in service; NaN: always"),
    ("retire_year", float, "a", NAN, ANY, "first year out of service; NaN: never"),
]
_BRANCH: list[_Row] = [
    (
        "emergency_loading_percent",
        float,
        "%",
        NAN,
        POSITIVE,
        "limit after an outage; NaN: as max_loading_percent",
    ),
    ("contingency", bool, "", False, ANY, "belongs to the credible outages"),
    *_YEARS,
]
_TABLE: dict[str, list[_Row]] = {
    "bus": [
        ("city", str, "", "", ANY, "prefecture or city"),
        ("region", str, "", "", one_of("", "west", "central", "east", "external"), "part of the province"),
        ("pilot", str, "", "", ANY, "name of the pilot zone whose members sit here"),
        ("name_zh", str, "", "", ANY, "Chinese name"),
    ],
    "line": _BRANCH,
    "trafo": _BRANCH,
    "trafo3w": _BRANCH,
    "dcline": _YEARS,
    "load": [
        ("profile", str, "", "", ANY, "demand profile (annual mean 1); '': p_mw holds in every hour"),
        ("kind", str, "", "city", one_of(*LOAD_KINDS), "what consumes"),
        ("value_of_lost_load_cny_per_mwh", float, "CNY/MWh", NAN, POSITIVE, "NaN: as the case says"),
    ],
    "gen": [
        ("technology", str, "", "", one_of(*GEN_TECHNOLOGIES), "kind of plant"),
        ("profile", str, "", "", ANY, "availability profile (pu of max_p_mw); '': always available"),
        ("n_units", int, "", 1, COUNT, "number of equal units of the cluster"),
        ("committable", bool, "", False, ANY, "units can be switched off"),
        ("min_up_h", float, "h", 0.0, NOT_NEGATIVE, "minimum time on"),
        ("min_down_h", float, "h", 0.0, NOT_NEGATIVE, "minimum time off"),
        ("ramp_up_mw_per_h", float, "MW/h", NAN, POSITIVE, "NaN: no limit"),
        ("ramp_down_mw_per_h", float, "MW/h", NAN, POSITIVE, "NaN: no limit"),
        (
            "startup_ramp_mw",
            float,
            "MW",
            NAN,
            NOT_NEGATIVE,
            "largest output of the first hour on; NaN: no limit",
        ),
        (
            "shutdown_ramp_mw",
            float,
            "MW",
            NAN,
            NOT_NEGATIVE,
            "largest output of the last hour on; NaN: no limit",
        ),
        ("start_cost_cny", float, "CNY", 0.0, NOT_NEGATIVE, "cost of one start of one unit"),
        ("must_run_units", float, "", 0.0, NOT_NEGATIVE, "units on at least (CHP: in heating hours)"),
        (
            "initial_on_units",
            float,
            "",
            NAN,
            NOT_NEGATIVE,
            "units on before the first hour; NaN: half, at least must_run",
        ),
        (
            "initial_hours_in_state",
            float,
            "h",
            NAN,
            NOT_NEGATIVE,
            "hours since the last switch; NaN: long ago",
        ),
        ("initial_p_mw", float, "MW", NAN, NOT_NEGATIVE, "output before the first hour; NaN: halfway"),
        ("chp_kind", str, "", "", one_of("", "extraction", "back_pressure"), "'': no heat"),
        ("c_m", float, "", NAN, POSITIVE, "back-pressure ratio, electric per heat"),
        ("c_v", float, "", NAN, NOT_NEGATIVE, "electric loss per heat extracted"),
        ("max_heat_mw", float, "MW", NAN, NOT_NEGATIVE, "largest heat output; NaN: none"),
        ("heat_zone", str, "", "", ANY, "name of the heat zone served"),
        ("heat_season_min_pu", float, "pu", 0.0, SHARE, "minimum of max_p_mw while the zone needs heat"),
        ("heat_season_max_pu", float, "pu", 1.0, SHARE, "maximum of max_p_mw while the zone needs heat"),
        ("retrofitted", bool, "", False, ANY, "retrofitted for low output"),
        ("co2_t_per_mwh", float, "t/MWh", 0.0, NOT_NEGATIVE, "CO2 per electric MWh"),
        ("coal_tce_per_mwh", float, "tce/MWh", 0.0, NOT_NEGATIVE, "standard coal per electric MWh"),
        ("curtailment_cost_cny_per_mwh", float, "CNY/MWh", NAN, NOT_NEGATIVE, "NaN: as the case says"),
        ("max_reserve_mw", float, "MW", NAN, NOT_NEGATIVE, "NaN: no limit"),
        ("reservoir", str, "", "", ANY, "name of the reservoir that feeds the plant"),
        ("city", str, "", "", ANY, "prefecture or city"),
        ("name_zh", str, "", "", ANY, "Chinese name"),
        *_YEARS,
    ],
    "sgen": [
        ("technology", str, "", "", one_of(*SGEN_TECHNOLOGIES), "kind of plant"),
        ("profile", str, "", "", ANY, "availability profile (pu of max_p_mw); '': the net's own value"),
        ("curtailment_cost_cny_per_mwh", float, "CNY/MWh", NAN, NOT_NEGATIVE, "NaN: as the case says"),
        ("co2_t_per_mwh", float, "t/MWh", 0.0, NOT_NEGATIVE, "CO2 per electric MWh"),
        ("city", str, "", "", ANY, "prefecture or city"),
        ("name_zh", str, "", "", ANY, "Chinese name"),
        *_YEARS,
    ],
    "storage": [
        ("technology", str, "", "", one_of("", "phs", "battery"), "pumped hydro or battery"),
        ("eta_charge", float, "pu", 1.0, EFFICIENCY, "efficiency of charging"),
        ("eta_discharge", float, "pu", 1.0, EFFICIENCY, "efficiency of discharging"),
        ("self_discharge_per_h", float, "1/h", 0.0, SHARE, "share of the energy lost per hour"),
        ("throughput_cost_cny_per_mwh", float, "CNY/MWh", 0.0, NOT_NEGATIVE, "wear per MWh discharged"),
        ("max_cycles_per_day", float, "1/d", NAN, POSITIVE, "full cycles per day; NaN: no limit"),
        ("n_units", int, "", 1, COUNT, "number of equal machines"),
        (
            "co_located_sgen",
            float,
            "",
            NAN,
            NOT_NEGATIVE,
            "row of sgen behind the same connection; NaN: none",
        ),
        ("end", str, "", "free", one_of("cyclic", "free", "fixed"), "energy at the end of the horizon"),
        ("city", str, "", "", ANY, "prefecture or city"),
        ("name_zh", str, "", "", ANY, "Chinese name"),
        *_YEARS,
    ],
    "tie": [
        ("name", str, "", REQUIRED, ANY, "name of the tie"),
        ("bus", int, "", REQUIRED, ANY, "boundary bus at which the power leaves"),
        ("kind", str, "", "ac", one_of("ac", "hvdc"), "alternating or direct current"),
        ("p_mw", float, "MW", 0.0, ANY, "annual mean of the contract, + = export"),
        ("profile", str, "", "", ANY, "contract profile (annual mean 1); '': flat"),
        ("band_mw", float, "MW", 0.0, NOT_NEGATIVE, "hourly deviation allowed either way"),
        ("min_p_mw", float, "MW", REQUIRED, ANY, "hard lower limit of the export"),
        ("max_p_mw", float, "MW", REQUIRED, ANY, "hard upper limit of the export"),
        ("ramp_mw_per_h", float, "MW/h", NAN, POSITIVE, "NaN: no limit"),
        ("steps_per_day", float, "1/d", NAN, NOT_NEGATIVE, "changes of the staircase per day; NaN: no limit"),
        ("annual_mwh", float, "MWh", NAN, ANY, "energy of the year; NaN: free within the band"),
        ("price_cny_per_mwh", float, "CNY/MWh", 0.0, ANY, "value of one exported MWh"),
        ("renewable_share_min", float, "pu", 0.0, SHARE, "wind and solar in the energy exported"),
        ("loss_pu", float, "pu", 0.0, SHARE, "loss on the way"),
        ("in_service", bool, "", True, ANY, "in service"),
        *_YEARS,
    ],
    "interface": [
        ("name", str, "", REQUIRED, ANY, "name of the section"),
        ("name_zh", str, "", "", ANY, "Chinese name"),
        ("min_mw", float, "MW", NAN, ANY, "lower limit of the flow; NaN: none"),
        ("max_mw", float, "MW", NAN, ANY, "upper limit of the flow; NaN: none"),
        ("direction", str, "", "", ANY, "which way counts as positive, in words"),
    ],
    "interface_branch": [
        ("interface", str, "", REQUIRED, ANY, "name of the section"),
        ("element", str, "", REQUIRED, one_of("line", "trafo", "trafo3w", "dcline"), "table of the branch"),
        ("index", int, "", REQUIRED, ANY, "row of the branch in that table"),
        ("sign", int, "", 1, SIGN, "+1 if from -> to (hv -> lv) counts as positive"),
    ],
    "heat_zone": [
        ("name", str, "", REQUIRED, ANY, "name of the zone"),
        ("city", str, "", "", ANY, "prefecture or city"),
        ("profile", str, "", REQUIRED, ANY, "heat profile (pu of the peak, 0 outside the season)"),
        ("p_mw", float, "MW", NAN, NOT_NEGATIVE, "peak heat; NaN: unknown"),
    ],
    "reservoir": [
        ("name", str, "", REQUIRED, ANY, "name of the reservoir"),
        ("gen", str, "", REQUIRED, ANY, "name of the plant below it"),
        ("max_e_mwh", float, "MWh", REQUIRED, NOT_NEGATIVE, "energy of the full reservoir"),
        ("min_e_mwh", float, "MWh", 0.0, NOT_NEGATIVE, "energy at the lowest level"),
        ("start_e_mwh", float, "MWh", REQUIRED, NOT_NEGATIVE, "energy before the first hour"),
        ("inflow_mw", float, "MW", REQUIRED, NOT_NEGATIVE, "annual mean inflow, as electric power"),
        ("profile", str, "", "", ANY, "inflow profile (annual mean 1); '': flat"),
        ("min_release_mw", float, "MW", 0.0, NOT_NEGATIVE, "least release, turbined or spilled"),
        ("level_low_pu", float, "pu", 0.0, SHARE, "lowest level, of max_e_mwh"),
        ("level_high_pu", float, "pu", 1.0, SHARE, "highest level, of max_e_mwh"),
        ("upstream", str, "", "", ANY, "name of the reservoir above"),
        ("delay_h", float, "h", 0.0, NOT_NEGATIVE, "travel time of the water from the reservoir above"),
    ],
    "demand_response": [
        ("name", str, "", REQUIRED, ANY, "name of the program"),
        (
            "kind",
            str,
            "",
            "interruptible",
            one_of("interruptible", "shiftable", "elastic"),
            "kind of response",
        ),
        ("target", str, "", "", one_of("", *LOAD_KINDS), "kind of load that responds; '': all"),
        ("share_of_peak", float, "pu", NAN, SHARE, "of the annual peak; NaN: policy.dr_share_of_peak"),
        ("p_mw", float, "MW", NAN, NOT_NEGATIVE, "capability; NaN: from share_of_peak"),
        ("price_cny_per_mwh", float, "CNY/MWh", 0.0, NOT_NEGATIVE, "paid per MWh not consumed"),
        ("energy_mwh_per_year", float, "MWh", NAN, NOT_NEGATIVE, "NaN: no limit"),
        ("hours_per_year", float, "h", NAN, NOT_NEGATIVE, "NaN: no limit"),
        ("calls_per_year", float, "", NAN, NOT_NEGATIVE, "NaN: no limit"),
        ("hours_per_event", float, "h", NAN, POSITIVE, "NaN: no limit"),
        ("hours_per_day", float, "h", NAN, POSITIVE, "NaN: no limit"),
        ("window_h", float, "h", NAN, POSITIVE, "shiftable: energy is neutral in such a window"),
        ("payback_pu", float, "pu", 1.0, POSITIVE, "shiftable: energy taken later per energy saved"),
    ],
    "flexible_load": [
        ("name", str, "", REQUIRED, ANY, "name"),
        ("bus", int, "", REQUIRED, ANY, "bus"),
        (
            "kind",
            str,
            "",
            REQUIRED,
            ANY,
            "electric vehicles, electrolyser, electric boiler, virtual power plant …",
        ),
        ("profile", str, "", "", ANY, "profile of what must be served"),
        ("max_p_mw", float, "MW", REQUIRED, NOT_NEGATIVE, "largest power"),
        ("min_p_mw", float, "MW", 0.0, ANY, "least power"),
        ("annual_mwh", float, "MWh", NAN, NOT_NEGATIVE, "energy of the year; NaN: free"),
    ],
    "pilot_zone": [
        ("name", str, "", REQUIRED, ANY, "name of the zone"),
        ("bus", int, "", REQUIRED, ANY, "bus of its members"),
        ("import_max_mw", float, "MW", NAN, NOT_NEGATIVE, "NaN: no limit"),
        ("export_max_mw", float, "MW", NAN, NOT_NEGATIVE, "NaN: no limit"),
        ("self_use_min", float, "pu", 0.0, SHARE, "of the available generation, used within"),
        ("feed_in_max", float, "pu", 1.0, SHARE, "of the available generation, fed into the grid"),
        ("self_supply_min", float, "pu", 0.0, SHARE, "of the load, served from within"),
    ],
    "pilot_member": [
        ("pilot", str, "", REQUIRED, ANY, "name of the zone"),
        ("element", str, "", REQUIRED, one_of("gen", "sgen", "storage", "load"), "table of the member"),
        ("index", int, "", REQUIRED, ANY, "row of the member in that table"),
    ],
    "reserve_product": [
        ("name", str, "", REQUIRED, ANY, "name of the product"),
        ("direction", str, "", "up", one_of("up", "down"), "more or less generation"),
        ("requirement_mw", float, "MW", NAN, NOT_NEGATIVE, "fixed part of the requirement"),
        ("price_cny_per_mwh", float, "CNY/MWh", REQUIRED, NOT_NEGATIVE, "price of shortfall"),
    ],
    "deep_regulation": [
        ("element", str, "", REQUIRED, one_of("gen"), "table"),
        ("index", int, "", REQUIRED, ANY, "row in that table"),
        ("width_mw", float, "MW", REQUIRED, NOT_NEGATIVE, "width of the band below the minimum output"),
        ("price_cny_per_mwh", float, "CNY/MWh", REQUIRED, NOT_NEGATIVE, "wear per MWh below the minimum"),
    ],
    "start_cost": [
        ("element", str, "", REQUIRED, one_of("gen"), "table"),
        ("index", int, "", REQUIRED, ANY, "row in that table"),
        ("off_hours_from", float, "h", REQUIRED, NOT_NEGATIVE, "the tier holds from so many hours off"),
        ("cost_cny", float, "CNY", REQUIRED, NOT_NEGATIVE, "cost of one start of one unit"),
    ],
    "budget": [
        ("name", str, "", REQUIRED, ANY, "name"),
        ("quantity", str, "", REQUIRED, ANY, "what is summed over the year"),
        ("limit", float, "", REQUIRED, ANY, "limit of the sum"),
        ("sense", str, "", "<=", one_of("<=", ">="), "upper or lower limit"),
    ],
}

ATTRIBUTES: tuple[Attribute, ...] = tuple(
    Attribute(element, name, kind, unit, default, description, check)
    for element, rows in _TABLE.items()
    for name, kind, unit, default, check, description in rows
)
EXTENSION_TABLES: tuple[str, ...] = tuple(name for name in _TABLE if name not in PANDAPOWER_TABLES)
