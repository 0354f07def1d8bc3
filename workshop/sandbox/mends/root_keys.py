"""Nobody is root.

Wrong in ministack 1.5.33: the access keys `test` and any twelve digits are root with whatever secret, and so is an
unsigned request to S3; root passes every policy, even a bucket policy's Deny.
"""

import ministack.core.iam_evaluator as evaluator
from ministack.services import sts


def close_root_keys() -> None:
    """Treat the root keys as any unknown key: refused, in the words of the service that is called."""

    def is_root_access_key(access_key_id: str) -> bool:
        del access_key_id
        return False

    evaluator.is_root_access_key = is_root_access_key
    sts.is_root_access_key = is_root_access_key
