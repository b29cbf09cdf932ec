{{/* The pod of a load: its exit code says why (0 met, 1 exceeded, 3 inconclusive, 4 not carried out), its termination message gives the verdict, its log the report. */}}
{{- define "plimsoll.load" -}}
restartPolicy: Never
serviceAccountName: plimsoll-load
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 75
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.load.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.load.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.load.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: load
    image: {{ .Values.load.image | quote }}
    imagePullPolicy: {{ .Values.load.imagePullPolicy }}
    args:
      - load
      - --scenario
      - {{ .Values.load.scenario }}
      - --target
      - http://storage-api:5000
      - --prometheus
      - {{ include "plimsoll.prometheus" . | quote }}
      {{- with .Values.load.args }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    env:
      - { name: PLIMSOLL_VERDICT_FILE, value: /dev/termination-log }
      # The report's JSON stands in the log, from where `plimsoll report --from-log` writes all its forms.
      - { name: PLIMSOLL_REPORT_IN_LOG, value: "1" }
      # A pre-signed URL that the report is put to; it is a secret: kubectl create secret generic plimsoll-upload --from-literal=url=…
      - { name: PLIMSOLL_UPLOAD, valueFrom: { secretKeyRef: { name: plimsoll-upload, key: url, optional: true } } }
    # What is said before there is a verdict, as when the target does not answer.
    terminationMessagePolicy: FallbackToLogsOnError
    resources:
      requests: { cpu: 100m, memory: 256Mi, ephemeral-storage: 256Mi }
      # No limit of CPU: a throttled generator measures itself.
      limits: { memory: 1Gi, ephemeral-storage: 3Gi }
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: { drop: [ALL] }
    volumeMounts:
      - { name: work, mountPath: /work }
volumes:
  - name: work
    emptyDir: { sizeLimit: 2Gi }
{{- end }}

{{- define "plimsoll.loadLabels" -}}
# The policies let out what has the component "load".
labels: { app.kubernetes.io/name: plimsoll-load, app.kubernetes.io/component: load, sidecar.istio.io/inject: "false" }
{{- end }}
