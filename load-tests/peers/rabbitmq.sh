# Sourced by compare: starts Debian's RabbitMQ with its MQTT plugin on free ports and a directory of its own.
start_rabbitmq() {
    server=/usr/lib/rabbitmq/bin/rabbitmq-server
    [ -x "$server" ] || { say "rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)"; return 1; }
    dir=$(mktemp -d "$work/rabbitmq.XXXXXX")
    port=$(free_port)
    printf 'listeners.tcp = none\nmqtt.listeners.tcp.1 = 127.0.0.1:%s\nmqtt.allow_anonymous = true\nmqtt.prefetch = 1000\nloopback_users = none\n' \
        "$port" >"$dir/rabbitmq.conf"
    echo '[rabbitmq_mqtt].' >"$dir/enabled_plugins"
    env HOME="$dir" RABBITMQ_NODENAME="tuskmq-peer-$$@localhost" RABBITMQ_MNESIA_BASE="$dir/mnesia" RABBITMQ_LOG_BASE="$dir/log" \
        RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" \
        RABBITMQ_DIST_PORT="$(free_port)" RABBITMQ_PID_FILE="$dir/pid" "$server" >"$dir/peer.log" 2>&1 &
    pid=$!
    wait_port "$port" || { tail -n 20 "$dir/peer.log" >&2; return 1; }
    target="-t 127.0.0.1:$port --pid-tree broker=$pid"
}
