"""Only what the emulator authorizes is served.

Wrong in ministack 1.5.33: next to AWS's own calls it answers many that nobody has to sign: a reset that wipes
everything, run-time configuration, other people's function code, messages in queues, OAuth pages, a container registry.
Its dispatcher of AWS calls verifies signatures and policies; everything beside it is closed here, all at once.
"""

from typing import Any

import ministack.app as emulator

# Pages that say whether the emulator is up.
OPEN_PATHS = frozenset({"/_ministack/health", "/_ministack/ready"})


def close_other_doors() -> None:
    """Leave the dispatcher of signed AWS calls, S3 Control (which authorizes too) and CORS preflights."""

    async def before_body(method: str, path: str, headers: dict[str, str], query: dict[str, Any], request: str) -> Any:
        return emulator._handle_options_request(method, path, headers, query, request)

    async def after_body(*_: Any) -> None:
        return None

    async def beside_dispatcher(*call: Any, **_: Any) -> Any:
        method, path, headers, body, query, request = call
        return await emulator._handle_s3_control_request(path, method, body, query, request, headers)

    emulator._handle_pre_body_request = before_body
    emulator._handle_post_body_shortcuts = after_body
    emulator._handle_special_data_plane_request = beside_dispatcher
