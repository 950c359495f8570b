"""Every rule finds the fault that was planted for it; reading of own files."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from gridopt import profiles
from gridopt.errors import InputError


def clean(hours=72, start="2022-03-01T01:00"):
    time = np.datetime64(start, "ns") + np.arange(hours).astype("timedelta64[h]")
    values = np.linspace(0.1, 0.9, hours)
    return xr.Dataset(
        {
            "wind_tongyu": ("time", values, {"kind": "availability", "units": "pu"}),
            "load": ("time", values + 0.5, {"kind": "demand", "units": "pu of the annual mean"}),
            "tie_x": ("time", values - 0.5, {"kind": "contract", "units": "pu of the annual mean"}),
        },
        coords={"time": time},
    )


def set_value(name, hour, value):
    def plant(dataset):
        dataset[name].values[hour] = value
        return dataset

    return plant


def set_attribute(name, key, value):
    def plant(dataset):
        dataset[name].attrs[key] = value
        return dataset

    return plant


def stamps(change):
    def plant(dataset):
        return dataset.assign_coords(time=change(dataset["time"].to_numpy().copy()))

    return plant


def double(time):
    time[10] = time[9]
    return time


def swap(time):
    time[[10, 11]] = time[[11, 10]]
    return time


def half_past(time):
    time[10] += np.timedelta64(30, "m")
    return time


def empty_stamp(time):
    time[10] = np.datetime64("NaT")
    return time


PLANTED = {
    "missing hours": (lambda d: d.isel(time=np.r_[0:10, 12:72]), "hours are missing: 2 hours, 2022-03-01T11:00"),
    "missing value": (set_value("wind_tongyu", 5, np.nan), "values missing or infinite: 1 hours, 2022-03-01T06:00"),
    "infinite value": (set_value("load", 5, np.inf), "values missing or infinite"),
    "negative availability": (set_value("wind_tongyu", 3, -0.1), "values below 0: 1 hours, 2022-03-01T04:00"),
    "availability above one": (set_value("wind_tongyu", 3, 1.01), "values above 1: 1 hours, 2022-03-01T04:00"),
    "negative demand": (set_value("load", 3, -0.1), "values below 0"),
    "double stamp": (stamps(double), "stamps that occur twice: 1 hours, 2022-03-01T10:00"),
    "unsorted": (stamps(swap), "stamps earlier than the one before"),
    "irregular step": (stamps(half_past), "stamps after an irregular, shorter step"),
    "off the hour": (stamps(half_past), "stamps not on the full hour or step"),
    "empty stamp": (stamps(empty_stamp), "1 stamps are empty, first in rows 10"),
    "coarse step": (lambda d: d.isel(time=slice(None, None, 3)), "must be one hour or less"),
    "no kind": (set_attribute("load", "kind", ""), "kind is missing"),
    "unknown kind": (set_attribute("load", "kind", "price"), "kind is 'price'"),
    "no units": (set_attribute("load", "units", ""), "units are missing"),
    "wrong units": (set_attribute("load", "units", "MW"), "units are 'MW'"),
    "other time zone": (lambda d: d.assign_attrs(time_zone="UTC"), "time_zone is 'UTC', must be 'UTC+8'"),
    "hour-beginning": (lambda d: d.assign_attrs(time_stamp="hour-beginning"), "must be 'hour-ending'"),
    "no hours": (lambda d: d.isel(time=slice(0, 0)), "there are no hours"),
    "no series": (lambda d: d.drop_vars(list(d.data_vars)), "there are no series"),
    "no time": (lambda d: d.drop_vars("time"), "there is no coordinate 'time'"),
    "numbers as time": (lambda d: d.assign_coords(time=np.arange(72)), "no time stamps"),
    "no numbers": (lambda d: d.assign(wind_x=("time", ["a"] * 72, {"kind": "demand", "units": "pu"})), "no numbers"),
    "two dimensions": (
        lambda d: d.assign(wind_x=(("time", "n"), np.ones((72, 2)), {"kind": "heat", "units": "pu"})),
        "must be ('time',)",
    ),
}


def test_a_clean_set_has_no_faults():
    assert profiles.check(clean()) == []


@pytest.mark.parametrize("name", PLANTED)
def test_planted_fault_is_found(name):
    plant, message = PLANTED[name]
    faults = profiles.check(plant(clean()), file="own.nc")
    assert any(message in str(fault) for fault in faults), [str(f) for f in faults]
    assert all(fault.file == "own.nc" for fault in faults)


def test_time_zone_on_the_stamps():
    zoned = clean().assign_coords(
        time=pd.date_range("2022-03-01 01:00", periods=72, freq="h", tz="Asia/Shanghai").astype(object)
    )
    assert "time zone" in str(profiles.check(zoned)[0])


def test_all_faults_at_once():
    dataset = set_value("wind_tongyu", 5, np.nan)(
        set_value("load", 7, -1.0)(set_attribute("tie_x", "units", "")(clean()))
    )
    with pytest.raises(InputError) as caught:
        profiles.require(dataset)
    assert {fault.column for fault in caught.value.faults} == {"wind_tongyu", "load", "tie_x"}


def test_mean_of_a_whole_year():
    dataset = clean(8760, "2022-01-01T01:00")
    messages = [str(fault) for fault in profiles.check(dataset)]
    assert any("the annual mean is 0.0000, must be 1" in message for message in messages)
    assert not any("wind_tongyu" in message for message in messages)


def test_a_dropped_leap_day_is_no_gap_but_another_day_is():
    leap = clean(24 * 60, "2024-02-01T01:00")
    day = leap["time"].to_numpy() - np.timedelta64(1, "h")
    without = leap.isel(time=day.astype("datetime64[D]") != np.datetime64("2024-02-29"))
    assert profiles.check(without) == []
    other = leap.isel(time=day.astype("datetime64[D]") != np.datetime64("2024-02-28"))
    assert any("24 hours, 2024-02-28T01:00" in str(fault) for fault in profiles.check(other))


def test_read_netcdf_and_csv(tmp_path):
    dataset = clean()
    dataset.to_netcdf(tmp_path / "own.nc")
    dataset.to_dataframe().to_csv(tmp_path / "own.csv")
    for name in ("own.nc", "own.csv"):
        again = profiles.read(tmp_path / name)
        np.testing.assert_allclose(again["load"], dataset["load"])
        assert again["wind_tongyu"].attrs["kind"] == "availability"
        assert again["time"].to_numpy()[0] == dataset["time"].to_numpy()[0]


def test_read_refuses_with_every_fault(tmp_path):
    bad = set_value("load", 7, -1.0)(set_value("wind_tongyu", 5, 2.0)(clean()))
    bad.to_netcdf(tmp_path / "bad.nc")
    with pytest.raises(InputError) as caught:
        profiles.read(tmp_path / "bad.nc")
    assert len(caught.value.faults) == 2
    table = clean().to_dataframe()
    table["price"] = 1.0
    table.to_csv(tmp_path / "bad.csv")
    with pytest.raises(InputError, match="column price: kind is missing"):
        profiles.read(tmp_path / "bad.csv")
    table.index = table.index.tz_localize("Asia/Shanghai")
    table.drop(columns="price").to_csv(tmp_path / "zoned.csv")
    with pytest.raises(InputError, match="time zone"):
        profiles.read(tmp_path / "zoned.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", "", "read from .nc or .csv"),
        ("none.nc", None, "no such file"),
        ("x.csv", "hour,load\n1,2\n", "must be 'time'"),
        ("y.csv", "time,load\nnever,2\n", "column time"),
    ],
)
def test_read_says_what_is_wrong_with_the_file(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        profiles.read(tmp_path / name)


def test_quarter_hours_are_as_good_as_hours():
    quarters = pd.date_range("2030-01-01 00:15", periods=96, freq="15min")
    series = xr.DataArray(np.ones(96), dims="time", attrs={"units": "pu", "kind": "demand", "long_name": "load"})
    assert list(profiles.check(xr.Dataset({"load": series}, coords={"time": quarters}), "quarters.nc")) == []
    crooked = quarters + pd.Timedelta(minutes=7)
    faults = list(profiles.check(xr.Dataset({"load": series}, coords={"time": crooked}), "crooked.nc"))
    assert any("full hour or step" in fault.message for fault in faults)
