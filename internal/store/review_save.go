package store

import (
	"avow/internal/access"
	"avow/internal/skill"
)

var (
	putReview = writeSet(5, ofUser+`verification text, name text, email text, company text, website text, website_domain text, email_domain text, stored_at bigint,
  token bytea, link bytea, status text, evidence text, delivery text, sent_at bigint, expires_at bigint`,
		`INSERT INTO reviews (org_id, mode, verification_id, name, email, company, website, website_domain, email_domain, stored_at,
  token_hash, link_hash, status, evidence, delivery_id, sent_at, expires_at)
SELECT v.org, v.mode, v.verification, v.name, v.email, v.company, v.website, v.website_domain, v.email_domain, v.stored_at,
  v.token, v.link, v.status, v.evidence, v.delivery, v.sent_at, v.expires_at`+ofPerson+` WHERE TRUE
ON CONFLICT (verification_id, mode, org_id) DO UPDATE SET name = excluded.name, email = excluded.email, company = excluded.company, website = excluded.website,
  website_domain = excluded.website_domain, email_domain = excluded.email_domain, stored_at = excluded.stored_at, token_hash = excluded.token_hash,
  link_hash = excluded.link_hash, status = excluded.status, evidence = excluded.evidence, delivery_id = excluded.delivery_id, sent_at = excluded.sent_at,
  expires_at = excluded.expires_at`)

	insertCount = writeSet(6, ofUser+`id text, api_key text, counter text, verification text, created_at bigint`,
		`INSERT INTO key_counts (org_id, mode, id, key_id, counter, verification_id, created_at)
SELECT v.org, v.mode, v.id, v.api_key, v.counter, v.verification, v.created_at`+ofPerson)

	// One that is being sent at this moment is not tried again.
	cancelOfUser = writeSet(7, ofUser+`id text, now bigint`, `UPDATE deliveries SET state = 'cancelled', payload_sealed = NULL, finished_at = v.now`+ofPerson+`
WHERE deliveries.id = v.id AND deliveries.org_id = v.org AND deliveries.state = 'queued'`)

	// The organisation of a delivery is the person's.
	enqueueOfUser = writeSet(8, `mode text, person text, fresh bigint, `+deliveryRow, insertDelivery+ofPerson)
)

// saveReview writes the one row of reviewer and review: what a decision leaves out stays as it was loaded.
func (w personWriter) saveReview(state skill.State, next skill.Next) {
	if next.Reviewer == nil && next.Review == nil {
		return
	}
	reviewer, review := state.Reviewer, state.Review
	if next.Reviewer != nil {
		reviewer = next.Reviewer
	}
	if next.Review != nil {
		review = next.Review
	}
	if review == nil {
		review = &skill.Review{}
	}
	website, email := reviewer.Domains()
	w.dependent(putReview, verificationOf(state, next).ID, reviewer.Name, reviewer.Email, reviewer.Company, reviewer.Website, website, email, micros(reviewer.StoredAt),
		hashOrNil(review.Token), hashOrNil(review.Link), string(review.Status), review.Evidence, review.Delivery, micros(review.SentAt), micros(review.ExpiresAt))
}

// verificationOf is the one that a change is about: a new one, else the one that was loaded.
func verificationOf(state skill.State, next skill.Next) *skill.Verification {
	if state.Verification == nil {
		return next.Verification
	}
	return state.Verification
}

// saveConsequences writes what follows from a change: counts, mails that must not go out any more, and deliveries.
func (w personWriter) saveConsequences(s *Store, state skill.State, next skill.Next) {
	for _, c := range next.Counted {
		v := verificationOf(state, next)
		w.dependent(insertCount, c.ID, v.Key, string(c.Counter), v.ID, micros(c.At))
	}
	for _, id := range next.Unsend {
		w.dependent(cancelOfUser, id, micros(next.At))
	}
	for _, d := range next.Deliveries {
		w.write(enqueueOfUser, append([]any{string(w.user.Owner.Mode), w.user.ID, w.fresh}, s.deliveryRow(d)...)...)
	}
}

// hashOrNil keeps voided tokens out of the unique key.
func hashOrNil(h access.Hash) []byte {
	if h == (access.Hash{}) {
		return nil
	}
	return h[:]
}
