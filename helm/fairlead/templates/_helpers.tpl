{{- define "fairlead.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- define "fairlead.controller" -}}{{ include "fairlead.name" . }}-controller{{- end -}}
{{- define "fairlead.proxy" -}}{{ include "fairlead.name" . }}-proxy{{- end -}}
{{- define "fairlead.image" -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- define "fairlead.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/name: fairlead
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
{{- define "fairlead.selector" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}
{{- define "fairlead.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end -}}
{{- define "fairlead.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}
{{- define "fairlead.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector: { matchLabels: { {{- include "fairlead.selector" . | fromYaml | toJson | trimPrefix "{" | trimSuffix "}" -}} } }
- maxSkew: 1
  topologyKey: topology.kubernetes.io/zone
  whenUnsatisfiable: ScheduleAnyway
  labelSelector: { matchLabels: { {{- include "fairlead.selector" . | fromYaml | toJson | trimPrefix "{" | trimSuffix "}" -}} } }
{{- end -}}
{{- define "fairlead.policed" -}}
resourceRules:
  - apiGroups: [fairlead.dev]
    apiVersions: ["*"]
    operations: [CREATE, UPDATE]
    resources: [apiroutes]
{{- with .Values.watchNamespaces }}
namespaceSelector:
  matchExpressions: [{ key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }} }]
{{- end }}
{{- end -}}
{{- define "fairlead.policedClass" -}}
- name: of-our-class
  expression: "object.spec.?className.orValue('fairlead') == {{ .Values.className | squote }}"
- name: spec-changes
  expression: "oldObject == null || object.spec != oldObject.spec"
{{- end -}}
