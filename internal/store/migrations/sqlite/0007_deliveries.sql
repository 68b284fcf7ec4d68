-- +goose Up
-- A lane is the receiver of webhooks that a delivery goes to; mails have none. A claimed row is leased until due_at; what an attempt came to stands in a row of its
-- own. Attempts that were lost with their workers, or made before somebody retried, do not count for the schedule.

ALTER TABLE deliveries ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN begun_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN code BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN uncounted BIGINT NOT NULL DEFAULT 0;

DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'queued' AND lane = '';
CREATE INDEX deliveries_lanes ON deliveries (lane, due_at) WHERE state = 'queued' AND lane <> '';
CREATE INDEX deliveries_leases ON deliveries (due_at) WHERE state = 'queued' AND leased;
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at <> 0;
CREATE INDEX deliveries_webhooks ON deliveries (org_id, test, created_at, id) WHERE lane <> '';

-- However many processes claim, a receiver is called once at a time.
CREATE UNIQUE INDEX deliveries_calls ON deliveries (lane) WHERE state = 'queued' AND leased AND lane <> '';

CREATE TABLE delivery_attempts (
  delivery_id TEXT   NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  number      BIGINT NOT NULL,
  begun_at    BIGINT NOT NULL,
  took        BIGINT NOT NULL,
  outcome     TEXT   NOT NULL,
  code        BIGINT NOT NULL,
  answer      TEXT   NOT NULL,
  PRIMARY KEY (delivery_id, number)
);
