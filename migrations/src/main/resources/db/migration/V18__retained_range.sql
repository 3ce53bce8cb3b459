-- A page of a range of retained messages, and of one topic before it (the parent). The bound is the key after which this page looks no
-- further; it is null when the range ends before. As a statement of its own it could be planned as a bitmap of the whole range, sorted:
-- where the planner believes that the range is short, a page of a long one read all of it.
CREATE FUNCTION retained_in_range(
    p_after text, p_parent text, p_from text, p_to text, p_tags text[], p_dollar boolean, p_limit integer, p_scanned integer)
RETURNS TABLE (bound text, topic text, qos smallint, expires_at bigint, properties bytea, payload bytea) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
    v_bound text := (SELECT r.topic FROM retained r
                      WHERE r.topic > p_after AND r.topic >= p_from AND r.topic < p_to
                      ORDER BY r.topic OFFSET p_scanned - 1 LIMIT 1);
BEGIN
    RETURN QUERY
        SELECT v_bound, r.*
          FROM (VALUES (0)) one LEFT JOIN (
            SELECT * FROM (
                (SELECT r.topic, r.qos, r.expires_at, r.properties, r.payload FROM retained r
                  WHERE r.topic = p_parent AND r.topic > p_after AND p_parent <> p_from)
                UNION ALL
                (SELECT r.topic, r.qos, r.expires_at, r.properties, r.payload FROM retained r
                  WHERE r.topic > p_after AND r.topic >= p_from AND r.topic < coalesce(v_bound || chr(1), p_to) AND r.tags @> p_tags
                    AND (p_dollar OR r.topic < '$' OR r.topic >= '%')
                    AND (r.expires_at IS NULL OR r.expires_at > now_millis())
                  ORDER BY r.topic LIMIT p_limit)) x
             WHERE x.expires_at IS NULL OR x.expires_at > now_millis()
             ORDER BY x.topic LIMIT p_limit) r ON true;
END $$;
