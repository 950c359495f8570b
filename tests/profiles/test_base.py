"""The shipped base file and the pure functions that made it."""

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from gridopt import catalog
from gridopt.profiles.build import load_base
from gridopt.profiles.scaling import exponent_for_mean, raised, smooth_factors
from gridopt.profiles.weather import solar_clearness

FOLDER = Path(__file__).resolve().parents[2] / "profiles"


def script(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


make_weather = script("make_weather")


@pytest.fixture(scope="module")
def base():
    return load_base("jilin")


@pytest.fixture(scope="module")
def small_field():
    """Wind of five sites from a made-up provincial series of 40 days."""
    hours = np.arange(960)
    province = np.clip(0.3 + 0.25 * np.sin(hours / 37.0) + 0.2 * np.sin(hours / 11.0), 0.0, 1.0)
    lat, lon = np.array([44.8, 45.5, 44.3, 43.5, 42.5]), np.array([123.1, 124.0, 124.0, 123.5, 129.0])
    weight = np.array([0.4, 0.3, 0.2, 0.1, 0.0])
    quality = np.array([1.0, 0.95, 1.0, 1.05, 0.7])
    arguments = (province, np.ones(960, dtype=int), hours % 24, lat, lon, weight, quality)
    return province, weight, quality, make_weather.wind_by_county(*arguments, seed=1), arguments


@pytest.mark.parametrize("technology", ["wind", "solar"])
def test_weighted_mean_of_counties_is_the_province(base, technology):
    weight = base[f"{technology}_weight"].to_numpy()
    if technology == "wind":
        values = base["wind_capacity_factor"].to_numpy()
    else:
        values = base["solar_clear_sky"].to_numpy().astype(float) * solar_clearness(base)
    assert weight.sum() == pytest.approx(1.0, abs=1e-12)
    error = np.abs(weight @ values - base[f"{technology}_province"].to_numpy())
    assert error.max() < 1e-9
    assert values.min() >= 0.0
    assert values.max() <= 1.0


def test_field_meets_province_and_quality(small_field):
    province, weight, quality, values, _ = small_field
    assert np.abs(weight @ values - province).max() < 1e-9
    ratio = values.mean(axis=1) / province.mean()
    np.testing.assert_allclose(ratio, quality / (weight @ quality), rtol=0.01)
    # Counties differ: a copy of the province would have the spread 0.
    assert (values - province).std() > 0.05


def test_field_is_deterministic_and_seeded(small_field):
    *_, values, arguments = small_field
    assert np.array_equal(values, make_weather.wind_by_county(*arguments, seed=1))
    assert not np.allclose(values, make_weather.wind_by_county(*arguments, seed=2))


def test_spatial_correlation_decays(base):
    distance = make_weather.distance_km(base["latitude"].to_numpy(), base["longitude"].to_numpy())
    correlation = np.corrcoef(base["wind_capacity_factor"].to_numpy())
    edges = [1, 60, 150, 300, 450, 700]
    means = [correlation[(distance >= low) & (distance < high)].mean() for low, high in itertools.pairwise(edges)]
    assert all(near > far + 0.02 for near, far in itertools.pairwise(means)), means
    assert means[0] > 0.8
    assert means[-1] < 0.5


def test_distance_of_two_known_places():
    # Changchun to Jilin city is about 98 km.
    distance = make_weather.distance_km(np.array([43.88, 43.84]), np.array([125.32, 126.55]))
    assert distance[0, 1] == pytest.approx(98.7, abs=1.0)
    assert distance[0, 0] == 0.0


def test_raised_keeps_the_limits_and_the_order():
    x = np.linspace(0.0, 1.0, 101)
    for exponent in (0.3, 1.0, 2.5):
        y = raised(x, exponent)
        assert y[0] == 0.0
        assert y[-1] == 1.0
        assert np.all(np.diff(y) > 0)
    np.testing.assert_allclose(raised(x, 1.0), x, atol=1e-14)
    assert raised(np.array([1.3]), 4.0)[0] == 1.3


def test_exponent_gives_the_mean():
    x = np.random.default_rng(3).beta(0.6, 2.0, size=500)
    for mean in (0.05, 0.25, 0.6):
        assert raised(x, exponent_for_mean(x, mean)).mean() == pytest.approx(mean, abs=1e-12)
    with pytest.raises(ValueError, match="can't be reached"):
        exponent_for_mean(np.zeros(4), 0.5)


def test_smooth_factors_meet_the_sums_without_steps():
    base_series = 1.0 + 0.1 * np.sin(np.arange(90))
    period = np.repeat([0, 1, 2], 30)
    sums = np.array([33.0, 27.0, 30.0])
    factors = smooth_factors(base_series, period, sums)
    np.testing.assert_allclose(np.bincount(period, factors * base_series), sums, rtol=1e-9)
    # One step of the monthly quotients would be 0.2.
    assert np.abs(np.diff(factors)).max() < 0.03


def test_shipped_files_are_small_and_have_no_raw_load_series(base):
    files = [f for f in catalog.profiles_folder().iterdir() if f.suffix in (".nc", ".csv")]
    assert sum(file.stat().st_size for file in files) < 12e6
    # The shapes of 2018 are means of a month of days: neighbouring days of one type hardly differ.
    shapes = base["load_day_shape"].sel(load_year=2018).to_numpy()
    tuesdays = shapes[1::7]
    assert np.abs(np.diff(tuesdays, axis=0)).max() < 0.04
    assert np.allclose(shapes.mean(axis=1), 1.0, atol=1e-6)


def test_every_base_variable_states_its_origin(base):
    for name, variable in base.data_vars.items():
        assert {"source", "licence", "confidence"} <= set(variable.attrs), name
    assert "Copernicus" in base["wind_capacity_factor"].attrs["source"]
