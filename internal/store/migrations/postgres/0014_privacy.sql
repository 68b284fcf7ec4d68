-- +goose Up
-- Whom a delivery or a captured mail tells of: the id of a person or an account, so that what is kept of somebody can be shown and erased. Deliveries that are older than
-- this column tell of nobody, and go 30 days after their end.
ALTER TABLE deliveries ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE captured_mails ADD COLUMN about TEXT NOT NULL DEFAULT '';
CREATE INDEX deliveries_about ON deliveries (about) WHERE about <> '';
CREATE INDEX captured_mails_about ON captured_mails (about) WHERE about <> '';
CREATE INDEX account_names_account ON account_names (account_id);
CREATE INDEX tokens_account ON tokens (account_id) WHERE account_id <> '';

-- The day on which something of a person changed last, as its first instant: an index of it is written once a day at most.
ALTER TABLE skill_users ADD COLUMN active_on BIGINT NOT NULL DEFAULT 0;
UPDATE skill_users SET active_on = COALESCE(
  (SELECT MAX(GREATEST(r.created_at, r.initiated_at, r.completed_at)) FROM verifications r WHERE r.user_id = skill_users.id AND r.mode = skill_users.mode AND r.org_id = skill_users.org_id), created_at);
CREATE INDEX skill_users_activity ON skill_users (org_id, active_on);

-- What is left of an erased person or account: no name, no address, no text. Mode is empty for accounts; remains is a document.
CREATE TABLE erasures (
  org_id     TEXT   NOT NULL REFERENCES organisations (id),
  mode       TEXT   NOT NULL,
  id         TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  erased_at  BIGINT NOT NULL,
  remains    TEXT   NOT NULL,
  PRIMARY KEY (id, mode, org_id)
);
