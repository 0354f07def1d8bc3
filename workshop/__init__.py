"""Build, operate and break a production-grade AWS data lakehouse, one notebook at a time."""
