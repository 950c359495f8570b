"""Built profiles of target years: ranges, energies, statistics, holidays."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from gridopt import catalog, profiles
from gridopt.errors import InputError
from gridopt.profiles import tables
from gridopt.profiles.build import load_base

CITIES = ("changchun", "jilin", "siping", "liaoyuan", "tonghua", "baishan", "songyuan", "baicheng", "yanbian")
DEMAND_2022_TWH, PEAK_2022_GW = 85.2, 13.49


@pytest.fixture(scope="module")
def typical():
    return profiles.build(year=2030)


@pytest.fixture(scope="module")
def backcast():
    return profiles.build(year=2022, weather_year=2022)


def province(dataset, technology):
    weight = load_base("jilin")[f"{technology}_weight"]
    return sum(
        float(w) * dataset[f"{technology}_{c}"].to_numpy()
        for c, w in zip(weight["county"].values, weight.values, strict=True)
    )


def month_of_hours(dataset):
    return pd.DatetimeIndex(dataset["time"].to_numpy() - np.timedelta64(1, "h")).month.to_numpy()


def day_means(dataset):
    """Day means of the load by date."""
    values = dataset["load"].to_numpy().reshape(-1, 24).mean(axis=1)
    return pd.Series(values, index=pd.DatetimeIndex(dataset["time"].to_numpy()[::24]).normalize())


def targets(weather, technology):
    table = pd.read_csv(catalog.profiles_folder() / "jilin_monthly_capacity_factors.csv", dtype={"weather": str})
    rows = table[(table["weather"] == weather) & (table["technology"] == technology)]
    return rows.set_index("month")["capacity_factor"]


@pytest.mark.parametrize("weather", profiles.available_weather_years())
def test_every_weather_year_is_faultless(weather):
    dataset = profiles.build(year=2028, weather_year=weather, leap_day="keep")
    assert dataset.sizes["time"] == 8784
    assert profiles.check(dataset) == []
    assert all(values.dtype == np.float64 for values in dataset.data_vars.values())


def test_names_of_the_contract(typical):
    counties = load_base("jilin")["county"].values
    assert len(counties) == 49
    expected = {"load", "load_flat", "load_ev", "load_electric_heating", "hydro_ror"}
    expected |= {f"{kind}_{county}" for kind in ("wind", "solar") for county in counties}
    expected |= {f"heat_{city}" for city in CITIES}
    expected |= {"inflow_baishan", "inflow_fengman", "inflow_other"}
    expected |= {"tie_heilongjiang", "tie_liaoning", "tie_zhalute", "tie_hvdc"}
    expected |= {"use_ev", "plugged_ev", "use_electric_heating"}
    expected |= {f"level_{side}{lake}" for side in ("", "low_") for lake in ("baishan", "fengman")}
    assert set(typical.data_vars) == expected
    for name, values in typical.data_vars.items():
        assert {"units", "kind", "source", "licence", "confidence", "long_name"} <= set(values.attrs), name


def test_annual_means_are_one(backcast):
    for values in backcast.data_vars.values():
        if values.attrs["kind"] in ("demand", "inflow", "contract"):
            assert float(values.mean()) == pytest.approx(1.0, abs=1e-9), values.name


@pytest.mark.parametrize("weather", ["typical", "2018", "2020", "2022"])
def test_wind_has_the_full_load_hours_of_the_statistics(weather):
    dataset = profiles.build(year=2030, weather_year=weather)
    month = month_of_hours(dataset)
    wind, wanted = province(dataset, "wind"), targets(weather, "wind")
    for number in range(1, 13):
        assert wind[month == number].mean() == pytest.approx(wanted[number], abs=2e-6), number


@pytest.mark.parametrize("weather", ["typical", "2018", "2020", "2022"])
def test_solar_has_the_full_load_hours_of_the_statistics(weather):
    dataset = profiles.build(year=2030, weather_year=weather)
    month = month_of_hours(dataset)
    solar, wanted = province(dataset, "solar"), targets(weather, "solar")
    for number in range(3, 13):
        assert solar[month == number].mean() == pytest.approx(wanted[number], abs=1e-4), number
    # January and February are published as one.
    both = (31 * wanted[1] + 28 * wanted[2]) / 59
    assert solar[month <= 2].mean() == pytest.approx(both, abs=1e-4)
    assert solar[month == 1].mean() < solar[month == 2].mean()


def test_typical_year_energy(typical):
    # Statistics 2018-2022: 2057 ... 2312 h of wind and 1332 ... 1672 h of solar, after 2-7 % of curtailment.
    assert province(typical, "wind").mean() * 8760 == pytest.approx(2325, abs=25)
    assert province(typical, "solar").mean() * 8760 == pytest.approx(1550, abs=25)


def test_wind_of_2022_against_the_generation(backcast):
    """Available wind of January to November 2022 times utilisation: 17.44 TWh in the statistics."""
    month = month_of_hours(backcast)
    energy = pd.Series(province(backcast, "wind") * 11.43).groupby(month).sum() / 1000
    utilisation = [0.969, 0.969, 0.903, 0.889, 0.939, 0.956, 0.999, 0.999, 0.984, 0.98, 0.946]
    assert (energy[:11] * utilisation).sum() == pytest.approx(17.44, rel=0.03)


def test_growth_of_capacity_only_in_backcast_years():
    now = profiles.build(year=2022, weather_year=2020)
    later = profiles.build(year=2030, weather_year=2020)
    ratio = now["wind_tongyu"].to_numpy().sum() / later["wind_tongyu"].to_numpy().sum()
    assert 0.65 < ratio < 0.85
    month = month_of_hours(now)
    may = month == 5
    quotient = now["wind_tongyu"].to_numpy()[may].sum() / later["wind_tongyu"].to_numpy()[may].sum()
    # The middle of May lies between 6.65 GW (December 2021) and 8.67 GW (end of May), over 11.43 GW.
    assert quotient == pytest.approx((6650 + 0.9 * (8670 - 6650)) / 11430, abs=1e-6)


def test_load_of_2022(backcast):
    load = backcast["load"].to_numpy()
    peak_gw = load.max() * DEMAND_2022_TWH * 1e3 / 8760
    # The cited peak scales one series evenly; with the months of the statistics December is 2 % higher.
    assert peak_gw == pytest.approx(PEAK_2022_GW, rel=0.04)
    assert backcast["time"].to_numpy()[load.argmax()].astype("datetime64[M]") == np.datetime64("2022-12")
    shares = pd.Series(load).groupby(month_of_hours(backcast)).sum() / load.sum()
    table = pd.read_csv(catalog.profiles_folder() / "jilin_demand_shares.csv").query("year == 2022")
    wanted = table["share_of_year"].to_numpy() / table["share_of_year"].sum()
    np.testing.assert_allclose(shares, wanted, atol=1e-9)


def test_joint_january_and_february_of_2024():
    dataset = profiles.build(year=2024)
    month = month_of_hours(dataset)
    table = pd.read_csv(catalog.profiles_folder() / "jilin_demand_shares.csv").query("year == 2024")
    wanted = table["share_of_year"].iloc[0] / table["share_of_year"].sum()
    load = dataset["load"].to_numpy()
    assert load[month <= 2].sum() / load.sum() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("year", "first_day"), [(2018, "2018-02-16"), (2022, "2022-02-01"), (2030, "2030-02-03")])
def test_spring_festival_lowers_the_load_on_its_days(year, first_day):
    days = day_means(profiles.build(year=year))
    start = pd.Timestamp(first_day)
    festival = days[start : start + pd.Timedelta(days=4)].mean()
    before = days[start - pd.Timedelta(days=17) : start - pd.Timedelta(days=10)].mean()
    after = days[start + pd.Timedelta(days=12) : start + pd.Timedelta(days=18)].mean()
    # 15 % by the design; weekends are in the weeks beside it.
    assert 0.83 < festival / (0.5 * (before + after)) < 0.93
    lowest = days[f"{year}-01-10" : f"{year}-02-28"].idxmin()
    assert abs((lowest - start).days) <= 6


def test_weekends_and_national_day(typical):
    days = day_means(typical)
    june = days["2030-06-10":"2030-06-30"]
    assert june[june.index.dayofweek >= 5].mean() < 0.97 * june[june.index.dayofweek < 5].mean()
    assert days["2030-10-01":"2030-10-05"].mean() < 0.93 * days["2030-10-14":"2030-10-18"].mean()


def test_load_is_stamped_at_the_end_of_the_hour(typical):
    # The series is lowest in the hour from 03:00 to 04:00, hour-ending 04:00.
    mean_day = typical["load"].to_numpy().reshape(365, 24).mean(axis=0)
    assert np.argmin(mean_day) + 1 == 4


def test_solar_centre_and_night(typical):
    solar = province(typical, "solar").reshape(365, 24)
    centre = (solar.sum(axis=0) * np.arange(1, 25)).sum() / solar.sum()
    assert centre == pytest.approx(12.2, abs=0.1)
    for weather in ("typical", "synthetic-2"):
        dataset = profiles.build(year=2030, weather_year=weather)
        for county in ("tongyu", "hunchun"):
            by_day = dataset[f"solar_{county}"].to_numpy().reshape(365, 24)
            assert np.all(by_day[:, [0, 1, 2, 3, 21, 22, 23]] == 0.0)
            assert np.all(by_day[350, :6] == 0.0)
    # The sun rises earlier in the east.
    east, west = (typical[f"solar_{c}"].to_numpy().reshape(365, 24) for c in ("hunchun", "tongyu"))
    hours = np.arange(1, 25)
    assert (east.sum(axis=0) @ hours) / east.sum() < (west.sum(axis=0) @ hours) / west.sum() - 0.2


@pytest.mark.parametrize(
    ("city", "first", "last"),
    [("changchun", "2030-10-20T01:00", "2030-04-07T00:00"), ("baicheng", "2030-10-15T01:00", "2030-04-16T00:00")],
)
def test_heating_season(typical, city, first, last):
    heat = typical[f"heat_{city}"]
    on = heat.to_numpy() > 0
    time = heat["time"].to_numpy()
    off = time[~on]
    assert time[on & (time > np.datetime64("2030-07-01"))][0] == np.datetime64(first)
    assert time[on & (time < np.datetime64("2030-07-01"))][-1] == np.datetime64(last)
    assert off.size == np.count_nonzero((time > np.datetime64(last)) & (time < np.datetime64(first)))
    assert float(heat.max()) == pytest.approx(1.0, abs=1e-6)


def test_water(typical):
    assert float(typical["hydro_ror"].mean()) == pytest.approx(0.30, abs=0.005)
    month = month_of_hours(typical)
    flood = typical["inflow_baishan"].to_numpy()[(month == 7) | (month == 8)].sum() / 8760
    assert flood == pytest.approx(0.44, abs=0.02)
    dry = profiles.build(year=2030, weather_year=2019)
    assert float(dry["hydro_ror"].mean()) < 0.65 * float(typical["hydro_ror"].mean())
    assert dry["inflow_baishan"].attrs["annual_index"] == pytest.approx(0.593)


def test_run_of_river_has_the_months_of_a_year_with_statistics(backcast):
    wet = backcast["hydro_ror"]
    share = np.bincount(month_of_hours(backcast), wet)[1:] / float(wet.sum())
    # 2,050 and 660 of the 9,560 GWh of 2022; two published months share 550
    assert share[6] == pytest.approx(2050 / 9560, abs=1e-3)
    assert share[11] == pytest.approx(660 / 9560, abs=1e-3)
    assert share[0] + share[1] == pytest.approx(550 / 9560, abs=1e-3)
    assert float(wet.mean()) == pytest.approx(0.30 * 1.116, rel=1e-3)


def test_roofs_lower_the_yield_of_solar_in_years_of_statistics_alone(backcast):
    assert tables.fleet_yield(catalog.profiles_folder(), "jilin", 2024, "solar") == pytest.approx(0.9277)
    assert tables.fleet_yield(catalog.profiles_folder(), "jilin", 2025, "solar") == 1.0
    assert tables.fleet_yield(catalog.profiles_folder(), "jilin", 2022, "wind") == 1.0
    late = profiles.build(year=2025, weather_year=2022)["solar_taonan"]
    early = backcast["solar_taonan"]
    growth = tables.capacity_growth(catalog.profiles_folder(), "jilin", 2022, ("solar",))["solar"]
    ratio = early.to_numpy()[:744].sum() / late.to_numpy()[:744].sum()  # January
    assert ratio == pytest.approx(0.9277 * growth[0])


def test_zhalute_is_a_staircase_of_three_levels(typical):
    levels = np.unique(typical["tie_zhalute"].to_numpy().round(6))
    np.testing.assert_allclose(levels, [0.965, 1.029, 1.068], atol=0.002)
    assert np.array_equal(typical["tie_hvdc"], typical["tie_zhalute"])


def test_synthetic_years_differ_and_keep_the_structure(typical):
    series = {name: profiles.build(year=2030, weather_year=f"synthetic-{name}") for name in (1, 2, 3)}
    wind = {name: province(dataset, "wind") for name, dataset in series.items()}
    usual = province(typical, "wind")
    for name, dataset in series.items():
        assert dataset.attrs["synthetic"] == 1
        assert np.corrcoef(wind[name], usual)[0, 1] < 0.6
        # Spring stays windier than summer, nights windier than noon, and wind and solar stay opposed.
        month = month_of_hours(dataset)
        assert wind[name][month == 4].mean() > 1.3 * wind[name][month == 7].mean()
        by_hour = wind[name].reshape(365, 24).mean(axis=0)
        assert by_hour[22] > by_hour[9]
        assert np.corrcoef(wind[name], province(dataset, "solar"))[0, 1] < -0.03
        autocorrelation = np.corrcoef(wind[name][1:], wind[name][:-1])[0, 1]
        assert autocorrelation > 0.95
    assert typical.attrs["synthetic"] == 0
    assert np.abs(wind[1] - wind[2]).mean() > 0.05


def test_load_year_2018_gives_another_load():
    first, second = (profiles.build(year=2030, load_year=year)["load"].to_numpy() for year in (2018, 2022))
    assert 0.93 < np.corrcoef(first, second)[0, 1] < 0.99
    assert np.abs(first - second).mean() > 0.01


def test_build_is_deterministic_and_leaves_the_base_alone():
    def digest():
        dataset = profiles.build(year=2026, weather_year="synthetic-1")
        part = np.concatenate([dataset[name].to_numpy()[:500] for name in ("load", "wind_daan", "heat_jilin")])
        return hashlib.sha256(part.tobytes()).hexdigest()

    first = digest()
    changed = profiles.build(year=2026, weather_year="synthetic-1")
    for values in changed.data_vars.values():
        values.values[:] = 0.0
    assert digest() == first


def test_all_faults_of_a_request_at_once():
    with pytest.raises(InputError) as caught:
        profiles.build(year=2050, weather_year=1999, leap_day="maybe", load_year=2000)
    assert [fault.column for fault in caught.value.faults] == ["year", "weather_year", "leap_day", "load_year"]
    with pytest.raises(InputError, match="no profiles named 'nowhere'; there are: jilin"):
        profiles.build("nowhere", year=2022)


def test_levels_stay_between_the_quartiles_of_the_record_and_below_the_flood_limit(typical):
    low, high = typical["level_low_baishan"].to_series(), typical["level_baishan"].to_series()
    # the middle of January and of October: the quartiles of the record as they stand
    assert low["2030-01-16 12:00"] == pytest.approx(0.751, abs=1e-3)
    assert high["2030-01-16 12:00"] == pytest.approx(0.936, abs=1e-3)
    assert low["2030-10-16 12:00"] == pytest.approx(0.854, abs=1e-3)
    # halfway between two middles of a month the level is their mean, also over the turn of the year
    assert low["2030-12-31 23:00"] == pytest.approx((0.785 + 0.751) / 2, abs=2e-3)
    assert high["2030-06-02":"2030-09-14"].max() == pytest.approx(0.909)


@pytest.mark.parametrize("year", [2021, 2024, 2030])
def test_a_reservoir_always_has_room_between_its_lowest_and_highest_level(year):
    series = profiles.build(year=year)
    for lake in ("baishan", "fengman"):
        low, high = series[f"level_low_{lake}"].to_numpy(), series[f"level_{lake}"].to_numpy()
        assert ((low >= 0) & (low + 0.03 < high) & (high <= 1)).all(), lake


def test_vehicles_are_plugged_in_by_night_and_driven_by_day(typical):
    working = typical.sel(time="2030-03-13")  # a Wednesday
    use, plugged = working["use_ev"].to_numpy(), working["plugged_ev"].to_numpy()
    assert use.argmax() in (8, 18)  # stamps at the end of the hour, the first one is midnight
    assert plugged[1:7].min() > 0.8
    assert plugged[9:17].max() < 0.5


def test_electric_heating_is_used_with_the_heat_of_the_cities(typical):
    use = typical["use_electric_heating"]
    assert float(use.sel(time="2030-07-15").max()) == 0.0
    assert float(use.mean()) == pytest.approx(1.0)
    assert 4.0 < float(use.max()) <= 4.4
