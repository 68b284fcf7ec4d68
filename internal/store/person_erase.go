package store

import (
	"context"
	"encoding/hex"

	"avow/internal/access"
	"avow/internal/skill"
)

// An erasure is a change like any other, guarded by the person's version: a step that was decided on the person who is going finds nobody, and is decided again. The person's
// row goes last, for everything else names it.
//
// The statements behind the guard are plain, and write only beside the version that it wrote. What they need of a person is one look-up by index each.
var blankUser = guardSet(0, `id text, org text, mode text, loaded bigint, fresh bigint`,
	`UPDATE skill_users SET name = '', email = '', email_key = NULL, phone = '', phone_key = NULL, mailboxes = '[]', version = v.fresh
FROM v WHERE skill_users.org_id = v.org AND skill_users.mode = v.mode AND skill_users.id = v.id AND skill_users.version = v.loaded RETURNING skill_users.id`)

// Whose rows go: $1 to $4 are id, mode, organisation and the version that the guard wrote.
const (
	onePerson  = `EXISTS (SELECT 1 FROM skill_users u WHERE u.id = $1 AND u.mode = $2 AND u.org_id = $3 AND u.version = $4)`
	oneAccount = `EXISTS (SELECT 1 FROM accounts u WHERE u.id = $1 AND $2 = '' AND u.org_id = $3 AND u.version = $4)`
	runsOfOne  = `SELECT r.id FROM verifications r WHERE r.user_id = $1 AND r.mode = $2 AND r.org_id = $3 AND ` + onePerson
)

// ErasePerson implements skill.People.
func (s *Store) ErasePerson(ctx context.Context, k skill.PersonKey, decide func(skill.PersonState) (*skill.Erasure, error)) error {
	var state skill.PersonState
	var refusal error
	err := s.change(ctx, func() *batch {
		state = skill.PersonState{}
		return s.loadPerson(k, &state)
	}, func() *batch {
		var erased *skill.Erasure
		if erased, refusal = decide(state); erased == nil {
			return nil
		}
		return s.erasePerson(state.Person.User, *erased)
	}, func() string { return erasedPerson(state) })
	if err != nil {
		return err
	}
	if refusal != nil {
		return refusal
	}
	return s.engine.scrub(ctx)
}

func erasedPerson(state skill.PersonState) string {
	if state.Person == nil {
		return ""
	}
	return state.Person.User.ID
}

func (s *Store) erasePerson(u skill.User, e skill.Erasure) *batch {
	w := eraser{batch: &batch{}, store: s, whose: onePerson, one: []any{u.ID, string(u.Owner.Mode), u.Owner.Org, stamp()}}
	w.write(blankUser, u.ID, u.Owner.Org, string(u.Owner.Mode), u.Version, w.one[3])
	w.note(micros(e.CreatedAt), micros(e.ErasedAt), erasureToJSON(e))
	w.deliveries(micros(e.ErasedAt))
	w.exec(`DELETE FROM endpoint_health WHERE test = $5 AND org_id = $3 AND `+
		s.among("target", `SELECT r.callback_url FROM verifications r WHERE r.user_id = $1 AND r.mode = $2 AND r.org_id = $3 AND `+onePerson), append(w.one, u.Owner.Mode == access.Test)...)
	for _, table := range []string{"sessions", "reviews", "assessments"} {
		w.exec(`DELETE FROM `+table+` WHERE `+s.among("verification_id", runsOfOne)+` AND mode = $2 AND org_id = $3`, w.one...)
	}
	w.exec(`DELETE FROM verifications WHERE user_id = $1 AND mode = $2 AND org_id = $3 AND `+onePerson, w.one...)
	w.exec(`DELETE FROM skill_users WHERE id = $1 AND mode = $2 AND org_id = $3 AND version = $4`, w.one...)
	return w.batch
}

// eraser collects what an erasure writes behind its guard.
type eraser struct {
	*batch
	store *Store
	whose string // the condition that the guard held
	one   []any  // its values
}

// note adds the row that is left.
func (w eraser) note(created, erased int64, remains string) {
	w.exec(`INSERT INTO erasures (id, mode, org_id, created_at, erased_at, remains)
SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS TEXT) WHERE `+w.whose, append(w.one, created, erased, remains)...)
}

