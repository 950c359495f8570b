"""Wind and solar by county from one provincial hourly series: pure functions, used by make_profiles.py.

Wind. The provincial series P(t) is turned into normal scores z(t); z splits into its mean by month and hour M(t)
and an anomaly A(t). A Gaussian field with the covariance sum_k a_k exp(-distance / L_k) and
autocorrelation in time is drawn and conditioned (kriging) on its capacity-weighted mean being A(t). The scores of
a county go through the quantile function of the provincial series, so every county has its distribution; at last
one shift d(t) of all scores per hour, found by bisection, makes the capacity-weighted mean equal P(t). No value
is cut off.

Solar. Clear sky of each site (pvlib, Haurwitz global, Erbs split, 35 degrees south, isotropic sky) times one
clearness for the whole province.
"""

import numpy as np
from scipy.signal import lfilter
from scipy.stats import norm, rankdata

EARTH_RADIUS_KM = 6371.0
# Variance share, decay length [km] and decay time [h] of the two parts of the wind field: fast weather is local,
# slow weather is wide (St. Martin, Lundquist, Handschy 2015, doi 10.1088/1748-9326/10/4/044004, show that the
# length grows with the time scale; the numbers here are assumed).
WIND_PARTS = ((0.25, 120.0, 10.0), (0.75, 350.0, 40.0))
SMOOTHING_H = 3.0
WARM_UP_H = 500
SCORE_LIMIT = 6.0
TILT_DEG, AZIMUTH_DEG, ALBEDO = 35.0, 180.0, 0.2
# Modules over inverter; lets clear winter days reach what the statistics show. Assumed.
DC_OVER_AC = 1.2
# In low sun a county may have at most this much of the provincial clear sky: the ratio of two tiny numbers
# would otherwise make single hours absurd.
LARGEST_RATIO = 2.0


def distance_km(lat, lon):
    """Great-circle distances, shape (sites, sites) [km]."""
    phi, lam = np.radians(lat), np.radians(lon)
    half = (
        np.sin((phi[:, None] - phi) / 2) ** 2
        + np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))


def covariance(distances):
    """Covariance of the wind field, unit variance."""
    return sum(share * np.exp(-distances / length) for share, length, _ in WIND_PARTS)


def random_field(distances, hours, rng):
    """Gaussian field, shape (sites, hours): unit variance, decaying in space and time, smooth from hour to hour.

    Each part is a second-order autoregressive process: the decay time of the part and a short one that takes the
    roughness of a single turbine out (a county is many parks).
    """
    field = np.zeros((distances.shape[0], hours))
    for share, length, decay_h in WIND_PARTS:
        root = np.linalg.cholesky(np.exp(-distances / length) + 1e-9 * np.eye(distances.shape[0]))
        slow, fast = np.exp(-1.0 / decay_h), np.exp(-1.0 / SMOOTHING_H)
        poles = [1.0, -(slow + fast), slow * fast]
        response = lfilter([1.0], poles, np.eye(1, WARM_UP_H)[0])
        noise = root @ rng.standard_normal((distances.shape[0], WARM_UP_H + hours))
        part = lfilter([1.0], poles, noise, axis=1)[:, WARM_UP_H:]
        field += np.sqrt(share / np.sum(response**2)) * part
    return field


def normal_scores(series):
    """Normal score of each value by its rank (ties share one)."""
    return norm.ppf((rankdata(series) - 0.5) / series.size)


def quantile_function(series):
    """Scores and values of a table that maps a normal score to the series' distribution, onto 0 ... 1."""
    values = np.sort(series)
    scores = norm.ppf((np.arange(values.size) + 0.5) / values.size)
    return np.concatenate([[-SCORE_LIMIT], scores, [SCORE_LIMIT]]), np.concatenate([[0.0], values, [1.0]])


def month_hour_mean(scores, month, hour):
    """Mean of the scores by month and hour of day, for each time."""
    group = (month - 1) * 24 + hour
    sums, counts = np.bincount(group, scores, minlength=288), np.bincount(group, minlength=288)
    return (sums / np.maximum(counts, 1))[group]


def county_scores(province, month, hour, distances, weight, rng):
    """Normal scores of the counties, shape (sites, hours), whose weighted mean is the provincial score."""
    scores = normal_scores(province)
    usual = month_hour_mean(scores, month, hour)
    anomaly = scores - usual
    spread = anomaly.std()
    field = random_field(distances, province.size, rng)
    towards_mean = covariance(distances) @ weight
    mean_spread = np.sqrt(weight @ towards_mean)
    gain = towards_mean / mean_spread**2
    conditioned = field + gain[:, None] * (mean_spread * anomaly / spread - weight @ field)
    return usual + spread * conditioned / mean_spread


