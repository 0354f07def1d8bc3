"""Small hooks into the emulator, one module for each thing that it does not do as AWS does.

They reach for private names, which is why `ministack` is pinned to one version; `tests/sandbox` says when a hook no
longer fits.
"""

from workshop.sandbox.mends import (
    alarms,
    asynchronous,
    bucket_configurations,
    doors,
    glue_catalog,
    glue_partitions,
    lambda_environment,
    lambda_errors,
    object_encryption,
    policy_documents,
    resources,
    root_keys,
    sessions,
    state_machines,
)


def install_mends(work_group_of: resources.WorkGroupOf) -> None:
    """Install every mend. Call once, after `import ministack.app` and before it serves.

    `work_group_of` maps the id of an Athena query execution to its work group, None for an unknown id.
    """
    doors.close_other_doors()
    root_keys.close_root_keys()
    policy_documents.keep_parsed_policies()
    sessions.keep_sessions()
    sessions.randomize_lambda_credentials()
    lambda_environment.narrow_lambda_environment()
    lambda_errors.name_exceptions()
    asynchronous.invoke_as_aws_does()
    state_machines.invoke_as_the_role()
    object_encryption.check_object_keys()
    bucket_configurations.keep_bucket_configurations()
    resources.check_right_resources(work_group_of)
    alarms.describe_alarms_fully()
    glue_partitions.add_update_partition()
    glue_catalog.complete_the_catalog()