// deliveries takes the content, the receiver and all words out of what was sent or waits: what waits is not sent any more. One that is being sent at this moment is taken out
// of its worker's hands, so that no word of its answer is written any more; its attempt is noted as one of unknown outcome. Captured mails go.
//
// The new stamp comes first: whoever notes a report of one of these mails at this moment has done so before, and what that told is among what follows, or finds another stamp.
func (w eraser) deliveries(now int64) {
	mine := ` WHERE about = $1 AND about <> '' AND org_id = $3 AND ` + w.whose
	w.exec(`UPDATE deliveries SET stamp = stamp + 1`+mine, w.one...)
	w.exec(`UPDATE deliveries SET target = lane, payload_sealed = NULL, detail = ''`+mine, w.one...)
	w.exec(`INSERT INTO delivery_attempts (delivery_id, number, begun_at, took, outcome, code, answer)
SELECT id, attempt, begun_at, 0, 'unknown', 0, '' FROM deliveries`+mine+` AND state = 'queued' AND leased ON CONFLICT (delivery_id, number) DO NOTHING`, w.one...)
	w.exec(`UPDATE delivery_attempts SET answer = '' WHERE `+w.store.among("delivery_id", `SELECT id FROM deliveries`+mine), w.one...)
	w.exec(`UPDATE delivery_reports SET diagnostic = '' WHERE `+w.store.among("delivery_id", `SELECT id FROM deliveries`+mine), w.one...)
	w.exec(`UPDATE deliveries SET state = 'cancelled', leased = FALSE, finished_at = $5`+mine+` AND state = 'queued'`, append(w.one, now)...)
	w.exec(`DELETE FROM captured_mails`+mine, w.one...)
}

// erasureDocument is what is left of a person beside when; without a name of anything.
type erasureDocument struct {
	Runs     []remainsDocument `json:"verifications"`
	Sessions []string          `json:"sessions"` // keyed hashes of their tokens, hexadecimal
}

type remainsDocument struct {
	ID          string          `json:"id"`
	Key         string          `json:"key"`
	Method      string          `json:"method,omitempty"`
	Endorsement string          `json:"endorsement,omitempty"`
	Review      string          `json:"review,omitempty"`
	CreatedAt   int64           `json:"createdAt"`
	InitiatedAt int64           `json:"initiatedAt,omitempty"`
	CompletedAt int64           `json:"completedAt,omitempty"`
	Skills      []skillDocument `json:"skills"`
}

func erasureToJSON(e skill.Erasure) string {
	d := erasureDocument{Runs: []remainsDocument{}, Sessions: []string{}}
	for _, r := range e.Runs {
		d.Runs = append(d.Runs, remainsDocument{
			r.ID, r.Key, string(r.Method), r.Endorsement, string(r.Review), micros(r.CreatedAt), micros(r.InitiatedAt), micros(r.CompletedAt), skillDocuments(r.Skills),
		})
	}
	for _, h := range e.Sessions {
		d.Sessions = append(d.Sessions, hex.EncodeToString(h[:]))
	}
	return toJSON(d)
}

// scanErasure reads as much of what is left as a repeated erasure needs.
func scanErasure(scan scanner, state *skill.PersonState) error {
	var e skill.Erasure
	var mode, remains string
	var created, erased int64
	err := scan(&e.Owner.Org, &mode, &e.ID, &created, &erased, &remains)
	e.Owner.Mode, e.CreatedAt, e.ErasedAt = access.Mode(mode), instant(created), instant(erased)
	d := fromDocument[erasureDocument](remains)
	for _, r := range d.Runs {
		e.Runs = append(e.Runs, skill.Remains{
			ID: r.ID, Key: r.Key, Method: skill.Method(r.Method), Endorsement: r.Endorsement, Review: skill.ReviewStatus(r.Review),
			CreatedAt: instant(r.CreatedAt), InitiatedAt: instant(r.InitiatedAt), CompletedAt: instant(r.CompletedAt), Skills: skillsOf(r.Skills),
		})
	}
	for _, text := range d.Sessions {
		hash, _ := hex.DecodeString(text)
		e.Sessions = append(e.Sessions, hashFrom(hash))
	}
	state.Erased = &e
	return err
}
