"""Sweeps over many scenarios of one case: designs, the dask runner, the zarr store."""
