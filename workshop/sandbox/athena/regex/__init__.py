"""Java's regular expressions, as Trino's library JONI understands them."""
