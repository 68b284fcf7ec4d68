-- +goose Up
-- Names of accounts beside id and address: alias, customer numbers, ids that other systems give. Each is one account's in its organisation.

CREATE TABLE account_names (
  value      TEXT NOT NULL,
  kind       TEXT NOT NULL,
  org_id     TEXT NOT NULL,
  account_id TEXT NOT NULL,
  PRIMARY KEY (value, kind, org_id)
);
