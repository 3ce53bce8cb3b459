"""What the Paho client for Python sees of a broker: paho_client.py HOST PORT. Says each step that went well; it ends at the first one that did not."""

import queue
import socket
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

HOST = sys.argv[1]
PORT = int(sys.argv[2])
PATIENCE_SECONDS = 30
# Paho 2 wants to be told which callbacks these are.
CALLBACKS = {"callback_api_version": mqtt.CallbackAPIVersion.VERSION1} if hasattr(mqtt, "CallbackAPIVersion") else {}
NAMES = {mqtt.MQTTv311: "311", mqtt.MQTTv5: "5"}


class Client:
    """A connection; what comes is read one by one."""

    def __init__(self, client_id, version, clean=True, will=None):
        self.version = version
        self.clean = clean
        self.got = queue.Queue()
        self.answers = queue.Queue()
        only3 = {"clean_session": clean} if version == mqtt.MQTTv311 else {}
        self.paho = mqtt.Client(client_id="paho-" + NAMES[version] + "-" + client_id, protocol=version, **only3, **CALLBACKS)
        self.paho.on_message = lambda client, data, message: self.got.put(message)
        self.paho.on_connect = lambda client, data, flags, code, *more: self.answers.put((int(flags["session present"]), int(code_of(code))))
        self.paho.on_subscribe = lambda client, data, mid, codes, *more: self.answers.put([int(code_of(code)) for code in codes])
        if will:
            self.paho.will_set(will[0], will[1], qos=1)
        only5 = {}
        if version == mqtt.MQTTv5:
            expiry = Properties(PacketTypes.CONNECT)
            expiry.SessionExpiryInterval = 0 if clean else 3600
            only5 = {"clean_start": clean, "properties": expiry}
        self.paho.connect(HOST, PORT, keepalive=30, **only5)
        self.paho.loop_start()
        self.present, code = self.answers.get(timeout=PATIENCE_SECONDS)
        expect(0, code)

    def subscribe(self, *filters):
        self.paho.subscribe([(topic_filter, 1) for topic_filter in filters])
        expect([1] * len(filters), self.answers.get(timeout=PATIENCE_SECONDS))
        return self

    def publish(self, topic, payload, retain=False, properties=None):
        only5 = {"properties": properties} if properties else {}
        info = self.paho.publish(topic, payload, qos=1, retain=retain, **only5)
        info.wait_for_publish(PATIENCE_SECONDS)
        expect(True, info.is_published())

    def next(self):
        return self.got.get(timeout=PATIENCE_SECONDS)

    def text(self):
        return self.next().payload.decode()

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def cut(self):
        """Ends the connection as a crash does."""
        own = self.paho.socket()
        self.paho._thread_terminate = True  # it is not to connect again
        own.shutdown(socket.SHUT_RDWR)
        self.paho.loop_stop()


def code_of(code):
    """A number with 3.1.1, an object with 5."""
    return getattr(code, "value", code)


def expect(wanted, got):
    if wanted != got:
        raise AssertionError(f"expected {wanted!r}, got {got!r}")


def persistent_session(version, root):
    away = Client("phone", version, clean=False)
    expect(0, away.present)
    away.subscribe(root + "/chat").close()
    publisher = Client("publisher", version)
    for i in range(3):
        publisher.publish(root + "/chat", f"message {i}")
    publisher.close()
    back = Client("phone", version, clean=False)
    expect(1, back.present)
    expect(["message 0", "message 1", "message 2"], [back.text() for _ in range(3)])
    back.close()


def retained(version, root):
    publisher = Client("publisher", version)
    publisher.publish(root + "/kept", "old", retain=True)
    publisher.publish(root + "/kept", "new", retain=True)
    reader = Client("reader", version).subscribe(root + "/kept")
    message = reader.next()
    expect(("new", True), (message.payload.decode(), bool(message.retain)))
    publisher.publish(root + "/kept", None, retain=True)
    expect("", reader.text())
    publisher.publish(root + "/kept/mark", "mark", retain=True)
    late = Client("late", version).subscribe(root + "/kept/#")
    expect("mark", late.text())
    for client in (publisher, reader, late):
        client.close()


def will(version, root):
    watcher = Client("watcher", version).subscribe(root + "/will/+")
    Client("ends", version, will=(root + "/will/of", "normal")).close()
    Client("dies", version, will=(root + "/will/of", "gone")).cut()
    expect("gone", watcher.text())
    watcher.close()


def shared_subscription(version, root):
    group = "$share/" + root.replace("/", "-") + "/" + root + "/jobs"
    members = [Client(f"member-{i}", version).subscribe(group) for i in range(2)]
    publisher = Client("publisher", version)
    for i in range(20):
        publisher.publish(root + "/jobs", str(i))
    shares = [[], []]
    waited = 0
    while sum(map(len, shares)) < 20:
        for member, share in zip(members, shares):
            try:
                share.append(int(member.got.get(timeout=0.05).payload))
                waited = 0
            except queue.Empty:
                waited += 0.05
        expect(True, waited < PATIENCE_SECONDS)
    expect(list(range(20)), sorted(shares[0] + shares[1]))
    expect((True, True), (bool(shares[0]), bool(shares[1])))
    for client in members + [publisher]:
        client.close()


def properties(version, root):
    told = Properties(PacketTypes.PUBLISH)
    told.ContentType = "text/plain"
    told.ResponseTopic = "answer/here"
    told.CorrelationData = b"\x00\x01\xff"
    told.UserProperty = [("b", "1"), ("a", "2"), ("b", "0")]
    told.PayloadFormatIndicator = 1
    told.MessageExpiryInterval = 600
    reader = Client("reader", version).subscribe(root + "/told")
    publisher = Client("publisher", version)
    publisher.publish(root + "/told", "x", properties=told)
    got = reader.next().properties
    expect("text/plain", got.ContentType)
    expect("answer/here", got.ResponseTopic)
    expect(b"\x00\x01\xff", got.CorrelationData)
    expect([("b", "1"), ("a", "2"), ("b", "0")], got.UserProperty)
    expect(1, got.PayloadFormatIndicator)
    expect(True, 590 < got.MessageExpiryInterval <= 600)
    reader.close()
    publisher.close()


for each in (mqtt.MQTTv311, mqtt.MQTTv5):
    for step in (persistent_session, retained, will, shared_subscription):
        step(each, "paho/" + NAMES[each])
        print(NAMES[each], step.__name__.replace("_", " "), flush=True)
properties(mqtt.MQTTv5, "paho/5")
print("5 properties", flush=True)
