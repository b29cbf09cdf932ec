{{/* Refuses what no schema can say. */}}
{{- define "plimsoll.check" -}}
{{- if and (eq .Values.store.kind "memory") (gt (int .Values.storageApi.replicas) 1) }}
{{- fail "store.kind=memory: each pod would hold buckets of its own, and reads would miss what another wrote; set storageApi.replicas=1" }}
{{- end }}
{{- end }}

{{- define "plimsoll.labels" -}}
app.kubernetes.io/part-of: plimsoll
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "plimsoll.monitoring" -}}
{{ .Values.monitoring.namespace | default .Release.Namespace }}
{{- end }}

{{- define "plimsoll.prometheus" -}}
{{- if .Values.prometheus.enabled -}}
http://prometheus.{{ include "plimsoll.monitoring" . }}:9090
{{- else -}}
{{ required "prometheus.url: the load writes to a Prometheus; name one, or set prometheus.enabled=true" .Values.prometheus.url }}
{{- end }}
{{- end }}

{{/* Reads a file below manifests/ (path), where the lab's two namespaces become those of this release. */}}
{{- define "plimsoll.file" -}}
{{- $text := .root.Files.Get (printf "manifests/%s" .path) }}
{{- if not $text }}{{ fail (printf "manifests/%s is not in the chart" .path) }}{{ end }}
{{- /* Twice: of two names that stand side by side the comma is part of the first. */}}
{{- range list 1 2 }}{{ $text = regexReplaceAll `(namespace: |metadata\.name: |\[|, |\.)(plimsoll|monitoring)([\s:,\]])` $text "${1}<${2}>${3}" }}{{ end }}
{{- $text | replace "<plimsoll>" .root.Release.Namespace | replace "<monitoring>" (include "plimsoll.monitoring" .root) }}
{{- end }}

{{/*
Writes the objects of files below manifests/ (paths), which kustomize reads as well.
namespace: of those that name none; checksum: of what a workload's pods restart for; labels: further ones; except: names that are left out.
*/}}
{{- define "plimsoll.objects" -}}
{{- $own := fromYaml (include "plimsoll.labels" .root) }}
{{- range $path := .paths }}
{{- range $text := splitList "\n---\n" (include "plimsoll.file" (dict "root" $.root "path" $path)) }}
{{- $object := fromYaml $text }}
{{- if not (has $object.metadata.name ($.except | default list)) }}
{{- $_ := set $object.metadata "labels" (merge (dict) $own ($.labels | default dict) ($object.metadata.labels | default dict)) }}
{{- $_ := set $object.metadata "namespace" ($object.metadata.namespace | default $.namespace) }}
{{- if has $object.kind (list "Deployment" "StatefulSet") }}
{{- $pods := $object.spec.template.metadata }}
{{- $_ := set $pods.labels "app.kubernetes.io/part-of" "plimsoll" }}
{{- $_ := set $pods "annotations" (merge (dict "checksum/config" (sha256sum $.checksum)) ($pods.annotations | default dict)) }}
{{- range $object.spec.volumeClaimTemplates }}{{ $_ := set .metadata "labels" (dict "app.kubernetes.io/part-of" "plimsoll") }}{{ end }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
