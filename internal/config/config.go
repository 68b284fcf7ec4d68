// Package config reads the settings of avow from flags and the environment
// into one checked struct.
//
// The struct tags of [Config] are the only list of the settings: the command
// line, the environment and docs/settings.md are all derived from them.
package config

import (
	"log/slog"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// Profile says what the settings are read for; it decides which settings are
// required and which have a default.
type Profile string

const (
	// Dev is avow dev: everything has a default.
	Dev Profile = "dev"
	// Serve is avow serve and avow worker: what has no safe default is required.
	Serve Profile = "serve"
	// Command is every other command: nothing is required, all is checked.
	Command Profile = "command"
)

// Config holds the checked settings of one process. Pass single values on to
// the packages that need them, never the whole struct.
//
// Tags: env is the name, envDefault the value when unset, default the default
// in words where it depends on something, help the meaning, flag the flag
// where it is not the name, secret keeps a setting off the command line.
type Config struct {
	// Profile is the profile that the settings were read for.
	Profile Profile `env:"-"`

	// Addr is host:port; an empty host is every interface, port 0 any free port.
	Addr string `env:"AVOW_ADDR" envDefault:"127.0.0.1:8080" help:"Listening address of the public server."`
	// AdminAddr has the form of Addr.
	AdminAddr string `env:"AVOW_ADMIN_ADDR" envDefault:"127.0.0.1:9090" help:"Listening address of metrics, health and profiling. Never make it public."`
	// PublicURL has no trailing slash. It is empty when it is unset and either
	// the profile is Command or the port of Addr is 0; see PublicURLFor.
	PublicURL string `env:"AVOW_PUBLIC_URL" default:"from AVOW_ADDR in dev, required in serve" help:"Base of every link that avow writes: http or https, no query, no fragment. Never taken from the Host header."`
	// DataDir is the directory as it was given, relative or not.
	DataDir string `env:"AVOW_DATA_DIR" flag:"data" envDefault:"./avow-data" help:"Directory of the embedded database, the captured mail and the secret key of dev."`
	// DatabaseURL is sqlite:FILE or postgres://…, which may hold a password; see Embedded and DatabaseFile.
	DatabaseURL string `env:"AVOW_DATABASE_URL" default:"sqlite: in the data directory" help:"Database: sqlite:FILE for the embedded one, or postgres://user:password@host/name (PostgreSQL 15 or later)."`
	// Redis is where sessions are cached; the zero value is nowhere.
	Redis Redis `env:"AVOW_REDIS_URL" secret:"true" default:"empty: no cache, limits per process" help:"Cache of skill sessions, which the database keeps in any case, and counter of the limits of all processes: redis://user:pass@host:6379/0; several hosts, comma-separated, for a Cluster; redis-sentinel://user:pass@host:26379,host:26379/master for sentinels (?db=0&sentinel_user=…&sentinel_password=…). rediss for TLS. Away, it costs speed, and calls that send mail answer 503 until it is back."`

	// SMTPURLs are the mail relays in the order in which they are tried, each
	// an smtp or smtps URL with a host; none means that mail is captured.
	SMTPURLs []Secret `env:"AVOW_SMTP_URL" secret:"true" default:"empty: mail is captured, in dev only" help:"Mail relay: smtp://user:pass@host:587 (STARTTLS when offered; ?tls=required insists) or smtps://host (TLS from the start). Several, comma-separated, for fail-over."`
	// MailFrom is the zero value only when there is no relay.
	MailFrom mail.Address `env:"AVOW_MAIL_FROM" default:"required with SMTP" help:"Sender of every mail, such as Example <verify@example.org>."`

	// DKIMKey signs mails; one without a Signer signs nothing.
	DKIMKey PrivateKey `env:"AVOW_DKIM_KEY" secret:"true" default:"empty: the relay signs" help:"Private key that signs every mail (DKIM), as PEM: RSA of at least 2048 bits, or Ed25519. Give it by AVOW_DKIM_KEY_FILE; see docs/mail.md for the DNS record."`
	// DKIMSelector is empty exactly when there is no DKIMKey.
	DKIMSelector string `env:"AVOW_DKIM_SELECTOR" default:"required with AVOW_DKIM_KEY" help:"Name of the key in DNS: the record stands at SELECTOR._domainkey.DOMAIN."`
	// DKIMDomain is empty exactly when there is no DKIMKey.
	DKIMDomain string `env:"AVOW_DKIM_DOMAIN" default:"the domain of AVOW_MAIL_FROM" help:"Domain that signs."`

	// MailTemplates is the folder as it was given; empty is none.
	MailTemplates string `env:"AVOW_MAIL_TEMPLATES" default:"empty: avow's own" help:"Folder with mail templates of your own, which take the place of avow's file by file; see docs/mail.md. Whatever is wrong with them is told at the start."`

	// SecretKeys are one to three keys of 32 bytes: the first one writes, all
	// read. None is possible outside Serve; dev then uses the key in DataDir.
	SecretKeys Keys `env:"AVOW_SECRET_KEY" secret:"true" default:"made in dev, required in serve" help:"32 random bytes in base64, as openssl rand -base64 32 prints them. Up to three, comma-separated, for rotation: the first one writes, all read."`
	// AllowedVerificationURLs are "*", for any, or absolute URL prefixes that
	// hold at least the path "/", so that a prefix never ends inside a host.
	AllowedVerificationURLs []string `env:"AVOW_ALLOWED_VERIFICATION_URLS" default:"* in dev, required in serve" help:"Prefixes that verification_url may have, comma-separated: https, or http to loopback in dev. * is any. A client's own list narrows it."`
	// EgressAllow are masked networks.
	EgressAllow []netip.Prefix `env:"AVOW_EGRESS_ALLOW" default:"loopback in dev, none in serve" help:"Private networks that webhooks may reach, as CIDR, comma-separated. Also the hosts that may have http callbacks in live mode."`
	// TrustedProxies are masked networks.
	TrustedProxies []netip.Prefix `env:"AVOW_TRUSTED_PROXIES" default:"none" help:"Networks whose X-Forwarded-For is believed, as CIDR, comma-separated. All that is counted per network depends on it."`
	// Limits is true for on.
	Limits bool `env:"AVOW_LIMITS" envDefault:"on" help:"Rate limits, on or off: docs/limits.md. Off, nothing is counted."`
	// CORSOrigins are scheme://host[:port] in lower case.
	CORSOrigins []string `env:"AVOW_CORS_ORIGINS" default:"none" help:"Origins that may call the keyed endpoints from a browser, comma-separated, such as https://app.example.org."`

	// TLSCert names a file; empty exactly when TLSKey is.
	TLSCert string `env:"AVOW_TLS_CERT" default:"empty: plain HTTP behind a proxy" help:"PEM file with the certificate chain, to serve TLS without a proxy. Needs AVOW_TLS_KEY."`
	// TLSKey names a file, it does not hold the key.
	TLSKey string `env:"AVOW_TLS_KEY" default:"empty: plain HTTP behind a proxy" help:"PEM file with the private key of AVOW_TLS_CERT."`

	// AIURL has no trailing slash; empty exactly when AIModel is.
	AIURL string `env:"AVOW_AI_URL" default:"empty: question bank only" help:"Base of an API that speaks the OpenAI chat API, such as https://api.example.org/v1, where some of an assessment's questions are written: docs/assessments.md. http only to loopback. Needs AVOW_AI_MODEL."`
	// AIKey is sent as a bearer token; empty: none is.
	AIKey Secret `env:"AVOW_AI_KEY" secret:"true" default:"empty: none is sent" help:"API key for AVOW_AI_URL."`
	// AIModel is a name that the server of AIURL knows.
	AIModel string `env:"AVOW_AI_MODEL" default:"empty: question bank only" help:"Name of the model at AVOW_AI_URL."`

	// DatabasePool is a number of connections, 1 to 1000.
	DatabasePool int `env:"AVOW_DATABASE_POOL" envDefault:"16" help:"Connections to PostgreSQL, 1 to 1000."`
	// SessionTTL is more than zero.
	SessionTTL time.Duration `env:"AVOW_SESSION_TTL" envDefault:"960h" help:"Life of a skill session (960h is 40 days)."`
	// VerificationTTL is more than zero.
	VerificationTTL time.Duration `env:"AVOW_VERIFICATION_TTL" envDefault:"24h" help:"Life of an account verification request."`
	// ReviewTTL is more than zero.
	ReviewTTL time.Duration `env:"AVOW_REVIEW_TTL" envDefault:"720h" help:"Life of a reviewer link (720h is 30 days), from the mail to its end."`
	// ShutdownTimeout is more than zero.
	ShutdownTimeout time.Duration `env:"AVOW_SHUTDOWN_TIMEOUT" envDefault:"15s" help:"Time for requests in flight and attempts to deliver at a gentle stop."`

	// LogLevel is the lowest level that is logged.
	LogLevel slog.Level `env:"AVOW_LOG_LEVEL" envDefault:"info" help:"Lowest level that is logged: debug, info, warn or error."`
	// LogFormat is empty when the terminal decides.
	LogFormat LogFormat `env:"AVOW_LOG_FORMAT" default:"text on a terminal, else json" help:"Form of the log lines: text or json."`
}

// LogFormat is the form of the log lines.
type LogFormat string

const (
	// LogAuto is text on a terminal, else JSON.
	LogAuto LogFormat = ""
	// LogText is for people.
	LogText LogFormat = "text"
	// LogJSON is for machines: one object a line.
	LogJSON LogFormat = "json"
)

// Embedded says whether the database is the embedded one, which belongs to one server process.
func (c Config) Embedded() bool { return strings.HasPrefix(c.DatabaseURL, sqliteScheme) }

// DatabaseFile is the file of the embedded database, relative or not.
func (c Config) DatabaseFile() string {
	return strings.TrimPrefix(c.DatabaseURL, sqliteScheme)
}

// PublicURLFor is PublicURL, or where that is empty the URL under which a
// server that listens on addr is reached. addr is host:port, as the listener
// reports it once a port 0 has become a real one.
func (c Config) PublicURLFor(addr string) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	return urlOf(addr, c.TLSCert != "")
}

// LogValue shows every setting under its name; secrets stay hidden.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	values := reflect.ValueOf(c)
	for _, field := range fields() {
		value := values.FieldByIndex(field.Index).Interface()
		if name := field.Tag.Get("env"); name != "AVOW_DATABASE_URL" || c.Embedded() {
			attrs = append(attrs, slog.Any(name, value))
		} else {
			attrs = append(attrs, slog.String(name, redacted(c.DatabaseURL)))
		}
	}
	return slog.GroupValue(attrs...)
}

// redacted is a URL without its password.
func redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	u.RawQuery = ""
	return u.Redacted()
}
