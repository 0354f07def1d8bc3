"""The mends hook into private names of one version of ministack. This says which hook a new version breaks.

The names are looked up in the source: importing the emulator would set this process up as a server.
"""

import ast
import importlib.metadata
import importlib.util
import tomllib
from functools import cache
from pathlib import Path

import pytest

from workshop.paths import REPOSITORY

# Module, function, its parameters as our replacement or our call expects them.
FUNCTIONS = [
    ("app", "_handle_pre_body_request", "method path headers query_params request_id"),
    ("app", "_handle_post_body_shortcuts", "method path headers body query_params request_id"),
    ("app", "_handle_special_data_plane_request",
     "method path headers body query_params request_id raw_path raw_query_string client_ip"),
    ("app", "_handle_s3_control_request", "path method body query_params request_id headers"),
    ("app", "_handle_options_request", "method path headers query_params request_id"),
    ("app", "_get_module", "name"),
    ("core.persistence", "_json_default", "obj"),
    ("core.persistence", "_state_format_version", "service"),
    ("core.iam_evaluator", "is_root_access_key", "access_key_id"),
    ("core.iam_evaluator", "_served_unsigned", "service iam_action"),
    ("core.iam_evaluator", "enforce", "access_key_id iam_action service region resource_arn service_context"),
    ("core.iam_evaluator", "parse_policy_document", "doc"),
    ("core.iam_evaluator", "resolve_credential", "access_key_id account_id session_token"),
    ("core.iam_actions", "extract_resource_arn", "service method path headers body query_params region account_id"),
    ("core.iam_actions", "identity_denial_message", "action principal_arn resource explicit_deny"),
    ("core.lambda_runtime", "execution_credentials", "config"),
    ("core.lambda_runtime", "_account_region_from_function_config", "config"),
    ("services.sts", "register_session", "access_key session"),
    ("services.sts", "_evict_expired_sessions", ""),
    ("services.sts", "get_state", ""),
    ("services.sts", "load_persisted_state", "data"),
    ("services.s3", "_resolve_sse_write_headers", "headers bucket_name"),
    ("services.s3", "_check_sse_read_headers", "headers obj"),
    ("services.s3", "_check_sse_c_copy_source", "headers src_obj"),
    ("services.s3", "_check_sse_c_part", "headers upload"),
    ("services.s3", "_stored_sse_headers", "obj"),
    ("services.s3", "_error", "code message status resource extra headers"),
    ("services.kms", "_resolve_key", "key_id_or_arn"),
    ("services.cloudwatch", "_put_metric_alarm", "params cbor_data is_cbor is_json"),
    ("services.cloudwatch", "_describe_alarms", "params cbor_data is_cbor is_json"),
    ("services.eventbridge", "_invoke_target", "target event rule view"),
    ("services.eventbridge", "_dispatch_to_lambda", "arn payload"),
    ("services.stepfunctions", "_run_execution", "exec_arn"),
    ("services.stepfunctions", "_fail_execution", "execution error cause"),
    ("services.stepfunctions", "_call_lambda", "func_ref event"),
    ("services.lambda_svc", "invoke_async_with_retry", "func event"),
    ("services.lambda_svc", "_execute_function_warm", "func event request_id"),
    ("services.lambda_svc", "_get_func_record_for_ref", "*"),
    ("services.lambda_svc", "_execution_record_for_config", "*"),
    ("services.lambda_svc", "_execute_function", "*"),
]  # fmt: skip

# Module, name of something that is not a function.
VALUES = [
    ("app", "SERVICE_HANDLERS"), ("app", "SERVICE_REGISTRY"), ("app", "_state_map"), ("app", "_loaded_modules"),
    ("core.iam_evaluator", "_anonymous"), ("services.sts", "_sessions"), ("services.iam", "_policies"),
    ("services.iam", "_access_keys"), ("services.s3", "_buckets"), ("services.s3", "_bucket_encryption"),
    ("services.athena", "_named_queries"), ("services.cloudwatch", "_alarms"),
    ("services.stepfunctions", "_executions"), ("services.stepfunctions", "_state_machines"),
    ("services.lambda_svc", "_LAMBDA_ASYNC_RETRY_BASE_SECONDS"),
    ("services.lambda_svc", "_LAMBDA_ASYNC_RETRY_MAX_SECONDS"),
]  # fmt: skip


@cache
def tree(module: str) -> ast.Module:
    package = importlib.util.find_spec("ministack")
    assert package is not None and package.origin is not None
    return ast.parse((Path(package.origin).parent / f"{module.replace('.', '/')}.py").read_text())


def functions(module: str) -> dict[str, list[str]]:
    return {
        node.name: [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
        for node in tree(module).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def values(module: str) -> set[str]:
    found = set()
    for node in tree(module).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_one_version_is_pinned_and_installed() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert "ministack[full]==1.5.33" in project["project"]["dependencies"]
    assert importlib.metadata.version("ministack") == "1.5.33"


@pytest.mark.parametrize(("module", "name", "parameters"), FUNCTIONS, ids=[f"{m}.{n}" for m, n, _ in FUNCTIONS])
def test_a_function_takes_what_we_hook_into(module: str, name: str, parameters: str) -> None:
    found = functions(module)
    assert name in found
    assert parameters == "*" or found[name] == parameters.split()


@pytest.mark.parametrize(("module", "name"), VALUES, ids=[f"{m}.{n}" for m, n in VALUES])
def test_a_value_is_where_we_look_for_it(module: str, name: str) -> None:
    assert name in values(module)


def test_replaced_functions_are_called_by_their_module_and_nowhere_copied() -> None:
    """A name that another module imports at its top would keep the original: those imports must be inside functions."""
    package = importlib.util.find_spec("ministack")
    assert package is not None and package.origin is not None
    replaced = {
        "is_root_access_key": {"services/sts.py"},  # replaced there as well
        "enforce": set(),
        "extract_resource_arn": set(),
        "execution_credentials": {"services/lambda_svc.py"},  # used there for containers only
        "invoke_async_with_retry": set(),
    }
    copied: dict[str, set[str]] = {name: set() for name in replaced}
    root = Path(package.origin).parent
    for path in root.rglob("*.py"):
        text = path.read_text()
        if not any(name in text for name in replaced):
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom):
                for name in {alias.name for alias in node.names} & set(replaced):
                    copied[name].add(str(path.relative_to(root)))
    assert copied == replaced
