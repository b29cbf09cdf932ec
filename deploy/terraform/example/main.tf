# Both modules from one set of files: terraform -chdir=deploy/terraform/example plan
terraform {
  required_version = ">= 1.8"
  required_providers {
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = "~> 1.19"
    }
    grafana = {
      source  = "grafana/grafana"
      version = "~> 4.25"
    }
  }
}

variable "objectives" {
  description = "A rule file that `npm run slo -- rules --out FILE` has written."
  type        = string
}

variable "kubernetes_context" {
  description = "kubectl's context of the cluster that runs prometheus-operator."
  type        = string
  default     = "plimsoll"
}

variable "grafana_url" {
  description = "Where Grafana is. Its token is read from GRAFANA_AUTH, so that no file holds it."
  type        = string
  default     = "http://127.0.0.1:3000"
}

provider "kubectl" {
  config_context = var.kubernetes_context
  config_path    = "~/.kube/config"
}

provider "grafana" {
  url = var.grafana_url
}

locals {
  rules = {
    storage-api-objectives = yamldecode(file(var.objectives)).groups
    storage-api-service    = yamldecode(file("${path.module}/../../kubernetes/with/alerts/rules-service.yml")).groups
  }
}

module "prometheus_rules" {
  source = "../prometheus-rules"
  rules  = local.rules
}

module "grafana_alerts" {
  source         = "../grafana"
  rules          = local.rules
  datasource_uid = "prometheus"
}

output "rules" {
  value = module.prometheus_rules.names
}

output "alerts" {
  value = module.grafana_alerts.titles
}
