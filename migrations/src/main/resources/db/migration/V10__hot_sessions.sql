-- A connection comes and goes as a HOT update of its session: nothing that every claim and release changes is indexed any more. What
-- must be found by owner or by expiry is found by columns that follow late, and are looked at once more where they lead.

-- served_by: who owned the session last, also after it has let go; it changes when the client comes to another node.
-- look_at: when the sweep looks next whether the session has expired: never later than its expiry.
ALTER TABLE session
    ADD COLUMN served_by bigint,
    ADD COLUMN look_at   timestamptz;
UPDATE session SET served_by = owner, look_at = expires_at WHERE owner IS NOT NULL OR expires_at IS NOT NULL;
ALTER TABLE session
    ADD CONSTRAINT session_served CHECK (owner IS NULL OR (served_by IS NOT NULL AND served_by = owner)),
    ADD CONSTRAINT session_looked CHECK (expires_at IS NULL OR (look_at IS NOT NULL AND look_at <= expires_at));
DROP INDEX session_owner;
DROP INDEX session_expires;
CREATE INDEX session_served_by ON session (served_by, session_id) WHERE served_by IS NOT NULL;
CREATE INDEX session_look_at ON session (look_at) WHERE look_at IS NOT NULL;

-- Up to which of the sessions that it served an ended node's are offline.
ALTER TABLE ended_node ADD COLUMN settled_to bigint NOT NULL DEFAULT 0;

-- When a session ends that is offline from then on; null: never.
CREATE FUNCTION session_end(p_from timestamptz, p_expiry bigint) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_expiry < 4294967295 THEN p_from + p_expiry * interval '1 second' END
$$;

