{{- define "kubecost-integration.labels" -}}
{{ include "kubecost-integration.sharedLabels" . }}
{{ include "kubecost-integration.selectorLabels" . }}
{{- end }}

{{- define "kubecost-integration.sharedLabels" -}}
app.kubernetes.io/part-of: kubecost-integration
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "kubecost-integration.exporterLabels" -}}
{{ include "kubecost-integration.sharedLabels" . }}
{{ include "kubecost-integration.exporterSelectorLabels" . }}
{{- end }}

{{- define "kubecost-integration.exporterSelectorLabels" -}}
app.kubernetes.io/name: allocation-exporter
{{- end }}

{{- define "kubecost-integration.exporterEnvironment" -}}
{{- $namespace := default .Release.Namespace .Values.costModel.namespace -}}
{{- $url := default (printf "http://kubecost-cost-analyzer.%s.svc:9090" $namespace) .Values.allocationExporter.kubecostUrl -}}
{{ merge (dict "KUBECOST_URL" $url) .Values.allocationExporter.env (dict "STATE_FILE" "/var/lib/allocation-exporter/closed-hours.json") | toYaml }}
{{- end }}

{{- /* Kubecost's own figures. Their labels name pods and nodes of the cluster, not the exporter's. */ -}}
{{- define "kubecost-integration.exporterScrape" -}}
- job_name: allocation-exporter
  honor_labels: true
  static_configs:
    - targets: ['cloudtuner-allocation-exporter.{{ .Release.Namespace }}.svc:8979']
{{- end }}

{{- define "kubecost-integration.selectorLabels" -}}
app.kubernetes.io/name: cloudtuner-prometheus
{{- end }}

{{- define "kubecost-integration.cloudAccountId" -}}
{{- $id := required "cloudAccountId is needed: the UUID that CloudTuner gave when the cloud account was made" .Values.cloudAccountId -}}
{{- if not (regexMatch "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" $id) -}}
{{- fail (printf "cloudAccountId %q is not a UUID" $id) -}}
{{- end -}}
{{ $id }}
{{- end }}

{{- define "kubecost-integration.secretName" -}}
{{ default "cloudtuner-remote-write" .Values.credentials.existingSecret }}
{{- end }}

{{- define "kubecost-integration.keep" -}}
{{- $relabel := list (dict "source_labels" (list "__name__") "regex" .Values.remoteWrite.keepMetrics "action" "keep") -}}
{{ concat $relabel .Values.remoteWrite.extraRelabelConfigs | toYaml }}
{{- end }}

{{- /* One entry of `remote_write`, for a Prometheus that has the Secret mounted at /etc/cloudtuner. */ -}}
{{- define "kubecost-integration.remoteWrite" -}}
- url: {{ .Values.endpoint }}
  name: cloudtuner
  headers:
    Cloud-Account-Id: {{ include "kubecost-integration.cloudAccountId" . }}
  basic_auth:
    username: {{ include "kubecost-integration.cloudAccountId" . }}
    password_file: /etc/cloudtuner/password
  queue_config: {{- toYaml .Values.remoteWrite.queueConfig | nindent 4 }}
  write_relabel_configs: {{- include "kubecost-integration.keep" . | nindent 4 }}
{{- end }}
