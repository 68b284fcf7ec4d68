package outbox

import (
	"context"
	"time"
)

// Selection says which finished webhooks are to be sent once more. For a reader with a key the organisation and mode are those of the key.
type Selection struct {
	Org        string
	Test       bool
	Since      time.Time // made then or later
	Until      time.Time // made before; zero: before the replay began
	FailedOnly bool      // only those that were given up, not those that were delivered
	URL        string    // only those to it; empty: to all
	Event      string    // only those that tell of it, by its name; empty: of all
	DryRun     bool      // only count
}

// Progress is how far a replay has come. With the selection it says where to go on; the zero value is the beginning.
type Progress struct {
	Began    time.Time
	Behind   Place // what was looked at last
	Examined int   // webhooks of the time that was asked for
	Replayed int
	Skipped  int // of those that were selected: the content is gone, or the endpoint is off
	Done     bool
}

// Replayed is a delivery that is to be sent again, as it was, and when.
type Replayed struct {
	Record
	At time.Time
}

// Page is a stretch of an owner's webhooks, oldest first.
type Page struct {
	View
	Events []string // by record, where they were asked for
}

// Replays is where webhooks are replayed.
type Replays interface {
	// ReplayPage returns the next webhooks of a selection's owner and time behind a place, whatever has come of them, oldest first, at most limit.
	ReplayPage(ctx context.Context, r Reader, s Selection, behind Place, limit int) (Page, error)
	// Replay queues deliveries anew, under the same id and with all attempts of their schedules before them, and has what waits for their endpoints brought forward as
	// these answer. One that is not any more as it was is left alone. It returns how many were queued.
	Replay(ctx context.Context, all []Replayed, now time.Time) (int, error)
}

const (
	// replayPage is how many webhooks are looked at in one go: more would hold up the changes that wait behind it.
	replayPage = 500
	// replayGap lies between the instants at which replayed deliveries are due. A receiver that answers gets them sooner: as soon as nothing else is due for it.
	replayGap = time.Second
)

// CheckReplay refuses to send a webhook once more that has not come to an end, or cannot be sent.
func (r Record) CheckReplay() error {
	switch {
	case r.Kind != Webhook:
		return ErrReplayMail
	case r.State == Queued:
		return ErrReplayWaiting
	case r.State == Cancelled:
		return ErrRetryCancelled
	}
	return r.checkSending()
}

// wants reports whether a webhook of the selection's owner and time is meant.
func (s Selection) wants(r Record, event string) bool {
	ended := r.State == Failed || r.State == Delivered && !s.FailedOnly
	return ended && (s.URL == "" || r.Target == s.URL) && (s.Event == "" || event == s.Event)
}

// pick chooses what of a page is to be sent, and when: in the order in which it was made, spread, so that what is new need not wait behind it.
func (p Progress) pick(s Selection, page Page, now time.Time) (Progress, []Replayed) {
	var picked []Replayed
	for i, r := range page.Records {
		p.Behind = Place{Created: r.Created, ID: r.ID}
		switch event := page.event(i); {
		case !s.wants(r, event):
		case r.CheckReplay() != nil:
			p.Skipped++
		default:
			due := p.Began.Add(time.Duration(p.Replayed+len(picked)) * replayGap)
			picked = append(picked, Replayed{r, later(due, now)})
		}
	}
	p.Examined += len(page.Records)
	return p, picked
}

func (p Page) event(i int) string {
	if i < len(p.Events) {
		return p.Events[i]
	}
	return ""
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// Replay carries a replay on by one page and returns how far it is then. Whoever begins one passes the zero Progress, and goes on until it is done.
func (s *Service) Replay(ctx context.Context, r Reader, what Selection, p Progress) (Progress, error) {
	now := s.Now()
	if p.Began.IsZero() {
		p.Began = now
	}
	if what.Until.IsZero() || what.Until.After(p.Began) {
		what.Until = p.Began
	}
	page, err := s.Replays.ReplayPage(ctx, r, what, p.Behind, replayPage)
	if err == nil {
		err = r.check(page.View)
	}
	if err != nil {
		return p, err
	}
	next, picked := p.pick(what, page, now)
	next.Done = len(page.Records) < replayPage
	queued := len(picked)
	if !what.DryRun && queued > 0 {
		if queued, err = s.Replays.Replay(ctx, picked, now); err != nil {
			return p, err
		}
	}
	next.Replayed += queued
	return next, nil
}

// maxReplay and maxExamined bound one call of somebody with a key.
const (
	maxReplay   = 1000
	maxExamined = 10000
)

// ReplaySome carries a replay on until it is done or has come far enough for one call.
func (s *Service) ReplaySome(ctx context.Context, r Reader, what Selection, p Progress) (Progress, error) {
	next, err := s.Replay(ctx, r, what, p)
	for err == nil && !next.Done && next.Replayed-p.Replayed+replayPage <= maxReplay && next.Examined-p.Examined < maxExamined {
		next, err = s.Replay(ctx, r, what, next)
	}
	return next, err
}

// ReplayOne has a webhook that was delivered or given up sent once more, now, and returns it as it is then.
func (s *Service) ReplayOne(ctx context.Context, r Reader, id string) (due Record, err error) {
	now := s.Now()
	err = s.Ledger.RetryDelivery(ctx, r, id, now, func(v View) error {
		was, refusal := r.one(v)
		if refusal == nil {
			refusal = was.CheckReplay()
		}
		due = was.retried(now)
		return refusal
	})
	return due, err
}
