{{/* What the two roles have in common. Each takes a dict: root (the chart's context), role (its name), values (its values). */}}

{{- define "taglens.name" -}}
{{- printf "%s-%s" .root.Release.Name .role | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "taglens.serviceAccount" -}}
{{- .Values.serviceAccount.name | default .Release.Name -}}
{{- end -}}

{{- define "taglens.selector" -}}
app.kubernetes.io/name: taglens
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "taglens.labels" -}}
{{ include "taglens.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The settings that this role reads from files: name of the setting, key in the Secret. */}}
{{- define "taglens.secretKeys" -}}
{{- $keys := .root.Values.secret.keys | default dict -}}
{{- if eq .role "api" }}{{ $keys = merge (dict) $keys (.root.Values.secret.apiKeys | default dict) }}{{ end -}}
{{- toYaml $keys -}}
{{- end -}}

{{- define "taglens.podMetadata" -}}
labels:
  {{- include "taglens.labels" . | nindent 2 }}
annotations:
  # Settings are read at start-up only, so a change of them starts new pods.
  checksum/settings: {{ toJson (list .root.Values.settings .values.settings .root.Values.secret) | sha256sum }}
  {{- with .values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "taglens.podSettings" -}}
serviceAccountName: {{ include "taglens.serviceAccount" .root }}
automountServiceAccountToken: false
# Kubernetes would add TAGLENS_… variables of its own for a Service whose name begins so; unknown ones stop the start.
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
terminationGracePeriodSeconds: {{ add (ceil (divf .values.drainMs 1000)) .values.closeSeconds }}
# One node that dies must not take all processes of a role along.
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "taglens.selector" . | nindent 8 }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: temporary
    emptyDir: {}
  - name: secrets
    secret:
      secretName: {{ .root.Values.secret.name }}
      defaultMode: 0440
      items:
        {{- range $name, $key := include "taglens.secretKeys" . | fromYaml }}
        - { key: {{ $key | quote }}, path: {{ $name }} }
        {{- end }}
{{- end -}}

{{- define "taglens.container" -}}
image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
envFrom:
  - configMapRef:
      name: {{ include "taglens.name" . }}
env:
  {{- range $name, $key := include "taglens.secretKeys" . | fromYaml }}
  - name: {{ $name }}_FILE
    value: /run/secrets/taglens/{{ $name }}
  {{- end }}
volumeMounts:
  - { name: temporary, mountPath: /tmp }
  - { name: secrets, mountPath: /run/secrets/taglens, readOnly: true }
resources:
  {{- toYaml .values.resources | nindent 2 }}
# Ten minutes: after an upgrade the first process may change large tables, while the others wait for it.
startupProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 2
  failureThreshold: 300
livenessProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: http }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end -}}
