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

{{/* Where the load tool finds the brokers: by TLS only where there is nothing else. Its certificate names the outside, so it isn't checked here. */}}
{{- define "tuskmq.loadTarget" -}}
{{- $host := include "tuskmq.fullname" . -}}
{{- if .Values.mqtt.port -}}
["--target", "{{ $host }}:{{ .Values.mqtt.port }}"]
{{- else if .Values.mqtt.websocketPort -}}
["--target", "{{ $host }}:{{ .Values.mqtt.websocketPort }}", "--websocket"]
{{- else -}}
["--target", "{{ $host }}:{{ .Values.mqtt.tls.port }}", "--tls", "--insecure"]
{{- end -}}
{{- end -}}

{{/* A pod that runs the load tool; context: root (the chart's), name, args, resources. */}}
{{- define "tuskmq.loadPod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
restartPolicy: Never
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: {{ .name }}
    image: {{ include "tuskmq.image" .root }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    command: [/opt/java/bin/java, -XX:+UseSerialGC, -XX:MaxRAMPercentage=60, -Dtuskmq.home=/tmp, -cp, "/app/load/*", io.tuskmq.load.Main]
    args:
      {{- range concat .args (include "tuskmq.loadTarget" .root | fromJsonArray) }}
      - {{ . | quote }}
      {{- end }}
      - --json
      - /tmp/result.json
      {{- if .root.Values.loadTests.existingSecret }}
      - --user
      - $(TUSKMQ_USER)
      - --password
      - $(TUSKMQ_PASSWORD)
    env:
      - name: TUSKMQ_USER
        valueFrom:
          secretKeyRef:
            name: {{ .root.Values.loadTests.existingSecret }}
            key: username
      - name: TUSKMQ_PASSWORD
        valueFrom:
          secretKeyRef:
            name: {{ .root.Values.loadTests.existingSecret }}
            key: password
      {{- end }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
    resources:
      {{- toYaml .resources | nindent 6 }}
    volumeMounts:
      - name: tmp
        mountPath: /tmp
volumes:
  - name: tmp
    emptyDir: {}
{{- end -}}

{{/* Labels of what is no node: services, budgets and policies pass it over. */}}
{{- define "tuskmq.loadLabels" -}}
app.kubernetes.io/name: {{ include "tuskmq.name" . }}-load
app.kubernetes.io/instance: {{ .Release.Name }}
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
