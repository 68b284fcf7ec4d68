-- +goose Up
-- What one process at a time may do: whose turn it is, and until when unless it is told again.

CREATE TABLE turns (
  name   TEXT   NOT NULL PRIMARY KEY,
  holder TEXT   NOT NULL,
  ends   BIGINT NOT NULL
);

-- A queue is a table in which every row changes often and early: what the claims and the purge leave behind in its indexes is to be cleared away long before a fifth of a
-- table of millions is dead.
ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE delivery_attempts SET (autovacuum_vacuum_scale_factor = 0.02);
