package store

import (
	"context"
	"errors"

	"avow/internal/access"
	"avow/internal/skill"
)

// The owner of a keyed call is that of the API key ($1 to $3) or of the session whose token stands in its place ($4 to $6). Every statement of such a call begins
// with it, so that rows of others are not there.
const withOwner = `WITH owner AS (
  SELECT org_id, mode FROM api_keys WHERE hash IN ($1, $2, $3)
  UNION ALL SELECT org_id, mode FROM sessions WHERE hash IN ($4, $5, $6)
)`

// The subject is the verification that a call is about: by a session's token or by its id, of the owner or, on public calls, of whoever it is.
const (
	subjectColumns = `subject AS (SELECT v.org_id, v.mode, v.id, v.user_id FROM `
	ofSession      = ` JOIN verifications v ON v.org_id = s.org_id AND v.mode = s.mode AND v.id = s.verification_id`

	ownSubjectByToken = withOwner + `, ` + subjectColumns +
		`owner w JOIN sessions s ON s.org_id = w.org_id AND s.mode = w.mode AND s.hash IN ($7, $8, $9)` + ofSession + `)`
	ownSubjectByID = withOwner + `, ` + subjectColumns + `owner w JOIN verifications v ON v.org_id = w.org_id AND v.mode = w.mode AND v.id = $7)`
	subjectByToken = `WITH ` + subjectColumns + `sessions s` + ofSession + ` WHERE s.hash IN ($1, $2, $3))`
	subjectByID    = `WITH ` + subjectColumns + `verifications v WHERE v.id = $1)`
)

const loadKey = `SELECT k.id, k.org_id, k.mode, k.name, k.hash, k.created_at, k.revoked_at, o.settings
FROM api_keys k JOIN organisations o ON o.id = k.org_id WHERE k.hash IN ($1, $2, $3)`

// A session's token is good in the key's place only while the key that opened the session is.
const loadPass = `SELECT ` + sessionColumns + `, o.settings
FROM sessions s
JOIN organisations o ON o.id = s.org_id
JOIN verifications v ON v.org_id = s.org_id AND v.mode = s.mode AND v.id = s.verification_id
JOIN api_keys k ON k.id = v.key_id AND k.revoked_at = 0
WHERE s.hash IN ($1, $2, $3)`

// loadVerification comes before what else the user has: its version guards all that is read after it.
const loadVerification = ` SELECT ` + verificationColumns + `, ` + userColumns + `, ` + sessionColumns + `
FROM subject x
JOIN verifications v ON v.org_id = x.org_id AND v.mode = x.mode AND v.id = x.id
JOIN skill_users u ON u.org_id = x.org_id AND u.mode = x.mode AND u.id = x.user_id
LEFT JOIN sessions s ON s.org_id = x.org_id AND s.mode = x.mode AND s.verification_id = x.id`

const loadSkills = ` SELECT ` + skillColumns + `
FROM subject x JOIN verification_skills k ON k.org_id = x.org_id AND k.mode = x.mode AND k.verification_id = x.id ORDER BY k.position`

const loadItems = ` SELECT ` + itemColumns + `
FROM subject x JOIN verification_items i ON i.org_id = x.org_id AND i.mode = x.mode AND i.verification_id = x.id ORDER BY i.position`

const loadTouchpoints = ` SELECT i.kind, i.external_id, k.skill_id, v.method, v.endorsement_type, k.status, k.verified_by
FROM subject x
JOIN verifications v ON v.org_id = x.org_id AND v.mode = x.mode AND v.user_id = x.user_id AND v.id <> x.id AND v.initiated_at <> 0
JOIN verification_items i ON i.org_id = v.org_id AND i.mode = v.mode AND i.verification_id = v.id
JOIN verification_skills k ON k.org_id = v.org_id AND k.mode = v.mode AND k.verification_id = v.id
ORDER BY v.created_at, v.id, i.position, k.position`

const loadUser = `SELECT ` + userColumns + `
FROM api_keys k JOIN skill_users u ON u.org_id = k.org_id AND u.mode = k.mode WHERE k.hash IN ($1, $2, $3) AND `

// ViewVerification implements skill.Verifications.
func (s *Store) ViewVerification(ctx context.Context, subject skill.Subject) (skill.State, error) {
	var state skill.State
	err := s.engine.view(ctx, loadSubject(subject, &state))
	return state, err
}

