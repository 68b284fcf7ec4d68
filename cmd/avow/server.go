package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"avow/internal/app"
	"avow/internal/config"
	"avow/internal/event"
	"avow/internal/store"
)

// readyLine is printed when the ports accept connections.
type readyLine struct {
	Event    string    `json:"event"`
	URL      string    `json:"url,omitempty"` // none where no requests are answered
	AdminURL string    `json:"admin_url"`
	Data     string    `json:"data"`
	Demo     *app.Demo `json:"demo,omitempty"`
}

func newReadyLine(c config.Config, l app.Listeners) readyLine {
	local := c
	local.PublicURL = ""
	return readyLine{Event: "ready", URL: local.PublicURLFor(l.Public.Addr().String()), AdminURL: "http://" + l.Admin.Addr().String(), Data: c.DataDir}
}

func (s *session) printReady(line readyLine) error {
	text, err := event.Marshal(line)
	if err == nil {
		_, err = fmt.Fprintf(s.env.out, "%s\n", text)
	}
	return err
}

type devCommand struct{}

// Run serves on embedded defaults.
func (devCommand) Run(s *session) error {
	c, err := s.config(config.Dev)
	if err != nil {
		return err
	}
	s.warnOffLoopback(c)
	if err := prepareDev(s, &c); err != nil {
		return err
	}
	l, err := app.Listen(c.Addr, c.AdminAddr, true)
	if err != nil {
		return err
	}
	a, err := app.New(s.ctx, s.options(c, c.PublicURLFor(l.Public.Addr().String())))
	if err != nil {
		return err
	}
	demo, err := a.MakeDemo(s.ctx)
	if err != nil {
		return err
	}
	line := newReadyLine(c, l)
	line.Demo = &demo
	return s.serve(a, l, app.Roles{Requests: true, Deliveries: true}, func() error {
		if s.json {
			return s.printReady(line)
		}
		return s.banner(line)
	})
}

// prepareDev makes the data directory, the master key and the schema.
func prepareDev(s *session, c *config.Config) error {
	if err := app.MakeKeyFile(*c, rand.Reader); err != nil {
		return err
	}
	if err := app.UseKeyFile(c); err != nil {
		return err
	}
	return store.Migrate(s.ctx, c.DatabaseURL, func(string) {})
}

func (s *session) warnOffLoopback(c config.Config) {
	host, _, err := net.SplitHostPort(c.Addr)
	addr, parsed := netip.ParseAddr(host)
	if err == nil && host != "localhost" && (parsed != nil || !addr.IsLoopback()) {
		fmt.Fprintf(s.env.err, "avow: warning: dev listens on %s, not on a loopback address; whoever reaches it can read captured mail and the demo data\n", c.Addr)
	}
}

type serveCommand struct {
	NoWorker bool `name:"no-worker" help:"Answer requests only; deliveries are sent, and the database is kept tidy, by another process."`
}

// Run serves for production.
func (cmd serveCommand) Run(s *session) error {
	c, a, err := s.production()
	if err != nil {
		return err
	}
	l, err := app.Listen(c.Addr, c.AdminAddr, false)
	if err != nil {
		return err
	}
	if slices.Contains(c.AllowedVerificationURLs, "*") {
		fmt.Fprintln(s.env.err, "avow: warning: AVOW_ALLOWED_VERIFICATION_URLS is *, so every client can have mails sent with links to anywhere")
	}
	line := newReadyLine(c, l)
	return s.serve(a, l, app.Roles{Requests: true, Deliveries: !cmd.NoWorker}, func() error {
		return s.announce(line, "serves "+line.URL)
	})
}

type workerCommand struct{}

// Run sends deliveries for production.
func (workerCommand) Run(s *session) error {
	c, a, err := s.production()
	if err != nil {
		return err
	}
	l, err := app.ListenAdmin(c.AdminAddr)
	if err != nil {
		return err
	}
	line := readyLine{Event: "ready", AdminURL: "http://" + l.Admin.Addr().String(), Data: c.DataDir}
	return s.serve(a, l, app.Roles{Deliveries: true}, func() error { return s.announce(line, "sends deliveries") })
}

// production builds what production settings ask for, on a database that dev has not made.
func (s *session) production() (config.Config, *app.App, error) {
	c, err := s.config(config.Serve)
	if err != nil {
		return c, nil, err
	}
	a, err := app.New(s.ctx, s.options(c, c.PublicURL))
	if err != nil {
		return c, nil, err
	}
	return c, a, a.RefuseDemo(s.ctx)
}

// announce tells that a process is ready.
func (s *session) announce(line readyLine, does string) error {
	if s.json {
		return s.printReady(line)
	}
	_, err := fmt.Fprintf(s.env.out, "avow %s %s (health and metrics: %s)\n", version, does, line.AdminURL)
	return err
}

// garbage lets the heap grow to four times what is in use before it is collected. A few megabytes are, so that is little memory for a fifth of all time.
const garbage = 300

// serve runs until a signal comes. Who sets GOGC knows better than we do.
func (s *session) serve(a *app.App, l app.Listeners, roles app.Roles, ready func() error) error {
	if !slices.ContainsFunc(s.env.vars, func(v string) bool { return strings.HasPrefix(v, "GOGC=") }) {
		debug.SetGCPercent(garbage)
	}
	if roles.Deliveries {
		if err := a.TakeOver(s.ctx); err != nil {
			return err
		}
	}
	var printed error
	err := a.Serve(s.ctx, l, roles, func() { printed = ready() })
	if err == nil {
		err = printed
	}
	return err
}

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply every schema change that is missing."`
	Status migrateStatus `cmd:"" help:"Show the schema's version and the one that this avow needs."`
}

type migrateUp struct{}

// Run applies schema changes.
func (migrateUp) Run(s *session) error {
	c, err := s.config(config.Command)
	if err != nil {
		return err
	}
	if err := store.Migrate(s.ctx, c.DatabaseURL, func(step string) { fmt.Fprintln(s.env.err, "applied", step) }); err != nil {
		return err
	}
	status, err := store.Status(s.ctx, c.DatabaseURL)
	if err != nil {
		return err
	}
	return s.print(status)
}

type migrateStatus struct{}

// Run shows the schema's version.
func (migrateStatus) Run(s *session) error {
	c, err := s.config(config.Command)
	if err != nil {
		return err
	}
	status, err := store.Status(s.ctx, c.DatabaseURL)
	if err != nil {
		return err
	}
	return s.print(status)
}

type versionCommand struct{}

// Run shows the version.
func (versionCommand) Run(s *session) error {
	return s.print(struct {
		Version string `json:"version"`
		Commit  string `json:"commit"`
		Go      string `json:"go"`
	}{version, commit, strings.TrimPrefix(runtime.Version(), "go")})
}
