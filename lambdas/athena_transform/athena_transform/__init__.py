"""Bronze to Silver to Gold with Athena: one archive for the functions `silver-scheduler` and `gold-scheduler`."""
