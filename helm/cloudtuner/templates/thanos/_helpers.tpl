{{- define "cloudtuner.thanos.objectStoreSecretName" -}}
{{ default "thanos-objstore" .Values.thanos.objectStore.existingSecret }}
{{- end }}

{{- /* What is the same in every Thanos pod, up to its container's arguments. */ -}}
{{- define "cloudtuner.thanos.pod" -}}
metadata:
  labels: {{- include "cloudtuner.labels" . | nindent 4 }}
  annotations:
    checksum/configuration: {{ include (print .root.Template.BasePath "/thanos/configuration.yaml") .root | sha256sum }}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ if eq .name "thanos-receive" }}900{{ else }}120{{ end }}
  securityContext: {{- include "cloudtuner.podSecurityContext" 1001 | nindent 4 }}
  {{- include "cloudtuner.scheduling" (merge (dict "own" dict) .) | nindent 2 }}
  containers:
    - name: {{ .name }}
      image: {{ .root.Values.thanos.image }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      securityContext: {{- include "cloudtuner.containerSecurityContext" . | nindent 8 }}
      args: {{- .args | nindent 8 }}
      env:
        - name: POD_NAME
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
      ports:
        - name: http
          containerPort: 10902
        {{- if ne .name "thanos-compactor" }}
        - name: grpc
          containerPort: 10901
        {{- end }}
        {{- if eq .name "thanos-receive" }}
        - name: remote-write
          containerPort: 19291
        {{- end }}
      startupProbe:
        httpGet: { path: /-/ready, port: http }
        periodSeconds: 5
        failureThreshold: 120
      livenessProbe:
        httpGet: { path: /-/healthy, port: http }
        periodSeconds: 30
        timeoutSeconds: 5
      readinessProbe:
        httpGet: { path: /-/ready, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
      resources: {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /var/thanos
        {{- if ne .name "thanos-query" }}
        - name: configuration
          mountPath: /etc/thanos
          readOnly: true
        {{- end }}
  volumes:
    {{- if eq .name "thanos-query" }}
    - name: data
      emptyDir: {}
    {{- else }}
    - name: configuration
      projected:
        sources:
          - secret:
              name: {{ include "cloudtuner.thanos.objectStoreSecretName" .root }}
              items: [{ key: objstore.yml, path: objstore.yml }]
          {{- if eq .name "thanos-receive" }}
          - configMap:
              name: thanos-receive
          {{- end }}
    {{- end }}
{{- end }}

{{- define "cloudtuner.thanos.volumeClaims" -}}
volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .root.Values.thanos.storageClassName }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests:
          storage: {{ .storage }}
{{- end }}
