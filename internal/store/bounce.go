package store

import (
	"context"

	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/skill"
)

const (
	notesOf = oneByID + `SELECT n.action, n.status, n.diagnostic, n.noted_at FROM d CROSS JOIN delivery_reports n WHERE n.delivery_id = d.id`
	byTime  = ` ORDER BY n.noted_at, n.action`

	stampOf = oneByID + `SELECT d.stamp FROM d WHERE TRUE`

	// What a mail was about is looked up within the organisation of the mail.
	accountOfMail      = oneByID + `SELECT o.endpoints, ` + accountColumns + ` FROM d CROSS JOIN accounts a CROSS JOIN organisations o WHERE a.id = d.about AND a.org_id = d.org_id AND o.id = d.org_id`
	verificationOfMail = oneByID + `SELECT ` + verificationColumns + ` FROM d CROSS JOIN verifications r WHERE r.id = d.about AND r.mode = CASE WHEN d.test THEN 'test' ELSE 'live' END AND r.org_id = d.org_id`
)

// What a report causes is written beside the stamp that its guard has written. A worker that is still sending settles its attempt all the same: the lease stays, the state
// does not become another one. The report shows that an earlier attempt has arrived, or this one.
var (
	bounceRow = `id text, org text, test boolean, was text, attempt bigint, loaded bigint, fresh bigint, `

	stampDelivery = guardSet(23, bounceRow+`state text, ended bigint`,
		`UPDATE deliveries SET stamp = v.fresh, state = v.state, finished_at = CASE WHEN v.state = v.was THEN finished_at ELSE v.ended END,
  payload_sealed = CASE WHEN v.state = v.was THEN payload_sealed ELSE NULL END
FROM v WHERE deliveries.id = v.id AND deliveries.org_id = v.org AND deliveries.test = v.test
  AND deliveries.state = v.was AND deliveries.attempt = v.attempt AND deliveries.stamp = v.loaded RETURNING deliveries.id`)

	ofReport   = `reported text, reported_org text, fresh bigint, `
	ofReported = ` FROM v JOIN deliveries b ON b.id = v.reported AND b.org_id = v.reported_org AND b.stamp = v.fresh`

	insertNote = writeSet(24, ofReport+`action text, status text, diagnostic text, noted_at bigint`,
		`INSERT INTO delivery_reports (delivery_id, action, status, diagnostic, noted_at) SELECT v.reported, v.action, v.status, v.diagnostic, v.noted_at`+ofReported)

	enqueueOfReport = writeSet(25, ofReport+deliveryRow, insertDelivery+ofReported)
)

// notes reads what was reported of a delivery, within a reader's sight.
func (b *batch) notes(v *outbox.View, and string, args []any) {
	b.query(notesOf+and+byTime, func(scan scanner) error {
		var n outbox.Note
		var action string
		var at int64
		err := scan(&action, &n.Status, &n.Diagnostic, &at)
		n.Action, n.At = outbox.Action(action), instant(at)
		v.Notes = append(v.Notes, n)
		return err
	}, args...)
}

// sightOfMails is sight for mails: no list shows them to the holder of a key, but a report names one of the key's organisation and mode.
func sightOfMails(r outbox.Reader, id string) (and string, args []any) {
	if r.Operator {
		return "", []any{id}
	}
	return andOwnedMail, join([]any{id}, hashes(r))
}

var andOwnedMail = ` AND ` + mailOf(`$2, $3, $4`)

func mailOf(hashes string) string {
	key := ` FROM api_keys k WHERE k.hash IN (` + hashes + `) AND k.revoked_at = 0)`
	return `d.kind = 'mail' AND d.org_id = (SELECT k.org_id` + key + ` AND d.test = (SELECT k.mode = 'test'` + key
}

// NoteReport implements outbox.Reports.
func (s *Store) NoteReport(ctx context.Context, r outbox.Reader, id string, decide func(outbox.BounceView) (outbox.BounceNext, error)) error {
	var v outbox.BounceView
	var loaded int64
	var next outbox.BounceNext
	var refusal error
	err := s.change(ctx, func() *batch {
		v, loaded = outbox.BounceView{}, 0
		return s.loadReported(r, id, &v, &loaded)
	}, func() *batch {
		if next, refusal = decide(v); refusal != nil || next.Note == nil {
			return nil
		}
		return s.saveReport(v.Records[0], loaded, next)
	}, func() string { return id })
	if err == nil && refusal == nil && len(next.Hooks) > 0 {
		s.wake()
	}
	if err != nil {
		return err
	}
	return refusal
}

func (s *Store) loadReported(r outbox.Reader, id string, v *outbox.BounceView, stamp *int64) *batch {
	b := &batch{}
	if !r.Operator {
		b.find(loadSigningKey, func(scan scanner) (err error) { v.Key, err = s.scanSigningKey(scan); return err }, candidates(r.Key)...)
	}
	and, args := sightOfMails(r, id)
	b.records(&v.View, recordByID+and, args...)
	b.notes(&v.View, and, args)
	b.query(stampOf+and, func(scan scanner) error { return scan(stamp) }, args...)
	b.query(accountOfMail+and, func(scan scanner) error {
		var a accountRow
		var endpoints string
		err := scan(join([]any{&endpoints}, a.columns())...)
		var state account.State
		a.tell(&state)
		v.Subject = account.MailSubject{Account: *state.Account, Endpoints: enabled(endpointsFrom(endpoints), "")}
		return err
	}, args...)
	b.query(verificationOfMail+and, func(scan scanner) error {
		var r verificationRow
		err := scan(r.columns()...)
		v.Subject = skill.MailSubject{Verification: r.verification()}
		return err
	}, args...)
	return b
}

func (s *Store) saveReport(d outbox.Record, loaded int64, next outbox.BounceNext) *batch {
	b, fresh, state := &batch{}, stamp(), d.State
	if next.Bounced {
		state = outbox.Bounced
	}
	at := micros(next.Note.At)
	b.write(stampDelivery, d.ID, d.Org, d.Test, string(d.State), d.Attempts, loaded, fresh, string(state), at)
	b.write(insertNote, d.ID, d.Org, fresh, string(next.Note.Action), next.Note.Status, next.Note.Diagnostic, at)
	for _, h := range next.Hooks {
		b.write(enqueueOfReport, append([]any{d.ID, d.Org, fresh}, s.deliveryRow(h)...)...)
	}
	return b
}
