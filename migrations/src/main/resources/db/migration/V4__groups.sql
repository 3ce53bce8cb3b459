-- Who belongs to the group of a shared subscription: asked when a group opens, and to find groups that nobody belongs to any more.
CREATE INDEX subscription_share ON subscription (share, filter) WHERE share <> '';

-- Ends up to p_limit sessions of groups without a member. Their names begin with $share/, which no client's may. One that is being
-- opened has an owner, or gets one while its row is waited for here: then it is left alone.
CREATE FUNCTION end_unused_groups(p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ended integer;
BEGIN
    WITH unused AS (
        SELECT g.session_id FROM session g
         WHERE g.client_id >= '$share/' AND g.client_id < '$share0' AND g.owner IS NULL
           AND NOT EXISTS (SELECT FROM subscription s
                            WHERE s.share <> '' AND s.share = split_part(g.client_id, '/', 2)
                              AND s.filter = substr(g.client_id, length('$share/') + length(split_part(g.client_id, '/', 2)) + 2))
         LIMIT p_limit FOR UPDATE OF g SKIP LOCKED)
    DELETE FROM session g USING unused WHERE g.session_id = unused.session_id;
    GET DIAGNOSTICS v_ended = ROW_COUNT;
    RETURN v_ended;
END $$;
