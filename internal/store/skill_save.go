package store

import "avow/internal/skill"

// The version of the user guards a change of anything that the person has: the update finds the version that was loaded, everything else the one that was written
// with it. A new user is written with that version at once; its unique keys are its guard.
const (
	ofUser   = `org text, mode text, person text, fresh bigint, `
	ofPerson = ` FROM v JOIN skill_users u ON u.id = v.person AND u.mode = v.mode AND u.org_id = v.org AND u.version = v.fresh`
)

var (
	updateUser = guardSet(0, `id text, org text, mode text, loaded bigint, fresh bigint, name text, email text, email_key text, phone text, phone_key text, mailboxes text`,
		`UPDATE skill_users SET name = v.name, email = v.email, email_key = v.email_key, phone = v.phone, phone_key = v.phone_key, mailboxes = v.mailboxes, version = v.fresh
FROM v WHERE skill_users.org_id = v.org AND skill_users.mode = v.mode AND skill_users.id = v.id AND skill_users.version = v.loaded RETURNING skill_users.id`)

	insertUser = writeSet(1, `org text, mode text, id text, fresh bigint, name text, email text, email_key text, phone text, phone_key text, mailboxes text, created_at bigint`,
		`INSERT INTO skill_users (org_id, mode, id, name, email, email_key, phone, phone_key, mailboxes, created_at, version)
SELECT v.org, v.mode, v.id, v.name, v.email, v.email_key, v.phone, v.phone_key, v.mailboxes, v.created_at, v.fresh FROM v`)

	insertVerification = writeSet(2, ofUser+`id text, api_key text, student text, callback text, name text, method text, endorsement text,
  created_at bigint, initiated_at bigint, completed_at bigint, skills text, items text`,
		`INSERT INTO verifications (org_id, mode, id, user_id, key_id, student_id, callback_url, name, method, endorsement_type, created_at, initiated_at, completed_at,
  skills, items)
SELECT v.org, v.mode, v.id, v.person, v.api_key, v.student, v.callback, v.name, v.method, v.endorsement, v.created_at, v.initiated_at, v.completed_at, v.skills, v.items`+ofPerson)

	updateVerification = writeSet(3, ofUser+`id text, method text, endorsement text, initiated_at bigint, completed_at bigint, skills text, items text`,
		`UPDATE verifications SET method = v.method, endorsement_type = v.endorsement, initiated_at = v.initiated_at, completed_at = v.completed_at,
  skills = v.skills, items = v.items`+ofPerson+`
WHERE verifications.id = v.id AND verifications.mode = v.mode AND verifications.org_id = v.org AND verifications.user_id = v.person`)

	insertSession = writeSet(4, ofUser+`verification text, hash bytea, projects text, experience text, certificates text, skill_ids text, given text, created_at bigint, expires_at bigint`,
		`INSERT INTO sessions (org_id, mode, verification_id, hash, projects, experience, certificates, skill_ids, given, created_at, expires_at)
SELECT v.org, v.mode, v.verification, v.hash, v.projects, v.experience, v.certificates, v.skill_ids, v.given, v.created_at, v.expires_at`+ofPerson)
)

// saveVerification writes what a decision returned.
func (s *Store) saveVerification(state skill.State, next skill.Next) *batch {
	if next.Empty() {
		return nil
	}
	user := state.User
	if next.User != nil {
		user = next.User
	}
	w := personWriter{batch: &batch{}, user: *user, fresh: stamp()}
	w.saveUser()
	w.saveVerification(state, next)
	if next.Session != nil {
		w.saveSession(*next.Session)
	}
	w.saveReview(state, next)
	w.saveAssessment(state, next)
	w.saveConsequences(s, state, next)
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
		w.write(insertUser, u.Owner.Org, string(u.Owner.Mode), u.ID, w.fresh, u.Name, u.Email, emailKey, u.Phone, phoneKey, textsToJSON(u.Mailboxes), micros(u.CreatedAt))
		return
	}
	w.write(updateUser, u.ID, u.Owner.Org, string(u.Owner.Mode), u.Version, w.fresh, u.Name, u.Email, emailKey, u.Phone, phoneKey, textsToJSON(u.Mailboxes))
}

// saveVerification writes the row with both documents: what a decision leaves out stays as it was loaded.
func (w personWriter) saveVerification(state skill.State, next skill.Next) {
	skills, items := state.Skills, state.Items
	if next.Skills != nil {
		skills = next.Skills
	}
	if next.Items != nil {
		items = next.Items
	}
	if state.Verification == nil {
		v := next.Verification
		w.dependent(insertVerification, v.ID, v.Key, v.Student, v.Callback, v.Name, string(v.Method), v.EndorsementType,
			micros(v.CreatedAt), micros(v.InitiatedAt), micros(v.CompletedAt), skillsToJSON(skills), itemsToJSON(items))
		return
	}
	v := state.Verification
	if next.Verification != nil {
		v = next.Verification
	}
	w.dependent(updateVerification, v.ID, string(v.Method), v.EndorsementType, micros(v.InitiatedAt), micros(v.CompletedAt), skillsToJSON(skills), itemsToJSON(items))
}

func (w personWriter) saveSession(s skill.Session) {
	w.dependent(insertSession, s.Verification, s.Hash[:], string(s.Lists.Projects), string(s.Lists.Experience), string(s.Lists.Certificates),
		textsToJSON(s.SkillIDs), string(s.Given), micros(s.CreatedAt), micros(s.ExpiresAt))
}

// orNil keeps what is absent out of unique keys.
func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
