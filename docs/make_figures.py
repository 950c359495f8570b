"""Numbers, tables and pictures of the documentation, all from one solved year.

``python docs/make_figures.py results/jilin-2030`` takes a result folder of ``gridopt run jilin-2030``, writes
extracts of it to ``docs/results``, and from these extracts the pictures in ``docs/figures`` and the blocks
between markers in ``README.md`` and ``docs/expectations.md``.

``python docs/make_figures.py`` does the second half alone; ``--check`` writes nothing and fails where a block is
not what the extracts say.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.results.result import Result

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
EXTRACTS, FIGURES = DOCS / "results", DOCS / "figures"
NAME = "jilin-2030"
NIGHT = (22, 23, 0, 1, 2, 3, 4, 5)  # hours by their beginning
SHOULDER_MONTHS = (2, 3, 4, 10, 11)
HOUR = pd.Timedelta(hours=1)


# --- from the result to the extracts -----------------------------------------------------------------------


def write_extracts(folder: Path) -> None:
    """Write the extracts of a result folder: summary, printed text, measures, two weeks, curtailment."""
    import gridopt

    EXTRACTS.mkdir(parents=True, exist_ok=True)
    result = gridopt.Result(gridopt.load_case(folder), _dataset(folder), _json(folder / "summary.json"))
    if result.dataset.sizes["time"] != 8760:
        sys.exit(f"{folder} is not a whole year")
    if result.case.input_sha256 != result.summary["input_sha256"]:
        print(f"attention: {folder} was solved with other data than those in this checkout")
    shutil.copy(folder / "summary.json", EXTRACTS / f"{NAME}-summary.json")
    (EXTRACTS / f"{NAME}-printed.txt").write_text(_printed(result), encoding="utf-8")
    hourly = _hourly(result.dataset)
    _write_json(EXTRACTS / f"{NAME}-measures.json", _measures(result, hourly))
    _two_weeks(hourly).round(1).to_csv(EXTRACTS / f"{NAME}-weeks.csv", index_label="time")
    dated = hourly.assign(day=_day(hourly), hour=_hour(hourly))
    by_hour = dated.pivot_table(index="day", columns="hour", values="curtailed", aggfunc="sum")
    by_hour.round(0).astype(int).to_csv(EXTRACTS / f"{NAME}-curtailment.csv", index_label="day")


def _dataset(folder: Path) -> xr.Dataset:
    import xarray as xr

    return xr.open_dataset(folder / "results.nc")


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _printed(result: Result) -> str:
    """What ``gridopt run`` prints for this result."""
    from rich.console import Console

    from gridopt.report.terminal import print_summary

    page = io.StringIO()
    print_summary(result, Console(file=page, width=110))
    return "\n".join(line.rstrip() for line in page.getvalue().strip("\n").splitlines()) + "\n"


def _hour(table: pd.DataFrame) -> pd.Index:
    """Hour of the day in which each step begins."""
    return (pd.DatetimeIndex(table.index) - HOUR).hour


def _day(table: pd.DataFrame) -> pd.Index:
    return (pd.DatetimeIndex(table.index) - HOUR).strftime("%m-%d")


def _hourly(dataset: xr.Dataset) -> pd.DataFrame:
    """Hourly sums of the province [MW], stamped at the end of the hour."""
    from gridopt.results.summary import consumption_mw

    def total(name: str, dimension: str, *technologies: str) -> pd.Series:
        rows = dataset[name]
        if technologies:
            rows = rows.isel({dimension: dataset[f"{dimension}_technology"].isin(technologies).to_numpy()})
        return rows.sum(dimension).to_series()

    sun, tie = ("solar", "solar_distributed"), dataset["tie_export_mw"]
    return pd.DataFrame(
        {
            "demand": pd.Series(consumption_mw(dataset), dataset.indexes["time"]),
            "thermal": total("generator_p_mw", "generator", "coal", "coal_chp", "gas", "oil"),
            "biomass": total("generator_p_mw", "generator", "biomass", "waste"),
            "hydro": total("hydro_p_mw", "hydro"),
            "wind": total("renewable_p_mw", "renewable", "wind"),
            "solar": total("renewable_p_mw", "renewable", *sun),
            "wind_offered": total("renewable_available_mw", "renewable", "wind"),
            "solar_offered": total("renewable_available_mw", "renewable", *sun),
            "wind_curtailed": total("renewable_curtailment_mw", "renewable", "wind"),
            "curtailed": total("renewable_curtailment_mw", "renewable"),
            "discharge": total("storage_discharge_mw", "storage"),
            "charge": total("storage_charge_mw", "storage"),
            "imported": -tie.clip(max=0).sum("tie").to_series(),
            "exported": tie.clip(min=0).sum("tie").to_series(),
            "response": total("response_mw", "program"),
            "unserved": total("unserved_mw", "bus"),
        }
    )


def _measures(result: Result, hourly: pd.DataFrame) -> dict[str, Any]:
    """Numbers that the summary does not hold."""
    from gridopt.report.terminal import installed_mw

    s, sizes = result.summary, installed_mw(result)
    curtailed = hourly["curtailed"]
    month = (pd.DatetimeIndex(hourly.index) - HOUR).month
    price = result.dataset["interface_price_cny_per_mwh"].sel(interface="west_export").to_series()
    west = result.dataset["interface_flow_mw"].sel(interface="west_export").to_series()
    in_months, at_night = curtailed[month.isin(SHOULDER_MONTHS)].sum(), curtailed[_hour(hourly).isin(NIGHT)].sum()
    offered = hourly[["wind_offered", "solar_offered"]].sum()
    energy = {key: float(s[key] or 0.0) for key in s if key.endswith("_mwh")}
    thermal = ("thermal_mwh", "biomass_mwh")
    measures = {
        "offered_twh": offered.sum() / 1e6,
        "wind_offered_full_load_h": offered["wind_offered"] / sizes["wind_mwh"],
        "solar_offered_full_load_h": offered["solar_offered"] / sizes["solar_mwh"],
        "curtailment_percent": 100 * curtailed.sum() / offered.sum(),
        "west_hours": int((price.abs() > 1e-6).sum()),
        "west_hours_outward": int(((price.abs() > 1e-6) & (west > 0)).sum()),
        # thermal as the statistics count it: coal, gas and biomass
        "thermal_twh": sum(energy[key] for key in thermal) / 1e6,
        "thermal_full_load_h": sum(energy[key] for key in thermal) / sum(sizes[key] for key in thermal),
        "net_export_twh": energy["net_export_mwh"] / 1e6,
        "phs_full_load_h": energy["phs_discharge_mwh"] / sizes["phs_discharge_mwh"],
        "unserved_gwh": energy["unserved_mwh"] / 1e3,
        "wind_percent_of_curtailed": 100 * hourly["wind_curtailed"].sum() / curtailed.sum(),
        "months_percent_of_curtailed": 100 * in_months / curtailed.sum(),
        "night_percent_of_curtailed": 100 * at_night / curtailed.sum(),
    }
    by_month = (curtailed.groupby(month).sum() / 1e3).round(1)
    by_hour = (curtailed.groupby(_hour(hourly)).sum() / 1e3).round(1)
    return {
        **{key: round(float(value), 3) for key, value in measures.items()},
        "curtailed_gwh_by_month": {str(key): float(value) for key, value in by_month.items()},
        "curtailed_gwh_by_hour": {str(key): float(value) for key, value in by_hour.items()},
    }


def _two_weeks(hourly: pd.DataFrame) -> pd.DataFrame:
    """The windiest week of winter and the week of summer with the largest load, Monday to Sunday."""
    begin = pd.DatetimeIndex(hourly.index) - HOUR
    monday = begin.normalize() - pd.to_timedelta(begin.dayofweek, unit="D")
    whole = hourly["demand"].groupby(monday).transform("size") == 168
    weeks = []
    for season, months, column in (("winter", (12, 1, 2), "wind_offered"), ("summer", (6, 7, 8), "demand")):
        inside = whole & begin.month.isin(months)
        chosen = hourly.loc[inside, column].groupby(monday[inside]).sum().idxmax()
        weeks.append(hourly[monday == chosen].assign(season=season))
    return pd.concat(weeks)


# --- pictures ----------------------------------------------------------------------------------------------

# From the bottom of the stack to its top: column, label, colour.
SOURCES = (
    ("thermal", "coal and gas", "#6b6460"),
    ("biomass", "biomass", "#8a9a5b"),
    ("hydro", "hydro", "#2f6f9f"),
    ("imported", "import", "#b9a7c9"),
    ("wind", "wind", "#5bb5a9"),
    ("solar", "solar", "#f2c14e"),
    ("discharge", "storage, out", "#7a4fa3"),
)
USES = (("exported", "export", "#c9b6d6"), ("charge", "storage, in", "#a98bc4"))


def draw_weeks(path: Path) -> None:
    """Dispatch of two weeks: sources above the axis, export and charging below it."""
    import matplotlib.dates as mdates
    import matplotlib.pyplot as plt

    weeks = pd.read_csv(EXTRACTS / f"{NAME}-weeks.csv", index_col="time", parse_dates=True)
    figure, axes = plt.subplots(2, 1, figsize=(11, 8.4), sharey=True, layout="constrained")
    titles = {"winter": "the windiest week of winter", "summer": "the summer week with the largest load"}
    for axis, (season, title) in zip(axes, titles.items(), strict=True):
        week = weeks[weeks["season"] == season].drop(columns="season") / 1e3
        _stack(axis, week)
        first, last = week.index[0] - HOUR, week.index[-1]
        axis.set_title(f"{first:%-d %B} to {last - HOUR:%-d %B} 2030, {title}", loc="left", fontsize=11)
        axis.set_xlim(first, last)
        axis.set_xticks(pd.date_range(first, periods=7))
        axis.xaxis.set_major_formatter(mdates.DateFormatter("%a %-d %b"))
        for label in axis.get_xticklabels():
            label.set_horizontalalignment("left")
        axis.set_ylabel("GW")
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right center", frameon=False, fontsize=10)
    _save(figure, path)


def _stack(axis: Any, week: pd.DataFrame) -> None:
    """Stacked areas of one week [GW], each hour as wide as it lasts."""
    edges = week.index.insert(0, week.index[0] - HOUR)

    def area(bottom: Any, top: Any, **style: Any) -> None:
        low, high = ([*values, values.iloc[-1]] for values in (bottom, top))
        axis.fill_between(edges, low, high, step="post", linewidth=0, **style)

    below = 0.0 * week["demand"]
    for column, label, colour in USES:
        area(below - week[column], below, color=colour, label=label)
        below = below - week[column]
    above = 0.0 * week["demand"]
    for column, label, colour in SOURCES:
        area(above, above + week[column], color=colour, label=label)
        above = above + week[column]
    unused = {"facecolor": "none", "edgecolor": "#c2410c", "hatch": "/////"}
    area(above, above + week["curtailed"], label="curtailed", **unused)
    demand = [*week["demand"], week["demand"].iloc[-1]]
    axis.step(edges, demand, where="post", color="black", linewidth=1.6, label="demand")
    axis.axhline(0, color="black", linewidth=0.8)


def draw_curtailment(path: Path) -> None:
    """Curtailed power of every hour of the year, days across and hours upwards."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import LinearSegmentedColormap

    power = pd.read_csv(EXTRACTS / f"{NAME}-curtailment.csv", index_col="day").to_numpy().T / 1e3
    figure, axis = plt.subplots(figsize=(11, 4), layout="constrained")
    colours = LinearSegmentedColormap.from_list("curtailed", ["#f4f4f2", "#f7d48b", "#e8833a", "#b5301f", "#4a0d1c"])
    image = axis.imshow(power, origin="lower", aspect="auto", cmap=colours, extent=(0, 365, 0, 24), vmin=0)
    firsts = pd.date_range("2030-01-01", periods=12, freq="MS")
    axis.set_xticks(firsts.dayofyear - 1, firsts.strftime("%b"), horizontalalignment="left")
    axis.set_yticks(range(0, 25, 6))
    axis.set_ylabel("hour of the day")
    axis.set_title("wind and solar curtailed in 2030", loc="left", fontsize=11)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axis, pad=0.01)
    bar.set_label("GW")
    bar.outline.set_visible(False)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    # no date and no version in the file: the same numbers give the same bytes
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def draw_map(path: Path) -> None:
    """The network of 2030."""
    from gridopt.network.build import build
    from gridopt.report.map import write_map

    write_map(build("jilin", 2030), path)


