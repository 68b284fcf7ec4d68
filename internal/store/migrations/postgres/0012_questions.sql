-- +goose Up
-- Files of questions that operators imported, as they were read, beside the bank that the program holds. They belong to no organisation.

CREATE TABLE question_files (
  id   TEXT NOT NULL PRIMARY KEY CHECK (id <> ''), -- of the skill
  text TEXT NOT NULL
);

-- The stamp of the last import, by which processes know that there was one: one row, 0 before the first.
CREATE TABLE question_state (
  id    BIGINT NOT NULL PRIMARY KEY,
  stamp BIGINT NOT NULL
);

INSERT INTO question_state (id, stamp) VALUES (1, 0);
