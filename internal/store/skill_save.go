package store

import (
	"encoding/json"
	"time"

	"avow/internal/skill"
)

// saveVerification writes what a decision returned. The version of the user guards all of it.
func saveVerification(state skill.State, next skill.Next) *batch {
	b := &batch{}
	if next.Empty() {
		return b
	}
	user, verification := state.User, state.Verification
	if next.User != nil {
		user = next.User
	}
	if next.Verification != nil {
		verification = next.Verification
	}
	b.saveUser(*user)
	if next.Verification != nil {
		b.saveVerification(*verification)
	}
	if next.Session != nil {
		b.saveSession(*next.Session)
	}
	if next.Skills != nil {
		b.replaceSkills(*verification, next.Skills)
	}
	if next.Items != nil {
		b.replaceItems(*verification, next.Items)
	}
	return b
}

func (b *batch) saveUser(u skill.User) {
	emailKey, phoneKey := orNil(skill.EmailKey(u.Email)), orNil(skill.PhoneKey(u.Phone))
	if u.Version == 0 {
		b.exec(`INSERT INTO skill_users (org_id, mode, id, name, email, email_key, phone, phone_key, created_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)`,
			u.Owner.Org, string(u.Owner.Mode), u.ID, u.Name, u.Email, emailKey, u.Phone, phoneKey, micros(u.CreatedAt))
		return
	}
	b.guard(`UPDATE skill_users SET name = $1, email = $2, email_key = $3, phone = $4, phone_key = $5, version = version + 1
WHERE org_id = $6 AND mode = $7 AND id = $8 AND version = $9`,
		u.Name, u.Email, emailKey, u.Phone, phoneKey, u.Owner.Org, string(u.Owner.Mode), u.ID, u.Version)
}

func (b *batch) saveVerification(v skill.Verification) {
	b.exec(`INSERT INTO verifications (org_id, mode, id, user_id, key_id, student_id, callback_url, name, method, endorsement_type, created_at, initiated_at, completed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (org_id, mode, id) DO UPDATE SET method = excluded.method, endorsement_type = excluded.endorsement_type,
  initiated_at = excluded.initiated_at, completed_at = excluded.completed_at`,
		v.Owner.Org, string(v.Owner.Mode), v.ID, v.User, v.Key, v.Student, v.Callback, v.Name, string(v.Method), v.EndorsementType,
		micros(v.CreatedAt), micros(v.InitiatedAt), micros(v.CompletedAt))
}

func (b *batch) saveSession(s skill.Session) {
	b.exec(`INSERT INTO sessions (org_id, mode, verification_id, hash, projects, experience, certificates, skill_ids, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		s.Owner.Org, string(s.Owner.Mode), s.Verification, s.Hash[:], string(s.Lists.Projects), string(s.Lists.Experience), string(s.Lists.Certificates),
		textsToJSON(s.SkillIDs), micros(s.CreatedAt), micros(s.ExpiresAt))
}

func (b *batch) replaceSkills(v skill.Verification, skills []skill.Skill) {
	b.exec(`DELETE FROM verification_skills WHERE org_id = $1 AND mode = $2 AND verification_id = $3`, v.Owner.Org, string(v.Owner.Mode), v.ID)
	for position, s := range skills {
		b.exec(`INSERT INTO verification_skills (org_id, mode, verification_id, position, skill_id, name, proof_urls, status, verified_at, verified_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			v.Owner.Org, string(v.Owner.Mode), v.ID, position, s.ID, s.Name, textsToJSON(s.ProofURLs), string(s.Status), micros(s.VerifiedAt),
			string(s.VerifiedBy), micros(s.CreatedAt))
	}
}

func (b *batch) replaceItems(v skill.Verification, items []skill.Item) {
	b.exec(`DELETE FROM verification_items WHERE org_id = $1 AND mode = $2 AND verification_id = $3`, v.Owner.Org, string(v.Owner.Mode), v.ID)
	for position, i := range items {
		b.exec(`INSERT INTO verification_items (org_id, mode, verification_id, position, record_id, kind, external_id, title, organisation, description, starts_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			v.Owner.Org, string(v.Owner.Mode), v.ID, position, i.RecordID, string(i.Kind), i.ID, i.Title, i.Organisation, i.Description,
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