# --- texts -------------------------------------------------------------------------------------------------


def blocks() -> dict[tuple[Path, str], str]:
    """Text of every block by file and marker."""
    summary, measures = (_json(EXTRACTS / f"{NAME}-{part}.json") for part in ("summary", "measures"))
    printed = (EXTRACTS / f"{NAME}-printed.txt").read_text(encoding="utf-8")
    return {
        (README, "printed"): f"```\n{printed}```",
        (README, "numbers"): _numbers(summary, measures),
        (DOCS / "expectations.md", "table"): _expectations(measures),
    }


def _numbers(s: dict[str, Any], m: dict[str, Any]) -> str:
    wind, solar = s["curtailment_wind_mwh"] / 1e6, s["curtailment_solar_mwh"] / 1e6
    rows = (
        ("demand", f"{s['demand_mwh'] / 1e6:.1f} TWh, peak {s['peak_load_mw'] / 1e3:.1f} GW"),
        ("wind and solar offered", f"{m['offered_twh']:.1f} TWh"),
        ("curtailed", f"{m['curtailment_percent']:.1f} % ({wind:.1f} TWh of wind, {solar:.2f} TWh of solar)"),
        ("coal, gas and biomass", f"{m['thermal_twh']:.1f} TWh, {m['thermal_full_load_h']:,.0f} h at full load"),
        ("net export", f"{m['net_export_twh']:.1f} TWh"),
        ("pumped storage", f"{m['phs_full_load_h']:,.0f} h of full generation"),
        ("west section binding", f"{m['west_hours']:,.0f} h"),
        ("unserved energy", f"{s['unserved_mwh']:,.0f} MWh"),
        ("CO2 of the power plants", f"{s['co2_t'] / 1e6:.1f} Mt"),
        ("time to solve", f"{s['wall_s'] / 60:.1f} minutes on two cores, {s['peak_rss_mb'] / 1e3:.1f} GB"),
    )
    return "\n".join(["| | 2030, the plan |", "| --- | --- |", *(f"| {label} | {value} |" for label, value in rows)])


