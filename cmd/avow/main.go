// Command avow is the verification server and everything that its operators do with it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"avow/internal/config"
	"avow/internal/fault"
)

// Set by the linker.
var (
	version = "dev"
	commit  = "unknown"
)

// Exit codes of every command.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment{vars: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// environment is what a command meets of the outside.
type environment struct {
	vars     []string
	in       io.Reader
	out, err io.Writer
}

// commands is the command line.
type commands struct {
	JSON bool `name:"json" help:"Print JSON on stdout and nothing else; logs go to stderr always."`

	Dev     devCommand     `cmd:"" help:"All in one process on embedded defaults, with captured mail, a webhook receiver and demo credentials."`
	Serve   serveCommand   `cmd:"" help:"The server for production."`
	Worker  workerCommand  `cmd:"" help:"Deliveries and maintenance only, beside any number of serve --no-worker on one PostgreSQL."`
	Migrate migrateCommand `cmd:"" help:"Bring the database schema up to date, or show how it stands."`
	Org     orgCommand     `cmd:"" help:"Organisations and their settings."`
	Key     keyCommand     `cmd:"" help:"API keys of the skill API."`
	Client  clientCommand  `cmd:"" help:"OAuth clients of the account API."`
	Account accountCommand `cmd:"" help:"Accounts whose addresses are verified."`
	Person  personCommand  `cmd:"" help:"People of the skill API: everything that is kept of one, and erasing it."`
	Webhook webhookCommand `cmd:"" help:"Endpoints that hear of the account API's events."`
	Token   tokenCommand   `cmd:"" help:"Access tokens without the HTTP round trip."`
	Skills  skillsCommand  `cmd:"" help:"The skill catalogue: import lists, export it."`

	Mail mailCommand `cmd:"" help:"What comes back of mail: bounces."`

	Deliveries deliveriesCommand `cmd:"" help:"Mails and webhooks: how they stand, their attempts, and trying again."`

	Questions questionsCommand `cmd:"" help:"The question bank of assessments: check it, count it."`

	Doctor  doctorCommand  `cmd:"" help:"Look at settings, database, Redis, mail relay, clock and keys, and say what to do."`
	Version versionCommand `cmd:"" help:"Version, commit and Go version."`
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, env environment) int {
	var cli commands
	flags := newSettingFlags()
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("avow"),
		kong.Description("Self-hosted verification of e-mail addresses and of skills. Every setting is an environment variable too; see `docs/settings.md`."),
		kong.Writers(env.out, env.err),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Embed(flags.target()),
		kong.Vars{"states": states()},
	)
	if err != nil {
		fmt.Fprintln(env.err, "avow:", err)
		return exitFailure
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(env.err, "avow: %v\nRun `avow --help` or `avow COMMAND --help`.\n", err)
		return exitUsage
	}
	return report(env, parsed.Run(&session{ctx: ctx, env: env, json: cli.JSON, flags: flags.given()}))
}

// report tells an error in one clear sentence.
func report(env environment, err error) int {
	if err == nil {
		return exitOK
	}
	var problems *config.Error
	var known *fault.Error
	switch {
	case errors.As(err, &problems):
		fmt.Fprintf(env.err, "avow: the configuration is not usable:\n%v\n", problems)
	case errors.As(err, &known) && known.Kind != fault.Internal && known.Message != "":
		fmt.Fprintln(env.err, "avow:", sentence(known))
	default:
		fmt.Fprintln(env.err, "avow:", err)
	}
	var coded codedError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailure
}

func sentence(f *fault.Error) string {
	if f.Field != "" {
		return f.Field + ": " + f.Message
	}
	return f.Message
}
