"""What can go wrong in the ingestor, by name. What is to be expected (304, rate limits) is a value, not an error."""


class IngestorError(Exception):
    """Base of the errors below. The invocation fails, and whoever invoked it tries again or hears of it."""


class SettingsError(IngestorError):
    """The environment lacks a value, or holds one that cannot be used."""


class RequestError(IngestorError):
    """The event asks for nothing that the function knows. Asking again does not help."""


class SourceError(IngestorError):
    """GitHub or GH Archive could not be read: it kept failing, refused, or the time ran out."""


class UnreadableBodyError(IngestorError):
    """A body is not a JSON array: cut short, or not from GitHub at all. Asking again may help."""


class CorruptArchiveError(IngestorError):
    """A file is not whole gzip: cut short, damaged, or followed by something else. Asking again may help."""


class OutOfSpaceError(IngestorError):
    """The temporary folder has no room for the file."""


class ConflictError(IngestorError):
    """Others keep writing the same object. Asking again helps."""


class NotAnEventError(IngestorError):
    """A line is not an event, for the reason that is the message."""
