"""What a sandbox's account holds from its start: the IAM user `learner`, with what the course needs and no more, and
Glue's database `default`."""

import json
from urllib.parse import urlencode

from workshop.sandbox.home import USER, Credentials, SandboxHome, write_private
from workshop.sandbox.policy import learner_policy

POLICY_NAME = "lakehouse-workshop"


async def ensure_learner(home: SandboxHome) -> None:
    """Create the user and its access keys unless they are there, and bring its policy up to date.

    Works on the emulator's IAM inside the server process: over the network nobody may act without keys.
    """
    from ministack.services import iam  # noqa: PLC0415

    account = home.settings.account
    policy_arn = f"arn:aws:iam::{account}:policy/{POLICY_NAME}"
    document = json.dumps(learner_policy(account), sort_keys=True)
    policy = iam._policies.get(policy_arn)
    if policy is None:
        await _call("CreateUser", UserName=USER)
        await _call("CreatePolicy", PolicyName=POLICY_NAME, PolicyDocument=document)
        await _call("AttachUserPolicy", UserName=USER, PolicyArn=policy_arn)
    elif (replaced := policy["DefaultVersionId"]) and policy["Versions"][replaced]["Document"] != document:
        await _call("CreatePolicyVersion", PolicyArn=policy_arn, PolicyDocument=document, SetAsDefault="true")
        await _call("DeletePolicyVersion", PolicyArn=policy_arn, VersionId=replaced)

    known = home.credentials.access_key_id if home.credentials_file.exists() else ""
    if iam._access_keys.get_scoped(account, None, known) is None:
        answer = await _call("CreateAccessKey", UserName=USER)
        credentials = Credentials(_element(answer, "AccessKeyId"), _element(answer, "SecretAccessKey"))
        write_private(home.credentials_file, json.dumps(vars(credentials)) + "\n")


async def ensure_default_database() -> None:
    """Create the database `default`, which Athena makes in every account, unless it is there.

    Its name is no name of the course's: nothing that looks for leftovers takes it for one.
    """
    from ministack.services import glue  # noqa: PLC0415

    body = json.dumps({"DatabaseInput": {"Name": "default", "Description": "Default Hive database"}}).encode()
    status, _, answer = await glue.handle_request("POST", "/", {"x-amz-target": "AWSGlue.CreateDatabase"}, body, {})
    if status != 200 and b"AlreadyExists" not in bytes(answer):
        raise RuntimeError(f"Glue answered {status} to CreateDatabase: {answer!r}")


async def _call(action: str, **parameters: str) -> str:
    from ministack.services import iam  # noqa: PLC0415

    form = urlencode({"Action": action, "Version": "2010-05-08", **parameters}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    status, _, body = await iam.handle_request("POST", "/", headers, form, {})
    text = body.decode() if isinstance(body, bytes) else str(body)
    if status != 200:
        raise RuntimeError(f"IAM answered {status} to {action}: {text}")
    return text


def _element(xml: str, name: str) -> str:
    return xml.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
