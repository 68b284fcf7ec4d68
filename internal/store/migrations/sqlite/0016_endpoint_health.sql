-- +goose Up
-- How the targets of webhooks are doing, for an organisation in one mode: a row only for those that are failing, catching up or off. Since is the first failure since
-- the last success, back_at the instant from which what was tried before is brought forward, off_at that from which the target is not called. The stamp is of the
-- change that disabled it. What has answered 410 before this schema was kept by a hash of its URL, in
-- disabled_callbacks: it is called once more and disabled by its next 410. That table stays for replicas of the release before; nothing reads it any more.
CREATE TABLE endpoint_health (
  target     TEXT    NOT NULL,
  test       BOOLEAN NOT NULL,
  org_id     TEXT    NOT NULL,
  since      BIGINT  NOT NULL,
  back_at    BIGINT  NOT NULL,
  off_at     BIGINT  NOT NULL,
  reason     TEXT    NOT NULL,
  stamp      BIGINT  NOT NULL,
  changed_at BIGINT  NOT NULL,
  PRIMARY KEY (target, test, org_id)
);
CREATE INDEX endpoint_health_age ON endpoint_health (changed_at) WHERE off_at = 0;
