package outbox

import (
	"context"
	"time"

	"avow/internal/access"
)

// Reader is who looks deliveries up: an operator, who sees all of them, or whoever showed an API key, who sees the webhooks of the key's organisation and mode.
type Reader struct {
	Operator bool
	Key      access.Lookup
}

// Filter narrows a list. Empty members do not.
type Filter struct {
	Org      string
	Kind     Kind
	Standing Standing // at Now
	Now      time.Time
	Since    time.Time // only what was made, or for operators finished, at that instant or later
	Behind   Place     // readers with a key: only what comes behind it
	Limit    int
}

// Place is that of a delivery in a list of those with a key.
type Place struct {
	Created time.Time
	ID      string
}

// View is what a reader sees. The key is nil when it is unknown, or nobody showed one.
type View struct {
	Key      *access.Key
	Records  []Record
	Attempts []Attempt // of the one delivery that was looked up, by number
	Notes    []Note    // of it, too: what was reported of a mail after it had been sent

	Endpoints []Watched // where one was looked up
}

// Ledger is where deliveries are looked up.
type Ledger interface {
	// Deliveries returns a list, newest first: readers with a key by when they were made; operators by when they were finished, or made as long as they wait.
	Deliveries(ctx context.Context, r Reader, f Filter) (View, error)
	// DeliveryByID returns at most one delivery, with its attempts.
	DeliveryByID(ctx context.Context, r Reader, id string) (View, error)
	// RetryDelivery looks a delivery up, without its attempts, and lets decide decide; unless that refuses, the delivery is due at once and its schedule begins anew.
	RetryDelivery(ctx context.Context, r Reader, id string, now time.Time, decide func(View) error) error
}

// Service carries out what people do with deliveries.
type Service struct {
	Ledger    Ledger
	Endpoints Endpoints
	Replays   Replays
	Keys      *access.Keyring
	Now       func() time.Time
}

// Holder is the reader who shows an API key.
func (s *Service) Holder(apiKey string) Reader {
	return Reader{Key: s.Keys.Lookup(access.ForAPIKey, apiKey)}
}

// Authenticate refuses a reader whose key is unknown or revoked.
func (s *Service) Authenticate(ctx context.Context, r Reader) error {
	view, err := s.Ledger.DeliveryByID(ctx, r, "")
	if err != nil {
		return err
	}
	return r.check(view)
}

func (r Reader) check(v View) error {
	if r.Operator {
		return nil
	}
	return access.AuthenticateKey(v.Key)
}

// one returns the delivery that was looked up.
func (r Reader) one(v View) (Record, error) {
	if err := r.check(v); err != nil {
		return Record{}, err
	}
	if len(v.Records) == 0 {
		return Record{}, ErrDeliveryUnknown
	}
	return v.Records[0], nil
}

// List returns deliveries, newest first, and whether there are more.
func (s *Service) List(ctx context.Context, r Reader, f Filter) (page []Record, more bool, err error) {
	limit := f.Limit
	f.Now, f.Limit = s.Now(), limit+1
	view, err := s.Ledger.Deliveries(ctx, r, f)
	if err == nil {
		err = r.check(view)
	}
	if err != nil {
		return nil, false, err
	}
	return view.Records[:min(limit, len(view.Records))], len(view.Records) > limit, nil
}

// Show returns one delivery with its attempts. ErrDeliveryUnknown: there is none that the reader may see.
func (s *Service) Show(ctx context.Context, r Reader, id string) (Record, []Attempt, error) {
	view, err := s.Ledger.DeliveryByID(ctx, r, id)
	if err != nil {
		return Record{}, nil, err
	}
	found, err := r.one(view)
	found.Notes = view.Notes
	return found, view.Attempts, err
}

// Retry makes a delivery due at once, with all attempts of its schedule before it, and returns it as it is then.
func (s *Service) Retry(ctx context.Context, r Reader, id string) (due Record, err error) {
	now := s.Now()
	err = s.Ledger.RetryDelivery(ctx, r, id, now, func(v View) error {
		was, refusal := r.one(v)
		if refusal == nil {
			refusal = was.CheckRetry(now)
		}
		due = was.retried(now)
		return refusal
	})
	return due, err
}

// MostCounted is where it is not counted any further what waits: what that costs must not depend on how much it is.
const MostCounted = 10_000

// Backlog is how many deliveries of a kind wait for an attempt, and how many are leased for one; MostCounted stands for that many or more.
type Backlog struct{ Queued, Leased int }
