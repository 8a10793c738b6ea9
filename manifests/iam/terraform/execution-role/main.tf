# The role of models of SageMaker endpoints. What it may do is in documents.tf.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "name" {
  description = "Name of the role."
  type        = string
}

variable "bucket" {
  description = "Bucket of the models."
  type        = string
}

variable "repository" {
  description = "ECR repository of the image; * for all of the account."
  type        = string
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = jsonencode(local.trust)
}

resource "aws_iam_role_policy" "this" {
  name   = "smendpoints"
  role   = aws_iam_role.this.id
  policy = jsonencode(local.policy)
}

output "role_arn" {
  description = "For spec.executionRoleARN, and for execution_role_arns of the operator's role."
  value       = aws_iam_role.this.arn
}
