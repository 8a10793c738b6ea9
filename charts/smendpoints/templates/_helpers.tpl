{{- define "smendpoints.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "smendpoints.fullname" -}}
{{- $name := include "smendpoints.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "smendpoints.selectorLabels" -}}
app.kubernetes.io/name: {{ include "smendpoints.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "smendpoints.labels" -}}
{{ include "smendpoints.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "smendpoints.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "smendpoints.fullname" .) "default") -}}
{{- end -}}

{{- define "smendpoints.image" -}}
{{- with .Values.image -}}
{{- .digest | empty | ternary (printf "%s:%s" .repository (.tag | default $.Chart.AppVersion)) (printf "%s@%s" .repository .digest) -}}
{{- end -}}
{{- end -}}

{{/* The namespaces that are looked after, separated by commas; empty: all. */}}
{{- define "smendpoints.namespaces" -}}
{{- .Values.watchNamespace | default (eq .Values.installScope "namespace" | ternary .Release.Namespace "") -}}
{{- end -}}

{{/* The account as the subject of a binding. */}}
{{- define "smendpoints.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "smendpoints.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* The container's environment beside its settings: where credentials are, and what the user adds. */}}
{{- define "smendpoints.env" -}}
{{- with .Values.aws.credentials }}
{{- if .secretName }}
- name: AWS_SHARED_CREDENTIALS_FILE
  value: /var/run/secrets/aws/{{ .secretKey }}
- name: AWS_PROFILE
  value: {{ .profile }}
{{- end }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "smendpoints.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{- define "smendpoints.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* What the schema cannot say. */}}
{{- define "smendpoints.check" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.leaderElection.enabled) -}}
{{- fail "more than 1 replica needs leaderElection.enabled, otherwise several processes would write at the same time: set replicas to 1, or leaderElection.enabled to true" -}}
{{- end -}}
{{- if and .Values.serviceAccount.annotations (not .Values.serviceAccount.create) -}}
{{- fail "serviceAccount.annotations only apply to a service account that the chart creates: set serviceAccount.create to true, or annotate yours yourself" -}}
{{- end -}}
{{- with .Values.metrics -}}
{{- if and .podMonitor.enabled .authentication.enabled (not .authentication.tokenSecret.name) -}}
{{- fail "metrics.podMonitor cannot send Prometheus' own token: set metrics.authentication.tokenSecret.name, or use metrics.serviceMonitor" -}}
{{- end -}}
{{- if and .tls.secretName (eq (int .port) (int $.Values.healthPort)) -}}
{{- fail "with metrics.tls.secretName, metrics.port and healthPort must be different" -}}
{{- end -}}
{{- end -}}
{{- end -}}
