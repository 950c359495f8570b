"""Draw the profiles for a look at their plausibility: ``python profiles/plot_profiles.py [OUT_FOLDER]``.

Uses only the shipped files; writes small PNGs, by default into ``docs/figures/profiles``.
"""

import sys
from pathlib import Path

import make_weather
import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt

import gridopt.profiles as gp
from gridopt.profiles.build import load_base

HERE = Path(__file__).resolve().parent
YEAR = 2030
MONTHS = np.arange(1, 13)


def province(dataset, technology):
    """Capacity-weighted mean over the counties."""
    weights = load_base("jilin")[f"{technology}_weight"]
    return sum(
        float(w) * dataset[f"{technology}_{c}"].to_numpy()
        for c, w in zip(weights["county"].values, weights.values, strict=True)
    )


def month_of_hours(dataset):
    """Month of the hour that ends at each stamp."""
    return pd.DatetimeIndex(dataset["time"].to_numpy() - np.timedelta64(1, "h")).month


def by_month(values, dataset):
    return pd.Series(values).groupby(month_of_hours(dataset)).mean().to_numpy()


def duration(out):
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4))
    base, dataset = load_base("jilin"), gp.build(year=YEAR)
    share = np.linspace(0, 1, YEAR_HOURS)
    for technology, axis in zip(("wind", "solar"), axes, strict=False):
        for county in ("tongyu", "changling", "shuangliao", "helong", "jian"):
            axis.plot(share, np.sort(dataset[f"{technology}_{county}"])[::-1], lw=0.8, label=county)
        axis.plot(share, np.sort(province(dataset, technology))[::-1], "k", label="province, typical")
        raw = np.sort(base[f"{technology}_province"].to_numpy())[::-1]
        axis.plot(np.linspace(0, 1, raw.size), raw, "k:", label="province, 2020 as it was")
        axis.set(title=f"{technology}: duration", xlabel="share of the year", ylabel="pu")
        axis.legend(fontsize=6)
    for year in (2022, 2024, 2030):
        axes[2].plot(share, np.sort(gp.build(year=year)["load"])[::-1], label=str(year))
    axes[2].set(title="load: duration", xlabel="share of the year", ylabel="pu of the mean")
    axes[2].legend(fontsize=7)
    save(figure, out, "duration")


