{{/* Rights in the namespaces that are looked after. */}}
{{- define "smendpoints.rightsOnObjects" -}}
# To follow the objects, to read one again before something is made or deleted for it, and to set and remove the finalizer.
- apiGroups: [smendpoints.dev]
  resources: [sagemakerendpoints, sagemakerexperiments]
  verbs: [get, list, watch, patch]
- apiGroups: [smendpoints.dev]
  resources: [sagemakerendpoints/status, sagemakerexperiments/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* What is read of the cluster, wherever the objects are. */}}
{{- define "smendpoints.rightsOfTheCluster" -}}
# What objects of which namespaces may use in AWS. Without these rights nothing is changed in AWS.
- apiGroups: [smendpoints.dev]
  resources: [sagemakerendpointpolicies]
  verbs: [get, list, watch]
# Their labels; and the uid of kube-system tells this cluster from others in the tags of what the operator makes in AWS.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
{{- end -}}