-- Claims one session for each CONNECT; client ids in one call are distinct. Those that nothing stands in the way of, nearly all in a
-- storm, are claimed by one statement for all; the others one by one.
--   p_expiry          session expiry in seconds; 0 = it ends with the connection, and no row is made for it
--   p_will_topic      null = no will
--   p_token           one of its own for each claim; when a claim is repeated, the will of its first time goes without a trace
-- outcome: 'owned' (session_id 0: nothing is stored), 'principal' (it is another's), 'elsewhere' (owner, a node with a valid lease, has
-- it and p_force is false), 'fenced' (the claiming node's lease was revoked), 'abandoned'. due: wills of this client are due now.
-- subscribed, received: the session has subscriptions, or receipts, to be read.
CREATE FUNCTION claim_all(
    p_client text[], p_principal text[], p_incarnation bigint[], p_clean boolean[], p_expiry bigint[], p_force boolean[],
    p_will_topic text[], p_will_qos smallint[], p_will_retain boolean[], p_will_properties bytea[], p_will_payload bytea[],
    p_will_delay bigint[], p_will_expiry bigint[], p_token bigint[])
RETURNS TABLE (nth integer, outcome text, owner bigint, session_id bigint, epoch bigint, present boolean,
    cursor bigint[], inflight bytea, will_id bigint, due boolean, subscribed boolean, received boolean)
LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_nodes      bigint[];
    v_abandoned  bigint[];
    v_found      text[];
    v_heads      bigint[];
    v_with_wills text[];
    v_will       bigint[];
    v_left       integer[];
    v_done       boolean[] := array_fill(false, ARRAY[cardinality(p_client)]);
    s            session%ROWTYPE;
BEGIN
    PERFORM lock_claims(p_token);
    v_abandoned := ARRAY(SELECT a.token FROM abandoned_claim a WHERE a.token = ANY (p_token));
    -- A node that is being ended waits for this, or this finds it gone: no session is left with an owner that nobody will ever end.
    v_nodes := ARRAY(SELECT n.incarnation FROM node n WHERE n.incarnation = ANY (p_incarnation)
                      ORDER BY n.incarnation FOR KEY SHARE);
    v_found := ARRAY(SELECT x.client_id FROM session x WHERE x.client_id = ANY (p_client) ORDER BY x.session_id FOR UPDATE);
    v_with_wills := ARRAY(SELECT w.client_id FROM will w WHERE w.client_id = ANY (p_client));
    v_will := ARRAY(SELECT CASE WHEN t.topic IS NULL THEN 0 ELSE nextval('will_will_id_seq') END
                      FROM unnest(p_will_topic) WITH ORDINALITY AS t (topic, n) ORDER BY t.n);

    owner := NULL;
    due := false;
    IF cardinality(v_found) > 0 THEN
        -- What else a session has can't change: whoever changes it locks the session first.
        FOR nth, outcome, session_id, epoch, present, cursor, inflight, will_id, subscribed, received IN
            WITH claimed AS (
                UPDATE session x
                   SET epoch = x.epoch + 1, owner = c.incarnation, served_by = c.incarnation,
                       expiry_before = CASE WHEN x.claim_token = c.token THEN x.expiry_before ELSE x.expiry_seconds END,
                       expiry_seconds = c.expiry, expires_at = NULL, checkpoint_number = 0, change_number = 0, claim_token = c.token
                  FROM unnest(p_client, p_principal, p_incarnation, p_clean, p_expiry, p_token)
                       WITH ORDINALITY AS c (client, principal, incarnation, clean, expiry, token, n)
                 WHERE x.client_id = c.client AND x.principal = c.principal AND NOT c.clean
                   AND (x.owner IS NULL OR x.owner = c.incarnation)
                   AND (x.expires_at IS NULL OR x.expires_at > now())
                   AND c.incarnation = ANY (v_nodes) AND c.token <> ALL (v_abandoned)
                   AND c.client = ANY (v_found) AND c.client <> ALL (v_with_wills)
                RETURNING c.n::integer AS n, x.session_id, x.epoch, x.cursor, x.inflight
            ), wills AS (
                INSERT INTO will (will_id, client_id, session_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain,
                                  properties, payload, claim_token)
                OVERRIDING SYSTEM VALUE
                SELECT v_will[o.n], p_client[o.n], o.session_id, p_incarnation[o.n], p_will_delay[o.n], p_will_expiry[o.n],
                       p_will_topic[o.n], p_will_qos[o.n], p_will_retain[o.n], p_will_properties[o.n], p_will_payload[o.n],
                       p_token[o.n]
                  FROM claimed o WHERE v_will[o.n] <> 0)
            SELECT o.n, 'owned', o.session_id, o.epoch, true, o.cursor, o.inflight, v_will[o.n],
                   EXISTS (SELECT FROM subscription u WHERE u.session_id = o.session_id),
                   EXISTS (SELECT FROM receipt r WHERE r.session_id = o.session_id)
              FROM claimed o
        LOOP
            v_done[nth] := true;
            RETURN NEXT;
        END LOOP;
    END IF;

    v_left := ARRAY(SELECT d.n FROM unnest(v_done) WITH ORDINALITY AS d (done, n) WHERE NOT d.done);
    IF cardinality(v_left) = 0 THEN
        RETURN;
    END IF;
    v_heads := lane_heads();
    -- Those that have no session yet. One that another node makes at the same time is looked at below.
    FOR nth, outcome, session_id, epoch, present, cursor, inflight, will_id, subscribed, received IN
        WITH fresh AS (
            SELECT c.* FROM unnest(p_client, p_principal, p_incarnation, p_expiry, p_token)
                            WITH ORDINALITY AS c (client, principal, incarnation, expiry, token, n)
             WHERE c.n = ANY (v_left) AND c.incarnation = ANY (v_nodes) AND c.token <> ALL (v_abandoned)
               AND c.client <> ALL (v_found) AND c.client <> ALL (v_with_wills)
        ), made AS (
            INSERT INTO session AS x (client_id, principal, epoch, owner, served_by, expiry_seconds, cursor, claim_token)
            SELECT f.client, f.principal, 1, f.incarnation, f.incarnation, f.expiry, v_heads, f.token
              FROM fresh f WHERE f.expiry > 0 ORDER BY f.client COLLATE "C"
            ON CONFLICT (client_id) DO NOTHING
            RETURNING array_position(p_client, x.client_id) AS n, x.session_id, x.epoch
        ), claimed AS (
            SELECT m.n, m.session_id, m.epoch FROM made m UNION ALL SELECT f.n::integer, 0, 0 FROM fresh f WHERE f.expiry = 0
        ), wills AS (
            INSERT INTO will (will_id, client_id, session_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain,
                              properties, payload, claim_token)
            OVERRIDING SYSTEM VALUE
            SELECT v_will[o.n], p_client[o.n], nullif(o.session_id, 0), p_incarnation[o.n], p_will_delay[o.n], p_will_expiry[o.n],
                   p_will_topic[o.n], p_will_qos[o.n], p_will_retain[o.n], p_will_properties[o.n], p_will_payload[o.n],
                   p_token[o.n]
              FROM claimed o WHERE v_will[o.n] <> 0)
        SELECT o.n, 'owned', o.session_id, o.epoch, false, v_heads, ''::bytea, v_will[o.n], false, false FROM claimed o
    LOOP
        v_done[nth] := true;
        RETURN NEXT;
    END LOOP;

    FOR nth IN SELECT c.n FROM unnest(p_client) WITH ORDINALITY AS c (id, n)
                WHERE NOT v_done[c.n] ORDER BY c.id COLLATE "C" LOOP
        outcome := 'owned';
        owner := NULL;
        present := false;
        will_id := 0;
        s := NULL;
        IF NOT p_incarnation[nth] = ANY (v_nodes) THEN
            outcome := 'fenced';
            RETURN NEXT;
            CONTINUE;
        END IF;

        IF p_token[nth] = ANY (v_abandoned) THEN
            outcome := 'abandoned';
            RETURN NEXT;
            CONTINUE;
        END IF;

        -- Repeated only when another node makes the row between the look and the insert.
        LOOP
            SELECT x.* INTO s FROM session x WHERE x.client_id = p_client[nth] FOR UPDATE;
            IF FOUND THEN
                IF NOT coalesce(s.expires_at <= now(), false) THEN
                    IF s.principal <> p_principal[nth] THEN
                        outcome := 'principal';
                        EXIT;
                    ELSIF s.owner <> p_incarnation[nth] AND NOT p_force[nth] AND EXISTS (
                            SELECT FROM node n WHERE n.incarnation = s.owner AND n.lease_until > clock_timestamp()) THEN
                        outcome := 'elsewhere';
                        owner := s.owner;
                        EXIT;
                    ELSIF NOT p_clean[nth] THEN
                        present := true;
                        UPDATE session x
                           SET epoch = x.epoch + 1, owner = p_incarnation[nth], served_by = p_incarnation[nth],
                               expiry_before = CASE WHEN x.claim_token = p_token[nth] THEN x.expiry_before ELSE x.expiry_seconds END,
                               expiry_seconds = p_expiry[nth],
                               expires_at = NULL,
                               checkpoint_number = 0, change_number = 0, claim_token = p_token[nth]
                         WHERE x.session_id = s.session_id
                        RETURNING x.* INTO s;
                        EXIT;
                    END IF;
                END IF;
                PERFORM end_sessions(ARRAY[s.session_id]);
                s := NULL;
            END IF;
            EXIT WHEN p_expiry[nth] = 0;
            INSERT INTO session AS x (client_id, principal, epoch, owner, served_by, expiry_seconds, cursor, claim_token)
            VALUES (p_client[nth], p_principal[nth], 1, p_incarnation[nth], p_incarnation[nth], p_expiry[nth], v_heads, p_token[nth])
            ON CONFLICT (client_id) DO NOTHING
            RETURNING x.* INTO s;
            EXIT WHEN FOUND;
        END LOOP;
        IF outcome <> 'owned' THEN
            RETURN NEXT;
            CONTINUE;
        END IF;

        due := p_client[nth] = ANY (v_with_wills);
        IF due THEN
            DELETE FROM will w WHERE w.client_id = p_client[nth] AND w.claim_token = p_token[nth];
            -- A delayed will is called off by the return of its session; all others of this client are due.
            DELETE FROM will w
             WHERE w.client_id = p_client[nth] AND present AND w.session_id = s.session_id
               AND w.delay_seconds > 0 AND NOT coalesce(w.due_at <= now(), false);
            UPDATE will w SET due_at = least(w.due_at, clock_timestamp()), owner = NULL WHERE w.client_id = p_client[nth];
        END IF;
        IF v_will[nth] <> 0 THEN
            will_id := v_will[nth];
            INSERT INTO will AS w (will_id, client_id, session_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain,
                                   properties, payload, claim_token)
            OVERRIDING SYSTEM VALUE
            VALUES (will_id, p_client[nth], s.session_id, p_incarnation[nth], p_will_delay[nth], p_will_expiry[nth],
                    p_will_topic[nth], p_will_qos[nth], p_will_retain[nth], p_will_properties[nth], p_will_payload[nth],
                    p_token[nth]);
        END IF;
        session_id := coalesce(s.session_id, 0);
        epoch := coalesce(s.epoch, 0);
        cursor := coalesce(s.cursor, v_heads);
        inflight := coalesce(s.inflight, '');
        subscribed := present;
        received := present;
        RETURN NEXT;
    END LOOP;
END $$;

-- The same for nodes of the release before this one, whose prepared statements know these columns.
CREATE OR REPLACE FUNCTION claim_sessions(
    p_client text[], p_principal text[], p_incarnation bigint[], p_clean boolean[], p_expiry bigint[], p_force boolean[],
    p_will_topic text[], p_will_qos smallint[], p_will_retain boolean[], p_will_properties bytea[], p_will_payload bytea[],
    p_will_delay bigint[], p_will_expiry bigint[], p_token bigint[])
RETURNS TABLE (nth integer, outcome text, owner bigint, session_id bigint, epoch bigint, present boolean,
    cursor bigint[], inflight bytea, will_id bigint, due boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.nth, c.outcome, c.owner, c.session_id, c.epoch, c.present, c.cursor, c.inflight, c.will_id, c.due
      FROM claim_all(p_client, p_principal, p_incarnation, p_clean, p_expiry, p_force, p_will_topic, p_will_qos, p_will_retain,
                     p_will_properties, p_will_payload, p_will_delay, p_will_expiry, p_token) c;
END $$;

-- Undoes claims: their wills are gone, their sessions offline if no other claim followed. Whatever comes of them later does nothing.
CREATE OR REPLACE FUNCTION abandon_claims(p_client text[], p_incarnation bigint[], p_token bigint[]) RETURNS void LANGUAGE plpgsql
VOLATILE SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    v_nodes bigint[];
    v_now   timestamptz;
BEGIN
    PERFORM lock_claims(p_token);
    v_nodes := ARRAY(SELECT n.incarnation FROM node n WHERE n.incarnation = ANY (p_incarnation)
                      ORDER BY n.incarnation FOR KEY SHARE);
    PERFORM 1 FROM session s WHERE s.client_id = ANY (p_client) ORDER BY s.session_id FOR UPDATE;
    v_now := clock_timestamp();
    -- Nothing stays on its way for a day.
    DELETE FROM abandoned_claim a
     USING (SELECT o.token FROM abandoned_claim o WHERE o.abandoned_at < now() - interval '1 day'
             ORDER BY o.abandoned_at LIMIT 1000 FOR UPDATE SKIP LOCKED) old
     WHERE a.token = old.token;
    INSERT INTO abandoned_claim (token, incarnation)
    SELECT d.token, d.incarnation FROM unnest(p_token, p_incarnation) AS d (token, incarnation)
     WHERE d.incarnation = ANY (v_nodes)
     ORDER BY d.token
    ON CONFLICT DO NOTHING;
    DELETE FROM will w
     USING (SELECT x.will_id FROM will x JOIN unnest(p_client, p_token) AS d (client_id, token)
                ON x.client_id = d.client_id AND x.claim_token = d.token
             ORDER BY x.will_id FOR UPDATE OF x) theirs
     WHERE w.will_id = theirs.will_id;
    UPDATE session s
       SET owner = NULL,
           epoch = s.epoch + 1,
           expiry_seconds = coalesce(s.expiry_before, s.expiry_seconds),
           expires_at = session_end(v_now, coalesce(s.expiry_before, s.expiry_seconds)),
           look_at = least(s.look_at, session_end(v_now, coalesce(s.expiry_before, s.expiry_seconds)))
      FROM unnest(p_client, p_token) AS d (client_id, token)
     WHERE s.client_id = d.client_id AND s.claim_token = d.token AND s.owner IS NOT NULL;
END $$;

-- The end of connections: last checkpoint, no owner, expiry starts (0: the session ends). The epoch moves on, so that nothing that is
-- still on its way comes after this.
--   p_will, p_action  'drop' deletes the will, 'schedule' lets it become due after p_delay seconds or with the session's end
CREATE OR REPLACE FUNCTION release_sessions(
    p_session bigint[], p_epoch bigint[], p_first integer[], p_last integer[], p_cursors bigint[], p_inflight bytea[],
    p_expiry bigint[], p_will bigint[], p_action text[], p_delay bigint[])
RETURNS SETOF bigint LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_held bigint[];
    v_now  timestamptz := clock_timestamp();
BEGIN
    WITH held AS (
        UPDATE session s
           SET cursor = p_cursors[d.first : d.last], inflight = d.inflight, owner = NULL, epoch = s.epoch + 1,
               expiry_seconds = d.expiry,
               expires_at = session_end(v_now, d.expiry),
               look_at = least(s.look_at, session_end(v_now, d.expiry))
          FROM unnest(p_session, p_epoch, p_first, p_last, p_inflight, p_expiry)
               AS d (session_id, epoch, first, last, inflight, expiry)
         WHERE s.session_id = d.session_id AND s.epoch = d.epoch
        RETURNING s.session_id)
    SELECT coalesce(array_agg(held.session_id), '{}') INTO v_held FROM held;
    IF EXISTS (SELECT FROM unnest(p_will) AS d (will) WHERE d.will <> 0) THEN
        PERFORM apply_wills(
            ARRAY(SELECT d.will FROM unnest(p_session, p_will) AS d (session_id, will)
                   WHERE d.session_id = ANY (v_held) ORDER BY d.will),
            ARRAY(SELECT d.action FROM unnest(p_session, p_will, p_action) AS d (session_id, will, action)
                   WHERE d.session_id = ANY (v_held) ORDER BY d.will),
            ARRAY(SELECT d.delay FROM unnest(p_session, p_will, p_delay) AS d (session_id, will, delay)
                   WHERE d.session_id = ANY (v_held) ORDER BY d.will));
    END IF;
    IF 0 = ANY (p_expiry) THEN
        PERFORM end_sessions(ARRAY(SELECT d.session_id FROM unnest(p_session, p_expiry) AS d (session_id, expiry)
                                    WHERE d.expiry = 0 AND d.session_id = ANY (v_held)));
    END IF;
    RETURN QUERY SELECT unnest(v_held);
END $$;

-- Ends up to p_limit sessions whose expiry has passed; several nodes may do it at once. Those that were looked at too early, since
-- their clients had come back, are looked at when they expire next.
CREATE OR REPLACE FUNCTION end_expired_sessions(p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_looked  bigint[];
    v_expired bigint[];
    v_ended   integer := 0;
BEGIN
    FOR turn IN 1 .. 10 LOOP
        v_looked := ARRAY(SELECT s.session_id FROM session s WHERE s.look_at <= now()
                           ORDER BY s.look_at LIMIT p_limit - v_ended FOR UPDATE SKIP LOCKED);
        EXIT WHEN cardinality(v_looked) = 0;
        v_expired := ARRAY(SELECT s.session_id FROM session s WHERE s.session_id = ANY (v_looked) AND s.expires_at <= now());
        UPDATE session s SET look_at = s.expires_at WHERE s.session_id = ANY (v_looked) AND s.session_id <> ALL (v_expired);
        IF cardinality(v_expired) > 0 THEN
            PERFORM end_sessions(v_expired);
        END IF;
        v_ended := v_ended + cardinality(v_expired);
        EXIT WHEN v_ended = p_limit;
    END LOOP;
    RETURN v_ended;
END $$;

-- What the release before this one calls at the end of a node.
CREATE OR REPLACE FUNCTION end_node(p_incarnation bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz;
BEGIN
    PERFORM 1 FROM node WHERE incarnation = p_incarnation FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM 1 FROM lane WHERE owner = p_incarnation ORDER BY lane_id FOR UPDATE;
    UPDATE lane SET owner = NULL WHERE owner = p_incarnation;
    PERFORM 1 FROM session WHERE served_by = p_incarnation AND owner = p_incarnation ORDER BY session_id FOR UPDATE;
    v_now := clock_timestamp();
    UPDATE will w
       SET owner = NULL,
           due_at = coalesce(w.due_at, v_now + interval '1 second' * least(w.delay_seconds, coalesce(
               (SELECT s.expiry_seconds FROM session s WHERE s.session_id = w.session_id), 0)))
      FROM (SELECT will_id FROM will WHERE owner = p_incarnation ORDER BY will_id FOR UPDATE) mine
     WHERE w.will_id = mine.will_id;
    UPDATE session s
       SET owner = NULL,
           epoch = s.epoch + 1,
           expires_at = session_end(v_now, s.expiry_seconds),
           look_at = least(s.look_at, session_end(v_now, s.expiry_seconds))
     WHERE s.served_by = p_incarnation AND s.owner = p_incarnation;
    DELETE FROM node WHERE incarnation = p_incarnation;
    RETURN true;
END $$;

-- The second half of the end of nodes, in parts: up to p_limit sessions of one of them go offline (epoch + 1: a late checkpoint must not
-- come through; their expiry starts), and their wills, and up to p_limit others, are due: after their delay, or when the session ends,
-- whichever is first. Several nodes may do it at once. Of the sessions that the node served those that it let go of are passed over,
-- twenty times as many at once. What a claim has locked is left for later, if it is still the ended node's then.
--   handled   sessions, and wills without one, or 1 when sessions were only passed over
--   more      something is left: if none was handled, not before others have let go of it
CREATE OR REPLACE FUNCTION settle_ended(p_limit integer, OUT handled integer, OUT more boolean) LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    c_end      CONSTANT bigint := 9223372036854775807;
    v_ended    bigint[] := ARRAY(SELECT e.incarnation FROM ended_node e);
    v_node     ended_node%ROWTYPE;
    v_to       bigint;
    v_found    bigint[];
    v_sessions bigint[] := '{}';
    v_wills    bigint[] := '{}';
    v_now      timestamptz;
BEGIN
    handled := 0;
    more := false;
    IF cardinality(v_ended) = 0 THEN
        RETURN;
    END IF;
    SELECT e.* INTO v_node FROM ended_node e WHERE e.settled_to < c_end ORDER BY e.incarnation LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        v_found := ARRAY(
            SELECT x.session_id
              FROM (SELECT s.session_id, s.owner FROM session s
                     WHERE s.served_by = v_node.incarnation AND s.session_id > v_node.settled_to
                     ORDER BY s.session_id LIMIT 20 * p_limit) x
             WHERE x.owner = v_node.incarnation LIMIT p_limit);
        v_to := CASE WHEN cardinality(v_found) = p_limit THEN v_found[p_limit] ELSE coalesce((
            SELECT s.session_id FROM session s
             WHERE s.served_by = v_node.incarnation AND s.session_id > v_node.settled_to
             ORDER BY s.session_id OFFSET 20 * p_limit - 1 LIMIT 1), c_end) END;
        v_sessions := ARRAY(SELECT s.session_id FROM session s
                             WHERE s.session_id = ANY (v_found) AND s.owner = v_node.incarnation
                             ORDER BY s.session_id FOR UPDATE SKIP LOCKED);
        v_to := least(v_to, (SELECT min(f.session_id) - 1 FROM unnest(v_found) AS f (session_id)
                              WHERE f.session_id <> ALL (v_sessions)));
        UPDATE ended_node e SET settled_to = v_to WHERE e.incarnation = v_node.incarnation;
        handled := (v_to > v_node.settled_to AND v_to < c_end)::integer;
    END IF;
    v_now := clock_timestamp();
    -- (An owner in brackets is not looked for by index: that of their sessions finds few, that of the owner all that are left.)
    UPDATE will w
       SET owner = NULL,
           due_at = coalesce(w.due_at, v_now + interval '1 second' * least(w.delay_seconds,
               (SELECT s.expiry_seconds FROM session s WHERE s.session_id = w.session_id)))
      FROM (SELECT x.will_id FROM will x WHERE x.session_id = ANY (v_sessions) AND (x.owner + 0) = ANY (v_ended)
             ORDER BY x.will_id FOR UPDATE) mine
     WHERE w.will_id = mine.will_id;
    UPDATE session s
       SET owner = NULL,
           epoch = s.epoch + 1,
           expires_at = session_end(v_now, s.expiry_seconds),
           look_at = least(s.look_at, session_end(v_now, s.expiry_seconds))
     WHERE s.session_id = ANY (v_sessions);
    IF cardinality(v_sessions) < p_limit THEN
        v_wills := ARRAY(SELECT w.will_id FROM will w WHERE w.owner = ANY (v_ended) LIMIT p_limit FOR UPDATE SKIP LOCKED);
        UPDATE will w
           SET owner = NULL,
               due_at = coalesce(w.due_at, v_now + interval '1 second' * least(w.delay_seconds, coalesce(
                   (SELECT s.expiry_seconds FROM session s WHERE s.session_id = w.session_id), 0)))
         WHERE w.will_id = ANY (v_wills);
    END IF;
    handled := greatest(handled, cardinality(v_sessions) + cardinality(v_wills));
    DELETE FROM ended_node e
     WHERE e.incarnation = ANY (v_ended) AND e.settled_to = c_end
       AND NOT EXISTS (SELECT FROM will w WHERE w.owner = e.incarnation);
    more := EXISTS (SELECT FROM ended_node);
END $$;
