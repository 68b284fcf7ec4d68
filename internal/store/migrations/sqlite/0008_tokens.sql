-- +goose Up
-- Wrong passwords that count against an account, and the instant from which they do no more. Enough of them freeze it until then.
ALTER TABLE accounts ADD COLUMN wrong_passwords BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN wrong_until BIGINT NOT NULL DEFAULT 0;
