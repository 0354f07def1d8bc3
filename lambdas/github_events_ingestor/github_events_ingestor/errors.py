"""What can go wrong in the ingestor, by name. What is to be expected (304, rate limits) is a value, not an error."""


class IngestorError(Exception):
    """Base of the errors below. The invocation fails, Lambda retries it, then its failure destination hears of it."""


class SettingsError(IngestorError):
    """The environment lacks a value, or holds one that cannot be used."""


class SourceError(IngestorError):
    """GitHub could not be read: it kept failing, refused the token, or the time ran out."""


class UnreadableBodyError(IngestorError):
    """A body is not a JSON array: cut short, or not from GitHub at all. Asking again may help."""
