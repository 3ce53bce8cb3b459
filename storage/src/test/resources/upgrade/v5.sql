-- What a database of schema V5 holds in the middle of its life: 120 messages of the last three whole hours on four lanes, in four partitions.
-- They start with an hour, so that which partition holds which of them, and so which one is still needed, is the same at any time of day.
-- Node 1 has died and nobody has noticed yet; node 2 runs, and goes on while the schema is migrated.
SELECT ensure_log(now_millis() - 3 * 3600000, now_millis(), 3600000);
INSERT INTO node (name, lease_until) VALUES ('old-a', now() - interval '1 minute'), ('old-b', now() + interval '10 minutes');

CREATE TEMP TABLE m AS
SELECT n, 1 + n % 4 AS lane, n % 3 AS kind, log_id(b.at + n * 90000, 1 + n % 4) AS id
  FROM (SELECT (now_millis() / 3600000 - 3) * 3600000 AS at OFFSET 0) b, generate_series(1, 119) n;
CREATE TEMP TABLE at AS
SELECT k.k, ARRAY(SELECT (SELECT max(id) FROM m WHERE m.lane = l AND m.n <= k.k + 5 * l) FROM generate_series(1, 4) l) AS vector
  FROM generate_series(5, 95, 5) AS k (k);
INSERT INTO lane (lane_id, owner, head, start)
SELECT lane, CASE WHEN lane <= 2 THEN 1 ELSE 2 END, max(id), min(id) - 1 FROM m GROUP BY lane;

UPDATE filter_set SET version = 7;
INSERT INTO filter (filter, added_version, removed_version, removed_at) VALUES
    ('sensors/+/temp', 2, NULL, NULL), ('alerts/#', 3, NULL, NULL), ('old/#', 3, 6, now()), ('jobs/#', 4, NULL, NULL),
    ('sensors/#', 5, NULL, NULL), ('room/#', 7, NULL, NULL);
INSERT INTO log (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
SELECT f.id, m.id, 1 + m.n % 2, CASE WHEN m.n % 10 = 0 THEN now_millis() + 86400000 END, CASE WHEN m.n % 7 = 0 THEN 5 END,
       CASE kind WHEN 0 THEN 'alerts/' || n WHEN 1 THEN 'sensors/' || n || '/temp' ELSE 'jobs/' || n END,
       CASE WHEN m.n % 5 = 0 THEN '\x0101'::bytea END, convert_to('m' || n, 'UTF8')
  FROM m JOIN (VALUES (0, 2), (1, 1), (1, 5), (2, 4)) AS f (kind, id) USING (kind);

-- reader: offline, in the midst of all lanes, two QoS 2 handshakes open each way; at-a: with the dead node; at-b: with the living one;
-- new-room: half of its retained messages are in its private queue; a group and its member; one whose time has passed.
INSERT INTO session (client_id, principal, epoch, owner, expiry_seconds, expires_at, cursor, inflight, checkpoint_number, change_number)
VALUES ('reader', 'alice', 5, NULL, 86400, now() + interval '1 day', (SELECT vector FROM at WHERE k = 30),
        int8send((SELECT min(id) FROM m WHERE n >= 25)) || '\x0102030405', 9, 3),
       ('at-a', 'alice', 2, 1, 3600, NULL, (SELECT vector FROM at WHERE k = 60), '', 4, 1),
       ('new-room', 'bob', 1, NULL, 4294967295, NULL, (SELECT vector FROM at WHERE k = 80), '', 0, 1),
       ('$share/workers/jobs/#', '', 7, NULL, 4294967295, NULL, (SELECT vector FROM at WHERE k = 10), '', 2, 0),
       ('worker', 'bob', 1, NULL, 86400, now() + interval '1 day', (SELECT vector FROM at WHERE k = 90), '', 1, 1),
       ('over', 'bob', 1, NULL, 60, now() - interval '1 hour', (SELECT vector FROM at WHERE k = 5), '', 1, 1),
       ('at-b', 'carol', 3, 2, 3600, NULL, (SELECT vector FROM at WHERE k = 95), '', 6, 2);
INSERT INTO subscription (session_id, filter, share, filter_id, qos, no_local, retain_as_published, retain_handling,
                          subscription_id, start, retained_after, epoch, number)
SELECT s.session_id, x.filter, x.share, x.filter_id, x.qos, x.n % 2 = 1, true, x.n % 3, x.n,
       (SELECT array_agg(start ORDER BY lane_id) FROM lane), x.after, 1, x.n
  FROM (VALUES (1, 'reader', 'sensors/+/temp', '', 1, 1, NULL), (2, 'reader', 'sensors/#', '', 5, 2, NULL),
               (3, 'reader', 'alerts/#', '', 2, 1, NULL), (4, 'reader', 'chat', '', NULL, 0, NULL), (5, 'at-a', 'alerts/#', '', 2, 2, NULL),
               (6, 'new-room', 'room/#', '', 6, 1, 'room/c'), (7, 'worker', 'jobs/#', 'workers', 4, 2, NULL),
               (8, 'over', 'old/#', '', NULL, 0, NULL), (9, 'at-b', 'alerts/#', '', 2, 1, NULL))
       AS x (n, client_id, filter, share, filter_id, qos, after)
  JOIN session s USING (client_id);
INSERT INTO receipt (session_id, packet_id, epoch, number) VALUES (1, 7, 5, 1), (1, 9, 5, 2), (7, 3, 3, 1);
INSERT INTO abandoned_claim (token, incarnation) VALUES (77, 2);

INSERT INTO retained (topic, qos, expires_at, properties, payload, tags)
SELECT 'room/' || t, 1, CASE t WHEN 'x' THEN now_millis() - 1000 END, NULL, convert_to('is ' || t, 'UTF8'), ARRAY['0:room', '1:' || t]
  FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'x']) AS t;
INSERT INTO log (filter_id, id, flags, topic, payload)
SELECT -3, (SELECT id FROM m WHERE n = 112) + 1 + ascii(t) - ascii('a'), 5, 'room/' || t, convert_to('is ' || t, 'UTF8')
  FROM unnest(ARRAY['a', 'b', 'c']) AS t;

INSERT INTO will (client_id, session_id, owner, delay_seconds, message_expiry_seconds, due_at, topic, qos, retain, payload) VALUES
    ('at-a', 2, 1, 0, 60, NULL, 'will/at-a', 1, true, 'gone'), ('clean', NULL, 1, 0, 0, NULL, 'will/clean', 1, false, 'gone'),
    ('reader', 1, NULL, 3600, 0, now() + interval '50 minutes', 'will/reader', 2, false, 'later'),
    ('earlier', NULL, NULL, 0, 0, now() - interval '1 second', 'will/earlier', 1, false, 'gone'),
    ('at-b', 7, 2, 0, 0, NULL, 'will/at-b', 1, true, 'not yet');
