"""Nobody is root.

Wrong in ministack 1.5.33: the access keys `test` and any twelve digits are root with whatever secret, and so is an
unsigned request to S3; root passes every policy, even a bucket policy's Deny.
"""

from typing import Any

import ministack.core.iam_evaluator as evaluator
from ministack.services import sts


def close_root_keys() -> None:
    """Treat the root keys as any unknown key, and an unsigned request as nobody's, whom no policy allows anything.

    What AWS serves without credentials (AssumeRoleWithWebIdentity) is still served.
    """
    check = evaluator.enforce

    def is_root_access_key(access_key_id: str) -> bool:
        del access_key_id
        return False

    def enforce(access_key_id: str, iam_action: str, service: str, *rest: Any, **named: Any) -> Any:
        if not access_key_id and evaluator._anonymous.get():
            if evaluator._served_unsigned(service, iam_action):
                return None
            if service == "s3":
                return evaluator.EvalResult("ImplicitDeny", principal_arn="anonymous")
        return check(access_key_id, iam_action, service, *rest, **named)

    evaluator.is_root_access_key = is_root_access_key
    sts.is_root_access_key = is_root_access_key
    evaluator.enforce = enforce
