"""An S3 server on this machine, for the tests: moto's, with its signatures verified.

Prints one line of JSON (port and access key) and serves until its input ends. A request that is not signed with that
key, or not for the bucket, is refused as S3 does.
"""

import json
import os
import sys

BUCKET = sys.argv[1]
# Calls until keys count: the four below.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"
for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
    os.environ[name] = "setup"
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"

import logging

logging.getLogger("werkzeug").disabled = True

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
endpoint = f"http://127.0.0.1:{port}"
iam = boto3.client("iam", endpoint_url=endpoint)
iam.create_user(UserName="hub")
key = iam.create_access_key(UserName="hub")["AccessKey"]
statement = {
    "Effect": "Allow",
    "Action": "s3:*",
    "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
}
policy = {"Version": "2012-10-17", "Statement": [statement]}
iam.put_user_policy(UserName="hub", PolicyName="bucket", PolicyDocument=json.dumps(policy))
boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
print(json.dumps({"port": port, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)
sys.stdin.read()
server.stop()
