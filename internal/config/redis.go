package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Redis says where a Redis is and how to get in; the zero value is none. Printing
// or encoding it gives "[secret]".
type Redis struct {
	// Addresses are host:port. Several are nodes of a Cluster, or the sentinels
	// that know where the master is.
	Addresses []string
	// Master is the name under which sentinels watch the master; empty: there are none.
	Master string
	// TLS encrypts every connection.
	TLS bool
	// User may be empty where there is a password.
	User, Password string
	// SentinelUser and SentinelPassword are what sentinels want to see.
	SentinelUser, SentinelPassword string
	// Database is a number; a Cluster has only 0.
	Database int
}

// String hides the value.
func (r Redis) String() string { return hidden }

// Format hides the value from every verb of fmt, %x and %#v included.
func (r Redis) Format(f fmt.State, _ rune) { hide(f) }

// LogValue hides the value from slog.
func (r Redis) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the value from encoders such as JSON; it never fails.
func (r Redis) MarshalText() ([]byte, error) { return []byte(hidden), nil }

var errRedis = errors.New("want redis://user:password@host:6379/0, several hosts for a Cluster (host:6379,host:6379), or " +
	"redis-sentinel://user:password@host:26379,host:26379/master; rediss for TLS; percent-encoded")

func parseRedis(text string) (Redis, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	kind, watched := strings.CutSuffix(scheme, "-sentinel")
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	at := strings.Index(authority, "@") + 1 // a second one makes the hosts unreadable
	u, err := url.Parse("redis://" + authority[:at] + "host" + tail)
	if err != nil || (kind != "redis" && kind != "rediss") || u.Fragment != "" {
		return Redis{}, errRedis
	}
	r := Redis{TLS: kind == "rediss"}
	if !r.login(u.User) || !r.hosts(authority[at:], watched) || !r.place(u, watched) {
		return Redis{}, errRedis
	}
	return r, nil
}

func (r *Redis) login(user *url.Userinfo) bool {
	if user == nil {
		return true
	}
	r.User = user.Username()
	r.Password, _ = user.Password()
	return r.Password != "" && !strings.Contains(r.User, ",") // hosts come last
}

// hosts are read one by one: no URL has several.
func (r *Redis) hosts(list string, watched bool) bool {
	usual := "6379"
	if watched {
		usual = "26379"
	}
	for one := range strings.SplitSeq(list, ",") {
		u, err := url.Parse("redis://" + one)
		if err != nil || u.Hostname() == "" || u.Host != one || !portInRange(u.Port()) {
			return false
		}
		r.Addresses = append(r.Addresses, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), usual)))
	}
	return true
}

// place reads what stands behind the hosts.
func (r *Redis) place(u *url.URL, watched bool) bool {
	path, query := strings.TrimPrefix(u.Path, "/"), u.Query()
	if !watched {
		return u.RawQuery == "" && r.database(path) && (r.Database == 0 || len(r.Addresses) == 1)
	}
	for name := range query {
		if !slices.Contains([]string{"db", "sentinel_user", "sentinel_password"}, name) {
			return false
		}
	}
	r.Master, r.SentinelUser, r.SentinelPassword = path, query.Get("sentinel_user"), query.Get("sentinel_password")
	return path != "" && !strings.Contains(path, "/") && r.database(query.Get("db"))
}

func (r *Redis) database(text string) bool {
	if text == "" {
		return true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	r.Database = int(n)
	return err == nil
}
