# The role of the smendpoints operator. What it may do, and who may use it, is in documents.tf.
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
  default     = "smendpoints"
}

variable "cluster_id" {
  description = "kubectl get namespace kube-system -o jsonpath={.metadata.uid}"
  type        = string
}

variable "execution_role_arns" {
  description = "Roles of models that the operator may pass on."
  type        = list(string)

  validation {
    condition     = length(var.execution_role_arns) > 0
    error_message = "Name the roles of the models in execution_role_arns: a statement without resources is refused by IAM."
  }
}

variable "optional" {
  description = "Whether the role gets what is called optional, too."
  type        = bool
  default     = true
}

variable "trust" {
  description = "Who may use the role: pod-identity, irsa or cross-account."
  type        = string
  default     = "pod-identity"

  validation {
    condition     = contains(["pod-identity", "irsa", "cross-account"], var.trust)
    error_message = "Write pod-identity, irsa or cross-account."
  }
}

variable "namespace" {
  description = "The operator's namespace."
  type        = string
  default     = "smendpoints-system"
}

variable "service_account" {
  description = "The operator's service account."
  type        = string
  default     = "smendpoints"
}

variable "eks_cluster" {
  description = "pod-identity: the cluster to associate the role with; empty when that is done elsewhere."
  type        = string
  default     = ""
}

variable "oidc_provider" {
  description = "irsa: the cluster's issuer, without https://."
  type        = string
  default     = ""

  validation {
    condition     = !startswith(var.oidc_provider, "https://")
    error_message = "Write the issuer without https://."
  }
}

variable "operator_role_arn" {
  description = "cross-account: the role of the operator in its own account."
  type        = string
  default     = ""
}

variable "external_id" {
  description = "cross-account: what the operator presents (aws.externalID of the chart)."
  type        = string
  default     = ""
}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = jsonencode(local.trusts[var.trust])

  lifecycle {
    precondition {
      condition     = var.trust != "irsa" || var.oidc_provider != ""
      error_message = "For trust irsa, write the cluster's issuer into oidc_provider."
    }
    precondition {
      condition     = var.trust != "cross-account" || (var.operator_role_arn != "" && var.external_id != "")
      error_message = "For trust cross-account, write operator_role_arn and external_id."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "smendpoints"
  role   = aws_iam_role.this.id
  policy = jsonencode(local.policy)
}

resource "aws_iam_role_policy" "optional" {
  count = var.optional ? 1 : 0

  name   = "smendpoints-optional"
  role   = aws_iam_role.this.id
  policy = jsonencode(local.optional_policy)
}

resource "aws_eks_pod_identity_association" "this" {
  count = var.trust == "pod-identity" && var.eks_cluster != "" ? 1 : 0

  cluster_name    = var.eks_cluster
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = aws_iam_role.this.arn
}

output "role_arn" {
  description = "irsa: for serviceAccount.annotations of the chart; cross-account: for spec.assumeRoleARN."
  value       = aws_iam_role.this.arn
}
