-- +goose Up
-- Callbacks that answered 410 Gone: an organisation's URL in one mode, by its SHA-256, for a URL may be longer than an index takes.

CREATE TABLE disabled_callbacks (
  url_hash    BYTEA  NOT NULL,
  mode        TEXT   NOT NULL,
  org_id      TEXT   NOT NULL REFERENCES organisations (id),
  disabled_at BIGINT NOT NULL,
  PRIMARY KEY (url_hash, mode, org_id)
);
