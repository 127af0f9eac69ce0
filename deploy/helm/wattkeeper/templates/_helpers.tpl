{{- define "wattkeeper.name" -}}
{{- if contains "wattkeeper" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-wattkeeper" .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{/* Labels of everything; takes (list $ "node"). */}}
{{- define "wattkeeper.labels" -}}
{{- $root := index . 0 -}}
{{ include "wattkeeper.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | quote }}
{{- end -}}

{{- define "wattkeeper.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: wattkeeper
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Takes (list $ TAG), where an empty tag is that of all. */}}
{{- define "wattkeeper.image" -}}
{{- $root := index . 0 -}}
{{- $image := $root.Values.image -}}
{{- if index . 1 -}}{{ printf "%s:%s" $image.repository (index . 1) }}
{{- else if $image.digest -}}{{ printf "%s@%s" $image.repository $image.digest }}
{{- else -}}{{ printf "%s:%s" $image.repository (default $root.Chart.AppVersion $image.tag) }}{{- end -}}
{{- end -}}

{{- define "wattkeeper.podSecurity" -}}
runAsNonRoot: true
runAsUser: 9410
runAsGroup: 9410
fsGroup: 9410
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "wattkeeper.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* How /livez or /readyz is asked; takes (dict "tls" .. "path" ..). Both are open without a password.
     Where clients must show a certificate, the kubelet has none: then the port must answer. */}}
{{- define "wattkeeper.probe" -}}
{{- if and .tls.secretName .tls.clientCertificates -}}
tcpSocket:
  port: http
{{- else -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" (ne .tls.secretName "") }}
{{- end }}
timeoutSeconds: 5
{{- end -}}

{{/* TLS by environment, over whatever the configuration says. */}}
{{- define "wattkeeper.tlsEnv" -}}
{{- if .secretName }}
- name: WATTKEEPER_PROMETHEUS__TLS__CERT_FILE
  value: /run/secrets/wattkeeper-tls/tls.crt
- name: WATTKEEPER_PROMETHEUS__TLS__KEY_FILE
  value: /run/secrets/wattkeeper-tls/tls.key
{{- if .clientCertificates }}
- name: WATTKEEPER_PROMETHEUS__TLS__CLIENT_CA_FILE
  value: /run/secrets/wattkeeper-tls/ca.crt
{{- end }}
{{- end }}
{{- end -}}

{{/* Mounts and volumes of configuration and secrets; take the values of node or site. */}}
{{- define "wattkeeper.mounts" -}}
- name: config
  mountPath: /etc/wattkeeper
  readOnly: true
{{- if .secretName }}
- name: secrets
  mountPath: /run/secrets/wattkeeper
  readOnly: true
{{- end }}
{{- if .tls.secretName }}
- name: tls
  mountPath: /run/secrets/wattkeeper-tls
  readOnly: true
{{- end }}
{{- end -}}

{{- define "wattkeeper.secretVolumes" -}}
{{- if .secretName }}
- name: secrets
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
{{- end }}
{{- if .tls.secretName }}
- name: tls
  secret:
    secretName: {{ .tls.secretName }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{/* Which scrape job it is, and of which site: dashboards and rules go by these. */}}
{{- define "wattkeeper.relabelings" -}}
- targetLabel: job
  replacement: {{ index . 1 }}
{{- with (index . 0).Values.siteName }}
- targetLabel: site
  replacement: {{ . }}
{{- end }}
{{- end -}}
