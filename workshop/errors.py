"""The one error type that the command line shows to people."""


class WorkshopError(Exception):
    """Something the user can act on.

    `message` says in one line what is wrong; `hint` says what to do about it. The command line prints both
    and exits with status 1; anything else that is raised is a defect and keeps its traceback.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message if not hint else f"{message} {hint}")
        self.message = message
        self.hint = hint
