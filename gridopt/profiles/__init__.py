"""Hourly profiles: build those of the shipped case, read own ones, check both."""

from __future__ import annotations

from gridopt.profiles.build import available_weather_years, build
from gridopt.profiles.check import check, require
from gridopt.profiles.read import read

__all__ = ["available_weather_years", "build", "check", "read", "require"]
