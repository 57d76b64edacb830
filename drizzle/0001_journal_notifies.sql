-- Whoever writes a revocation, by whatever path, every listening instance hears of it when the
-- transaction commits: a trigger cannot be forgotten by a writer. The payload is the entry itself,
-- far under NOTIFY's 8,000 bytes (ids are at most a token id long).
CREATE FUNCTION latchkey_announce_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('latchkey_revocations', json_build_object(
    'kind', NEW.kind,
    'id', NEW.id,
    'stale_below', NEW.stale_below,
    'revoked_below', NEW.revoked_below,
    'until', (extract(epoch FROM NEW.until) * 1000)::float8
  )::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER latchkey_announce_revocation AFTER INSERT ON "revocations"
  FOR EACH ROW EXECUTE FUNCTION latchkey_announce_revocation();
