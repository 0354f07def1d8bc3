"""Tables: the Glue Data Catalog as the caller sees it, and partition projection."""
