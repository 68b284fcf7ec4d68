package store

import (
	"avow/internal/skill"
	"context"
)

// personReach is one way to a person: of the organisation and mode of an API key, or, for operators, by the id alone.
type personReach struct{ user, runs, lists, deliveries, mails, erased *set }

func newPersonReach(columns, from string) personReach {
	person := from + ` JOIN skill_users u ON u.id = v.id`
	left := from + ` JOIN erasures q ON q.id = v.id AND q.mode <> ''`
	if from != ofAny {
		person += ` AND u.mode = w.mode AND u.org_id = w.org_id`
		left += ` AND q.mode = w.mode AND q.org_id = w.org_id`
	}
	verifications := person + ` JOIN verifications r ON r.user_id = u.id AND r.mode = u.mode AND r.org_id = u.org_id`
	return personReach{
		user: newSet(columns, `SELECT v.unit, `+userColumns+person),
		runs: newSet(columns, `SELECT v.unit, `+verificationColumns+`, `+sessionColumns+`, `+reviewColumns+`, COALESCE(q.document, '')`+verifications+withSession+`
LEFT JOIN reviews e ON e.verification_id = r.id AND e.mode = r.mode AND e.org_id = r.org_id
LEFT JOIN assessments q ON q.verification_id = r.id AND q.mode = r.mode AND q.org_id = r.org_id ORDER BY r.created_at DESC, r.id`),
		lists: newSet(columns, `SELECT v.unit, r.id, s.projects, s.experience, s.certificates`+verifications+`
JOIN sessions s ON s.verification_id = r.id AND s.mode = r.mode AND s.org_id = r.org_id`),
		deliveries: newSet(columns, `SELECT v.unit, `+recordColumns+person+`
JOIN deliveries d ON d.about = u.id AND d.about <> '' AND d.org_id = u.org_id ORDER BY d.created_at, d.kind, d.id`),
		mails: newSet(columns, `SELECT v.unit, m.id, m.recipient, m.created_at`+person+`
JOIN captured_mails m ON m.about = u.id AND m.about <> '' AND m.org_id = u.org_id ORDER BY m.created_at, m.id`),
		erased: newSet(columns, `SELECT v.unit, q.org_id, q.mode, q.id, q.created_at, q.erased_at, q.remains`+left),
	}
}

var (
	personOfKey = newPersonReach(secretColumn+`id text`, ofKey)
	personByID  = newPersonReach(`id text`, ofAny)
)

// ViewPerson implements skill.People.
func (s *Store) ViewPerson(ctx context.Context, k skill.PersonKey) (skill.PersonState, error) {
	var state skill.PersonState
	err := s.view(ctx, s.loadPerson(k, &state))
	return state, err
}

func (s *Store) loadPerson(k skill.PersonKey, state *skill.PersonState) *batch {
	b := &batch{}
	with, keys := personByID, [][]any{{k.ID}}
	if k.Keyed {
		with, keys = personOfKey, candidates(k.Secret)
		b.find(loadSigningKey, func(scan scanner) (err error) { state.Key, err = s.scanSigningKey(scan); return err }, candidates(k.Secret)...)
		for i := range keys {
			keys[i] = append(keys[i], k.ID)
		}
	}
	b.find(with.user, func(scan scanner) error {
		var r userRow
		err := scan(r.columns()...)
		state.Person = &skill.Dossier{User: r.user()}
		return err
	}, keys...)
	b.find(with.runs, func(scan scanner) error { return scanRun(scan, state) }, keys...)
	b.find(with.erased, func(scan scanner) error { return scanErasure(scan, state) }, keys...)
	if k.Whole {
		b.whole(with, state, keys)
	}
	return b
}

// whole adds what only an export wants. Whoever came between two statements of it is left out.
func (b *batch) whole(with personReach, state *skill.PersonState, keys [][]any) {
	b.find(with.lists, func(scan scanner) error {
		var id string
		var r listsRow
		err := scan(append([]any{&id}, r.columns()...)...)
		if state.Person != nil {
			lend(state.Person.Verifications, id, r.lists())
		}
		return err
	}, keys...)
	b.find(with.deliveries, func(scan scanner) error {
		r, err := scanRecord(scan)
		if state.Person != nil {
			state.Person.Deliveries = append(state.Person.Deliveries, r)
		}
		return err
	}, keys...)
	b.find(with.mails, func(scan scanner) error {
		m, err := scanKept(scan)
		if state.Person != nil {
			state.Person.Mails = append(state.Person.Mails, m)
		}
		return err
	}, keys...)
}

// lend gives the session of a verification its lists.
func lend(runs []skill.Run, verification string, lists skill.Lists) {
	for i := range runs {
		if runs[i].ID == verification && runs[i].Session != nil {
			runs[i].Session.Lists = lists
		}
	}
}

func scanRun(scan scanner, state *skill.PersonState) error {
	var v verificationRow
	var s sessionRow
	var w reviewRow
	var assessment string
	if err := scan(join(v.columns(), s.columns(), w.columns(), []any{&assessment})...); err != nil || state.Person == nil {
		return err
	}
	run := skill.Run{
		Verification: v.verification(), Skills: skillsFromJSON(v.skills), Items: itemsFromJSON(v.items), Session: s.session(), Reviewer: w.reviewer(), Review: w.review(),
	}
	var err error
	run.Assessment, err = assessmentFromJSON(assessment)
	state.Person.Verifications = append(state.Person.Verifications, run)
	return err
}

var loadIdle = newSet(`org text, before bigint, now bigint, most bigint`, `SELECT v.unit, u.id FROM v JOIN skill_users u ON u.org_id = v.org AND u.active_on < v.before
WHERE NOT EXISTS (SELECT 1 FROM verifications r LEFT JOIN sessions s ON s.verification_id = r.id AND s.mode = r.mode AND s.org_id = r.org_id
  LEFT JOIN reviews e ON e.verification_id = r.id AND e.mode = r.mode AND e.org_id = r.org_id
  WHERE r.user_id = u.id AND r.mode = u.mode AND r.org_id = u.org_id AND (s.expires_at > v.now OR e.status = 'pending' AND e.expires_at > v.now))
ORDER BY u.active_on LIMIT (SELECT most FROM v)`)

// IdlePeople implements skill.People.
func (s *Store) IdlePeople(ctx context.Context, idle skill.Idle, limit int) (ids []string, err error) {
	b := &batch{}
	b.find(loadIdle, func(scan scanner) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, []any{idle.Org, micros(idle.Since), micros(idle.Now), int64(limit)})
	return ids, s.view(ctx, b)
}
