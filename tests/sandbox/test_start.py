"""The learner gets an account that answers, and nothing beyond it."""

from running_sandbox import RunningSandbox


def test_the_learner_has_an_account(sandbox: RunningSandbox) -> None:
    identity = sandbox.client("sts").get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert identity["Arn"] == "arn:aws:iam::123456789012:user/learner"
