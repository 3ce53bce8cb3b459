-- The tables of the log, its cursors, and what sessions own. Functions that write them follow in V2 and later.
-- Times are milliseconds since 1970 (bigint); lane vectors are bigint[] indexed by lane_id.

-- One row per node process that is or was lately alive. A node without a valid lease may write nothing.
CREATE TABLE node (
    incarnation bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL
);

-- The append streams. head is fence, commit order, idempotence key and start vector at once (docs/design.md).
CREATE TABLE lane (
    lane_id integer PRIMARY KEY CHECK (lane_id BETWEEN 1 AND 511),
    owner   bigint REFERENCES node ON DELETE SET NULL,
    head    bigint NOT NULL,
    start   bigint NOT NULL CHECK (start <= head)
) WITH (fillfactor = 10);

-- The version of the set of persistent filters: one row.
CREATE TABLE filter_set (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO filter_set (version) VALUES (1);

-- A distinct topic filter that persistent sessions or groups subscribe to. removed_version: kept for a while so that nodes hear of it.
CREATE TABLE filter (
    filter_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    filter          text COLLATE "C" NOT NULL,
    added_version   bigint NOT NULL,
    removed_version bigint,
    removed_at      timestamptz
);
CREATE UNIQUE INDEX filter_live ON filter (filter) WHERE removed_version IS NULL;
CREATE INDEX filter_added ON filter (added_version);
CREATE INDEX filter_removed ON filter (removed_version) WHERE removed_version IS NOT NULL;

-- One row per persistent session. Nothing that a checkpoint changes is indexed, so checkpoints are HOT updates.
CREATE TABLE session (
    session_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id      text COLLATE "C" NOT NULL UNIQUE,
    principal      text COLLATE "C" NOT NULL,
    epoch          bigint NOT NULL,
    owner          bigint,
    expiry_seconds bigint NOT NULL CHECK (expiry_seconds BETWEEN 0 AND 4294967295),
    expires_at     timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    cursor         bigint[] NOT NULL,
    inflight       bytea NOT NULL DEFAULT ''
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX session_expires ON session (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX session_owner ON session (owner) WHERE owner IS NOT NULL;

CREATE TABLE subscription (
    session_id          bigint NOT NULL REFERENCES session ON DELETE CASCADE,
    filter              text COLLATE "C" NOT NULL,
    share               text COLLATE "C" NOT NULL DEFAULT '',
    filter_id           bigint REFERENCES filter,
    qos                 smallint NOT NULL CHECK (qos BETWEEN 0 AND 2),
    no_local            boolean NOT NULL,
    retain_as_published boolean NOT NULL,
    retain_handling     smallint NOT NULL CHECK (retain_handling BETWEEN 0 AND 2),
    subscription_id     integer NOT NULL,
    start               bigint[] NOT NULL,
    retained_after      text,
    PRIMARY KEY (session_id, filter, share)
);
CREATE INDEX subscription_filter ON subscription (filter_id) WHERE filter_id IS NOT NULL;

-- Packet ids of QoS 2 messages that were taken in and not yet released by PUBREL.
CREATE TABLE receipt (
    session_id bigint NOT NULL REFERENCES session ON DELETE CASCADE,
    packet_id  integer NOT NULL CHECK (packet_id BETWEEN 1 AND 65535),
    PRIMARY KEY (session_id, packet_id)
);

-- The log: one row per message and distinct matched persistent filter; a negative filter_id is the private queue of session -filter_id.
-- flags: bits 0-1 QoS, bit 2 RETAIN as published. Rows are never deleted: partitions (ranges of ids, so of time) are dropped.
CREATE TABLE log (
    filter_id  bigint NOT NULL,
    id         bigint NOT NULL,
    flags      smallint NOT NULL,
    expires_at bigint,
    publisher  bigint,
    topic      text COLLATE "C" NOT NULL,
    properties bytea,
    payload    bytea NOT NULL,
    PRIMARY KEY (filter_id, id)
) PARTITION BY RANGE (id);
ALTER TABLE log ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE TABLE retained (
    topic      text COLLATE "C" PRIMARY KEY,
    qos        smallint NOT NULL CHECK (qos BETWEEN 0 AND 2),
    expires_at bigint,
    properties bytea,
    payload    bytea NOT NULL,
    tags       text[] NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX retained_tags ON retained USING gin (tags);
CREATE INDEX retained_expires ON retained (expires_at) WHERE expires_at IS NOT NULL;

-- One row per connection with a will (stored session or not); due_at is set when the connection ended without DISCONNECT.
CREATE TABLE will (
    will_id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id              text COLLATE "C" NOT NULL,
    session_id             bigint,
    owner                  bigint,
    delay_seconds          bigint NOT NULL,
    message_expiry_seconds bigint NOT NULL,
    due_at                 timestamptz,
    topic                  text COLLATE "C" NOT NULL,
    qos                    smallint NOT NULL CHECK (qos BETWEEN 0 AND 2),
    retain                 boolean NOT NULL,
    properties             bytea,
    payload                bytea NOT NULL
);
CREATE INDEX will_client ON will (client_id);
CREATE INDEX will_due ON will (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX will_owner ON will (owner) WHERE owner IS NOT NULL;
CREATE INDEX will_session ON will (session_id) WHERE session_id IS NOT NULL;