def match_mean(scores, table, weight, province, bisections):
    """Values, shape (sites, hours), after the shift per hour that makes their weighted mean the province's."""
    low = np.full(province.size, -4 * SCORE_LIMIT)
    high = -low
    for _ in range(bisections):
        middle = 0.5 * (low + high)
        too_low = weight @ np.interp(scores + middle, *table) < province
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    values = np.interp(scores + 0.5 * (low + high), *table)
    # What the bisection leaves (about 1e-15) goes in proportion.
    mean = weight @ values
    return values * np.divide(province, mean, out=np.ones_like(mean), where=mean > 0)


def wind_by_county(province, month, hour, lat, lon, weight, quality, seed):
    """Wind capacity factor by county, shape (sites, hours) [pu]; ``weight @ result`` is ``province``.

    ``quality`` is the wanted annual mean of each site over the provincial one, up to a common factor.
    """
    rng = np.random.default_rng(seed)
    distances = distance_km(lat, lon)
    scores = county_scores(province, month, hour, distances, weight, rng)
    table = quantile_function(province)
    wanted = quality / (weight @ quality)
    offset = np.zeros(weight.size)
    for _ in range(10):
        values = match_mean(scores + offset[:, None], table, weight, province, bisections=24)
        offset += 0.9 * np.log(wanted / (values.mean(axis=1) / province.mean()))
    return match_mean(scores + offset[:, None], table, weight, province, bisections=70)


def clear_sky(lat, lon, altitude, stamps):
    """Hourly mean of the clear-sky irradiance on the module plane, hour-ending, shape (hours,) [kW/m²]."""
    import pandas as pd
    import pvlib

    total = np.zeros(len(stamps))
    minutes = range(5, 60, 10)
    site = pvlib.location.Location(lat, lon, "Etc/GMT-8", altitude)
    for minute in minutes:
        times = pd.DatetimeIndex(stamps).tz_localize("Etc/GMT-8") - pd.Timedelta(minutes=60 - minute)
        sun = site.get_solarposition(times)
        ghi = pvlib.clearsky.haurwitz(sun["apparent_zenith"])["ghi"]
        split = pvlib.irradiance.erbs(ghi, sun["zenith"], times)
        plane = pvlib.irradiance.get_total_irradiance(
            TILT_DEG,
            AZIMUTH_DEG,
            sun["apparent_zenith"],
            sun["azimuth"],
            split["dni"],
            ghi,
            split["dhi"],
            albedo=ALBEDO,
        )
        total += plane["poa_global"].fillna(0.0).clip(lower=0.0).to_numpy() / 1000.0
    return total / len(minutes)


def solar_envelope(clear, weight, site_factor):
    """Clear-sky output by county, shape (sites, hours) [pu], bounded by the inverter and in low sun."""
    factor = site_factor / (weight @ site_factor)
    envelope = np.clip(DC_OVER_AC * clear, 0.0, 1.0) * factor[:, None]
    mean = weight @ envelope
    return np.minimum(np.minimum(envelope, LARGEST_RATIO * mean), 1.0)


def site_quality(lat, lon, cells, reach_km=50.0):
    """Wind capacity factor of the best grid cell near each site (parks stand on the good ground)."""
    east = np.cos(np.radians(lat))[:, None]
    d = 111.2 * np.hypot(cells["lat"].to_numpy() - lat[:, None], (cells["lon"].to_numpy() - lon[:, None]) * east)
    factor = 0.5 * (cells["cf_2015"] + cells["cf_2016"]).to_numpy()
    nearest = factor[np.argmin(d, axis=1)]
    return np.maximum(np.where(d <= reach_km, factor, 0.0).max(axis=1), nearest)


def resampled_days(rng, slots, reach=20, shortest=4, longest=9):
    """Source slot of each slot: blocks of days from within ``reach`` days of their own place in the year."""
    source = np.empty(slots, dtype=np.int16)
    begin = 0
    while begin < slots:
        length = int(rng.integers(shortest, longest + 1))
        end = min(begin + length, slots)
        source[begin:end] = (np.arange(begin, end) + int(rng.integers(-reach, reach + 1))) % slots
        begin = end
    return source
