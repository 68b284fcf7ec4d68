package store

import (
	"context"
	"errors"

	"avow/internal/access"
	"avow/internal/skill"
)

// A subject is the verification r that a call is about, with its session s: by the session's token or by its own id. The owner of a keyed call is that of the API key or
// of the session whose token stands in its place, w: what such a call loads is joined on it, so that rows of others are not there. On public calls it is r's.
const (
	ofKey  = ` FROM v JOIN api_keys w ON w.hash = v.secret`
	ofPass = ` FROM v JOIN sessions w ON w.hash = v.secret`
	ofAny  = ` FROM v`

	byToken     = ` JOIN sessions s ON s.hash = v.token AND s.mode = w.mode AND s.org_id = w.org_id` + withSubject
	byAnyToken  = ` JOIN sessions s ON s.hash = v.token` + withSubject
	withSubject = ` JOIN verifications r ON r.id = s.verification_id AND r.mode = s.mode AND r.org_id = s.org_id`
	byID        = ` JOIN verifications r ON r.id = v.id AND r.mode = w.mode AND r.org_id = w.org_id` + withSession
	byAnyID     = ` JOIN verifications r ON r.id = v.id` + withSession
	withSession = ` LEFT JOIN sessions s ON s.verification_id = r.id AND s.mode = r.mode AND s.org_id = r.org_id`
	byReview    = ` JOIN reviews n ON (n.token_hash = v.token OR n.link_hash = v.token)
JOIN verifications r ON r.id = n.verification_id AND r.mode = n.mode AND r.org_id = n.org_id` + withSession
	secretColumn = `secret bytea, `
)

// reach is one way to a subject: the columns of v and the statements about the subject that is reached. What a decision needs comes with the touchpoints.
type reach struct{ verification, decision, lists *set }

func newReach(columns, from string) reach {
	about := `SELECT v.unit, ` + verificationColumns + `, ` + userColumns + `, ` + sessionColumns + `, ` + reviewColumns + `, COALESCE(q.document, ''), g.name, g.settings, g.endpoints`
	person := from + `
JOIN skill_users u ON u.id = r.user_id AND u.mode = r.mode AND u.org_id = r.org_id
JOIN organisations g ON g.id = r.org_id
LEFT JOIN reviews e ON e.verification_id = r.id AND e.mode = r.mode AND e.org_id = r.org_id
LEFT JOIN assessments q ON q.verification_id = r.id AND q.mode = r.mode AND q.org_id = r.org_id`
	return reach{
		verification: newSet(columns, about+`, ''`+person),
		decision:     newSet(columns, about+touchpointsOf(`r.user_id`, `r`)+` AND o.id <> r.id`+endOfTouchpoints+person),
		lists:        newSet(columns, `SELECT v.unit, s.projects, s.experience, s.certificates`+from+` WHERE s.hash IS NOT NULL`),
	}
}

// touchpointsOf begins the column of a person's verifications that were sent or have a reviewer, as the inside of a list in JSON: method and endorsement type are words of
// ours, and no address that mail can be sent to as it stands has a quote or a backslash (skill.ValidEmail). The owner is that of another row.
func touchpointsOf(person, owner string) string {
	return `, COALESCE((SELECT string_agg('{"method":"' || o.method || '","endorsement":"' || o.endorsement_type || '","skills":' || o.skills || ',"items":' || o.items ||
  ',"sentAt":' || o.initiated_at || ',"reviewer":"' || COALESCE(n.email, '') || '","until":' || COALESCE(t.expires_at, 0) || '}', ',' ORDER BY o.created_at, o.id)
  FROM verifications o
  LEFT JOIN reviews n ON n.verification_id = o.id AND n.mode = o.mode AND n.org_id = o.org_id
  LEFT JOIN sessions t ON t.verification_id = o.id AND t.mode = o.mode AND t.org_id = o.org_id
  WHERE o.user_id = ` + person + ` AND o.mode = ` + owner + `.mode AND o.org_id = ` + owner + `.org_id AND (o.initiated_at <> 0 OR n.email IS NOT NULL)`
}

const endOfTouchpoints = `), '')`

// A keyed call is made with a key or with a pass.
var (
	keyByToken  = newReach(secretColumn+`token bytea`, ofKey+byToken)
	keyByID     = newReach(secretColumn+`id text`, ofKey+byID)
	passByToken = newReach(secretColumn+`token bytea`, ofPass+byToken)
	passByID    = newReach(secretColumn+`id text`, ofPass+byID)

	publicByToken = newReach(`token bytea`, ofAny+byAnyToken)
	publicByID    = newReach(`id text`, ofAny+byAnyID)

	// By a reviewer's token, or by the one that may only look.
	publicByReview = newReach(`token bytea`, ofAny+byReview)
)

