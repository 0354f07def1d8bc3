"""A database and a bucket in a running sandbox, for tests of the API and its clients."""

import json
import time
import uuid
from typing import Any

from running_sandbox import RunningSandbox

JSON_SERDE = "org.apache.hive.hcatalog.data.JsonSerDe"
PEOPLE = b'{"id": 1, "name": "ann"}\n{"id": 2}\n'
LONG_QUERY = (
    "SELECT count(*) FROM "
    + " CROSS JOIN ".join(f"UNNEST(ARRAY[{', '.join(map(str, range(100)))}]) {name}(x)" for name in "abcde")
    + " WHERE a.x + b.x + c.x + d.x + e.x = -1"
)
"""10,000,000,000 rows: minutes, unless it is stopped."""


class World:
    """A database with one JSON table of two rows, and a bucket for results."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.name = f"dp-api-{uuid.uuid4().hex[:8]}"
        self.database = self.name.replace("-", "_")
        self.athena, self.s3, self.glue = (sandbox.client(s) for s in ("athena", "s3", "glue"))
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_object(Bucket=self.name, Key="people/a.json", Body=PEOPLE)
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.glue.create_table(
            DatabaseName=self.database,
            TableInput={
                "Name": "people",
                "TableType": "EXTERNAL_TABLE",
                "StorageDescriptor": {
                    "Columns": [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}],
                    "Location": f"s3://{self.name}/people/",
                    "SerdeInfo": {"SerializationLibrary": JSON_SERDE},
                },
            },
        )

    @property
    def output(self) -> str:
        return f"s3://{self.name}/results/"

    def start(self, sql: str, client: Any = None, **options: Any) -> str:
        options.setdefault("ResultConfiguration", {"OutputLocation": self.output})
        options.setdefault("QueryExecutionContext", {"Database": self.database})
        answer = (client or self.athena).start_query_execution(QueryString=sql, **options)
        return str(answer["QueryExecutionId"])

    def wait(self, execution_id: str, client: Any = None) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = (client or self.athena).get_query_execution(QueryExecutionId=execution_id)
            if found["QueryExecution"]["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(found["QueryExecution"])
            time.sleep(0.05)

    def run(self, sql: str, client: Any = None, **options: Any) -> dict[str, Any]:
        return self.wait(self.start(sql, client, **options), client)

    def rows(self, execution: dict[str, Any]) -> list[list[str | None]]:
        answer = self.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer["ResultSet"]["Rows"]]

    def role(self, *statements: dict[str, Any]) -> dict[str, str]:
        """Credentials of a new role with these permissions."""
        iam, sts = self.sandbox.client("iam"), self.sandbox.client("sts")
        name = f"dp-{uuid.uuid4().hex[:8]}"
        account = sts.get_caller_identity()["Account"]
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
        self.allow(name, *statements)
        credentials: dict[str, str] = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {**credentials, "RoleName": name}

    def allow(self, role: str, *statements: dict[str, Any]) -> None:
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Resource": "*", **s} for s in statements],
        }
        self.sandbox.client("iam").put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(document))
