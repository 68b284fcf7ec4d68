package store

import (
	"encoding/json"
	"time"

	"avow/internal/skill"
)

// The version of the user guards a change of anything that the person has: the update finds the version that was loaded, everything else the one that was written
// with it. A new user is written with that version at once; its unique keys are its guard.
const (
	ofUser        = `org text, mode text, person text, fresh bigint, `
	joinUser      = ` FROM v JOIN skill_users u ON u.org_id = v.org AND u.mode = v.mode AND u.id = v.person AND u.version = v.fresh`
	selectOfOwner = `SELECT u.org_id, u.mode, `
)

var (
	updateUser = guardSet(0, `id text, org text, mode text, loaded bigint, fresh bigint, name text, email text, email_key text, phone text, phone_key text`,
		`UPDATE skill_users SET name = v.name, email = v.email, email_key = v.email_key, phone = v.phone, phone_key = v.phone_key, version = v.fresh
FROM v WHERE skill_users.org_id = v.org AND skill_users.mode = v.mode AND skill_users.id = v.id AND skill_users.version = v.loaded RETURNING skill_users.id`)

	insertUser = writeSet(1, `org text, mode text, id text, fresh bigint, name text, email text, email_key text, phone text, phone_key text, created_at bigint`, `INSERT INTO skill_users (org_id, mode, id, name, email, email_key, phone, phone_key, created_at, version)
SELECT v.org, v.mode, v.id, v.name, v.email, v.email_key, v.phone, v.phone_key, v.created_at, v.fresh FROM v`)

	putVerification = writeSet(2, ofUser+`id text, api_key text, student text, callback text, name text, method text, endorsement text,
  created_at bigint, initiated_at bigint, completed_at bigint`,
		`INSERT INTO verifications (org_id, mode, id, user_id, key_id, student_id, callback_url, name, method, endorsement_type, created_at, initiated_at, completed_at)
`+selectOfOwner+`v.id, u.id, v.api_key, v.student, v.callback, v.name, v.method, v.endorsement, v.created_at, v.initiated_at, v.completed_at`+joinUser+` WHERE TRUE
ON CONFLICT (id, mode, org_id) DO UPDATE SET method = excluded.method, endorsement_type = excluded.endorsement_type,
  initiated_at = excluded.initiated_at, completed_at = excluded.completed_at`)

	insertSession = writeSet(3, ofUser+`verification text, hash bytea, projects text, experience text, certificates text, skill_ids text, created_at bigint, expires_at bigint`,
		`INSERT INTO sessions (org_id, mode, verification_id, hash, projects, experience, certificates, skill_ids, created_at, expires_at)
`+selectOfOwner+`v.verification, v.hash, v.projects, v.experience, v.certificates, v.skill_ids, v.created_at, v.expires_at`+joinUser)

	deleteSkills = writeSet(4, ofUser+`verification text`, `DELETE FROM verification_skills WHERE (org_id, mode, verification_id) IN (
  `+selectOfOwner+`v.verification`+joinUser+`)`)

	insertSkill = writeSet(5, ofUser+`verification text, position bigint, id text, name text, proof_urls text, status text, verified_at bigint, verified_by text, created_at bigint`,
		`INSERT INTO verification_skills (org_id, mode, verification_id, position, skill_id, name, proof_urls, status, verified_at, verified_by, created_at)
`+selectOfOwner+`v.verification, v.position, v.id, v.name, v.proof_urls, v.status, v.verified_at, v.verified_by, v.created_at`+joinUser)

	deleteItems = writeSet(6, ofUser+`verification text`, `DELETE FROM verification_items WHERE (org_id, mode, verification_id) IN (
  `+selectOfOwner+`v.verification`+joinUser+`)`)

	insertItem = writeSet(7, ofUser+`verification text, position bigint, record text, kind text, id text, title text, organisation text, description text,
  starts_at bigint, ends_at bigint`,
		`INSERT INTO verification_items (org_id, mode, verification_id, position, record_id, kind, external_id, title, organisation, description, starts_at, ends_at)
`+selectOfOwner+`v.verification, v.position, v.record, v.kind, v.id, v.title, v.organisation, v.description, v.starts_at, v.ends_at`+joinUser)
)

// saveVerification writes what a decision returned.
func saveVerification(state skill.State, next skill.Next) *batch {
	if next.Empty() {
		return nil
	}
	user, verification := state.User, state.Verification
	if next.User != nil {
		user = next.User
	}
	if next.Verification != nil {
		verification = next.Verification
	}
	w := personWriter{batch: &batch{}, user: *user, fresh: stamp()}
	w.saveUser()
	if next.Verification != nil {
		w.saveVerification(*verification)
	}
	if next.Session != nil {
		w.saveSession(*next.Session)
	}
	if next.Skills != nil {
		w.replaceSkills(verification.ID, next.Skills)
	}
	if next.Items != nil {
		w.replaceItems(verification.ID, next.Items)
	}
	return w.batch
}

// personWriter collects what is written of one person.
type personWriter struct {
	*batch
	user  skill.User
	fresh int64
}

// dependent adds a row that is written only if the person's guard held.
func (w personWriter) dependent(s *set, values ...any) {
	w.write(s, append([]any{w.user.Owner.Org, string(w.user.Owner.Mode), w.user.ID, w.fresh}, values...)...)
}

func (w personWriter) saveUser() {
	u := w.user
	emailKey, phoneKey := orNil(skill.EmailKey(u.Email)), orNil(skill.PhoneKey(u.Phone))
	if u.Version == 0 {
		w.write(insertUser, u.Owner.Org, string(u.Owner.Mode), u.ID, w.fresh, u.Name, u.Email, emailKey, u.Phone, phoneKey, micros(u.CreatedAt))
		return
	}
	w.write(updateUser, u.ID, u.Owner.Org, string(u.Owner.Mode), u.Version, w.fresh, u.Name, u.Email, emailKey, u.Phone, phoneKey)
}

func (w personWriter) saveVerification(v skill.Verification) {
	w.dependent(putVerification, v.ID, v.Key, v.Student, v.Callback, v.Name, string(v.Method), v.EndorsementType,
		micros(v.CreatedAt), micros(v.InitiatedAt), micros(v.CompletedAt))
}

func (w personWriter) saveSession(s skill.Session) {
	w.dependent(insertSession, s.Verification, s.Hash[:], string(s.Lists.Projects), string(s.Lists.Experience), string(s.Lists.Certificates),
		textsToJSON(s.SkillIDs), micros(s.CreatedAt), micros(s.ExpiresAt))
}

func (w personWriter) replaceSkills(verification string, skills []skill.Skill) {
	w.dependent(deleteSkills, verification)
	for position, s := range skills {
		w.dependent(insertSkill, verification, position, s.ID, s.Name, textsToJSON(s.ProofURLs), string(s.Status), micros(s.VerifiedAt),
			string(s.VerifiedBy), micros(s.CreatedAt))
	}
}

func (w personWriter) replaceItems(verification string, items []skill.Item) {
	w.dependent(deleteItems, verification)
	for position, i := range items {
		w.dependent(insertItem, verification, position, i.RecordID, string(i.Kind), i.ID, i.Title, i.Organisation, i.Description,
			dateOrNil(i.Start), dateOrNil(i.End))
	}
}

// orNil keeps what is absent out of unique keys.
func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// dateOrNil keeps dates of any year, 1970 included; the zero time is none.
func dateOrNil(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

func textsToJSON(texts []string) string {
	if texts == nil {
		texts = []string{}
	}
	encoded, err := json.Marshal(texts)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(encoded)
}
