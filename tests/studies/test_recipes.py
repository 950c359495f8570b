"""The cluster recipes, as far as they can be checked without a cluster."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "examples" / "sweeps" / "clusters"


@pytest.mark.filterwarnings("default")
def test_the_slurm_recipe_makes_a_job_of_eight_single_threads():
    jobqueue = pytest.importorskip("dask_jobqueue")
    spec = importlib.util.spec_from_file_location("slurm", FOLDER / "slurm.py")
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    options = {key: value for key, value in recipe.OPTIONS.items() if key != "processes"}
    script = jobqueue.slurm.SLURMJob(
        "tcp://127.0.0.1:1", "w", processes=recipe.OPTIONS["processes"], config_name="slurm", **options
    ).job_script()
    assert "#SBATCH -p normal" in script
    assert "--nworkers 8" in script
    assert "--nthreads 1" in script
    assert "export OMP_NUM_THREADS=1" in script
    assert "--lifetime 11h30m" in script


def test_the_kubernetes_recipe_has_the_parts_that_the_operator_makes():
    operator = pytest.importorskip("dask_kubernetes.operator")
    ours = yaml.safe_load((FOLDER / "kubernetes.yaml").read_text())
    theirs = operator.make_cluster_spec("gridopt", image="IMAGE", n_workers=8)
    assert (ours["apiVersion"], ours["kind"]) == (theirs["apiVersion"], theirs["kind"])
    assert ours["spec"]["scheduler"]["service"]["selector"] == theirs["spec"]["scheduler"]["service"]["selector"]
    assert ours["spec"]["worker"]["replicas"] == theirs["spec"]["worker"]["replicas"]
    ports = {port["name"]: port["port"] for port in ours["spec"]["scheduler"]["service"]["ports"]}
    assert ports == {port["name"]: port["port"] for port in theirs["spec"]["scheduler"]["service"]["ports"]}
    assert "--nthreads" in ours["spec"]["worker"]["spec"]["containers"][0]["args"]
