-- +goose Up
-- Everything of the skill contract belongs to an owner: organisation and mode. Keys begin with what tells rows apart best, so that no plan can stop at the owner and
-- read all that it has. Dates of items are NULL when they were not given: 1970 is a date like any other.

CREATE TABLE skill_users (
  org_id     TEXT   NOT NULL REFERENCES organisations (id),
  mode       TEXT   NOT NULL,
  id         TEXT   NOT NULL,
  name       TEXT   NOT NULL,
  email      TEXT   NOT NULL,
  email_key  TEXT,
  phone      TEXT   NOT NULL,
  phone_key  TEXT,
  created_at BIGINT NOT NULL,
  version    BIGINT NOT NULL,
  PRIMARY KEY (id, mode, org_id),
  UNIQUE (email_key, mode, org_id),
  UNIQUE (phone_key, mode, org_id)
);

CREATE TABLE verifications (
  org_id           TEXT   NOT NULL,
  mode             TEXT   NOT NULL,
  id               TEXT   NOT NULL,
  user_id          TEXT   NOT NULL,
  key_id           TEXT   NOT NULL,
  student_id       TEXT   NOT NULL,
  callback_url     TEXT   NOT NULL,
  name             TEXT   NOT NULL,
  method           TEXT   NOT NULL,
  endorsement_type TEXT   NOT NULL,
  created_at       BIGINT NOT NULL,
  initiated_at     BIGINT NOT NULL,
  completed_at     BIGINT NOT NULL,
  PRIMARY KEY (id, mode, org_id),
  FOREIGN KEY (user_id, mode, org_id) REFERENCES skill_users (id, mode, org_id)
);
CREATE INDEX verifications_user ON verifications (user_id, mode, org_id);

-- A row never changes. It may go once it has expired.
CREATE TABLE sessions (
  org_id          TEXT   NOT NULL,
  mode            TEXT   NOT NULL,
  verification_id TEXT   NOT NULL,
  hash            BYTEA  NOT NULL UNIQUE,
  projects        TEXT   NOT NULL,
  experience      TEXT   NOT NULL,
  certificates    TEXT   NOT NULL,
  skill_ids       TEXT   NOT NULL,
  created_at      BIGINT NOT NULL,
  expires_at      BIGINT NOT NULL,
  PRIMARY KEY (verification_id, mode, org_id),
  FOREIGN KEY (verification_id, mode, org_id) REFERENCES verifications (id, mode, org_id)
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Ids of the caller's choice stand in no index: they may be longer than an index takes.
CREATE TABLE verification_skills (
  org_id          TEXT   NOT NULL,
  mode            TEXT   NOT NULL,
  verification_id TEXT   NOT NULL,
  position        BIGINT NOT NULL,
  skill_id        TEXT   NOT NULL,
  name            TEXT   NOT NULL,
  proof_urls      TEXT   NOT NULL,
  status          TEXT   NOT NULL,
  verified_at     BIGINT NOT NULL,
  verified_by     TEXT   NOT NULL,
  created_at      BIGINT NOT NULL,
  PRIMARY KEY (verification_id, mode, org_id, position),
  FOREIGN KEY (verification_id, mode, org_id) REFERENCES verifications (id, mode, org_id)
);

CREATE TABLE verification_items (
  org_id          TEXT   NOT NULL,
  mode            TEXT   NOT NULL,
  verification_id TEXT   NOT NULL,
  position        BIGINT NOT NULL,
  record_id       TEXT   NOT NULL,
  kind            TEXT   NOT NULL,
  external_id     TEXT   NOT NULL,
  title           TEXT   NOT NULL,
  organisation    TEXT   NOT NULL,
  description     TEXT   NOT NULL,
  starts_at       BIGINT,
  ends_at         BIGINT,
  PRIMARY KEY (verification_id, mode, org_id, position),
  FOREIGN KEY (verification_id, mode, org_id) REFERENCES verifications (id, mode, org_id)
);
