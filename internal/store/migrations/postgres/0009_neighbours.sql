-- +goose Up
-- Which tokens of an account are good: those of its epoch, which a new password ends, and of one family that outlives that. The endpoints that hear of an
-- organisation's events are a document in its row, secrets sealed, so that a change knows them without another look-up.
ALTER TABLE accounts ADD COLUMN token_epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN kept_family TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organisations ADD COLUMN endpoints TEXT NOT NULL DEFAULT '[]';
