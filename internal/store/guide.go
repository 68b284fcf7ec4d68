package store

import (
	"context"
	"slices"
	"time"

	"avow/internal/access"
	"avow/internal/skill"
)

// A person is found by our id or, failing that, by the caller's: ids of the caller's choice may be longer than an index takes, so the index has their beginning.
var loadPerson = newSet(`secret bytea, id text`, `SELECT v.unit, `+userColumns+`, `+verificationColumns+`, `+reviewColumns+`
FROM v JOIN api_keys k ON k.hash = v.secret
JOIN skill_users u ON u.mode = k.mode AND u.org_id = k.org_id AND u.id = COALESCE(
  (SELECT p.id FROM skill_users p WHERE p.id = v.id AND p.mode = k.mode AND p.org_id = k.org_id),
  (SELECT o.user_id FROM verifications o WHERE SUBSTR(o.student_id, 1, 200) = SUBSTR(v.id, 1, 200) AND o.student_id = v.id AND o.mode = k.mode AND o.org_id = k.org_id
    ORDER BY o.created_at DESC, o.id LIMIT 1))
JOIN verifications r ON r.user_id = u.id AND r.mode = u.mode AND r.org_id = u.org_id
LEFT JOIN reviews e ON e.verification_id = r.id AND e.mode = r.mode AND e.org_id = r.org_id
ORDER BY r.created_at DESC, r.id`)

// Person implements skill.Verifications. Nobody is there without a verification.
func (s *Store) Person(ctx context.Context, key access.Lookup, id string) (skill.Person, error) {
	var state skill.State
	var p skill.Person
	b := &batch{}
	b.find(loadKey, func(scan scanner) error { return scanKey(scan, &state) }, candidates(key)...)
	b.find(loadPerson, func(scan scanner) error { return scanOverview(scan, &p) }, with(candidates(key), id)...)
	err := s.view(ctx, b)
	p.Key = state.Key
	return p, err
}

func scanOverview(scan scanner, p *skill.Person) error {
	var u userRow
	var v verificationRow
	var w reviewRow
	err := scan(join(u.columns(), v.columns(), w.columns())...)
	user := u.user()
	p.User = &user
	p.Verifications = append(p.Verifications, skill.Overview{
		Verification: v.verification(), Skills: skillsFromJSON(v.skills), Items: itemsFromJSON(v.items), Reviewer: w.reviewer(), Review: w.review(),
	})
	return err
}

var loadRegistered = newSet(`secret bytea`, `SELECT v.unit, o.id, o.endpoints FROM v JOIN api_keys k ON k.hash = v.secret JOIN organisations o ON o.id = k.org_id`)

// ChangeRegistered implements skill.Endpoints. The document that was read is its own version.
func (s *Store) ChangeRegistered(ctx context.Context, key access.Lookup, decide func(skill.Registered) (skill.Registration, error)) error {
	var state skill.State
	var org, before string
	var outcome error
	load := func() *batch {
		state, org, before = skill.State{}, "", ""
		b := &batch{}
		b.find(loadKey, func(scan scanner) error { return scanKey(scan, &state) }, candidates(key)...)
		b.find(loadRegistered, func(scan scanner) error { return scan(&org, &before) }, candidates(key)...)
		return b
	}
	save := func() *batch {
		next, refusal := decide(registered(state.Key, endpointsFrom(before)))
		outcome = refusal
		return s.saveRegistered(org, before, next)
	}
	if err := s.change(ctx, load, save, func() string { return org }); err != nil {
		return err
	}
	return outcome
}

// registered are the endpoints of a key's owner.
func registered(k *access.Key, documents []endpointDocument) skill.Registered {
	r := skill.Registered{Key: k}
	for _, d := range documents {
		if k != nil && d.Mode == string(k.Owner.Mode) {
			r.Endpoints = append(r.Endpoints, d.endpoint(k.Owner.Org))
		}
	}
	return r
}

func (s *Store) saveRegistered(org, before string, next skill.Registration) *batch {
	if next == (skill.Registration{}) {
		return nil
	}
	after := slices.DeleteFunc(endpointsFrom(before), func(d endpointDocument) bool { return d.ID == next.Remove })
	if next.Add != nil {
		after = append(after, s.document(*next.Add))
	}
	b := &batch{}
	b.must(`UPDATE organisations SET endpoints = $1 WHERE id = $2 AND endpoints = $3`, toJSON(after), org, before)
	return b
}

// ReviewsOver implements skill.Verifications.
func (s *Store) ReviewsOver(ctx context.Context, now time.Time, limit int) ([]string, error) {
	var ids []string
	b := &batch{}
	b.query(`SELECT verification_id FROM reviews WHERE status = 'pending' AND expires_at <= $1 ORDER BY expires_at LIMIT $2`, func(scan scanner) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, micros(now), limit)
	return ids, s.view(ctx, b)
}
