package store

import (
	"context"
	"fmt"

	"avow/internal/access"
	"avow/internal/skill"
)

const reviewColumns = `COALESCE(e.email, ''), COALESCE(e.name, ''), COALESCE(e.company, ''), COALESCE(e.website, ''), COALESCE(e.stored_at, 0),
  e.token_hash, e.link_hash, COALESCE(e.status, ''), COALESCE(e.evidence, ''), COALESCE(e.delivery_id, ''), COALESCE(e.sent_at, 0), COALESCE(e.expires_at, 0)`

type reviewRow struct {
	email, name, company, website string
	storedAt                      int64
	token, link                   []byte
	status, evidence, delivery    string
	sentAt, expiresAt             int64
}

func (r *reviewRow) columns() []any {
	return []any{
		&r.email, &r.name, &r.company, &r.website, &r.storedAt, &r.token, &r.link, &r.status, &r.evidence, &r.delivery, &r.sentAt, &r.expiresAt,
	}
}

// reviewer is nil when an outer join found none.
func (r *reviewRow) reviewer() *skill.Reviewer {
	if r.email == "" {
		return nil
	}
	return &skill.Reviewer{Name: r.name, Email: r.email, Company: r.company, Website: r.website, StoredAt: instant(r.storedAt)}
}

// review is nil when nothing was sent.
func (r *reviewRow) review() *skill.Review {
	if r.status == "" {
		return nil
	}
	return &skill.Review{
		Token: hashFrom(r.token), Link: hashFrom(r.link), Status: skill.ReviewStatus(r.status), Evidence: r.evidence, Delivery: r.delivery,
		SentAt: instant(r.sentAt), ExpiresAt: instant(r.expiresAt),
	}
}

// A key that is revoked knows nobody. The statements are for reads, of which each stands alone.
const reviewersOf = `
FROM v JOIN api_keys k ON k.hash = v.secret AND k.revoked_at = 0
JOIN reviews e ON e.org_id = k.org_id AND e.mode = k.mode AND (e.website_domain = v.domain OR e.email_domain = v.domain)`

var (
	// An address is told as it was stored last.
	loadReviewers = newSet(`secret bytea, domain text, prefix text`, fmt.Sprintf(`SELECT v.unit, e.name, e.email, e.company, e.website, e.stored_at`+reviewersOf+`
WHERE SUBSTR(e.email, 1, LENGTH(v.prefix)) = v.prefix AND NOT EXISTS (
  SELECT 1 FROM reviews n WHERE n.email = e.email AND n.org_id = e.org_id AND n.mode = e.mode
  AND (n.stored_at > e.stored_at OR n.stored_at = e.stored_at AND n.verification_id > e.verification_id))
ORDER BY e.email LIMIT %d`, skill.MaxSuggestions))

	loadCompany = newSet(`secret bytea, domain text`, `SELECT v.unit, e.company`+reviewersOf+`
ORDER BY e.stored_at DESC, e.verification_id LIMIT 1`)
)

// Reviewers implements skill.Verifications.
func (s *Store) Reviewers(ctx context.Context, key access.Lookup, domain, prefix string) ([]skill.Reviewer, error) {
	var found []skill.Reviewer
	b := &batch{}
	b.find(loadReviewers, func(scan scanner) error {
		var r reviewRow
		err := scan(&r.name, &r.email, &r.company, &r.website, &r.storedAt)
		found = append(found, *r.reviewer())
		return err
	}, with(candidates(key), domain, prefix)...)
	err := s.view(ctx, b)
	return found, err
}

// Company implements skill.Verifications.
func (s *Store) Company(ctx context.Context, key access.Lookup, domain string) (string, error) {
	var name string
	b := &batch{}
	b.find(loadCompany, func(scan scanner) error { return scan(&name) }, with(candidates(key), domain)...)
	err := s.view(ctx, b)
	return name, err
}

// with puts the same values behind every key.
func with(keys [][]any, behind ...any) [][]any {
	for i := range keys {
		keys[i] = append(keys[i], behind...)
	}
	return keys
}

var (
	loadSigningKey = newSet(`secret bytea`, `SELECT v.unit, k.id, k.org_id, k.mode, k.secret_sealed, k.previous_secret_sealed, k.previous_until, k.revoked_at
FROM v JOIN api_keys k ON k.hash = v.secret`)

	loadUserSkills = newSet(`secret bytea, id text`, `SELECT v.unit, r.id, r.skills
FROM v JOIN api_keys k ON k.hash = v.secret
JOIN verifications r ON r.user_id = v.id AND r.mode = k.mode AND r.org_id = k.org_id
ORDER BY r.created_at DESC, r.id`)
)

// SkillsOfUser implements skill.Verifications.
func (s *Store) SkillsOfUser(ctx context.Context, key access.Lookup, user string) (*access.Key, []skill.UserSkill, error) {
	var k *access.Key
	var skills []skill.UserSkill
	b := &batch{}
	b.find(loadSigningKey, func(scan scanner) (err error) { k, err = s.scanSigningKey(scan); return err }, candidates(key)...)
	b.find(loadUserSkills, func(scan scanner) error {
		var verification, document string
		err := scan(&verification, &document)
		for _, one := range skillsFromJSON(document) {
			skills = append(skills, skill.UserSkill{Skill: one, Verification: verification})
		}
		return err
	}, with(candidates(key), user)...)
	err := s.view(ctx, b)
	return k, skills, err
}

func (s *Store) scanSigningKey(scan scanner) (*access.Key, error) {
	var k access.Key
	var mode string
	var secret, previous []byte
	var until, revoked int64
	if err := scan(&k.ID, &k.Owner.Org, &mode, &secret, &previous, &until, &revoked); err != nil {
		return nil, err
	}
	k.Owner.Mode, k.PreviousUntil, k.RevokedAt = access.Mode(mode), instant(until), instant(revoked)
	plain, err := s.keys.Open(access.ForKeySecret, secret)
	if err != nil || previous == nil {
		k.Secret = string(plain)
		return &k, err
	}
	before, err := s.keys.Open(access.ForKeySecret, previous)
	k.Secret, k.PreviousSecret = string(plain), string(before)
	return &k, err
}
