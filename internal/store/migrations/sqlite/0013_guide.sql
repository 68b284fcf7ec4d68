-- +goose Up
-- The guide's reads name a person by the caller's id, too. That may be longer than an index takes: its beginning is enough to find it.
CREATE INDEX verifications_student ON verifications (SUBSTR(student_id, 1, 200), mode, org_id);

-- Reviews that nobody has answered in time are looked for.
CREATE INDEX reviews_over ON reviews (expires_at) WHERE status = 'pending';
