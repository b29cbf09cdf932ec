# One PrometheusRule for each file of rules, as prometheus-operator reads them.
terraform {
  required_version = ">= 1.8"
  required_providers {
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = "~> 1.19"
    }
  }
}

variable "rules" {
  description = "Rules by name: groups as in a rule file of Prometheus (yamldecode(file(…)).groups)."
  # Groups differ in their keys, so that no list type holds them.
  type = any
}

variable "namespace" {
  description = "Where the objects are made."
  type        = string
  default     = "monitoring"
}

variable "labels" {
  description = "What the Prometheus object selects rules by (its ruleSelector)."
  type        = map(string)
  default     = { "app.kubernetes.io/part-of" = "plimsoll" }
}

resource "kubectl_manifest" "rules" {
  for_each = var.rules

  yaml_body = yamlencode({
    apiVersion = "monitoring.coreos.com/v1"
    kind       = "PrometheusRule"
    metadata   = { name = each.key, namespace = var.namespace, labels = var.labels }
    spec       = { groups = each.value }
  })
  server_side_apply = true
  wait              = true
}

output "names" {
  description = "The objects, as namespace/name."
  value       = [for rule in kubectl_manifest.rules : "${rule.namespace}/${rule.name}"]
}
