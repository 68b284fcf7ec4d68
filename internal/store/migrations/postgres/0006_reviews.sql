-- +goose Up
-- The reviewer of a verification, and what was sent there: status is empty as long as nothing was. A token that is voided is NULL.
CREATE TABLE reviews (
  org_id          TEXT   NOT NULL,
  mode            TEXT   NOT NULL,
  verification_id TEXT   NOT NULL,
  name            TEXT   NOT NULL,
  email           TEXT   NOT NULL,
  company         TEXT   NOT NULL,
  website         TEXT   NOT NULL,
  website_domain  TEXT   NOT NULL,
  email_domain    TEXT   NOT NULL,
  stored_at       BIGINT NOT NULL,
  token_hash      BYTEA  UNIQUE,
  link_hash       BYTEA  UNIQUE,
  status          TEXT   NOT NULL,
  evidence        TEXT   NOT NULL,
  delivery_id     TEXT   NOT NULL,
  sent_at         BIGINT NOT NULL,
  expires_at      BIGINT NOT NULL,
  PRIMARY KEY (verification_id, mode, org_id),
  FOREIGN KEY (verification_id, mode, org_id) REFERENCES verifications (id, mode, org_id)
);
CREATE INDEX reviews_website ON reviews (website_domain, org_id, mode);
CREATE INDEX reviews_email_domain ON reviews (email_domain, org_id, mode);
CREATE INDEX reviews_email ON reviews (email, org_id, mode, stored_at);

-- A row for each thing that a key is counted for: nothing is raised, so nobody waits; sums are made when somebody asks.
CREATE TABLE key_counts (
  id              TEXT   NOT NULL PRIMARY KEY,
  org_id          TEXT   NOT NULL,
  mode            TEXT   NOT NULL,
  key_id          TEXT   NOT NULL,
  counter         TEXT   NOT NULL,
  verification_id TEXT   NOT NULL,
  created_at      BIGINT NOT NULL
);
CREATE INDEX key_counts_sum ON key_counts (key_id, counter);

-- Every address that was ever given as a person's: none of them may review.
ALTER TABLE skill_users ADD COLUMN mailboxes TEXT NOT NULL DEFAULT '[]';
