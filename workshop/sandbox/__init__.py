"""The local AWS: an emulator that enforces IAM, KMS, TLS and bucket policies, our Athena, and a replica of GitHub."""