var loadKey = newSet(`api_key bytea`, `SELECT v.unit, k.id, k.org_id, k.mode, k.name, k.hash, k.created_at, k.revoked_at, o.name, o.settings
FROM v JOIN api_keys k ON k.hash = v.api_key JOIN organisations o ON o.id = k.org_id`)

// A session's token is good in the key's place only while the key that opened the session is.
var loadPass = newSet(`pass bytea`, `SELECT v.unit, `+sessionColumns+`, o.settings
FROM v JOIN sessions s ON s.hash = v.pass
JOIN organisations o ON o.id = s.org_id
JOIN verifications r ON r.org_id = s.org_id AND r.mode = s.mode AND r.id = s.verification_id
JOIN api_keys k ON k.id = r.key_id AND k.revoked_at = 0`)

const loadUser = `SELECT v.unit, ` + userColumns + `
FROM v JOIN api_keys k ON k.hash = v.api_key JOIN skill_users u ON u.org_id = k.org_id AND u.mode = k.mode AND `

var (
	loadUserByEmail = newSet(`api_key bytea, person text`, loadUser+`u.email_key = v.person`)
	// Of somebody whose touchpoints are wanted, too.
	loadPersonByEmail = newSet(`api_key bytea, person text`, `SELECT v.unit, `+userColumns+touchpointsOf(`u.id`, `u`)+endOfTouchpoints+`
FROM v JOIN api_keys k ON k.hash = v.api_key JOIN skill_users u ON u.org_id = k.org_id AND u.mode = k.mode AND u.email_key = v.person`)
	loadUserByPhone = newSet(`api_key bytea, person text`, loadUser+`u.phone_key = v.person`)

	loadUserOfSession = newSet(`session bytea, person text`, `SELECT v.unit, `+userColumns+`
FROM v JOIN sessions s ON s.hash = v.session JOIN skill_users u ON u.email_key = v.person AND u.mode = s.mode AND u.org_id = s.org_id`)
)

// ViewVerification implements skill.Verifications.
func (s *Store) ViewVerification(ctx context.Context, subject skill.Subject) (skill.State, error) {
	var state skill.State
	err := s.view(ctx, loadSubject(subject, &state, func(r reach) *set { return r.verification }))
	return state, err
}

// ChangeVerification implements skill.Verifications. A key in use means that somebody else has just brought a person with the same address or number: then the
// change is decided again, on a state that knows that person.
func (s *Store) ChangeVerification(ctx context.Context, subject skill.Subject, decide func(skill.State) (skill.Next, error)) error {
	var state skill.State
	var next skill.Next
	var outcome error
	load := func() *batch {
		state = skill.State{}
		return loadSubject(subject, &state, func(r reach) *set { return r.decision })
	}
	save := func() *batch {
		next, outcome = decide(state)
		return s.saveVerification(state, next)
	}
	err := errTaken
	for try := 0; try < maxTries && errors.Is(err, errTaken); try++ {
		err = s.change(ctx, load, save, func() string { return changesOf(subject, state) })
	}
	if err != nil {
		return err
	}
	if len(next.Deliveries) > 0 {
		s.wake()
	}
	return outcome
}

// changesOf names the person whose rows a change may write.
func changesOf(subject skill.Subject, state skill.State) string {
	for _, u := range []*skill.User{state.User, state.ByEmail, state.ByPhone} {
		if u != nil {
			return u.ID
		}
	}
	if state.Key == nil || subject.EmailKey+subject.PhoneKey == "" {
		return ""
	}
	return state.Key.Owner.Org + string(state.Key.Owner.Mode) + "\x00" + subject.EmailKey + "\x00" + subject.PhoneKey
}

// loadSubject reads who calls and, by one of the statements of its reach, what the call is about.
func loadSubject(subject skill.Subject, state *skill.State, by func(reach) *set) *batch {
	b := &batch{}
	switch {
	case subject.Keyed && subject.ByPass:
		b.find(loadPass, func(scan scanner) error { return scanPass(scan, state) }, candidates(subject.Secret)...)
	case subject.Keyed:
		b.find(loadKey, func(scan scanner) error { return scanKey(scan, state) }, candidates(subject.Secret)...)
	}
	b.names(subject.Skills, state)
	switch {
	case subject.Touchpoints:
		b.personWithTouchpoints(subject, state)
	case subject.Keyed:
		b.person(loadUserByEmail, subject.Secret, subject.EmailKey, &state.ByEmail)
		b.person(loadUserByPhone, subject.Secret, subject.PhoneKey, &state.ByPhone)
	default:
		b.person(loadUserOfSession, subject.Token, subject.EmailKey, &state.ByEmail)
	}
	with, keys := reachOf(subject)
	b.find(by(with), func(scan scanner) error { return scanVerification(scan, state) }, keys...)
	if subject.Lists {
		b.find(with.lists, func(scan scanner) error { return scanLists(scan, state) }, keys...)
	}
	return b
}

