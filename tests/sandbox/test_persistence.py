"""What was acknowledged is there after `kill -9`, and after an orderly stop."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from running_sandbox import RunningSandbox, kill, trust

from workshop.sandbox import lifecycle


@pytest.fixture(scope="module")
def mortal(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """A sandbox that these tests may kill."""
    return start_sandbox()


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("index.py", "def handler(event, context):\n    return event\n")
    return content.getvalue()


class Resources:
    """One resource of every service the course uses: how to make it, and how to read it back."""

    def __init__(self, sandbox: RunningSandbox, suffix: str) -> None:
        self.client = sandbox.client
        self.name = f"dp-kept-{suffix}"

    def iam(self) -> Callable[[], Any]:
        iam = self.client("iam")
        iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))
        return lambda: iam.get_role(RoleName=self.name)["Role"]["RoleId"]

    def sts(self) -> Callable[[], Any]:
        role = f"arn:aws:iam::123456789012:role/{self.name}-user"
        trusted = trust(AWS="arn:aws:iam::123456789012:user/learner")
        self.client("iam").create_role(RoleName=f"{self.name}-user", AssumeRolePolicyDocument=trusted)
        session = self.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
        assumed = self.client("sts", session)
        return lambda: assumed.get_caller_identity()["Arn"]

    def s3(self) -> Callable[[], Any]:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=self.name)
        s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket=self.name, Key="a/b", Body=b"one", Metadata={"who": "first"}, Tagging="x=1")
        s3.put_object(Bucket=self.name, Key="a/b", Body=b"two", Metadata={"who": "second"}, ContentType="text/csv")
        s3.put_object(Bucket=self.name, Key="gone", Body=b"x")
        s3.delete_object(Bucket=self.name, Key="gone")

        def look() -> Any:
            versions = s3.list_object_versions(Bucket=self.name)
            kept = sorted((v["Key"], v["VersionId"], v["IsLatest"], v["ETag"]) for v in versions["Versions"])
            markers = [(m["Key"], m["IsLatest"]) for m in versions["DeleteMarkers"]]
            bodies = [s3.get_object(Bucket=self.name, Key=v[0], VersionId=v[1]) for v in kept]
            described = [(b["Body"].read(), b["Metadata"], b["ContentType"], b.get("TagCount")) for b in bodies]
            return kept, markers, described, s3.get_bucket_versioning(Bucket=self.name)["Status"]

        return look

    def kms(self) -> Callable[[], Any]:
        kms = self.client("kms")
        key = kms.create_key(Description=self.name)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{self.name}", TargetKeyId=key)
        secret = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
        return lambda: (kms.describe_key(KeyId=f"alias/{self.name}")["KeyMetadata"]["Arn"],
                        kms.decrypt(CiphertextBlob=secret)["Plaintext"])  # fmt: skip

    def glue(self) -> Callable[[], Any]:
        glue, database = self.client("glue"), self.name.replace("-", "_")
        glue.create_database(DatabaseInput={"Name": database})
        keys = [{"Name": "day", "Type": "date"}]
        glue.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": keys})
        glue.create_partition(DatabaseName=database, TableName="t", PartitionInput={"Values": ["2020-12-18"]})
        return lambda: [p["Values"] for p in glue.get_partitions(DatabaseName=database, TableName="t")["Partitions"]]

    def lambda_(self) -> Callable[[], Any]:
        client = self.client("lambda")
        role = f"arn:aws:iam::123456789012:role/{self.name}-fn"
        self.client("iam").create_role(
            RoleName=f"{self.name}-fn", AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com")
        )
        client.create_function(
            FunctionName=self.name, Runtime="python3.13", Role=role, Handler="index.handler",
            Code={"ZipFile": archive()}, Environment={"Variables": {"A": "1"}},
        )  # fmt: skip

        def look() -> Any:
            configuration = client.get_function_configuration(FunctionName=self.name)
            answer = client.invoke(FunctionName=self.name, Payload=b'{"n": 1}')["Payload"].read()
            return configuration["CodeSha256"], configuration["Environment"], json.loads(answer)

        return look

    def ssm(self) -> Callable[[], Any]:
        ssm = self.client("ssm")
        ssm.put_parameter(Name=f"/{self.name}", Value="hidden", Type="SecureString")
        return lambda: ssm.get_parameter(Name=f"/{self.name}", WithDecryption=True)["Parameter"]["Value"]

    def scheduler(self) -> Callable[[], Any]:
        scheduler = self.client("scheduler")
        target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/dp-x"}
        window = {"Mode": "OFF"}
        scheduler.create_schedule(
            Name=self.name, ScheduleExpression="rate(1 days)", Target=target, FlexibleTimeWindow=window
        )
        return lambda: scheduler.get_schedule(Name=self.name)["Target"]

    def sqs(self) -> Callable[[], Any]:
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=self.name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="hello")
        count = "ApproximateNumberOfMessages"
        return lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])["Attributes"][count]

    def sns(self) -> Callable[[], Any]:
        sns = self.client("sns")
        arn = sns.create_topic(Name=self.name)["TopicArn"]
        return lambda: sns.get_topic_attributes(TopicArn=arn)["Attributes"]["TopicArn"]

    def dynamodb(self) -> Callable[[], Any]:
        table = self.client("dynamodb")
        schema = [{"AttributeName": "LockID", "KeyType": "HASH"}]
        attributes = [{"AttributeName": "LockID", "AttributeType": "S"}]
        table.create_table(
            TableName=self.name, KeySchema=schema, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
        )
        table.put_item(TableName=self.name, Item={"LockID": {"S": "state"}})
        return lambda: table.scan(TableName=self.name)["Items"]

    def cloudwatch(self) -> Callable[[], Any]:
        client = self.client("cloudwatch")
        client.put_metric_alarm(
            AlarmName=self.name, MetricName="Errors", Namespace="AWS/Lambda", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        return lambda: client.describe_alarms(AlarmNames=[self.name])["MetricAlarms"][0]["MetricName"]

    def logs(self) -> Callable[[], Any]:
        logs = self.client("logs")
        logs.create_log_group(logGroupName=self.name)
        logs.put_retention_policy(logGroupName=self.name, retentionInDays=14)
        return lambda: logs.describe_log_groups(logGroupNamePrefix=self.name)["logGroups"][0]["retentionInDays"]

    def athena(self) -> Callable[[], Any]:
        athena = self.client("athena")
        athena.create_work_group(Name=self.name)
        return lambda: athena.get_work_group(WorkGroup=self.name)["WorkGroup"]["State"]

    def tagging(self) -> Callable[[], Any]:
        sns = self.client("sns")
        arn = sns.create_topic(Name=f"{self.name}-tagged")["TopicArn"]
        self.client("resourcegroupstaggingapi").tag_resources(ResourceARNList=[arn], Tags={"course": "yes"})
        return lambda: sns.list_tags_for_resource(ResourceArn=arn)["Tags"]


SERVICES = (
    *("iam", "sts", "s3", "kms", "glue", "lambda_", "ssm", "scheduler", "sqs", "sns", "dynamodb", "cloudwatch"),
    *("logs", "athena", "tagging"),
)


def test_everything_acknowledged_survives_a_kill(mortal: RunningSandbox) -> None:
    made = {}
    before = {}
    resources = Resources(mortal, "killed")
    for service in SERVICES:
        made[service] = getattr(resources, service)()
        before[service] = made[service]()
    kill(mortal)
    lifecycle.up(mortal.home)
    for service, look in made.items():
        assert look() == before[service], service


@pytest.mark.parametrize("service", ["iam", "s3", "glue", "ssm"])
def test_the_very_last_call_before_a_kill_survives(mortal: RunningSandbox, service: str) -> None:
    look = getattr(Resources(mortal, f"last-{service}"), service)()
    kill(mortal)
    lifecycle.up(mortal.home)
    assert look()


def test_everything_survives_an_orderly_stop(mortal: RunningSandbox) -> None:
    resources = Resources(mortal, "stopped")
    made = {service: getattr(resources, service)() for service in SERVICES}
    before = {service: look() for service, look in made.items()}
    assert lifecycle.down(mortal.home)
    lifecycle.up(mortal.home)
    for service, look in made.items():
        assert look() == before[service], service


def test_files_are_the_users_own(mortal: RunningSandbox) -> None:
    files = [path for path in mortal.home.root.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert mortal.home.root.stat().st_mode & 0o077 == 0
    # The outer folder keeps others out already; keys and state do not rely on it.
    private = [path for path in files if path.suffix in {".json", ".key", ".pem"} and path != mortal.home.start_log]
    assert [path for path in private if path.stat().st_mode & 0o077] == []
