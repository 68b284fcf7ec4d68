package main

import (
	"errors"
	"fmt"
	"time"

	"avow/internal/app"
	"avow/internal/config"
	"avow/internal/doctor"
)

type doctorCommand struct {
	For string `enum:"serve,dev" default:"serve" help:"serve or dev: what the settings are to be good for." placeholder:"COMMAND"`
}

// errUnwell is all that is left to say when each line has been told.
var errUnwell = errors.New("something is not well; each line that says fail has its remedy")

// Run looks at everything that a server depends on.
func (cmd doctorCommand) Run(s *session) error {
	c, err := config.Read(config.Profile(cmd.For), s.flags, s.env.vars)
	o := doctor.Options{Config: c, Now: func() time.Time { return time.Now().UTC() }}
	var wrong *config.Error
	if errors.As(err, &wrong) {
		o.Problems = wrong.Problems
	}
	o.KeyFile = app.UseKeyFile(&o.Config)
	var printed error
	well := doctor.Examine(s.ctx, o, func(f doctor.Finding) { printed = errors.Join(printed, s.finding(f)) })
	if printed == nil && !well {
		return errUnwell
	}
	return printed
}

// finding prints a line.
func (s *session) finding(f doctor.Finding) error {
	if s.json {
		return s.print(f)
	}
	remedy := ""
	if f.Remedy != "" {
		remedy = "  → " + f.Remedy
	}
	_, err := fmt.Fprintf(s.env.out, "%-4s  %-10s  %s%s\n", f.Level, f.Check, f.Found, remedy)
	return err
}
