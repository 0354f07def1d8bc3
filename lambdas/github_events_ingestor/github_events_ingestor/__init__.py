"""GitHub's public events to Bronze: one invocation is one poll."""
