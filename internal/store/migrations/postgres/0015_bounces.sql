-- +goose Up
-- What a mail is about, by which its organisation is told of a bounce, and who was asked to take it. Whatever is noted of a mail after it was sent changes its stamp: what
-- a report causes is written beside the stamp that it wrote, or not at all.

ALTER TABLE deliveries ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN relay TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN stamp BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery_attempts ADD COLUMN relay TEXT NOT NULL DEFAULT '';

CREATE TABLE delivery_reports (
  delivery_id TEXT   NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  action      TEXT   NOT NULL,
  status      TEXT   NOT NULL,
  diagnostic  TEXT   NOT NULL,
  noted_at    BIGINT NOT NULL,
  PRIMARY KEY (delivery_id, action)
);
