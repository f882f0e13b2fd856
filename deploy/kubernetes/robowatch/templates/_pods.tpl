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

{{/* What the schema of values cannot tell. */}}
{{- define "robowatch.check" -}}
{{- if eq .Values.store "clickhouse" }}
{{- range $i, $machines := .Values.clickhouse.shards }}
{{- if gt (int $.Values.clickhouse.quorum) (len $machines) }}
{{- fail (printf "clickhouse.quorum is %d, but shard %d has %d machines: no report could be stored" (int $.Values.clickhouse.quorum) (add $i 1) (len $machines)) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name := concat (keys .Values.settings) (keys .Values.secretSettings) }}
{{- if regexMatch "^(PUBLIC_URL|TRUSTED_PROXIES|SECRET_KEY|DATABASE_URL|REDIS_URL|PROMETHEUS_(PORT|HOST)|CLICKHOUSE_.*|INFLUX_.*|API_PORT|WEB_PORT|LISTEN_HOST)$" $name }}
{{- fail (printf "%s is not for settings: a value of the chart or a key of its Secret says it" $name) }}
{{- end }}
{{- end }}
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
{{- with .Values.prometheus.port }}
- { name: PROMETHEUS_PORT, value: {{ . | quote }} }
- { name: PROMETHEUS_HOST, value: 0.0.0.0 }
{{- end }}
{{- range $name, $value := .Values.settings }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- range $name, $_ := .Values.secretSettings }}
- { name: {{ $name }}_FILE, value: /run/secrets/settings/{{ $name }} }
{{- end }}
{{- end }}