def _expectations(measures: dict[str, Any]) -> str:
    lines = ["| quantity | expected | why | measured | inside |", "| --- | --- | --- | --- | --- |"]
    for row in pd.read_csv(DOCS / "expectations.csv").itertuples():
        value = measures[row.key]
        inside = "yes" if row.low <= value <= row.high else "**no**"
        measured = f"{value:,.{row.digits}f} {row.unit}"
        lines.append(f"| {row.quantity} | {row.expected} | {row.why} | {measured} | {inside} |")
    return "\n".join(lines)


def rewritten(page: str, marker: str, text: str) -> str:
    """Return a page with the block between the markers replaced."""
    begin, end = f"<!-- begin {marker} -->", f"<!-- end {marker} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        sys.exit(f"the markers {begin!r} and {end!r} must stand in the page once")
    head, rest = page.split(begin)
    return f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Read the arguments and do what they say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help=f"result folder of gridopt run {NAME}")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a block is out of date")
    arguments = parser.parse_args()
    if arguments.check:
        old = [
            f"{path.name}: {marker}"
            for (path, marker), text in blocks().items()
            if rewritten(page := path.read_text(encoding="utf-8"), marker, text) != page
        ]
        if old:
            sys.exit("out of date, run python docs/make_figures.py: " + ", ".join(old))
        return
    if arguments.folder is not None:
        write_extracts(arguments.folder)
        draw_map(FIGURES / f"{NAME}-map.png")
    draw_weeks(FIGURES / f"{NAME}-weeks.png")
    draw_curtailment(FIGURES / f"{NAME}-curtailment.png")
    for (path, marker), text in blocks().items():
        path.write_text(rewritten(path.read_text(encoding="utf-8"), marker, text), encoding="utf-8")


if __name__ == "__main__":
    main()
