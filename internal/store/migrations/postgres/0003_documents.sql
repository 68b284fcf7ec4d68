-- +goose Up
-- What a step replaces as a whole is kept as a whole: a verification's skills and its items are documents in its row, so that a step writes one row however many there
-- are. What the steps need of a session's lists stands beside them. The codes of an account are a document in its row likewise, by their purpose.
ALTER TABLE accounts ADD COLUMN codes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE verifications ADD COLUMN skills TEXT NOT NULL DEFAULT '[]';
ALTER TABLE verifications ADD COLUMN items TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sessions ADD COLUMN given TEXT NOT NULL DEFAULT '';

UPDATE accounts SET codes = (
  SELECT json_build_object(k.purpose, json_build_object('id', k.request_id, 'hash', encode(k.hash, 'hex'), 'wrong', k.wrong, 'delivery', k.delivery_id, 'createdAt', k.created_at,
    'expiresAt', k.expires_at))::text
  FROM account_codes k WHERE k.account_id = accounts.id AND k.org_id = accounts.org_id)
WHERE EXISTS (SELECT 1 FROM account_codes k WHERE k.account_id = accounts.id AND k.org_id = accounts.org_id);

UPDATE verifications SET skills = (
  SELECT json_agg(json_build_object('id', k.skill_id, 'name', k.name, 'proofs', k.proof_urls::json, 'status', k.status, 'verifiedAt', k.verified_at,
    'verifiedBy', k.verified_by, 'createdAt', k.created_at) ORDER BY k.position)::text
  FROM verification_skills k WHERE k.verification_id = verifications.id AND k.mode = verifications.mode AND k.org_id = verifications.org_id)
WHERE EXISTS (SELECT 1 FROM verification_skills k WHERE k.verification_id = verifications.id AND k.mode = verifications.mode AND k.org_id = verifications.org_id);

UPDATE verifications SET items = (
  SELECT json_agg(json_build_object('record', i.record_id, 'kind', i.kind, 'id', i.external_id, 'title', i.title, 'organisation', i.organisation,
    'description', i.description, 'start', i.starts_at, 'end', i.ends_at) ORDER BY i.position)::text
  FROM verification_items i WHERE i.verification_id = verifications.id AND i.mode = verifications.mode AND i.org_id = verifications.org_id)
WHERE EXISTS (SELECT 1 FROM verification_items i WHERE i.verification_id = verifications.id AND i.mode = verifications.mode AND i.org_id = verifications.org_id);

DROP TABLE account_codes;
DROP TABLE verification_skills;
DROP TABLE verification_items;

-- Rows that are changed all the time keep room on their page for the next version, and documents stay where they are read from, as they are.
ALTER TABLE accounts SET (fillfactor = 70);
ALTER TABLE skill_users SET (fillfactor = 70);
ALTER TABLE verifications SET (fillfactor = 70, toast_tuple_target = 8160);
ALTER TABLE sessions SET (toast_tuple_target = 8160);
