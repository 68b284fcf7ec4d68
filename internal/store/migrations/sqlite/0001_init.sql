-- +goose Up
-- Instants are Unix microseconds; 0 says "never". Hashes are keyed, *_sealed columns are encrypted.

CREATE TABLE organisations (
  id         TEXT    NOT NULL PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE,
  settings   TEXT    NOT NULL,
  demo       BOOLEAN NOT NULL,
  created_at BIGINT  NOT NULL
);

CREATE TABLE api_keys (
  id                     TEXT   NOT NULL PRIMARY KEY,
  org_id                 TEXT   NOT NULL REFERENCES organisations (id),
  mode                   TEXT   NOT NULL,
  name                   TEXT   NOT NULL,
  hash                   BLOB   NOT NULL UNIQUE,
  secret_sealed          BLOB   NOT NULL,
  previous_secret_sealed BLOB,
  previous_until         BIGINT NOT NULL,
  created_at             BIGINT NOT NULL,
  revoked_at             BIGINT NOT NULL
);

CREATE TABLE clients (
  id                TEXT    NOT NULL PRIMARY KEY,
  org_id            TEXT    NOT NULL REFERENCES organisations (id),
  name              TEXT    NOT NULL,
  secret_hash       BLOB    NOT NULL,
  scopes            TEXT    NOT NULL,
  verification_urls TEXT    NOT NULL,
  offline_access    BOOLEAN NOT NULL,
  created_at        BIGINT  NOT NULL,
  disabled_at       BIGINT  NOT NULL
);

CREATE TABLE tokens (
  hash       BLOB   NOT NULL PRIMARY KEY,
  kind       TEXT   NOT NULL,
  org_id     TEXT   NOT NULL,
  client_id  TEXT   NOT NULL REFERENCES clients (id),
  account_id TEXT   NOT NULL,
  scopes     TEXT   NOT NULL,
  family     TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL,
  used_by    BLOB,
  revoked_at BIGINT NOT NULL
);
CREATE INDEX tokens_expiry ON tokens (expires_at);

-- A family is revoked by one row, whatever tokens are issued for it at the same moment.
CREATE TABLE revoked_families (
  family     TEXT   NOT NULL PRIMARY KEY,
  revoked_at BIGINT NOT NULL
);

CREATE TABLE accounts (
  id             TEXT    NOT NULL PRIMARY KEY,
  org_id         TEXT    NOT NULL REFERENCES organisations (id),
  email          TEXT    NOT NULL,
  email_key      TEXT    NOT NULL,
  status         TEXT    NOT NULL,
  verified       BOOLEAN NOT NULL,
  login_disabled BOOLEAN NOT NULL,
  password       TEXT    NOT NULL,
  profile        TEXT    NOT NULL,
  created_at     BIGINT  NOT NULL,
  updated_at     BIGINT  NOT NULL,
  version        BIGINT  NOT NULL,
  UNIQUE (email_key, org_id)
);

-- The key allows one code for an account and purpose: a new one takes the place of the old, so that two can never be live.
CREATE TABLE account_codes (
  account_id  TEXT   NOT NULL,
  purpose     TEXT   NOT NULL,
  org_id      TEXT   NOT NULL,
  request_id  TEXT   NOT NULL,
  hash        BLOB   NOT NULL,
  wrong       BIGINT NOT NULL,
  delivery_id TEXT   NOT NULL,
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  PRIMARY KEY (account_id, purpose)
);

CREATE TABLE deliveries (
  id             TEXT    NOT NULL PRIMARY KEY,
  org_id         TEXT    NOT NULL,
  test           BOOLEAN NOT NULL,
  kind           TEXT    NOT NULL,
  target         TEXT    NOT NULL,
  payload_sealed BLOB,
  state          TEXT    NOT NULL,
  attempt        BIGINT  NOT NULL,
  due_at         BIGINT  NOT NULL,
  leased         BOOLEAN NOT NULL,
  detail         TEXT    NOT NULL,
  created_at     BIGINT  NOT NULL,
  finished_at    BIGINT  NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'queued';

CREATE TABLE captured_mails (
  id          TEXT    NOT NULL PRIMARY KEY,
  org_id      TEXT    NOT NULL,
  test        BOOLEAN NOT NULL,
  recipient   TEXT    NOT NULL,
  sender      TEXT    NOT NULL,
  subject     TEXT    NOT NULL,
  text_sealed BLOB    NOT NULL,
  html_sealed BLOB    NOT NULL,
  created_at  BIGINT  NOT NULL
);
CREATE INDEX captured_mails_age ON captured_mails (created_at);
