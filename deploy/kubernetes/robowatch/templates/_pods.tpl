{{- define "robowatch.labels" -}}
app.kubernetes.io/name: robowatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "robowatch.host" -}}
{{ (urlParse .Values.publicUrl).hostname }}
{{- end }}

{{- define "robowatch.image" -}}
{{- $image := .root.Values.image -}}
{{ with $image.registry }}{{ . }}/{{ end }}{{ .name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* What Kubernetes calls restricted, and a read-only file system. */}}
{{- define "robowatch.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "robowatch.containerSecurity" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Secrets are files: environment variables are seen by whoever may look at a pod. */}}
{{- define "robowatch.secretKeys" -}}
{{- $keys := list "secret-key" "database-url" "redis-url" -}}
{{- if eq .Values.store "clickhouse" }}{{ $keys = concat $keys (list "clickhouse-writer-password" "clickhouse-reader-password") }}{{ end -}}
{{- if eq .Values.store "influxdb" }}{{ $keys = concat $keys (list "influx-write-token" "influx-read-token") }}{{ end -}}
{{ toJson $keys }}
{{- end }}

{{- define "robowatch.clickhouseUrl" -}}
{{- range $i, $machines := .Values.clickhouse.shards }}{{ if $i }};{{ end }}{{ join "," $machines }}{{ end -}}
{{- end }}

{{- define "robowatch.serverEnv" -}}
- { name: PUBLIC_URL, value: {{ .Values.publicUrl | quote }} }
{{- with .Values.trustedProxies }}
- { name: TRUSTED_PROXIES, value: {{ join "," . | quote }} }
{{- end }}
{{- range include "robowatch.secretKeys" . | fromJsonArray }}
- { name: {{ upper . | replace "-" "_" }}_FILE, value: /run/secrets/robowatch/{{ . }} }
{{- end }}
{{- if eq .Values.store "clickhouse" }}
- { name: CLICKHOUSE_URL, value: {{ include "robowatch.clickhouseUrl" . | quote }} }
- { name: CLICKHOUSE_DATABASE, value: {{ .Values.clickhouse.database | quote }} }
- { name: CLICKHOUSE_QUORUM, value: {{ .Values.clickhouse.quorum | quote }} }
{{- else if eq .Values.store "influxdb" }}
- { name: INFLUX_URL, value: {{ .Values.influxdb.url | quote }} }
- { name: INFLUX_ORG, value: {{ .Values.influxdb.org | quote }} }
- { name: INFLUX_BUCKET, value: {{ .Values.influxdb.bucket | quote }} }
{{- end }}
{{- range $name, $value := .Values.settings }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- range $name, $_ := .Values.secretSettings }}
- { name: {{ $name }}_FILE, value: /run/secrets/settings/{{ $name }} }
{{- end }}
{{- end }}
