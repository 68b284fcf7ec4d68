package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	sqliteScheme    = "sqlite:"
	databaseName    = "avow.db"
	maxDatabasePool = 1000
)

// checker applies the rules that need more than the text of one value, and
// fills the defaults that depend on the profile.
type checker struct {
	*problems
	// values are the texts that were given, by name.
	values map[string]string
	cfg    *Config
}

func (c *checker) run() {
	c.require()
	c.addresses()
	c.pool()
	c.database()
	c.tls()
	c.mail()
	c.dkim()
	c.publicURL()
	c.verificationURLs()
	c.origins()
	c.egress()
	c.ai()
}

func (c *checker) given(name string) bool { return c.values[name] != "" }

// require names what avow serve cannot do without, and what to set it to.
func (c *checker) require() {
	if c.cfg.Profile != Serve {
		return
	}
	for name, advice := range map[string]string{
		"AVOW_PUBLIC_URL":                "set it to the address that people reach, such as https://verify.example.org",
		"AVOW_SECRET_KEY":                "set it, or AVOW_SECRET_KEY_FILE, to what openssl rand -base64 32 prints",
		"AVOW_SMTP_URL":                  "set it, or AVOW_SMTP_URL_FILE, to the mail relay, such as smtp://user:password@host:587",
		"AVOW_MAIL_FROM":                 "set it to the sender of all mail, such as verify@example.org",
		"AVOW_ALLOWED_VERIFICATION_URLS": "set it to the prefixes that verification_url may have, such as https://app.example.org/",
	} {
		if !c.given(name) && !c.reported(name) {
			c.add(name, "required by avow serve; %s", advice)
		}
	}
}

func (c *checker) addresses() {
	c.address("AVOW_ADDR", c.cfg.Addr)
	c.address("AVOW_ADMIN_ADDR", c.cfg.AdminAddr)
	if c.cfg.Addr == c.cfg.AdminAddr && !anyPort(c.cfg.Addr) {
		c.add("AVOW_ADMIN_ADDR", "got the address of AVOW_ADDR, want another one: it must not be public")
	}
}

func (c *checker) pool() {
	if c.reported("AVOW_DATABASE_POOL") {
		return
	}
	if n := c.cfg.DatabasePool; n < 1 || n > maxDatabasePool {
		c.add("AVOW_DATABASE_POOL", "got %d, want 1 to %d", n, maxDatabasePool)
	}
}

func (c *checker) address(name, addr string) {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		c.add(name, "got %q, want host:port such as 127.0.0.1:8080", addr)
	}
}

// anyPort says whether the system picks the port.
func anyPort(addr string) bool {
	_, port, _ := net.SplitHostPort(addr)
	return port == "0"
}

// database never shows the value: that of another engine may hold a password.
func (c *checker) database() {
	scheme, file, _ := strings.Cut(c.cfg.DatabaseURL, ":")
	switch {
	case c.cfg.DatabaseURL == "" || c.cfg.DatabaseURL == sqliteScheme:
		c.cfg.DatabaseURL = sqliteScheme + filepath.Join(c.cfg.DataDir, databaseName)
	case scheme == "postgres" || scheme == "postgresql":
		if u, err := url.Parse(c.cfg.DatabaseURL); err != nil || u.Host == "" && u.RawQuery == "" {
			c.add("AVOW_DATABASE_URL", "cannot be read as a PostgreSQL URL, such as postgres://user:password@host:5432/avow, percent-encoded")
		}
	case scheme != "sqlite" || strings.HasPrefix(file, "//") || strings.HasPrefix(file, ":") || strings.ContainsAny(file, "?#"):
		c.add("AVOW_DATABASE_URL", "want postgres://… or sqlite:FILE without parameters, such as sqlite:/var/lib/avow/avow.db")
	}
}

func (c *checker) tls() {
	if c.given("AVOW_TLS_CERT") != c.given("AVOW_TLS_KEY") {
		c.add("AVOW_TLS_CERT", "AVOW_TLS_CERT and AVOW_TLS_KEY go together; set both or none")
	}
	c.fileName("AVOW_TLS_CERT")
	c.fileName("AVOW_TLS_KEY")
}

