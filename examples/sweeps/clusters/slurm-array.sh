#!/bin/bash
# A sweep as a job array, without dask: `sbatch slurm-array.sh SWEEP.yaml STORE.zarr`.
# Every job solves its share one after the other; all of them write to the one store on a shared file system.
#SBATCH --array=1-32
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=12:00:00
#SBATCH --requeue
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
exec gridopt sweep "$1" --out "$2" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX"