// ChangeVerification implements skill.Verifications. A key in use means that somebody else has just brought a person with the same address or number: then the
// change is decided again, on a state that knows that person.
func (s *Store) ChangeVerification(ctx context.Context, subject skill.Subject, decide func(skill.State) (skill.Next, error)) error {
	var state skill.State
	var outcome error
	load := func() *batch {
		state = skill.State{}
		b := loadSubject(subject, &state)
		b.touchpoints(subject, &state)
		return b
	}
	err := errTaken
	for try := 0; try < maxTries && errors.Is(err, errTaken); try++ {
		err = s.change(ctx, load, func() (*batch, error) {
			var next skill.Next
			next, outcome = decide(state)
			return saveVerification(state, next), nil
		})
	}
	if err != nil {
		return err
	}
	return outcome
}

// loadSubject reads everything but the touchpoints.
func loadSubject(subject skill.Subject, state *skill.State) *batch {
	b := &batch{}
	if subject.Keyed {
		b.query(loadKey, func(scan scanner) error { return scanKey(scan, state) }, anyOf(subject.Key)...)
		b.query(loadPass, func(scan scanner) error { return scanPass(scan, state) }, anyOf(subject.Pass)...)
	}
	b.person(`u.email_key = $4`, subject, subject.EmailKey, &state.ByEmail)
	b.person(`u.phone_key = $4`, subject, subject.PhoneKey, &state.ByPhone)
	with, args := selectSubject(subject)
	b.query(with+loadVerification, func(scan scanner) error { return scanVerification(scan, state) }, args...)
	b.query(with+loadSkills, func(scan scanner) error {
		var r skillRow
		err := scan(r.columns()...)
		state.Skills = append(state.Skills, r.skill())
		return err
	}, args...)
	b.query(with+loadItems, func(scan scanner) error {
		var r itemRow
		err := scan(r.columns()...)
		state.Items = append(state.Items, r.item())
		return err
	}, args...)
	return b
}

// person reads a person of the key's owner; nobody has an empty key.
func (b *batch) person(condition string, subject skill.Subject, key string, into **skill.User) {
	if key == "" {
		return
	}
	b.query(loadUser+condition, func(scan scanner) error {
		var r userRow
		err := scan(r.columns()...)
		u := r.user()
		*into = &u
		return err
	}, append(anyOf(subject.Key), key)...)
}

func (b *batch) touchpoints(subject skill.Subject, state *skill.State) {
	with, args := selectSubject(subject)
	b.query(with+loadTouchpoints, func(scan scanner) error {
		var r touchpointRow
		err := scan(r.columns()...)
		state.Touchpoints = append(state.Touchpoints, r.touchpoint())
		return err
	}, args...)
}

// selectSubject returns the beginning of the statements about a subject, and their arguments. A keyed call that names no verification is about that of the session
// in the key's place.
func selectSubject(subject skill.Subject) (with string, args []any) {
	if !subject.Keyed && subject.ByToken {
		return subjectByToken, anyOf(subject.Token)
	}
	if !subject.Keyed {
		return subjectByID, []any{subject.Verification}
	}
	args = join(anyOf(subject.Key), anyOf(subject.Pass))
	switch {
	case subject.ByToken:
		return ownSubjectByToken, join(args, anyOf(subject.Token))
	case subject.Verification != "":
		return ownSubjectByID, append(args, subject.Verification)
	}
	return ownSubjectByToken, join(args, anyOf(subject.Pass))
}

func scanKey(scan scanner, state *skill.State) error {
	var k access.Key
	var hash []byte
	var mode, settings string
	var created, revoked int64
	err := scan(&k.ID, &k.Owner.Org, &mode, &k.Name, &hash, &created, &revoked, &settings)
	k.Owner.Mode, k.Hash, k.CreatedAt, k.RevokedAt = access.Mode(mode), hashFrom(hash), instant(created), instant(revoked)
	state.Key, state.Settings = &k, settingsFrom(settings)
	return err
}

func scanPass(scan scanner, state *skill.State) error {
	var s sessionRow
	var settings string
	err := scan(append(s.columns(), &settings)...)
	state.Pass, state.Settings = s.session(), settingsFrom(settings)
	return err
}

func scanVerification(scan scanner, state *skill.State) error {
	var v verificationRow
	var u userRow
	var s sessionRow
	err := scan(join(v.columns(), u.columns(), s.columns())...)
	verification, user := v.verification(), u.user()
	state.Verification, state.User, state.Session = &verification, &user, s.session()
	return err
}
