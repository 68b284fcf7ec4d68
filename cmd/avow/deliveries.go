package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/app"
	"avow/internal/outbox"
)

type deliveriesCommand struct {
	List  deliveriesList  `cmd:"" help:"List mails and webhooks, latest first."`
	Show  deliveriesShow  `cmd:"" help:"Show one with its attempts; never what is in it."`
	Retry deliveriesRetry `cmd:"" help:"Send one that failed or waits now, with all attempts of its schedule before it."`

	Replay deliveriesReplay `cmd:"" help:"Send webhooks once more that were delivered or given up: one, or an organisation's of a time."`
}

// operator sees all deliveries.
var operator = outbox.Reader{Operator: true}

type deliveryLine struct {
	ID         string `json:"id"`
	Org        string `json:"org"`
	Mode       string `json:"mode"`
	Kind       string `json:"kind"`
	Target     string `json:"target"`
	State      string `json:"state"`
	Attempts   int    `json:"attempt_count"`
	Code       int    `json:"code,omitempty"`
	Answer     string `json:"answer,omitempty"`
	CreatedAt  string `json:"created_at"`
	DueAt      string `json:"due_at,omitempty"`
	FinishedAt string `json:"finished_at,omitempty"`
	DisabledAt string `json:"endpoint_disabled_at,omitempty"`
}

func newDeliveryLine(r outbox.Record, now time.Time) deliveryLine {
	line := deliveryLine{
		ID: r.ID, Org: r.Org, Mode: string(access.Live), Kind: string(r.Kind), Target: r.Target, State: string(r.Standing(now)),
		Attempts: r.Attempts, Code: r.Code, Answer: r.Answer, CreatedAt: stamp(r.Created), FinishedAt: stamp(r.Finished),
		DisabledAt: stamp(r.Endpoint.Off),
	}
	if r.Test {
		line.Mode = string(access.Test)
	}
	if r.State == outbox.Queued {
		line.DueAt = stamp(r.Due)
	}
	return line
}

type deliveriesList struct {
	Org   string   `help:"An org_… id or the organisation's name; all organisations when left out."`
	State standing `help:"${states}." placeholder:"STATE"`
	Kind  string   `enum:"mail,webhook," default:"" help:"mail or webhook; both when left out." placeholder:"KIND"`
	Since since    `help:"Only what was finished, or made and still waits, since an instant (2026-01-31T12:00:00Z) or for so long (36h)." placeholder:"TIME"`
	Limit int      `default:"50" help:"At most so many."`
}

// Validate refuses a limit that is none.
func (c deliveriesList) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// Run lists deliveries.
func (c deliveriesList) Run(s *session) error {
	return s.with(func(a *app.App) error {
		org, err := orgID(s, a, c.Org)
		if err != nil {
			return err
		}
		found, _, err := a.Deliveries.List(s.ctx, operator, outbox.Filter{
			Org: org, Standing: outbox.Standing(c.State), Kind: outbox.Kind(c.Kind), Since: time.Time(c.Since), Limit: c.Limit,
		})
		if err != nil {
			return err
		}
		var lines []deliveryLine
		for _, r := range found {
			lines = append(lines, newDeliveryLine(r, time.Now()))
		}
		return list(s, lines)
	})
}

// standing is a flag that takes one of the standings, with spaces or hyphens.
type standing outbox.Standing

// UnmarshalText reads the flag.
func (f *standing) UnmarshalText(text []byte) error {
	*f = standing(strings.ReplaceAll(string(text), "-", " "))
	if !slices.Contains(outbox.Standings, outbox.Standing(*f)) {
		return fmt.Errorf("%q must be one of: %s", text, states())
	}
	return nil
}

// states lists what the flag takes.
func states() string {
	var names []string
	for _, s := range outbox.Standings {
		names = append(names, strings.ReplaceAll(string(s), " ", "-"))
	}
	return strings.Join(names, ", ")
}

// since is a flag that takes an instant, or a time before now.
type since time.Time

// UnmarshalText reads the flag.
func (f *since) UnmarshalText(text []byte) error {
	if back, err := time.ParseDuration(string(text)); err == nil {
		*f = since(time.Now().Add(-back))
		return nil
	}
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("%q is neither an instant such as 2026-01-31T12:00:00Z nor a time such as 36h", text)
	}
	*f = since(at)
	return nil
}

type deliveriesShow struct {
	ID string `arg:"" help:"The delivery's id."`
}

type attemptLine struct {
	Number  int    `json:"number"`
	BeganAt string `json:"began_at"`
	TookMS  int64  `json:"took_ms"`
	Outcome string `json:"outcome"`
	Code    int    `json:"code,omitempty"`
	Answer  string `json:"answer,omitempty"`
	Relay   string `json:"relay,omitempty"` // mails: who was asked, in this order
}

// reportLine is what a mail server told of a mail after it had been sent.
type reportLine struct {
	At         string `json:"at"`
	Action     string `json:"action"`
	Code       string `json:"code"`
	Diagnostic string `json:"diagnostic"`
}

// Run shows a delivery.
func (c deliveriesShow) Run(s *session) error {
	return s.with(func(a *app.App) error {
		found, attempts, err := a.Deliveries.Show(s.ctx, operator, c.ID)
		if err != nil {
			return err
		}
		line, lines := newDeliveryLine(found, time.Now()), []attemptLine{}
		for _, t := range attempts {
			lines = append(lines, attemptLine{t.Number, stamp(t.Began), t.Took.Milliseconds(), string(t.Outcome), t.Code, t.Answer, t.Relay})
		}
		var reports []reportLine
		for _, n := range found.Notes {
			reports = append(reports, reportLine{stamp(n.At), string(n.Action), n.Status, n.Diagnostic})
		}
		if s.json {
			return s.print(struct {
				deliveryLine
				Attempts []attemptLine `json:"attempts"`
				Reports  []reportLine  `json:"reports,omitempty"`
			}{line, lines, reports})
		}
		if err := s.print(line); err != nil {
			return err
		}
		fmt.Fprintln(s.env.out, "\nattempts:")
		if err := list(s, lines); err != nil || len(reports) == 0 {
			return err
		}
		fmt.Fprintln(s.env.out, "\nreports:")
		return list(s, reports)
	})
}

type deliveriesRetry struct {
	ID string `arg:"" help:"The delivery's id."`
}

// Run retries a delivery.
func (c deliveriesRetry) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if _, err := a.Deliveries.Retry(s.ctx, operator, c.ID); err != nil {
			return err
		}
		return s.done(c.ID + " is due; a running worker sends it within seconds")
	})
}
