package store

import (
	"context"

	"avow/internal/access"
	"avow/internal/outbox"
)

const mailColumns = `id, org_id, test, recipient, sender, subject, text_sealed, html_sealed, created_at`

// Keep implements outbox.Mailbox.
func (s *Store) Keep(ctx context.Context, m outbox.Captured) error {
	b := &batch{}
	b.exec(`INSERT INTO captured_mails (`+mailColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		m.ID, m.Org, m.Test, m.To, m.From, m.Subject, s.keys.Seal(access.ForCapture, []byte(m.Text)), s.keys.Seal(access.ForCapture, []byte(m.HTML)), micros(m.CreatedAt))
	return s.save(ctx, b)
}

// Mails implements outbox.Mailbox.
func (s *Store) Mails(ctx context.Context, to string, limit int) ([]outbox.Captured, error) {
	return s.mails(ctx, `SELECT `+mailColumns+` FROM captured_mails WHERE $1 = '' OR recipient = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, to, limit)
}

// MailByID implements outbox.Mailbox.
func (s *Store) MailByID(ctx context.Context, id string) (outbox.Captured, error) {
	found, err := s.mails(ctx, `SELECT `+mailColumns+` FROM captured_mails WHERE id = $1`, id)
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

func (s *Store) mails(ctx context.Context, sql string, args ...any) ([]outbox.Captured, error) {
	var found []outbox.Captured
	b := &batch{}
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
	if err := scan(&m.ID, &m.Org, &m.Test, &m.To, &m.From, &m.Subject, &text, &html, &created); err != nil {
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
