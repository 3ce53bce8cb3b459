// What MQTT.js sees of a broker, over TCP or WebSocket, in Node.js or in a browser. scenario(mqtt, url, root, say) says each step that went
// well; it fails at the first one that did not.
'use strict';

const PATIENCE_MILLIS = 30_000;
const NAMES = { 4: '311', 5: '5' };

function expect(wanted, got) {
    const [one, other] = [JSON.stringify(wanted), JSON.stringify(got)];
    if (one !== other) {
        throw new Error(`expected ${one}, got ${other}`);
    }
}

// At most so long: what never comes is a failure.
function within(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what} took too long`)), PATIENCE_MILLIS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A connection; what comes is read one by one.
class Client {
    static async connect(world, clientId, options = {}) {
        const client = new Client();
        const clean = options.clean ?? true;
        client.got = [];
        client.waiting = [];
        client.mqtt = world.mqtt.connect(world.url, {
            protocolVersion: world.version,
            clientId: `${world.root}-${NAMES[world.version]}-${clientId}`,
            clean,
            reconnectPeriod: 0,
            ...(world.version === 5 ? { properties: { sessionExpiryInterval: clean ? 0 : 3600 } } : {}),
            ...(options.will ? { will: { ...options.will, qos: 1 } } : {}),
        });
        // Before anything can come.
        client.mqtt.on('message', (topic, payload, packet) => {
            const message = { payload: payload.toString(), raw: payload, packet };
            const first = client.waiting.shift();
            if (first) {
                first(message);
            } else {
                client.got.push(message);
            }
        });
        client.present = await within(
            new Promise((resolve, reject) => {
                client.mqtt.once('connect', (connAck) => resolve(connAck.sessionPresent));
                client.mqtt.once('error', reject);
            }),
            'CONNACK'
        );
        return client;
    }

    async subscribe(filter) {
        const granted = await within(this.mqtt.subscribeAsync(filter, { qos: 1 }), 'SUBACK');
        expect([1], granted.map((one) => one.qos));
        return this;
    }

    publish(topic, payload, options = {}) {
        return within(this.mqtt.publishAsync(topic, payload, { qos: 1, ...options }), 'PUBACK');
    }

    next() {
        const first = this.got.shift();
        return first ? Promise.resolve(first) : within(new Promise((resolve) => this.waiting.push(resolve)), 'a message');
    }

    async text() {
        return (await this.next()).payload;
    }

    close() {
        return within(this.mqtt.endAsync(), 'the end');
    }

    // Without DISCONNECT, as a crash does.
    cut() {
        return within(this.mqtt.endAsync(true), 'the end');
    }
}

async function persistentSession(world, root) {
    const away = await Client.connect(world, 'phone', { clean: false });
    expect(false, away.present);
    await away.subscribe(`${root}/chat`);
    await away.close();
    const publisher = await Client.connect(world, 'publisher');
    for (let i = 0; i < 3; i++) {
        await publisher.publish(`${root}/chat`, `message ${i}`);
    }
    await publisher.close();
    const back = await Client.connect(world, 'phone', { clean: false });
    expect(true, back.present);
    for (let i = 0; i < 3; i++) {
        expect(`message ${i}`, await back.text());
    }
    await back.close();
}

async function retained(world, root) {
    const publisher = await Client.connect(world, 'publisher');
    await publisher.publish(`${root}/kept`, 'old', { retain: true });
    await publisher.publish(`${root}/kept`, 'new', { retain: true });
    const reader = await Client.connect(world, 'reader');
    await reader.subscribe(`${root}/kept`);
    const message = await reader.next();
    expect(['new', true], [message.payload, message.packet.retain]);
    await publisher.publish(`${root}/kept`, '', { retain: true });
    expect('', await reader.text());
    await publisher.publish(`${root}/kept/mark`, 'mark', { retain: true });
    const late = await Client.connect(world, 'late');
    await late.subscribe(`${root}/kept/#`);
    expect('mark', await late.text());
    await Promise.all([publisher, reader, late].map((client) => client.close()));
}

async function will(world, root) {
    const watcher = await Client.connect(world, 'watcher');
    await watcher.subscribe(`${root}/will/+`);
    const ends = await Client.connect(world, 'ends', { will: { topic: `${root}/will/of`, payload: 'normal' } });
    await ends.close();
    const dies = await Client.connect(world, 'dies', { will: { topic: `${root}/will/of`, payload: 'gone' } });
    await dies.cut();
    expect('gone', await watcher.text());
    await watcher.close();
}

async function sharedSubscription(world, root) {
    const members = [await Client.connect(world, 'member-0'), await Client.connect(world, 'member-1')];
    for (const member of members) {
        await member.subscribe(`$share/${root.replaceAll('/', '-')}/${root}/jobs`);
    }
    const shares = [[], []];
    const all = within(
        new Promise((resolve) => {
            members.forEach((member, i) =>
                member.mqtt.on('message', (topic, payload) => {
                    shares[i].push(Number(payload.toString()));
                    if (shares[0].length + shares[1].length === 20) {
                        resolve();
                    }
                })
            );
        }),
        'the twentieth message'
    );
    const publisher = await Client.connect(world, 'publisher');
    for (let i = 0; i < 20; i++) {
        await publisher.publish(`${root}/jobs`, `${i}`);
    }
    await all;
    expect([...Array(20).keys()], [...shares[0], ...shares[1]].sort((a, b) => a - b));
    expect([true, true], shares.map((share) => share.length > 0));
    await Promise.all([...members, publisher].map((client) => client.close()));
}

async function properties(world, root) {
    const reader = await Client.connect(world, 'reader');
    await reader.subscribe(`${root}/told`);
    const publisher = await Client.connect(world, 'publisher');
    const told = {
        contentType: 'text/plain',
        responseTopic: 'answer/here',
        userProperties: { b: ['1', '0'], a: '2' },
        payloadFormatIndicator: true,
    };
    // MQTT.js wants its own Buffer, which a browser has not: a message's payload is one.
    const own = await Client.connect(world, 'own');
    await own.subscribe(`${root}/bytes`);
    await own.publish(`${root}/bytes`, new Uint8Array([0, 1, 255]));
    const correlationData = (await own.next()).raw;
    await publisher.publish(`${root}/told`, 'x', {
        properties: { ...told, correlationData, messageExpiryInterval: 600 },
    });
    const got = (await reader.next()).packet.properties;
    for (const name of Object.keys(told)) {
        expect(told[name], got[name]);
    }
    expect([0, 1, 255], [...got.correlationData]);
    expect(true, 590 < got.messageExpiryInterval && got.messageExpiryInterval <= 600);
    await Promise.all([reader, publisher, own].map((client) => client.close()));
}

async function scenario(mqtt, url, root, say) {
    const steps = {
        'persistent session': persistentSession,
        retained,
        will,
        'shared subscription': sharedSubscription,
    };
    for (const version of [4, 5]) {
        for (const [name, step] of Object.entries(steps)) {
            await step({ mqtt, url, root, version }, `${root}/${NAMES[version]}`);
            await say(`${NAMES[version]} ${name}`);
        }
    }
    await properties({ mqtt, url, root, version: 5 }, `${root}/5`);
    await say('5 properties');
}

// Node.js: node scenario.js FOLDER-OF-MQTT.JS URL ROOT
if (typeof module !== 'undefined') {
    const [, , folder, url, root] = process.argv;
    scenario(require(folder), url, root, (line) => console.log(line)).then(
        () => process.exit(0),
        (failure) => {
            console.error(failure);
            process.exit(1);
        }
    );
}