def days_and_seasons(out):
    figure, axes = plt.subplots(2, 3, figsize=(11, 6))
    dataset = gp.build(year=YEAR)
    month = month_of_hours(dataset)
    hour = np.tile(np.arange(1, 25), month.size // 24)
    series = {
        "wind": province(dataset, "wind"),
        "solar": province(dataset, "solar"),
        "load": dataset["load"].to_numpy(),
        "heat_changchun": dataset["heat_changchun"].to_numpy(),
    }
    for (name, values), axis in zip(series.items(), axes.flat, strict=False):
        for chosen in (1, 4, 7, 10):
            mean = pd.Series(values[month == chosen]).groupby(hour[month == chosen]).mean()
            axis.plot(mean.index, mean, label=f"month {chosen}")
        axis.set(title=f"{name}: mean day", xlabel="hour ending")
        axis.legend(fontsize=6)
    for name in ("hydro_ror", "inflow_baishan", "inflow_fengman", "heat_baicheng", "load_electric_heating"):
        weekly = dataset[name].rolling(time=168, center=True).mean()
        axes[1, 1].plot(np.arange(weekly.size) / 24, weekly, lw=0.8, label=name)
    axes[1, 1].legend(fontsize=6)
    axes[1, 1].set(title="weekly means", xlabel="day of the year")
    for name in ("tie_heilongjiang", "tie_liaoning", "tie_zhalute", "load_ev"):
        axes[1, 2].step(np.arange(1, 25), dataset[name][:24], where="mid", label=name)
    axes[1, 2].legend(fontsize=6)
    axes[1, 2].set(title="day shapes", xlabel="hour ending")
    save(figure, out, "days_and_seasons")


def festival(out):
    figure, axes = plt.subplots(2, 1, figsize=(10, 5))
    for year in (2018, 2022, 2024, 2030):
        daily = gp.build(year=year)["load"].to_numpy().reshape(-1, 24).mean(axis=1)
        axes[0].plot(np.arange(1, 91), daily[:90], label=f"{year}")
    axes[0].set(title="load, day means, first 90 days: the festival moves", xlabel="day of the year")
    axes[0].legend(fontsize=7)
    dataset = gp.build(year=2022, weather_year=2022)
    week = slice(24 * 9, 24 * 23)
    for name in ("wind_tongyu", "wind_changling", "wind_helong", "solar_tongyu"):
        axes[1].plot(dataset["time"][week], dataset[name][week], lw=0.9, label=name)
    axes[1].plot(dataset["time"][week], province(dataset, "wind")[week], "k", lw=1.2, label="wind, province")
    axes[1].set(title="two weeks of January, weather 2022")
    axes[1].legend(fontsize=7)
    save(figure, out, "festival_and_weeks")


def correlation(out):
    base = load_base("jilin")
    distances = make_weather.distance_km(base["latitude"].to_numpy(), base["longitude"].to_numpy())
    pairs = np.triu_indices_from(distances, 1)
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
    wind = base["wind_capacity_factor"].to_numpy()
    axes[0].plot(distances[pairs], np.corrcoef(wind)[pairs], ".", ms=2, label="hourly")
    axes[0].plot(distances[pairs], np.corrcoef(np.diff(wind))[pairs], ".", ms=2, label="hourly changes")
    axes[0].set(title="wind: correlation of two counties", xlabel="distance [km]", ylim=(-0.1, 1))
    axes[0].legend(fontsize=7)
    dataset = gp.build(year=YEAR)
    size = 3 + 300 * base["wind_weight"].to_numpy()
    hours = [float(dataset[f"wind_{c}"].mean()) * YEAR_HOURS for c in base["county"].values]
    dots = axes[1].scatter(base["longitude"], base["latitude"], c=hours, s=size + 12, cmap="viridis")
    figure.colorbar(dots, ax=axes[1])
    axes[1].set(title="wind full-load hours, typical year (size: capacity)", xlabel="longitude", ylabel="latitude")
    save(figure, out, "correlation_and_sites")


def against_statistics(out):
    table = pd.read_csv(HERE / "jilin_monthly_capacity_factors.csv")
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.4))
    base = load_base("jilin")
    months = np.repeat(np.datetime64("2020-01-01") + np.arange(366), 24).astype("datetime64[M]").astype(int) % 12 + 1
    for technology, axis in zip(("wind", "solar"), axes, strict=False):
        for number, name in enumerate(("typical", "2018", "2022")):
            rows = table[(table["weather"] == name) & (table["technology"] == technology)]
            dataset = gp.build(year=YEAR, weather_year=name)
            axis.plot(MONTHS, rows["capacity_factor"], "o", ms=3, color=f"C{number}")
            axis.plot(MONTHS, by_month(province(dataset, technology), dataset), color=f"C{number}", label=name)
        raw = pd.Series(base[f"{technology}_province"].to_numpy()).groupby(months).mean()
        axis.plot(MONTHS, raw, "k:", label="2020 as it was")
        axis.set(title=f"{technology}: lines built, dots statistics", xlabel="month", ylabel="pu")
        axis.legend(fontsize=6)
    for number, name in enumerate(n for n in gp.available_weather_years() if n.startswith("synthetic")):
        dataset = gp.build(year=YEAR, weather_year=name)
        axes[2].plot(MONTHS, by_month(province(dataset, "wind"), dataset), color=f"C{number}", label=f"wind {name}")
        axes[2].plot(MONTHS, by_month(province(dataset, "solar"), dataset), "--", color=f"C{number}")
    axes[2].set(title="synthetic years (dashed: solar)", xlabel="month")
    axes[2].legend(fontsize=6)
    save(figure, out, "against_statistics")


def save(figure, out, name):
    figure.tight_layout()
    figure.savefig(out / f"{name}.png", dpi=80)
    plt.close(figure)


YEAR_HOURS = 8760


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "docs" / "figures" / "profiles"
    out.mkdir(parents=True, exist_ok=True)
    for draw in (duration, days_and_seasons, festival, correlation, against_statistics):
        draw(out)


if __name__ == "__main__":
    main()
