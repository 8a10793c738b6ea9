# Made of the JSON documents of manifests/iam by `make iam`. Do not edit.
locals {
  policy = {
    "Version" : "2012-10-17",
    "Statement" : [
      {
        "Sid" : "LookAround",
        "Effect" : "Allow",
        "Action" : [
          "sagemaker:ListEndpoints",
          "sagemaker:DescribeEndpoint",
          "sagemaker:ListEndpointConfigs",
          "sagemaker:DescribeEndpointConfig",
          "sagemaker:ListModels",
          "sagemaker:DescribeModel",
          "sagemaker:ListTags",
          "application-autoscaling:DescribeScalableTargets",
          "application-autoscaling:DescribeScalingPolicies",
          "application-autoscaling:DescribeScheduledActions",
          "cloudwatch:DescribeAlarms",
          "cloudwatch:GetMetricData",
          "cloudwatch:ListTagsForResource",
          "tag:GetResources"
        ],
        "Resource" : "*"
      },
      {
        "Sid" : "MakeModelsAndConfigs",
        "Effect" : "Allow",
        "Action" : [
          "sagemaker:CreateModel",
          "sagemaker:CreateEndpointConfig"
        ],
        "Resource" : [
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:model/*",
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:endpoint-config/*"
        ],
        "Condition" : {
          "StringEquals" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "MakeEndpoints",
        "Effect" : "Allow",
        "Action" : [
          "sagemaker:CreateEndpoint"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:sagemaker:*:*:endpoint/*",
        "Condition" : {
          "StringEquals" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "TagWhatIsBeingMade",
        "Effect" : "Allow",
        "Action" : [
          "sagemaker:AddTags"
        ],
        "Resource" : [
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:model/*",
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:endpoint*/*"
        ],
        "Condition" : {
          "StringEquals" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id,
            "sagemaker:TaggingAction" : [
              "CreateModel",
              "CreateEndpointConfig",
              "CreateEndpoint"
            ]
          }
        }
      },
      {
        "Sid" : "UseChangeAndDeleteWhatIsTagged",
        "Effect" : "Allow",
        "Action" : [
          "sagemaker:CreateEndpoint",
          "sagemaker:UpdateEndpoint",
          "sagemaker:UpdateEndpointWeightsAndCapacities",
          "sagemaker:DeleteEndpoint",
          "sagemaker:DeleteEndpointConfig",
          "sagemaker:DeleteModel",
          "sagemaker:DeleteTags"
        ],
        "Resource" : [
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:model/*",
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:endpoint*/*"
        ],
        "Condition" : {
          "StringEquals" : {
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "TagAgainWhatIsTagged",
        "Effect" : "Allow",
        "Action" : [
          "sagemaker:AddTags"
        ],
        "Resource" : [
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:model/*",
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:endpoint*/*"
        ],
        "Condition" : {
          "StringEquals" : {
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          },
          "StringEqualsIfExists" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "GiveModelsTheirRole",
        "Effect" : "Allow",
        "Action" : [
          "iam:PassRole"
        ],
        "Resource" : var.execution_role_arns,
        "Condition" : {
          "StringEquals" : {
            "iam:PassedToService" : "sagemaker.amazonaws.com"
          }
        }
      },
      {
        "Sid" : "ScaleEndpoints",
        "Effect" : "Allow",
        "Action" : [
          "application-autoscaling:RegisterScalableTarget",
          "application-autoscaling:DeregisterScalableTarget",
          "application-autoscaling:PutScalingPolicy",
          "application-autoscaling:DeleteScalingPolicy",
          "application-autoscaling:PutScheduledAction",
          "application-autoscaling:DeleteScheduledAction"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:application-autoscaling:*:*:scalable-target/*",
        "Condition" : {
          "StringEquals" : {
            "application-autoscaling:service-namespace" : "sagemaker",
            "application-autoscaling:scalable-dimension" : [
              "sagemaker:variant:DesiredInstanceCount",
              "sagemaker:variant:DesiredProvisionedConcurrency"
            ]
          }
        }
      },
      {
        "Sid" : "LetScalingHaveItsRole",
        "Effect" : "Allow",
        "Action" : [
          "iam:CreateServiceLinkedRole"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:iam::*:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*",
        "Condition" : {
          "StringLike" : {
            "iam:AWSServiceName" : "sagemaker.application-autoscaling.amazonaws.com"
          }
        }
      },
      {
        "Sid" : "AlarmsOfTargetTracking",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:PutMetricAlarm",
          "cloudwatch:DeleteAlarms"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:cloudwatch:*:*:alarm:TargetTracking-endpoint/*"
      },
      {
        "Sid" : "AlarmsOfNoOtherCluster",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:PutMetricAlarm",
          "cloudwatch:DeleteAlarms"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:cloudwatch:*:*:alarm:smendpoints/*",
        "Condition" : {
          "StringEqualsIfExists" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id,
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "TagAlarmsAsTheClusters",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:TagResource"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:cloudwatch:*:*:alarm:smendpoints/*",
        "Condition" : {
          "StringEquals" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id
          },
          "StringEqualsIfExists" : {
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "SetAndLetGoOfItsAlarms",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:SetAlarmState",
          "cloudwatch:UntagResource"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:cloudwatch:*:*:alarm:smendpoints/*",
        "Condition" : {
          "StringEquals" : {
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      }
    ]
  }

  optional_policy = {
    "Version" : "2012-10-17",
    "Statement" : [
      {
        "Sid" : "OptionalLookAtDashboards",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:ListDashboards",
          "cloudwatch:GetDashboard"
        ],
        "Resource" : "*"
      },
      {
        "Sid" : "OptionalDashboardsOfNoOtherCluster",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:PutDashboard",
          "cloudwatch:DeleteDashboards"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:cloudwatch::*:dashboard/smendpoints-*",
        "Condition" : {
          "StringEqualsIfExists" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id,
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "OptionalTagDashboardsAsTheClusters",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:TagResource"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:cloudwatch::*:dashboard/smendpoints-*",
        "Condition" : {
          "StringEquals" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id
          },
          "StringEqualsIfExists" : {
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "OptionalLetGoOfItsDashboards",
        "Effect" : "Allow",
        "Action" : [
          "cloudwatch:UntagResource"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:cloudwatch::*:dashboard/smendpoints-*",
        "Condition" : {
          "StringEquals" : {
            "aws:ResourceTag/smendpoints.dev/cluster" : var.cluster_id
          }
        }
      },
      {
        "Sid" : "OptionalAdoption",
        "Effect" : "Allow",
        "Action" : [
          "sagemaker:AddTags"
        ],
        "Resource" : [
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:model/*",
          "arn:${data.aws_partition.current.partition}:sagemaker:*:*:endpoint*/*"
        ],
        "Condition" : {
          "StringEquals" : {
            "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id
          },
          "Null" : {
            "aws:ResourceTag/smendpoints.dev/cluster" : "true",
            "sagemaker:TaggingAction" : "true"
          }
        }
      },
      {
        "Sid" : "OptionalKeysOfVolumes",
        "Effect" : "Allow",
        "Action" : [
          "kms:CreateGrant"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:kms:*:*:key/*",
        "Condition" : {
          "Bool" : {
            "kms:GrantIsForAWSResource" : "true"
          },
          "StringLike" : {
            "kms:ViaService" : "sagemaker.*.${data.aws_partition.current.dns_suffix}"
          }
        }
      },
      {
        "Sid" : "OptionalLooks",
        "Effect" : "Allow",
        "Action" : [
          "ecr:DescribeImages",
          "s3:ListBucket",
          "iam:GetRole",
          "iam:SimulatePrincipalPolicy",
          "secretsmanager:DescribeSecret",
          "sns:GetTopicAttributes",
          "servicequotas:ListServiceQuotas",
          "pricing:GetProducts"
        ],
        "Resource" : "*"
      },
      {
        "Sid" : "OptionalLogsOfFailures",
        "Effect" : "Allow",
        "Action" : [
          "logs:DescribeLogStreams",
          "logs:GetLogEvents"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:logs:*:*:log-group:/aws/sagemaker/Endpoints/*"
      },
      {
        "Sid" : "OptionalOutcomes",
        "Effect" : "Allow",
        "Action" : [
          "s3:GetObject"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:s3:::*/_outcomes/*"
      },
      {
        "Sid" : "OptionalEvents",
        "Effect" : "Allow",
        "Action" : [
          "sqs:ReceiveMessage",
          "sqs:DeleteMessage"
        ],
        "Resource" : "arn:${data.aws_partition.current.partition}:sqs:*:*:smendpoints-events"
      }
    ]
  }

  trusts = {
    "irsa" : {
      "Version" : "2012-10-17",
      "Statement" : [
        {
          "Sid" : "TheOperatorsAccountMayUseIt",
          "Effect" : "Allow",
          "Principal" : {
            "Federated" : "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${var.oidc_provider}"
          },
          "Action" : "sts:AssumeRoleWithWebIdentity",
          "Condition" : {
            "StringEquals" : {
              "${var.oidc_provider}:aud" : "sts.amazonaws.com",
              "${var.oidc_provider}:sub" : "system:serviceaccount:${var.namespace}:${var.service_account}"
            }
          }
        }
      ]
    },
    "pod-identity" : {
      "Version" : "2012-10-17",
      "Statement" : [
        {
          "Sid" : "TheOperatorsAccountMayUseIt",
          "Effect" : "Allow",
          "Principal" : {
            "Service" : "pods.eks.amazonaws.com"
          },
          "Action" : [
            "sts:AssumeRole",
            "sts:TagSession"
          ],
          "Condition" : {
            "StringEquals" : {
              "aws:SourceAccount" : data.aws_caller_identity.current.account_id,
              "aws:RequestTag/kubernetes-namespace" : var.namespace,
              "aws:RequestTag/kubernetes-service-account" : var.service_account
            }
          }
        }
      ]
    },
    "cross-account" : {
      "Version" : "2012-10-17",
      "Statement" : [
        {
          "Sid" : "TheOperatorOfAnotherAccountMayUseIt",
          "Effect" : "Allow",
          "Principal" : {
            "AWS" : var.operator_role_arn
          },
          "Action" : "sts:AssumeRole",
          "Condition" : {
            "StringEquals" : {
              "sts:ExternalId" : var.external_id
            }
          }
        },
        {
          "Sid" : "ItsSessionsMayBearTags",
          "Effect" : "Allow",
          "Principal" : {
            "AWS" : var.operator_role_arn
          },
          "Action" : "sts:TagSession",
          "Condition" : {
            "StringEquals" : {
              "aws:RequestTag/smendpoints.dev/cluster" : var.cluster_id
            }
          }
        }
      ]
    }
  }
}
