# Made of the JSON documents of manifests/iam by `make iam`. Do not edit.
locals {
  policy = {
    "Version" : "2012-10-17",
    "Statement" : [
      {
        "Sid" : "ReadModels",
        "Effect" : "Allow",
        "Action" : [
          "s3:GetObject"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}/*"
      },
      {
        "Sid" : "ListModels",
        "Effect" : "Allow",
        "Action" : [
          "s3:ListBucket",
          "s3:GetBucketLocation"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
      },
      {
        "Sid" : "WriteAnswersAndCapturedData",
        "Effect" : "Allow",
        "Action" : [
          "s3:PutObject",
          "s3:AbortMultipartUpload"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}/*"
      },
      {
        "Sid" : "PullTheImage",
        "Effect" : "Allow",
        "Action" : [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:ecr:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:repository/${var.repository}"
      },
      {
        "Sid" : "LogInToTheRegistry",
        "Effect" : "Allow",
        "Action" : [
          "ecr:GetAuthorizationToken"
        ],
        "Resource" : "*"
      },
      {
        "Sid" : "WriteLogs",
        "Effect" : "Allow",
        "Action" : [
          "logs:CreateLogGroup",
          "logs:CreateLogStream",
          "logs:DescribeLogStreams",
          "logs:PutLogEvents"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/sagemaker/*"
      },
      {
        "Sid" : "PublishMetrics",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:PutMetricData"
        ],
        "Resource" : "*",
        "Condition" : {
          "StringEquals" : {
            "cloudwatch:namespace" : [
              "AWS/SageMaker",
              "/aws/sagemaker/Endpoints"
            ]
          }
        }
      },
      {
        "Sid" : "SeeTheAlarmsOfARollout",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:DescribeAlarms"
        ],
        "Resource" : "*"
      }
    ]
  }

  trust = {
    "Version" : "2012-10-17",
    "Statement" : [
      {
        "Sid" : "SageMakerMayUseIt",
        "Effect" : "Allow",
        "Principal" : {
          "Service" : "sagemaker.amazonaws.com"
        },
        "Action" : "sts:AssumeRole"
      }
    ]
  }
}
