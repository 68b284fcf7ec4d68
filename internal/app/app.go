// Package app builds avow from its settings: the one place where the wire and the outside world meet.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/accountapi"
	"avow/internal/assess"
	"avow/internal/catalogue"
	"avow/internal/catalogueapi"
	"avow/internal/config"
	"avow/internal/egress"
	"avow/internal/event"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/mail"
	"avow/internal/metrics"
	"avow/internal/outbox"
	"avow/internal/ownapi"
	"avow/internal/pages"
	"avow/internal/redisstore"
	"avow/internal/skill"
	"avow/internal/skillapi"
	"avow/internal/store"
	"avow/internal/web"
	"avow/internal/webhook"
)

// Options is what an App is made of.
type Options struct {
	Config    config.Config
	PublicURL string // base of the links in mails, without a trailing slash
	Log       *slog.Logger
	Now       func() time.Time
	Random    io.Reader
	Version   string
	Generator assess.Generator // of the questions of assessments; nil: what the settings say
}

// App is avow without its listeners.
type App struct {
	Store      *store.Store
	Admin      *access.Admin
	Accounts   *account.Service
	Skills     *skill.Service
	Catalogue  *catalogue.Service
	Questions  *assess.Library
	Deliveries *outbox.Service
	Bounces    *outbox.Bounces
	Worker     *outbox.Worker
	Metrics    *metrics.Metrics
	Budgets    *limit.Budgets // nil: the limits are off

	o      Options
	keys   *access.Keyring
	cache  *redisstore.Cache  // nil: none is configured
	limits *redisstore.Limits // likewise, or the limits are off
	relays *mail.SMTP         // nil: all mail is captured
	health *health
	lock   io.Closer // of the embedded database, while this process delivers from it
	holder string    // this process, where only one may do something
}

// requestTime bounds one request, the wait for a database included.
const requestTime = 30 * time.Second

