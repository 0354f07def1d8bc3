"""What the learner may do: build and operate the course's own resources.

Whoever may write the policies of roles that they may also assume can give themselves more, here as on AWS: the names
that start with PREFIX keep the learner's rights in order, they are no prison.
"""

from typing import Any

# Names of the course's resources all start like this.
PREFIX = "dp-"


def learner_policy(account: str) -> dict[str, Any]:
    """Return the IAM policy of the user `learner` in `account`."""
    iam = f"arn:aws:iam::{account}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("Lake", ["s3:*"], [f"arn:aws:s3:::{PREFIX}*", f"arn:aws:s3:::{PREFIX}*/*"]),
            _allow("ListBuckets", ["s3:ListAllMyBuckets", "s3:GetAccountPublicAccessBlock"], ["*"]),
            # Keys get their identifiers from AWS, so no name can scope them; their own policies do.
            _allow("Keys", ["kms:*"], ["*"]),
            _allow(
                "Roles",
                _iam("*Role *RolePolicy *RolePolicies *RoleTags ListInstanceProfilesForRole UpdateAssumeRolePolicy"),
                [f"{iam}:role/{PREFIX}*"],
            ),
            _allow(
                "Policies",
                _iam("CreatePolicy* DeletePolicy* GetPolicy* ListPolicy* ListEntitiesForPolicy")
                + _iam("SetDefaultPolicyVersion TagPolicy UntagPolicy"),
                [f"{iam}:policy/{PREFIX}*"],
            ),
            _allow(
                "OidcProviders",
                _iam("*OpenIDConnectProvider*"),
                [f"{iam}:oidc-provider/token.actions.githubusercontent.com"],
            ),
            _allow(
                "LookAtIam",
                _iam("GetUser GetPolicy GetPolicyVersion ListAttachedUserPolicies ListUserPolicies ListRoles")
                + _iam("ListPolicies ListOpenIDConnectProviders ListAccountAliases GetAccountSummary")
                + _iam("SimulatePrincipalPolicy"),
                ["*"],
            ),
            _allow("Assume", ["sts:AssumeRole", "sts:TagSession"], [f"{iam}:role/{PREFIX}*"]),
            _allow("WhoAmI", ["sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetAccessKeyInfo"], ["*"]),
            # Of these services the sandbox holds the course's resources only.
            _allow(
                "Services",
                [
                    "athena:*",
                    "budgets:*",
                    "cloudtrail:*",
                    "cloudwatch:*",
                    "dynamodb:*",
                    "events:*",
                    "glue:*",
                    "lambda:*",
                    "logs:*",
                    "resource-groups:*",
                    "scheduler:*",
                    "secretsmanager:*",
                    "sns:*",
                    "sqs:*",
                    "ssm:*",
                    "states:*",
                    "tag:*",
                ],
                ["*"],
            ),
        ],
    }


def _iam(names: str) -> list[str]:
    return [f"iam:{name}" for name in names.split()]


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
