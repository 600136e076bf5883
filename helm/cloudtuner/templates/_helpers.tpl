{{- define "cloudtuner.labels" -}}
app.kubernetes.io/part-of: cloudtuner
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{ include "cloudtuner.selectorLabels" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "cloudtuner.selectorLabels" -}}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- /* Ports of a service: `http` where it has an API, `admin` always. */ -}}
{{- define "cloudtuner.ports" -}}
{{- $ports := dict "diproxy" (dict "http" 8935 "admin" 9935) "metroculus" (dict "http" 8969 "admin" 9969) "kubecost-worker" (dict "admin" 9980) "restapi" (dict "http" 8999 "admin" 9999) -}}
{{ toYaml (index $ports .) }}
{{- end }}

{{- /* Which connections a service has. */ -}}
{{- define "cloudtuner.connections" -}}
{{- $connections := dict "diproxy" (list "mongodb" "redis" "metricsWrite" "etcd") "metroculus" (list "metricsQuery" "mongodb" "clusterSecret" "etcd") "kubecost-worker" (list "mongodb" "redis" "clickhouse" "metroculus" "clusterSecret" "influxdb" "etcd") "restapi" (list "mongodb" "redis" "clickhouse" "metroculus" "clusterSecret" "etcd") -}}
{{ toYaml (index $connections .) }}
{{- end }}

{{- /* First part of a connection's variables: metricsWrite gives METRICS_WRITE. */ -}}
{{- define "cloudtuner.area" -}}
{{ . | snakecase | upper }}
{{- end }}

{{- define "cloudtuner.image" -}}
{{- $digest := (index .root.Values.services .name).imageDigest -}}
{{- if $digest -}}
{{ printf "%s/%s@%s" .root.Values.image.registry .name $digest }}
{{- else -}}
{{ printf "%s/%s:%s" .root.Values.image.registry .name (default .root.Chart.AppVersion .root.Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "cloudtuner.serviceAccountName" -}}
{{- if .root.Values.serviceAccount.create }}{{ .name }}{{ else }}default{{ end }}
{{- end }}

{{- /* The ClickHouse of this chart is asked at one replica: a worker has to read what it wrote. */ -}}
{{- define "cloudtuner.clickhouseUrl" -}}
{{- if .Values.clickhouse.enabled -}}
{{- if .Values.connections.clickhouse.url }}{{ fail "connections.clickhouse.url and clickhouse.enabled exclude each other" }}{{ end -}}
http://chi-cloudtuner-cloudtuner-0-{{ .Values.clickhouse.activeReplica }}:8123
{{- else -}}
{{ required "connections.clickhouse.url is needed (or clickhouse.enabled): the facts are stored there" .Values.connections.clickhouse.url }}
{{- end }}
{{- end }}

{{- /* The operator lets the user `default` come from ClickHouse's own pods only. */ -}}
{{- define "cloudtuner.clickhouseUsername" -}}
{{- if and .Values.clickhouse.enabled (eq .Values.connections.clickhouse.username "default") }}cloudtuner{{ else }}{{ .Values.connections.clickhouse.username }}{{ end }}
{{- end }}

{{- define "cloudtuner.clickhouseCluster" -}}
{{- if and .Values.clickhouse.enabled (gt (int .Values.clickhouse.replicas) 1) }}cloudtuner{{ else }}{{ .Values.connections.clickhouse.cluster }}{{ end }}
{{- end }}

{{- define "cloudtuner.operatorVolume" -}}
{{- with .own.storageClassName }}
storageClassName: {{ . }}
{{- end }}
accessModes: [ReadWriteOnce]
resources:
  requests:
    storage: {{ .storage }}
{{- end }}

{{- define "cloudtuner.metricsWriteUrl" -}}
{{- if .Values.connections.metricsWrite.url -}}
{{ .Values.connections.metricsWrite.url }}
{{- else if .Values.thanos.enabled -}}
http://thanos-receive:19291/api/v1/receive
{{- else -}}
{{ fail "connections.metricsWrite.url is needed: thanos.enabled is false, so samples have nowhere to go" }}
{{- end }}
{{- end }}

{{- define "cloudtuner.metricsQueryUrl" -}}
{{- if .Values.connections.metricsQuery.url -}}
{{ .Values.connections.metricsQuery.url }}
{{- else if .Values.thanos.enabled -}}
http://thanos-query:10902
{{- else -}}
{{ fail "connections.metricsQuery.url is needed: thanos.enabled is false, so nobody answers queries" }}
{{- end }}
{{- end }}

{{- /* Name of the Secret that holds what a connection keeps secret. */ -}}
{{- define "cloudtuner.secretName" -}}
{{- $connection := index .root.Values.connections .connection -}}
{{ default "cloudtuner-connections" $connection.existingSecret }}
{{- end }}

{{- define "cloudtuner.clusterSecretName" -}}
{{ default "cluster-secret" .Values.clusterSecret.existingSecret }}
{{- end }}

{{- /* Scheduling of a pod: `own` has the service's settings. */ -}}
{{- define "cloudtuner.scheduling" -}}
{{- $scheduling := .root.Values.scheduling -}}
{{- with (default $scheduling.nodeSelector .own.nodeSelector) }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (default $scheduling.tolerations .own.tolerations) }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $scheduling.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $scheduling.topologySpread }}
topologySpreadConstraints:
  {{- range . }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "cloudtuner.selectorLabels" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "cloudtuner.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "cloudtuner.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
