{{- /* What a service reads that is no secret, as data of its ConfigMap. */ -}}
{{- define "cloudtuner.plainEnvironment" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $service := index $root.Values.services $name -}}
{{- $values := $root.Values.connections -}}
{{- $env := dict "SHUTDOWN_DEADLINE_SECONDS" (sub (int $service.terminationGracePeriodSeconds) 10) -}}
{{- $ports := include "cloudtuner.ports" $name | fromYaml -}}
{{- with $ports.http }}{{ $_ := set $env "PORT" . }}{{ end -}}
{{- $_ := set $env "ADMIN_PORT" $ports.admin -}}
{{- range $connection := include "cloudtuner.connections" $name | fromYamlArray -}}
{{- if eq $connection "mongodb" -}}
{{- with $values.mongodb.database }}{{ $_ := set $env "MONGODB_DATABASE" . }}{{ end -}}
{{- else if eq $connection "redis" -}}
{{- $_ := set $env "QUEUE_PREFIX" $values.redis.queuePrefix -}}
{{- else if eq $connection "clickhouse" -}}
{{- $_ := set $env "CLICKHOUSE_URL" (include "cloudtuner.clickhouseUrl" $root) -}}
{{- $_ := set $env "CLICKHOUSE_DATABASE" $values.clickhouse.database -}}
{{- $_ := set $env "CLICKHOUSE_USERNAME" (include "cloudtuner.clickhouseUsername" $root) -}}
{{- else if eq $connection "metricsWrite" -}}
{{- $_ := set $env "METRICS_STORE" $values.metricsWrite.store -}}
{{- $_ := set $env "METRICS_WRITE_URL" (include "cloudtuner.metricsWriteUrl" $root) -}}
{{- else if eq $connection "metricsQuery" -}}
{{- $_ := set $env "METRICS_QUERY_URL" (include "cloudtuner.metricsQueryUrl" $root) -}}
{{- else if eq $connection "metroculus" -}}
{{- $_ := set $env "METROCULUS_URL" (default "http://metroculus" $values.metroculus.url) -}}
{{- else if and (eq $connection "influxdb") $values.influxdb.url -}}
{{- $_ := set $env "INFLUXDB_URL" $values.influxdb.url -}}
{{- $_ := set $env "INFLUXDB_DATABASE" $values.influxdb.database -}}
{{- with $values.influxdb.username }}{{ $_ := set $env "INFLUXDB_USERNAME" . }}{{ end -}}
{{- else if and (eq $connection "etcd") $values.etcd.url -}}
{{- $_ := set $env "ETCD_URL" $values.etcd.url -}}
{{- $_ := set $env "ETCD_PREFIX" $values.etcd.prefix -}}
{{- with $values.etcd.username }}{{ $_ := set $env "ETCD_USERNAME" . }}{{ end -}}
{{- end -}}
{{- $isOff := and (has $connection (list "influxdb" "etcd")) (not (dig "url" "" (default dict (index $values $connection)))) -}}
{{- with (ternary nil (dig "tls" nil (default dict (index $values $connection))) $isOff) -}}
{{- $area := include "cloudtuner.area" $connection -}}
{{- if hasKey . "verify" }}{{ $_ := set $env (printf "%s_TLS_VERIFY" $area) .verify }}{{ end -}}
{{- if .existingSecret -}}
{{- $_ := set $env (printf "%s_TLS_CA_FILE" $area) (printf "/etc/cloudtuner/tls/%s/ca.crt" $connection) -}}
{{- if .clientCertificate -}}
{{- $_ := set $env (printf "%s_TLS_CERT_FILE" $area) (printf "/etc/cloudtuner/tls/%s/tls.crt" $connection) -}}
{{- $_ := set $env (printf "%s_TLS_KEY_FILE" $area) (printf "/etc/cloudtuner/tls/%s/tls.key" $connection) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq $name "kubecost-worker" -}}
{{- $_ := set $env "CLICKHOUSE_MIGRATE_ON_START" (not $root.Values.migrations.enabled) -}}
{{- with (include "cloudtuner.clickhouseCluster" $root) }}{{ $_ := set $env "CLICKHOUSE_CLUSTER" . }}{{ end -}}
{{- end -}}
{{- range $key, $value := mergeOverwrite $env $service.env }}
{{ $key }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- /* What a service reads from Secrets, as a container's `env`. */ -}}
{{- define "cloudtuner.secretEnvironment" -}}
{{- $root := .root -}}
{{- range $connection := include "cloudtuner.connections" .name | fromYamlArray }}
{{- if eq $connection "clusterSecret" }}
- name: CLUSTER_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ include "cloudtuner.clusterSecretName" $root }}
      key: cluster_secret
{{- else if has $connection (list "mongodb" "redis") }}
- name: {{ include "cloudtuner.area" $connection }}_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "cloudtuner.secretName" (dict "root" $root "connection" $connection) }}
      key: {{ $connection }}_url
{{- else if eq $connection "clickhouse" }}
- name: CLICKHOUSE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "cloudtuner.secretName" (dict "root" $root "connection" $connection) }}
      key: clickhouse_password
      optional: true
{{- else if has $connection (list "influxdb" "etcd") }}
{{- $optional := index $root.Values.connections $connection }}
{{- if and $optional.url $optional.existingSecret }}
{{- range $part := ternary (list "password" "token") (list "password") (eq $connection "influxdb") }}
- name: {{ include "cloudtuner.area" $connection }}_{{ upper $part }}
  valueFrom:
    secretKeyRef:
      name: {{ $optional.existingSecret }}
      key: {{ $connection }}_{{ $part }}
      optional: true
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq .name "restapi" }}
- name: OIDC_PROVIDERS
  valueFrom:
    secretKeyRef:
      name: {{ $root.Values.oidc.existingSecret }}
      key: oidc_providers
      optional: true
{{- end }}
{{- end }}

{{- /* Mounts of the certificates of a service's connections, and of the folder where restapi lays files of bills. */ -}}
{{- define "cloudtuner.mounts" -}}
{{- $root := .root -}}
{{- if eq .name "restapi" }}
- name: tmp
  mountPath: /tmp
{{- end }}
{{- range $connection := include "cloudtuner.connections" .name | fromYamlArray }}
{{- if dig $connection "tls" "existingSecret" "" $root.Values.connections }}
- name: tls-{{ $connection | kebabcase }}
  mountPath: /etc/cloudtuner/tls/{{ $connection }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "cloudtuner.volumes" -}}
{{- $root := .root -}}
{{- if eq .name "restapi" }}
- name: tmp
  emptyDir: {}
{{- end }}
{{- range $connection := include "cloudtuner.connections" .name | fromYamlArray }}
{{- with dig $connection "tls" "existingSecret" "" $root.Values.connections }}
- name: tls-{{ $connection | kebabcase }}
  secret:
    secretName: {{ . }}
{{- end }}
{{- end }}
{{- end }}