// New opens the database, begins to look for Redis and builds everything on them. Nothing else runs yet.
func New(ctx context.Context, o Options) (*App, error) {
	keys, err := access.NewKeyring([][]byte(o.Config.SecretKeys))
	if err != nil {
		return nil, err
	}
	a := &App{o: o, keys: keys, holder: strconv.FormatUint(rand.Uint64(), 36), Metrics: metrics.New(), Worker: &outbox.Worker{Now: o.Now, Jitter: rand.Float64, Drain: o.Config.ShutdownTimeout}}
	a.Store, err = store.Open(ctx, store.Options{URL: o.Config.DatabaseURL, Connections: o.Config.DatabasePool, Keys: keys, Wake: a.Worker.Wake, Grouped: a.Metrics.Grouped})
	if err != nil {
		return nil, err
	}
	a.Metrics.Watch(func() metrics.Pool { return metrics.Pool(a.Store.Load()) })
	a.openCache()
	a.openBudgets()
	a.health = newHealth(o.Now, a.checks())
	if err := a.build(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// openCache looks for Redis where one is configured; commands do not serve sessions and need none.
func (a *App) openCache() {
	if o := a.o; len(o.Config.Redis.Addresses) > 0 && o.Config.Profile != config.Command {
		a.cache = redisstore.Open(a.redis())
	}
}

func (a *App) redis() redisstore.Options {
	return redisstore.Options{Redis: a.o.Config.Redis, Keys: a.keys, Now: a.o.Now, Metrics: a.Metrics, Log: a.o.Log}
}

// openBudgets counts limits in Redis where one is configured, for all processes together, and in this process alone where none is.
func (a *App) openBudgets() {
	if !a.o.Config.Limits {
		return
	}
	o := limit.Options{Limiter: limit.NewMemory(limit.Subjects), Keys: a.keys, Now: a.o.Now, Refused: a.Metrics.LimitRefused}
	if a.cache != nil {
		a.limits = redisstore.OpenLimits(a.redis())
		o.Limiter = a.limits
	}
	a.Budgets = limit.New(o)
}

// checks are the dependencies: without the database nothing works, without Redis all that sends no mail.
func (a *App) checks() map[string]check {
	all := map[string]check{"database": {a.Store.Ready, true}}
	if a.cache != nil {
		all["redis"] = check{a.redisReady, false}
	}
	if len(a.o.Config.SMTPURLs) > 0 {
		all["relays"] = check{a.relaysReady, false}
	}
	return all
}

func (a *App) redisReady(ctx context.Context) error {
	err := a.cache.Ready(ctx)
	if err == nil && a.limits != nil {
		err = a.limits.Ready(ctx)
	}
	return err
}

func (a *App) verifications() skill.Verifications {
	var v skill.Verifications = a.Store
	if a.cache != nil {
		v = skill.WithCache(v, a.cache)
	}
	return skill.WithLimits(v, a.Budgets)
}

func (a *App) build() error {
	sender, err := a.sender()
	if err != nil {
		return err
	}
	random := access.Random{Source: a.o.Random}
	a.Admin = &access.Admin{Directory: a.Store, Keys: a.keys, Random: random, Now: a.o.Now}
	a.Accounts = account.NewService(account.Options{
		Accounts: account.WithLimits(a.Store, a.Budgets), Holdings: a.Store, Keys: a.keys, Random: random, Now: a.o.Now, TTL: a.o.Config.VerificationTTL, Budgets: a.Budgets,
		Passwords: access.NewPasswords(random, runtime.GOMAXPROCS(0)),
		Links:     account.LinkPolicy{PublicURL: a.o.PublicURL, Allowed: a.o.Config.AllowedVerificationURLs, AllowLoopback: a.dev()},
	})
	a.Catalogue, a.Questions = catalogue.NewService(a.Store), assess.NewLibrary(a.Store)
	a.Skills = skill.NewService(skill.Options{
		Verifications: a.verifications(), People: a.Store, Cache: a.copies(), Keys: a.keys, Random: random, Now: a.o.Now, SessionTTL: a.o.Config.SessionTTL,
		Callbacks: skill.CallbackPolicy{AllowHTTP: a.dev(), Networks: a.o.Config.EgressAllow},
		ReviewTTL: a.o.Config.ReviewTTL, PublicURL: a.o.PublicURL, Mailer: a.Worker, Generator: a.generator(),
		Catalogue: a.Catalogue, Endpoints: a.Store,
	})
	a.Deliveries = &outbox.Service{Ledger: a.Store, Endpoints: a.Store, Replays: a.Store, Keys: a.keys, Now: a.o.Now}
	a.Bounces = &outbox.Bounces{Reports: a.Store, Read: mail.ReadReport, Random: random, Now: a.o.Now}
	a.Worker.Queue, a.Worker.Senders = a.Store, map[outbox.Kind]outbox.Sender{outbox.Mail: sender, outbox.Webhook: a.webhooks()}
	a.Worker.Observe = a.observe
	return nil
}

func (a *App) dev() bool { return a.o.Config.Profile == config.Dev }

// sender captures test-mode mail always, and all mail where no relay is configured: the settings allow that in dev only.
func (a *App) sender() (outbox.Sender, error) {
	renderer, err := a.renderer()
	if err != nil {
		return nil, err
	}
	from := a.o.Config.MailFrom
	captured := mail.NewCapture(renderer, a.Store, from.Address)
	if len(a.o.Config.SMTPURLs) == 0 {
		return mail.NewRouter(captured, nil), nil
	}
	if a.relays, err = a.openRelays(renderer); err != nil {
		return nil, err
	}
	return mail.NewRouter(captured, a.relays), nil
}

// renderer reads the operator's templates where there are any; commands send no mail and need none.
func (a *App) renderer() (*mail.Renderer, error) {
	folder := a.o.Config.MailTemplates
	if folder == "" || a.o.Config.Profile == config.Command {
		return mail.NewRenderer(), nil
	}
	r, err := mail.LoadRenderer(os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("AVOW_MAIL_TEMPLATES: the mail templates in %s are not usable:\n%w", folder, err)
	}
	return r, nil
}

func (a *App) webhooks() outbox.Sender {
	return webhook.New(webhook.Options{Client: egress.NewWebhooks(a.o.Config.EgressAllow), Secrets: a.Store, Now: a.o.Now})
}

func (a *App) observe(d outbox.Delivery, r outbox.Result, err error) {
	a.Metrics.Attempt(string(d.Kind), string(r.Outcome), string(r.State))
	a.observeEndpoint(d, r)
	if err != nil {
		a.o.Log.Warn("delivery attempt failed", "delivery", d.ID, "kind", d.Kind, "attempt", d.Attempt, "outcome", r.Outcome, "state", r.State, "error", err)
	}
}

// Handler serves everything public.
func (a *App) Handler() http.Handler {
	hosted := pages.New(a.pages())
	site := web.NewSite(hosted.Fail)
	accounts := accountapi.New(a.Accounts, a.o.PublicURL)
	skills := skillapi.New(skillapi.Options{Service: a.Skills, Catalogue: a.Catalogue, Prober: egress.NewProbe(), Now: a.o.Now})
	listed := catalogueapi.New(a.Catalogue)
	own := ownapi.New(ownapi.Options{
		TestMails: outbox.TestMails{Mailbox: a.Store, Keys: a.keys}, Deliveries: a.Deliveries, Assessments: a.Skills, People: a.Skills, Bounces: a.Bounces, Now: a.o.Now,
	})
	for _, family := range []*web.Family{&accounts, &skills, &listed, &own} {
		family.Origins, family.Budgets = a.o.Config.CORSOrigins, a.Budgets
		site.Mount(*family)
	}
	hosted.Register(site.ServeMux)
	site.HandleFunc("/healthz", alive)
	site.HandleFunc("/readyz", a.health.brief)
	observer := web.Observer{
		Log: a.o.Log, Metrics: a.Metrics, Now: a.o.Now, UUID: access.Random{Source: a.o.Random}.UUID, Timeout: requestTime, Panic: site.Fail,
		Proxies: a.o.Config.TrustedProxies,
	}
	return observer.Observe(a.guardHost(site))
}

func (a *App) pages() pages.Options {
	o := pages.Options{Version: a.o.Version, PublicURL: a.o.PublicURL, Verifier: a.Accounts, Reviews: a.Skills, Assessments: a.Skills, Budgets: a.Budgets}
	if a.dev() {
		o.Dev = &pages.Dev{Mails: a.Store, Secrets: a.Store.Secrets, Now: a.o.Now}
	}
	return o
}

// EndpointPolicy says what endpoints may be. Plain http to this machine may be registered always; in `avow serve` it is not called.
func (a *App) EndpointPolicy() access.EndpointPolicy {
	p := access.EndpointPolicy{Networks: append(slices.Clip(a.o.Config.EgressAllow), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))}
	for _, name := range event.AccountEvents {
		p.Events = append(p.Events, string(name))
	}
	return p
}

// Close lets go of Redis, closes the database and gives up its lock.
func (a *App) Close() error {
	if a.cache != nil {
		a.cache.Close()
	}
	if a.limits != nil {
		a.limits.Close()
	}
	err := a.Store.Close()
	if a.lock != nil {
		err = errors.Join(err, a.lock.Close())
		a.lock = nil
	}
	return err
}

// errDemo keeps demo credentials, which are derived from a file, out of production.
var errDemo = fault.New(fault.Conflict, "demo_data", "This database was made by `avow dev` and holds demo credentials. Serve another one.")

// RefuseDemo refuses a database that `avow dev` made.
func (a *App) RefuseDemo(ctx context.Context) error {
	orgs, err := a.Store.Organisations(ctx)
	if err != nil {
		return err
	}
	for _, o := range orgs {
		if o.Demo {
			return errDemo
		}
	}
	return nil
}
