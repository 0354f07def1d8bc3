"""Temporary credentials outlive a restart, and nobody can compute a Lambda's.

Wrong in ministack 1.5.33: STS keeps its sessions in memory only, so that credentials of an assumed role die with the
server; and the secret key of a Lambda's role is a hash of public names.
"""

import hashlib
import hmac
import secrets
from typing import Any

import ministack.core.lambda_runtime as runtime
from ministack.services import sts


def keep_sessions() -> None:
    """Give STS a state that is saved and restored as other services' states are."""

    def get_state() -> dict[str, Any]:
        sts._evict_expired_sessions()
        return {"sessions": dict(sts._sessions)}

    def load_persisted_state(data: dict[str, Any]) -> None:
        sts._sessions.update(data.get("sessions", {}))

    sts.get_state = get_state
    sts.load_persisted_state = load_persisted_state


def randomize_lambda_credentials() -> None:
    """Derive Lambdas' session secrets from a random key of this process."""
    original = runtime.execution_credentials
    process_key = secrets.token_bytes(32)

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        public: dict[str, str] = original(config)
        session = sts._sessions[public["AWS_ACCESS_KEY_ID"]]

        def derive(text: str) -> str:
            return hmac.new(process_key, text.encode(), hashlib.sha256).hexdigest()

        session["SecretAccessKey"] = derive(public["AWS_SECRET_ACCESS_KEY"])
        session["SessionToken"] = derive(public["AWS_SESSION_TOKEN"])
        return public | {
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }

    runtime.execution_credentials = execution_credentials
