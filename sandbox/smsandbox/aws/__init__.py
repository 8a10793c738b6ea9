"""The AWS simulator: one HTTP endpoint (or in-process hook) that boto3, the AWS CLI and other SDKs take for AWS.

SageMaker hosting, SageMaker Runtime, Application Auto Scaling and alarms are the simulator's own; everything else is
moto's, in the same process. `core` needs neither threads nor sockets. Its README says what each room holds.
"""
