package store

import (
	"context"

	"avow/internal/access"
	"avow/internal/outbox"
	"avow/internal/skill"
)

const mailColumns = `id, org_id, test, about, recipient, sender, subject, text_sealed, html_sealed, created_at`

// A mail that tells of somebody is kept only while that person or account is there; the lock sees to it that whoever erases them finds the mail, or is waited for.
var keepMail = writeSet(0, `id text, org text, test boolean, mode text, about text, recipient text, sender text, subject text, plain bytea, html bytea, created_at bigint`,
	`INSERT INTO captured_mails (`+mailColumns+`)
SELECT v.id, v.org, v.test, v.about, v.recipient, v.sender, v.subject, v.plain, v.html, v.created_at FROM v
WHERE v.about = '' OR EXISTS (SELECT 1 FROM skill_users h WHERE h.id = v.about AND h.mode = v.mode AND h.org_id = v.org FOR SHARE OF h)
OR EXISTS (SELECT 1 FROM accounts h WHERE h.id = v.about AND h.org_id = v.org FOR SHARE OF h)
ON CONFLICT (id) DO NOTHING`)

// Keep implements outbox.Mailbox.
func (s *Store) Keep(ctx context.Context, m outbox.Captured) error {
	b := &batch{}
	b.write(keepMail, m.ID, m.Org, m.Test, modeName(m.Test), m.About, m.To, m.From, m.Subject, s.keys.Seal(access.ForCapture, []byte(m.Text)), s.keys.Seal(access.ForCapture, []byte(m.HTML)), micros(m.CreatedAt))
	return s.save(ctx, b)
}

// Mails implements outbox.Mailbox.
func (s *Store) Mails(ctx context.Context, to string, limit int) ([]outbox.Captured, error) {
	return s.mails(ctx, &batch{}, `SELECT `+mailColumns+` FROM captured_mails WHERE $1 = '' OR recipient = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, to, limit)
}

// MailByID implements outbox.Mailbox.
func (s *Store) MailByID(ctx context.Context, id string) (outbox.Captured, error) {
	found, err := s.mails(ctx, &batch{}, `SELECT `+mailColumns+` FROM captured_mails WHERE id = $1`, id)
	if err != nil {
		return outbox.Captured{}, err
	}
	if len(found) == 0 {
		return outbox.Captured{}, outbox.ErrMailUnknown
	}
	return found[0], nil
}

// ClearMails implements outbox.Mailbox.
func (s *Store) ClearMails(ctx context.Context) error {
	b := &batch{}
	b.exec(`DELETE FROM captured_mails`)
	return s.save(ctx, b)
}

// The organisation is that of the key, and only a good key of test mode reaches a mail.
const loadTestMails = `SELECT ` + mailColumns + ` FROM captured_mails
WHERE org_id IN (SELECT k.org_id FROM api_keys k WHERE k.hash IN ($1, $2, $3) AND k.mode = 'test' AND k.revoked_at = 0)
AND test AND ($4 = '' OR lower(recipient) = $4) ORDER BY created_at DESC, id DESC LIMIT $5`

// TestMails implements outbox.TestMailbox.
func (s *Store) TestMails(ctx context.Context, key access.Lookup, to string) (*access.Key, []outbox.Captured, error) {
	var state skill.State
	b := &batch{}
	b.find(loadKey, func(scan scanner) error { return scanKey(scan, &state) }, candidates(key)...)
	found, err := s.mails(ctx, b, loadTestMails, key[0][:], key[1][:], key[2][:], to, outbox.MaxTestMails)
	return state.Key, found, err
}

// mails runs a batch with one more statement, which reads mails.
func (s *Store) mails(ctx context.Context, b *batch, sql string, args ...any) ([]outbox.Captured, error) {
	var found []outbox.Captured
	b.query(sql, func(scan scanner) error {
		m, err := s.scanMail(scan)
		found = append(found, m)
		return err
	}, args...)
	return found, s.view(ctx, b)
}

func (s *Store) scanMail(scan scanner) (outbox.Captured, error) {
	var m outbox.Captured
	var text, html []byte
	var created int64
	if err := scan(&m.ID, &m.Org, &m.Test, &m.About, &m.To, &m.From, &m.Subject, &text, &html, &created); err != nil {
		return m, err
	}
	plainText, err := s.keys.Open(access.ForCapture, text)
	if err != nil {
		return m, err
	}
	plainHTML, err := s.keys.Open(access.ForCapture, html)
	m.Text, m.HTML, m.CreatedAt = string(plainText), string(plainHTML), instant(created)
	return m, err
}
