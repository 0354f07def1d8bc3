"""`make bench`: measurements, as Markdown for docs/benchmarks.md."""
