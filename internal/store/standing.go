package store

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// Standing is how the queue does, for operators.
type Standing struct {
	Due         map[outbox.Kind]time.Time // the instant from which the delivery that waits longest could be sent; zero: none waits
	Failed      int                       // of the deliveries that were finished since an instant, at most the newest mostLooked
	Disabled    int                       // endpoints that are disabled
	DisabledURL int                       // of webhooks, that failed for too long or asked not to be called any more
}

// mostLooked bounds what it costs to look at what was finished.
const mostLooked = 100_000

const (
	countFailed    = `SELECT COUNT(*) FROM (SELECT state FROM deliveries WHERE finished_at <> 0 AND finished_at >= $1 ORDER BY finished_at DESC LIMIT $2) l WHERE l.state = 'failed'`
	countCallbacks = `SELECT COUNT(*) FROM endpoint_health WHERE off_at <> 0`
)

// Standing looks at the queue; since bounds what was finished.
func (s *Store) Standing(ctx context.Context, since time.Time) (Standing, error) {
	t := Standing{Due: map[outbox.Kind]time.Time{}}
	for _, kind := range []outbox.Kind{outbox.Mail, outbox.Webhook} {
		due, err := s.NextDue(ctx, kind)
		if err != nil {
			return t, err
		}
		t.Due[kind] = due
	}
	endpoints, err := s.Endpoints(ctx, "")
	if err != nil {
		return t, err
	}
	for _, e := range endpoints {
		if !e.DisabledAt.IsZero() {
			t.Disabled++
		}
	}
	b := &batch{}
	b.query(countFailed, func(scan scanner) error { return scan(&t.Failed) }, micros(since), mostLooked)
	b.query(countCallbacks, func(scan scanner) error { return scan(&t.DisabledURL) })
	return t, s.view(ctx, b)
}

// Sealed counts sealed values by the master key that opens them.
type Sealed struct {
	By     [access.MaxMasterKeys]int
	Closed int // that none of the configured keys opens
}

// The newest of what is sealed tells which key writes; secrets live as long as what they belong to, so all of them are looked at.
var sealedValues = map[string]access.Purpose{
	`SELECT secret_sealed FROM api_keys WHERE revoked_at = 0`:                                                                                    access.ForKeySecret,
	`SELECT payload_sealed FROM deliveries WHERE state = 'queued' AND lane = '' AND payload_sealed IS NOT NULL ORDER BY due_at LIMIT 500`:        access.ForDelivery,
	`SELECT payload_sealed FROM deliveries WHERE state = 'queued' AND lane <> '' AND payload_sealed IS NOT NULL ORDER BY lane, due_at LIMIT 500`: access.ForDelivery,
	`SELECT text_sealed FROM captured_mails ORDER BY created_at DESC LIMIT 500`:                                                                  access.ForCapture,
}

// Sealed opens sealed values by the configured keys; what is in them is thrown away.
func (s *Store) Sealed(ctx context.Context) (Sealed, error) {
	var found Sealed
	b := &batch{}
	for text, purpose := range sealedValues {
		b.query(text, func(scan scanner) error {
			var sealed []byte
			err := scan(&sealed)
			found.note(s.keys, purpose, sealed)
			return err
		})
	}
	if err := s.view(ctx, b); err != nil {
		return found, err
	}
	err := s.eachOrganisation(ctx, "", func(_, endpoints string) {
		for _, d := range endpointsFrom(endpoints) {
			if d.DisabledAt == 0 {
				found.note(s.keys, access.ForEndpointSecret, d.Secret)
			}
		}
	})
	return found, err
}

func (f *Sealed) note(keys *access.Keyring, p access.Purpose, sealed []byte) {
	by, known := keys.SealedBy(sealed)
	if _, err := keys.Open(p, sealed); err != nil || !known {
		f.Closed++
		return
	}
	f.By[by]++
}
