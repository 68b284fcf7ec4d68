-- The least tables for both calls, with the indexes that such tables need.
DROP TABLE IF EXISTS verification_requests, outbox, items, sessions CASCADE;
CREATE TABLE verification_requests (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id bigint NOT NULL, kind text NOT NULL, status smallint NOT NULL DEFAULT 0,
  code_hash bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL);
CREATE INDEX ON verification_requests (user_id, created_at DESC);
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  recipient text NOT NULL, template text NOT NULL, params jsonb NOT NULL,
  attempts smallint NOT NULL DEFAULT 0, next_attempt_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz);
CREATE INDEX ON outbox (next_attempt_at) WHERE sent_at IS NULL;
CREATE TABLE sessions (
  id bigint PRIMARY KEY, state text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE items (
  session_id bigint NOT NULL REFERENCES sessions(id), item_key text NOT NULL,
  payload jsonb NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, item_key));
INSERT INTO sessions SELECT g, 'open' FROM generate_series(0, 9999) g;
ANALYZE;
