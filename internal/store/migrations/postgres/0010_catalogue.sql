-- +goose Up
-- Skills that operators imported, beside the list that the program holds. They belong to no organisation.

CREATE TABLE catalogue_skills (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  name     TEXT NOT NULL,
  category TEXT NOT NULL,
  aliases  TEXT NOT NULL -- a list in JSON
);

-- The stamp of the last import, by which processes know that there was one: one row, 0 before the first.
CREATE TABLE catalogue_state (
  id    BIGINT NOT NULL PRIMARY KEY,
  stamp BIGINT NOT NULL
);

INSERT INTO catalogue_state (id, stamp) VALUES (1, 0);
