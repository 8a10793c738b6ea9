"""A repository for images, and a bucket for models and answers."""

from smclient.aws.session import told
from smclient.preparing.calls import TAG, Calls

_PRIVATE = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


class Storage(Calls):
    """Makes and removes both."""

    def make_repository(self) -> None:
        name = self.names.repository
        if self.found("ecr", "describe_repositories", repositoryNames=[name]) is not None:
            self.say(f"repository {name}: there")
            return
        self.do(
            "ecr",
            "create_repository",
            repositoryName=name,
            imageScanningConfiguration={"scanOnPush": True},
            encryptionConfiguration={"encryptionType": "AES256"},
            tags=[{"Key": TAG, "Value": "true"}],
        )
        self.done(f"repository {name}: made, images are scanned on push")

    def remove_repository(self) -> None:
        name = self.names.repository
        found = self.found("ecr", "describe_repositories", repositoryNames=[name])
        if found is None:
            return
        arn = found["repositories"][0]["repositoryArn"]
        tags = self.found("ecr", "list_tags_for_resource", resourceArn=arn) or {}
        if self.is_ours(f"repository {name}", {each["Key"]: each["Value"] for each in tags.get("tags", [])}):
            self.do("ecr", "delete_repository", repositoryName=name, force=True)
            self.done(f"repository {name}: removed, with its images")

    def make_bucket(self) -> None:
        name = self.names.bucket
        there = self.found("s3", "head_bucket", Bucket=name) is not None
        if there and not self._bucket_is_ours():
            self.say(f"bucket {name}: there, not made by bootstrap, left as it is")
            return
        if not there:
            # With its tag at once: interrupted between two calls, it would be taken for somebody else's for ever.
            tags = {"Tags": [{"Key": TAG, "Value": "true"}]}
            place = {} if self.aws.region == "us-east-1" else {"LocationConstraint": self.aws.region}
            self.do("s3", "create_bucket", Bucket=name, CreateBucketConfiguration={**place, **tags})
        self.do("s3", "put_public_access_block", Bucket=name, PublicAccessBlockConfiguration=_PRIVATE)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self.do("s3", "put_bucket_encryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        self.done(f"bucket {name}: {'there' if there else 'made'}, encrypted, not public")

    def remove_bucket(self) -> None:
        name = self.names.bucket
        if self.found("s3", "head_bucket", Bucket=name) is None:
            return
        if not self._bucket_is_ours():
            self.say(f"bucket {name}: not made by bootstrap, left as it is")
            return
        with told(f"list {name}"):
            pages = self.aws.client("s3").get_paginator("list_object_versions").paginate(Bucket=name)
            for page in pages:
                every = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in every]
                if objects:
                    self.do("s3", "delete_objects", Bucket=name, Delete={"Objects": objects, "Quiet": True})
        self.do("s3", "delete_bucket", Bucket=name)
        self.done(f"bucket {name}: removed, with all in it")

    def _bucket_is_ours(self) -> bool:
        found = self.found("s3", "get_bucket_tagging", Bucket=self.names.bucket) or {}
        return any(each["Key"] == TAG for each in found.get("TagSet", []))
