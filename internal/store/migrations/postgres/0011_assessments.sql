-- +goose Up
-- The assessment of a verification: the paper that is out with its right answers, what was drawn before, and the attempts, in one document.
CREATE TABLE assessments (
  org_id          TEXT NOT NULL,
  mode            TEXT NOT NULL,
  verification_id TEXT NOT NULL,
  document        TEXT NOT NULL,
  PRIMARY KEY (verification_id, mode, org_id),
  FOREIGN KEY (verification_id, mode, org_id) REFERENCES verifications (id, mode, org_id)
);