// person reads a person of the owner of a key or session; nobody has an empty key.
func (b *batch) person(by *set, owner access.Lookup, key string, into **skill.User) {
	if key == "" {
		return
	}
	b.find(by, func(scan scanner) error {
		var r userRow
		err := scan(r.columns()...)
		u := r.user()
		*into = &u
		return err
	}, with(candidates(owner), key)...)
}

// personWithTouchpoints reads the person with the e-mail of a keyed call, with what a decision about a new verification needs.
func (b *batch) personWithTouchpoints(subject skill.Subject, state *skill.State) {
	b.find(loadPersonByEmail, func(scan scanner) error {
		var r userRow
		var touchpoints string
		err := scan(append(r.columns(), &touchpoints)...)
		u := r.user()
		state.ByEmail, state.Touchpoints = &u, touchpointsFromJSON(touchpoints)
		return err
	}, with(candidates(subject.Secret), subject.EmailKey)...)
}

// reachOf returns the statements that reach a subject, and their keys. A keyed call that names no verification is about that of the session in the key's place.
func reachOf(subject skill.Subject) (reach, [][]any) {
	named := !subject.ByToken && subject.Verification != ""
	switch {
	case !subject.Keyed && subject.ByReview:
		return publicByReview, candidates(subject.Review)
	case !subject.Keyed && subject.ByToken:
		return publicByToken, candidates(subject.Token)
	case !subject.Keyed:
		return publicByID, [][]any{{subject.Verification}}
	case named && subject.ByPass:
		return passByID, together(subject, func(int) any { return subject.Verification })
	case named:
		return keyByID, together(subject, func(int) any { return subject.Verification })
	}
	token := subject.Token
	if !subject.ByToken {
		token = subject.Secret
	}
	keys := together(subject, func(i int) any { return token[i][:] })
	if subject.ByPass {
		return passByToken, keys
	}
	return keyByToken, keys
}

// together makes one key of each master key's hash of the secret, with what names the verification behind it.
func together(subject skill.Subject, verification func(i int) any) [][]any {
	var keys [][]any
	for i := range subject.Secret {
		if i == 0 || subject.Secret[i] != subject.Secret[0] {
			keys = append(keys, []any{subject.Secret[i][:], verification(i)})
		}
	}
	return keys
}

func scanKey(scan scanner, state *skill.State) error {
	var k access.Key
	var hash []byte
	var mode, name, settings string
	var created, revoked int64
	err := scan(&k.ID, &k.Owner.Org, &mode, &k.Name, &hash, &created, &revoked, &name, &settings)
	k.Owner.Mode, k.Hash, k.CreatedAt, k.RevokedAt = access.Mode(mode), hashFrom(hash), instant(created), instant(revoked)
	state.Key = &k
	tellOrganisation(state, name, settings)
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
	var w reviewRow
	var assessment, name, settings, endpoints, touchpoints string
	if err := scan(join(v.columns(), u.columns(), s.columns(), w.columns(), []any{&assessment, &name, &settings, &endpoints, &touchpoints})...); err != nil {
		return err
	}
	verification, user := v.verification(), u.user()
	state.Verification, state.User, state.Session = &verification, &user, s.session()
	state.Skills, state.Items = skillsFromJSON(v.skills), itemsFromJSON(v.items)
	state.Reviewer, state.Review, state.Touchpoints = w.reviewer(), w.review(), touchpointsFromJSON(touchpoints)
	state.Endpoints = enabled(endpointsFrom(endpoints), verification.Owner.Mode)
	tellOrganisation(state, name, settings)
	var err error
	state.Assessment, err = assessmentFromJSON(assessment)
	return err
}

// tellOrganisation fills a state with what the organisation says.
func tellOrganisation(state *skill.State, name, settings string) {
	state.Settings = settingsFrom(settings)
	state.Brand = brandOf(name, state.Settings)
	state.Language = state.Settings.Get(access.Language)
}

// scanLists gives the session its lists. A session that came only after the verification was read is not there yet.
func scanLists(scan scanner, state *skill.State) error {
	var r listsRow
	err := scan(r.columns()...)
	if state.Session != nil {
		state.Session.Lists = r.lists()
	}
	return err
}
