"""Whether the province meets its targets of 2025 and 2030, and how much room is left.

The built-in study judges every target of the plan that a dispatch can tell of. Two looks into its cube follow: the
room between value and target, and a rule of one's own.

    python examples/studies/targets.py [CASE ...]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from gridopt.studies.builtin.program import run_study, study_of
from gridopt.studies.builtin.tell import print_study


def main(*cases: str) -> None:
    """Run the study and look into its cube."""
    # %% The study. What its folder holds already is not solved again.
    cases = cases or ("jilin-2025", "jilin-2030")
    folder = Path("results") / "-".join(["study-targets", *(Path(case).stem for case in cases)])
    cube = run_study("targets", cases, out=folder, workers=2)
    study = study_of("targets")
    print_study(study, cube)

    # %% How much room is there? Value over target, for the targets that were judged.
    room = {}
    for name in cube["variant"].to_numpy():
        own = cube.sel(variant=name)
        judged = own.where(own["target_status"].isin(["met", "missed"]), drop=True)
        room[str(name)] = (judged["target_value"] / judged["target_threshold"]).to_series()
    for name, values in room.items():
        print(name)
        print(values.round(3).to_string())

    # %% A rule of one's own: how much of wind and sun is used, against a floor of 90 %.
    year = cube.sel(period="total")
    for technology in ("wind", "solar"):
        used = year[f"utilisation_{technology}"].to_series()
        print(technology, {name: f"{share:.1%} {'kept' if share >= 0.9 else 'broken'}" for name, share in used.items()})

    # %% Use of wind and sun as a drawing.
    keys = ["utilisation_wind", "utilisation_solar"]
    drawn = year[keys].to_dataframe()[keys].mul(100).plot.bar(figsize=(6, 4), rot=0)
    drawn.axhline(90, color="black", linewidth=0.8)
    drawn.set(xlabel="", ylabel="% of what was offered", title="Wind and sun used, and the floor of 90 %")
    plt.tight_layout()
    plt.savefig(folder / "figures" / "utilisation.png", dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:])
