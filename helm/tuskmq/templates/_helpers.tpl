{{- define "tuskmq.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Pods' names are the nodes' names, of at most 63 characters: a replica set adds some of its own. */}}
{{- define "tuskmq.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "tuskmq.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "tuskmq.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tuskmq.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tuskmq.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tuskmq.labels" -}}
{{ include "tuskmq.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "tuskmq.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- define "tuskmq.databaseSecret" -}}
{{- if .Values.database.cloudNativePg.enabled -}}
{{ include "tuskmq.fullname" . }}-db-app
{{- else -}}
{{ .Values.database.existingSecret }}
{{- end -}}
{{- end -}}

{{- define "tuskmq.databaseKey" -}}
{{- ternary "uri" .Values.database.key .Values.database.cloudNativePg.enabled -}}
{{- end -}}

{{- define "tuskmq.tlsSecret" -}}
{{- default (printf "%s-mqtt-tls" (include "tuskmq.fullname" .)) .Values.mqtt.tls.secretName -}}
{{- end -}}

{{/* The name of an object that says no to values which make no sense. */}}
{{- define "tuskmq.check" -}}
{{- $v := .Values -}}
{{- if and (not $v.database.existingSecret) (not $v.database.cloudNativePg.enabled) -}}
{{- fail "database.existingSecret is needed: the name of a secret with the URL of PostgreSQL (or set database.cloudNativePg.enabled)" -}}
{{- end -}}
{{- if and $v.database.existingSecret $v.database.cloudNativePg.enabled -}}
{{- fail "database.existingSecret and database.cloudNativePg.enabled exclude each other: the database is one of them" -}}
{{- end -}}
{{- if and (eq (int $v.mqtt.port) 0) (eq (int $v.mqtt.websocketPort) 0) (not $v.mqtt.tls.enabled) -}}
{{- fail "clients have no way in: give mqtt.port, mqtt.websocketPort or mqtt.tls.enabled" -}}
{{- end -}}
{{- if and $v.mqtt.tls.enabled (not $v.mqtt.tls.secretName) (not $v.mqtt.tls.certManager.enabled) -}}
{{- fail "mqtt.tls.enabled needs mqtt.tls.secretName, or mqtt.tls.certManager.enabled" -}}
{{- end -}}
{{- if and $v.mqtt.tls.clientCa.secretName (not $v.mqtt.tls.enabled) -}}
{{- fail "mqtt.tls.clientCa needs mqtt.tls.enabled: certificates are shown to TLS only" -}}
{{- end -}}
{{- if and $v.mqtt.tls.clientCa.crl (not $v.mqtt.tls.clientCa.secretName) -}}
{{- fail "mqtt.tls.clientCa.crl needs mqtt.tls.clientCa.secretName, the secret that has it" -}}
{{- end -}}
{{- if and $v.mqtt.tls.certManager.enabled (or (not $v.mqtt.tls.certManager.issuerName) (not $v.mqtt.tls.certManager.dnsNames)) -}}
{{- fail "mqtt.tls.certManager.enabled needs issuerName and dnsNames" -}}
{{- end -}}
{{- if and (or $v.ingress.enabled $v.gateway.enabled) (eq (int $v.mqtt.websocketPort) 0) -}}
{{- fail "ingress and gateway carry MQTT over WebSocket: mqtt.websocketPort must not be 0" -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host" -}}
{{- end -}}
{{- if and $v.gateway.enabled (not $v.gateway.parentName) -}}
{{- fail "gateway.enabled needs gateway.parentName, the Gateway to attach to" -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is above autoscaling.maxReplicas" -}}
{{- end -}}
{{- range $key, $value := $v.settings -}}
{{- if has $key (list "node.name" "node.stop-seconds" "database.url" "mqtt.host" "mqtt.port" "mqtt.websocket.port" "mqtt.tls.port" "mqtt.tls.cert" "mqtt.tls.key" "mqtt.websocket.tls.port" "mqtt.proxy.from" "cluster.host" "cluster.port" "cluster.link-port" "cluster.kubernetes.service" "cluster.tls.cert" "cluster.tls.key" "cluster.tls.ca" "http.host" "http.port") -}}
{{- fail (printf "settings.%s is set by the chart; there is a value of its own for what it may be" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
