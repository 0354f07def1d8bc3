"""Asynchronous invocations: retried, their results sent on, each step with the permission of the role that takes it.

Wrong in ministack 1.5.33: OnSuccess destinations are ignored; failures are delivered in a form of its own and without
asking the function's role; what a schedule or a rule fires is neither retried nor sent on, and a schedule's role is not
asked either. AWS: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html. Waits between tries are seconds here.
"""

import contextvars
import datetime
import json
import logging
import os
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

import ministack.core.lambda_runtime as runtime
from ministack.core.responses import get_region, request_scope
from ministack.services import eventbridge, lambda_svc, sts

DEFAULT_RETRIES = 2
DEFAULT_EVENT_AGE_SECONDS = 21600
SESSION_SECONDS = 900

log = logging.getLogger(__name__)


def invoke_as_aws_does() -> None:
    """Replace the emulator's asynchronous invocation, and let schedules and rules use it."""
    invoke_target = eventbridge._invoke_target

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            log.warning("A rule fires function %s, which does not exist", name)
            return
        _invoke(lambda_svc._execution_record_for_config(function, config), json.loads(payload))

    def fire(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> None:
        if "ScheduleExpression" in rule and ":lambda:" in target.get("Arn", ""):
            _in_background(_fire_schedule, target, rule["Name"])
        else:
            invoke_target(target, event, rule, *rest)

    lambda_svc.invoke_async_with_retry = _invoke
    eventbridge._dispatch_to_lambda = dispatch_to_lambda
    eventbridge._invoke_target = fire


def _invoke(function: dict[str, Any], event: Any) -> None:
    _in_background(_run, function, event)


def _in_background(work: Any, *arguments: Any) -> None:
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work, *arguments), daemon=True).start()


def _run(function: dict[str, Any], event: Any) -> None:
    config = function.get("config") or function
    account, region = runtime._account_region_from_function_config(config)
    settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
    retries = settings.get("MaximumRetryAttempts")
    with request_scope(account, region):
        result, tries = _try_often(
            function,
            event,
            DEFAULT_RETRIES if retries is None else int(retries),
            int(settings.get("MaximumEventAgeInSeconds", DEFAULT_EVENT_AGE_SECONDS)),
        )
        failed = bool(result.get("error"))
        destinations = settings.get("DestinationConfig") or {}
        credentials = runtime.execution_credentials(config)
        if destination := destinations.get("OnFailure" if failed else "OnSuccess", {}).get("Destination"):
            _send(destination, _record(config, event, result, tries), credentials, config["FunctionName"])
        if failed and (queue := (config.get("DeadLetterConfig") or {}).get("TargetArn")):
            _send(queue, event, credentials, config["FunctionName"])


def _try_often(function: dict[str, Any], event: Any, retries: int, max_age: int) -> tuple[dict[str, Any], int]:
    """Execute until it works, and say how often it was tried."""
    started = time.monotonic()
    base, longest = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS, lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS
    for number in range(1, retries + 2):
        result: dict[str, Any] = lambda_svc._execute_function(function, event)
        wait = min(base * 2 ** (number - 1), longest)
        if not result.get("error") or number > retries or time.monotonic() - started + wait > max_age:
            break
        time.sleep(wait)
    return result, number


def _record(config: dict[str, Any], event: Any, result: dict[str, Any], tries: int) -> dict[str, Any]:
    """What a destination receives about one invocation."""
    version = config.get("Version", "$LATEST")
    failed = bool(result.get("error"))
    response = {"statusCode": 200, "executedVersion": version}
    return {
        "version": "1.0",
        "timestamp": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"{config['FunctionArn']}:{version}",
            "condition": "RetriesExhausted" if failed else "Success",
            "approximateInvokeCount": tries,
        },
        "requestPayload": event,
        "responseContext": response | ({"functionError": "Unhandled"} if failed else {}),
        "responsePayload": result.get("body"),
    }


def _fire_schedule(target: dict[str, Any], name: str) -> None:
    """Invoke a schedule's function as the schedule's role; what cannot be invoked goes to the dead-letter queue."""
    payload = json.loads(target.get("Input") or "{}")
    credentials = session_of(target["RoleArn"], name)
    sent = _send(target["Arn"], payload, credentials, name)
    if not sent and (queue := target.get("DeadLetterConfig", {}).get("Arn")):
        _send(queue, payload, credentials, name)


def session_of(role_arn: str, name: str) -> Mapping[str, str]:
    """A new session of the role, called `name`: its credentials as the environment variables of AWS's clients."""
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    key = f"ASIA{secrets.token_hex(8).upper()}"
    session = {"SecretAccessKey": secrets.token_urlsafe(30), "SessionToken": secrets.token_urlsafe(60)}
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{name}"
    expiration = time.time() + SESSION_SECONDS
    sts.register_session(key, {**session, "Arn": arn, "UserId": f"{role}:{name}", "Expiration": expiration})
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }


def _send(arn: str, content: Any, credentials: Mapping[str, str], sender: str) -> bool:
    """Send JSON to a queue, topic or function with these credentials; False, and a line in the log, if refused."""
    import boto3  # noqa: PLC0415 - slow to import
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    _, _, service, _, account, name = arn.split(":", 5)
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    body = json.dumps(content)
    try:
        client = boto3.client(
            service,
            region_name=get_region(),
            endpoint_url=endpoint,
            verify=os.environ["AWS_CA_BUNDLE"],
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
        )
        if service == "sqs":
            client.send_message(QueueUrl=f"{endpoint}/{account}/{name}", MessageBody=body)
        elif service == "sns":
            client.publish(TopicArn=arn, Message=body)
        elif service == "lambda":
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
        else:
            log.warning("%s cannot send to %s: the sandbox knows queues, topics and functions", sender, arn)
            return False
    except (BotoCoreError, ClientError) as error:
        log.warning("%s could not send to %s: %s", sender, arn, error)
        return False
    return True