// fileName catches PEM text where its file is wanted: AVOW_TLS_KEY_FILE reads
// the value of AVOW_TLS_KEY, which is a name, and not the key.
func (c *checker) fileName(name string) {
	if strings.Contains(c.values[name], "-----BEGIN") {
		c.add(name, "got PEM text, want the name of the PEM file; set %s itself, not %s%s, to that name", name, name, fileSuffix)
	}
}

func (c *checker) mail() {
	if c.given("AVOW_SMTP_URL") && !c.given("AVOW_MAIL_FROM") && !c.reported("AVOW_MAIL_FROM") {
		c.add("AVOW_MAIL_FROM", "required with AVOW_SMTP_URL; set it to the sender of all mail, such as verify@example.org")
	}
}

func (c *checker) publicURL() {
	if !c.given("AVOW_PUBLIC_URL") {
		c.devPublicURL()
		return
	}
	u, err := url.Parse(c.cfg.PublicURL)
	if err != nil || !isWeb(u) || strings.ContainsAny(c.cfg.PublicURL, "?#") {
		c.add("AVOW_PUBLIC_URL", "want an absolute http or https URL without user, query and fragment, such as https://verify.example.org")
		return
	}
	c.cfg.PublicURL = strings.TrimRight(c.cfg.PublicURL, "/")
}

// devPublicURL waits for the listener where the port is 0; see PublicURLFor.
func (c *checker) devPublicURL() {
	if c.cfg.Profile == Dev && !anyPort(c.cfg.Addr) {
		c.cfg.PublicURL = urlOf(c.cfg.Addr, c.cfg.TLSCert != "")
	}
}

// isWeb accepts absolute http and https URLs of one host, without user
// information. A * in the host would look like a pattern and never match.
func isWeb(u *url.URL) bool {
	oneHost := u.Hostname() != "" && !strings.Contains(u.Host, "*") && portInRange(u.Port())
	return (u.Scheme == "http" || u.Scheme == "https") && oneHost && u.User == nil
}

func (c *checker) verificationURLs() {
	if !c.given("AVOW_ALLOWED_VERIFICATION_URLS") && c.cfg.Profile == Dev {
		c.cfg.AllowedVerificationURLs = []string{"*"}
	}
	for i, entry := range c.cfg.AllowedVerificationURLs {
		if entry == "*" {
			continue
		}
		allowed, ok := c.verificationURL(entry)
		if !ok {
			c.add("AVOW_ALLOWED_VERIFICATION_URLS", "entry %d: want * or an absolute https prefix such as https://app.example.org/ (http only to loopback in dev)", i+1)
		}
		c.cfg.AllowedVerificationURLs[i] = allowed
	}
}

// verificationURL checks one prefix. A bare host gets a slash: without it
// https://example.org would let https://example.org.evil.test through.
func (c *checker) verificationURL(entry string) (string, bool) {
	u, err := url.Parse(entry)
	if err != nil || !isWeb(u) || !c.secureEnough(u) || strings.Contains(entry, "#") {
		return entry, false
	}
	if u.Path == "" && !strings.Contains(entry, "?") {
		entry += "/"
	}
	return entry, true
}

// secureEnough lets http through where it cannot leave the machine. Commands
// run with the settings of a dev server as well.
func (c *checker) secureEnough(u *url.URL) bool {
	return u.Scheme == "https" || (c.cfg.Profile != Serve && isLoopback(u.Hostname()))
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && address.Unmap().IsLoopback())
}

func (c *checker) origins() {
	for i, entry := range c.cfg.CORSOrigins {
		origin := strings.ToLower(strings.TrimSuffix(entry, "/"))
		u, err := url.Parse(origin)
		if err != nil || !isWeb(u) || origin != u.Scheme+"://"+u.Host {
			c.add("AVOW_CORS_ORIGINS", "entry %d: want an origin such as https://app.example.org", i+1)
			continue
		}
		c.cfg.CORSOrigins[i] = origin
	}
}

func (c *checker) egress() {
	if c.cfg.Profile == Dev && !c.given("AVOW_EGRESS_ALLOW") {
		c.cfg.EgressAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
}

// urlOf is the URL of a server on addr as a browser on the same machine says it.
func urlOf(addr string, secure bool) string {
	host, port, _ := net.SplitHostPort(addr)
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}
