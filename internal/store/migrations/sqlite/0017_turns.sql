-- +goose Up
-- What one process at a time may do: whose turn it is, and until when unless it is told again.

CREATE TABLE turns (
  name   TEXT   NOT NULL PRIMARY KEY,
  holder TEXT   NOT NULL,
  ends   BIGINT NOT NULL
);
