# The alerts of rule files as Grafana's own: evaluated by Grafana over a Prometheus, for those who route alerts there.
# The recorded series that they compare must be in that Prometheus: give it the same files (module prometheus-rules, or --format prometheus).
terraform {
  required_version = ">= 1.8"
  required_providers {
    grafana = {
      source  = "grafana/grafana"
      version = "~> 4.25"
    }
  }
}

variable "rules" {
  description = "Rules by name: groups as in a rule file of Prometheus (yamldecode(file(…)).groups)."
  type        = any
}

variable "datasource_uid" {
  description = "The Prometheus that holds the series."
  type        = string
}

variable "folder" {
  description = "The title of the folder that the alerts are in."
  type        = string
  default     = "Plimsoll"
}

variable "interval_seconds" {
  description = "How often Grafana evaluates; it takes multiples of 10 s."
  type        = number
  default     = 30

  validation {
    condition     = var.interval_seconds >= 10 && var.interval_seconds % 10 == 0
    error_message = "Grafana takes multiples of 10 s."
  }
}

locals {
  # Groups that only record have nothing to say here.
  groups = {
    for group in flatten([
      for name, groups in var.rules : [
        for group in groups : {
          name = group.name
          # A page and its ticket have one name in Prometheus, as have the same objectives of two services; Grafana wants each title of a folder once.
          alerts = {
            for rule in group.rules :
            join(" ", compact([rule.alert, try(rule.labels.sloth_service, ""), try(rule.labels.objective, ""), "(${rule.labels.severity})"])) => rule
            if can(rule.alert)
          }
        }
      ]
    ]) : group.name => group.alerts if length(group.alerts) > 0
  }
}

resource "grafana_folder" "alerts" {
  title = var.folder
}

resource "grafana_rule_group" "alerts" {
  for_each = local.groups

  name             = each.key
  folder_uid       = grafana_folder.alerts.uid
  interval_seconds = var.interval_seconds

  dynamic "rule" {
    for_each = each.value

    content {
      name        = rule.key
      condition   = "C"
      for         = try(rule.value.for, "0s")
      labels      = rule.value.labels
      annotations = rule.value.annotations
      # A rule of Prometheus gives series only where it fires: none is none, and an error is told.
      no_data_state  = "OK"
      exec_err_state = "Error"

      data {
        ref_id         = "A"
        datasource_uid = var.datasource_uid
        relative_time_range {
          from = 600
          to   = 0
        }
        # 1 for each series, for the value of one that fires may be 0 (probe_success == 0).
        model = jsonencode({ refId = "A", instant = true, range = false, expr = "group without () (${rule.value.expr})" })
      }

      data {
        ref_id         = "C"
        datasource_uid = "__expr__"
        relative_time_range {
          from = 0
          to   = 0
        }
        model = jsonencode({
          refId      = "C"
          type       = "threshold"
          expression = "A"
          conditions = [{ type = "query", evaluator = { type = "gt", params = [0] } }]
        })
      }
    }
  }
}

output "titles" {
  description = "Every alert, by its group."
  value       = { for name, alerts in local.groups : name => keys(alerts) }
}
