"""From rows to files and partitions: INSERT INTO, CREATE TABLE AS, UNLOAD."""
