package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"avow/internal/access"
	"avow/internal/app"
	"avow/internal/fault"
	"avow/internal/mail"
	"avow/internal/outbox"
)

type mailCommand struct {
	Bounce mailBounce `cmd:"" help:"Take in a bounce (a delivery status notification); a mail server pipes it into this command."`
}

type mailBounce struct {
	File string `arg:"" optional:"" default:"-" help:"The message; - or nothing reads it from stdin."`
}

// Exit codes that mail servers understand (sysexits.h).
const (
	exitData     = 65 // the message is no bounce of a mail that is known here: trying again does not help
	exitTryLater = 75 // it may be one, but could not be looked up or noted
)

// codedError is an error with the exit code of its command.
type codedError struct {
	error
	code int
}

// Unwrap returns the error itself.
func (e codedError) Unwrap() error { return e.error }

type bounceLine struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Action string `json:"action"`
	Code   string `json:"code"`
	Known  bool   `json:"known"` // from an earlier report
}

// Run takes a bounce in, of whatever organisation.
func (c mailBounce) Run(s *session) error {
	err := c.take(s)
	switch known := fault.From(err); {
	case err == nil:
		return nil
	case known.Reason == outbox.ErrReportUnread.Reason, known.Reason == outbox.ErrDeliveryUnknown.Reason:
		return codedError{err, exitData}
	}
	return codedError{err, exitTryLater}
}

func (c mailBounce) take(s *session) error {
	raw, err := c.read(s)
	if err != nil {
		return err
	}
	return s.with(func(a *app.App) error {
		t, err := a.Bounces.Take(s.ctx, operator, access.Signed{}, raw)
		if err != nil {
			return err
		}
		return s.print(bounceLine{t.Record.ID, string(t.Record.Standing(a.Bounces.Now())), string(t.Note.Action), t.Note.Status, t.Again})
	})
}

// read reads no more than can be a report, and one byte by which one that is larger is refused.
func (c mailBounce) read(s *session) (raw []byte, err error) {
	from := s.env.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("open the message: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		from = file
	}
	return io.ReadAll(io.LimitReader(from, mail.MaxReport+1))
}
