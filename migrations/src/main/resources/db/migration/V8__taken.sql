-- A QoS 2 message of a group (the session of a shared subscription) goes over to a member in one transaction: the member's in-flight state
-- has it, a row here says so, and the group's epoch is the one that it was dealt in. Whoever opens the group later, after having claimed it,
-- finds here all that must not be dealt any more; what an earlier coordinator dealt can't be taken after that. Before, the members'
-- in-flight states were read: those who were just writing theirs on other nodes would have been missed.
--   log_id   of the group's only filter
CREATE TABLE taken (
    group_id bigint NOT NULL REFERENCES session ON DELETE CASCADE,
    log_id   bigint NOT NULL,
    PRIMARY KEY (group_id, log_id));

-- checkpoint_sessions for members that take messages over, and the takes.
--   p_taker, p_group, p_group_epoch, p_log   takes: a session of p_session, and what it takes
-- outcome: 'held', or 'refused' (a group was claimed anew: nothing was written for this session); no row: the session was lost.
CREATE FUNCTION checkpoint_takers(
    p_session bigint[], p_epoch bigint[], p_first integer[], p_last integer[], p_cursors bigint[], p_inflight bytea[],
    p_number bigint[], p_taker bigint[], p_group bigint[], p_group_epoch bigint[], p_log bigint[])
RETURNS TABLE (held bigint, outcome text) LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    v_again   bigint[];
    v_refused bigint[];
    v_rows    integer[];
    v_held    bigint[];
BEGIN
    -- A claim of the group waits for this, or this sees its epoch.
    PERFORM 1 FROM session g WHERE g.session_id = ANY (p_group) ORDER BY g.session_id FOR SHARE;
    -- A repeated call: its takes are in, and may even be forgotten by now.
    v_again := ARRAY(
        SELECT d.session_id FROM unnest(p_session, p_epoch, p_number) AS d (session_id, epoch, number)
          JOIN session s ON s.session_id = d.session_id AND s.epoch = d.epoch AND s.checkpoint_number >= d.number);
    v_refused := ARRAY(
        SELECT DISTINCT t.taker FROM unnest(p_taker, p_group, p_group_epoch) AS t (taker, group_id, epoch)
         WHERE NOT t.taker = ANY (v_again)
           AND NOT EXISTS (SELECT FROM session g WHERE g.session_id = t.group_id AND g.epoch = t.epoch));
    v_rows := ARRAY(
        SELECT d.n::integer FROM unnest(p_session) WITH ORDINALITY AS d (session_id, n)
         WHERE NOT d.session_id = ANY (v_refused) ORDER BY d.n);
    v_held := ARRAY(SELECT checkpoint_sessions(
        ARRAY(SELECT p_session[r.n] FROM unnest(v_rows) WITH ORDINALITY AS r (n, i) ORDER BY r.i),
        ARRAY(SELECT p_epoch[r.n] FROM unnest(v_rows) WITH ORDINALITY AS r (n, i) ORDER BY r.i),
        ARRAY(SELECT p_first[r.n] FROM unnest(v_rows) WITH ORDINALITY AS r (n, i) ORDER BY r.i),
        ARRAY(SELECT p_last[r.n] FROM unnest(v_rows) WITH ORDINALITY AS r (n, i) ORDER BY r.i),
        p_cursors,
        ARRAY(SELECT p_inflight[r.n] FROM unnest(v_rows) WITH ORDINALITY AS r (n, i) ORDER BY r.i),
        ARRAY(SELECT p_number[r.n] FROM unnest(v_rows) WITH ORDINALITY AS r (n, i) ORDER BY r.i)));
    INSERT INTO taken (group_id, log_id)
    SELECT DISTINCT t.group_id, t.log_id FROM unnest(p_taker, p_group, p_log) AS t (taker, group_id, log_id)
     WHERE t.taker = ANY (v_held) AND NOT t.taker = ANY (v_again)
     ORDER BY t.group_id, t.log_id
        ON CONFLICT DO NOTHING;
    RETURN QUERY
    SELECT h.id, 'held'::text FROM unnest(v_held) AS h (id)
     UNION ALL
    SELECT f.id, 'refused'::text FROM unnest(v_refused) AS f (id);
END $$;
