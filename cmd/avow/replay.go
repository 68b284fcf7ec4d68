package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avow/internal/access"
	"avow/internal/app"
	"avow/internal/outbox"
)

type deliveriesReplay struct {
	ID         string `arg:"" optional:"" help:"One delivery's id; else all webhooks that the flags select."`
	Org        string `help:"An org_… id or the organisation's name."`
	Mode       string `enum:"live,test," default:"" help:"live or test; both when left out." placeholder:"MODE"`
	Since      since  `help:"Made since an instant (2026-01-31T12:00:00Z) or for so long (36h)." placeholder:"TIME"`
	Until      since  `help:"Made before an instant, or so long ago; now when left out." placeholder:"TIME"`
	FailedOnly bool   `help:"Only those that were given up, not those that were delivered."`
	Event      string `help:"Only those that tell of this event, such as verification.completed."`
	URL        string `help:"Only those to this URL."`
	DryRun     bool   `help:"Count them and send nothing."`
}

// Validate wants either one delivery or an organisation and a time.
func (c deliveriesReplay) Validate() error {
	if one, many := c.ID != "", c.Org != "" || !time.Time(c.Since).IsZero(); one == many || many && (c.Org == "" || time.Time(c.Since).IsZero()) {
		return errors.New("give either a delivery's id or --org and --since")
	}
	return nil
}

// replayLine is what came of a replay.
type replayLine struct {
	Examined int  `json:"examined"`
	Replayed int  `json:"replayed"`
	Skipped  int  `json:"skipped"`
	DryRun   bool `json:"dry_run,omitempty"`
}

// Run replays webhooks.
func (c deliveriesReplay) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if c.ID == "" {
			return c.many(s, a)
		}
		if _, err := a.Deliveries.ReplayOne(s.ctx, operator, c.ID); err != nil {
			return err
		}
		return s.done(c.ID + " is due; a running worker sends it within seconds")
	})
}

func (c deliveriesReplay) many(s *session, a *app.App) error {
	o, err := a.Admin.Organisation(s.ctx, c.Org)
	if err != nil {
		return err
	}
	total := replayLine{DryRun: c.DryRun}
	for _, mode := range []access.Mode{access.Live, access.Test} {
		if c.Mode != "" && c.Mode != string(mode) {
			continue
		}
		if err := c.replay(s, a, outbox.Selection{
			Org: o.ID, Test: mode == access.Test, Since: time.Time(c.Since), Until: time.Time(c.Until), FailedOnly: c.FailedOnly, URL: c.URL, Event: c.Event, DryRun: c.DryRun,
		}, &total); err != nil {
			return err
		}
	}
	return s.print(total)
}

// replay goes page by page until there is no more or the user stops it. What is queued by then is sent.
func (c deliveriesReplay) replay(s *session, a *app.App, what outbox.Selection, total *replayLine) error {
	before, progress := *total, outbox.Progress{}
	for !progress.Done {
		next, err := a.Deliveries.Replay(context.WithoutCancel(s.ctx), operator, what, progress)
		if err != nil {
			return err
		}
		progress = next
		total.Examined, total.Replayed, total.Skipped = before.Examined+progress.Examined, before.Replayed+progress.Replayed, before.Skipped+progress.Skipped
		s.progress("%d of %d looked at are queued", total.Replayed, total.Examined)
		if s.ctx.Err() != nil && !progress.Done {
			return stopped(c, what, total.Replayed, progress.Behind.Created)
		}
	}
	s.progress("")
	return nil
}

// stopped tells how to go on.
func stopped(c deliveriesReplay, what outbox.Selection, replayed int, at time.Time) error {
	mode, then := access.Live, ""
	if what.Test {
		mode = access.Test
	} else if c.Mode == "" {
		then = ", then as before with --mode test"
	}
	return fmt.Errorf("stopped after %d; go on with --mode %s --since %s%s", replayed, mode, at.UTC().Format(time.RFC3339Nano), then)
}
