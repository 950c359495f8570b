"""What pumped storage, batteries and flexible coal contribute, season by season.

The built-in study solves every combination of the three. Three looks into its cube follow: in which season each one
matters, whether two of them replace or help one another, and what each is worth when units fail.

    python examples/studies/storage.py [CASE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from gridopt.studies.builtin.program import run_study, study_of
from gridopt.studies.builtin.storage import name_of
from gridopt.studies.builtin.tell import print_study


def main(case: str = "jilin-2030") -> None:
    """Run the study and look into its cube."""
    # %% The study. What its folder holds already is not solved again.
    folder = Path("results") / f"study-storage-{Path(case).stem}"
    cube = run_study("storage", [case], out=folder, workers=2)
    print_study(study_of("storage"), cube)

    # %% In which season does each one matter? What is lost without it [mn CNY a year].
    weeks = cube.isel(period=slice(0, -1))
    parts = [part for part in ("phs", "battery", "retrofit") if part in cube.coords]
    cost = weeks["objective_cny"] * weeks["weight"] / 1e6
    whole = name_of(frozenset(parts))
    lost = pd.DataFrame(
        {
            part: (cost.sel(variant=name_of(frozenset(parts) - {part})) - cost.sel(variant=whole)).to_series()
            for part in parts
        }
    )
    print(lost.round(1).to_string())

    # %% Do two of them replace or help one another? Above zero: together they save more than the sum of each alone.
    total = cube["objective_cny"].sel(period="total") / 1e6

    def saved(*chosen: str) -> float:
        return float(total.sel(variant="none") - total.sel(variant=name_of(frozenset(chosen))))

    for first in range(len(parts)):
        for second in parts[first + 1 :]:
            more = saved(parts[first], second) - saved(parts[first]) - saved(second)
            print(f"{parts[first]} with {second}: {more:+,.1f} mn CNY a year")

    # %% What is each worth when units fail? Hours with a shortfall, and the perfect capacity that is missing.
    if "missing_mw" in cube:  # a case with a source without a limit has no adequacy
        keys = ["lole_h", "eens_mwh", "missing_mw"]
        print(cube[keys].sel(period="total").to_dataframe()[keys].round(1).to_string())

    # %% The first of these as a drawing.
    drawn = lost.plot.bar(figsize=(8, 4))
    drawn.set(xlabel="", ylabel="mn CNY a year", title="What is lost without each")
    plt.tight_layout()
    plt.savefig(folder / "figures" / "by_season.png", dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:2])
