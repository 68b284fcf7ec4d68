package account

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"avow/internal/access"
)

// LinkPolicy says where the links of confirmation mails may lead (interfaces.md, AVOW_ALLOWED_VERIFICATION_URLS).
type LinkPolicy struct {
	PublicURL     string   // base of our own pages, without a trailing slash
	Allowed       []string // prefixes; "*" allows any
	AllowLoopback bool     // dev: plain http to loopback addresses
}

// allow refuses addresses that a mail must not lead to. The client's own prefixes narrow the server's.
func (p LinkPolicy) allow(text string, narrower []string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || !p.wellFormed(text, u) || !within(u, p.Allowed) {
		return ErrURLNotAllowed
	}
	if len(narrower) > 0 && !within(u, narrower) {
		return ErrURLNotAllowed
	}
	return nil
}

// allowAs is allow for the address of a parameter.
func (p LinkPolicy) allowAs(field, text string, c *access.Client) error {
	if p.allow(text, c.VerificationURLs) != nil {
		return ErrURLNotAllowed.On(field)
	}
	return nil
}

// wellFormed accepts absolute https addresses that every reader of an address takes for the same host.
func (p LinkPolicy) wellFormed(text string, u *url.URL) bool {
	if u.Host == "" || u.User != nil || u.Opaque != "" || strings.ContainsFunc(text, ambiguous) {
		return false
	}
	if !plainHost(u.Hostname()) || strings.HasSuffix(u.Host, ":") || !plainPort(u.Port()) {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && p.AllowLoopback && loopback(u.Hostname())
}

// ambiguous names the characters that clients read differently: white space, controls, backslashes and everything outside ASCII.
func ambiguous(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\<>\"`{}|^", r) }

// plainHost accepts letters, digits, dots and hyphens, and IP addresses in their usual form; no percent-encoding, no underscore tricks.
func plainHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	return host != "" && !strings.HasPrefix(host, ".") && !strings.Contains(host, "..") && !oddAddress(host) && !strings.ContainsFunc(host, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-')
	})
}

// plainPort accepts no port, and the ports that there are in their usual form.
func plainPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0 && port == strconv.FormatUint(n, 10)
}

// oddAddress recognizes hosts such as 2130706433, 127.1 and 0x7f.1: browsers read every name whose last label is a number as an IPv4 address, others look it up.
func oddAddress(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	return strings.HasPrefix(last, "0x") || strings.Trim(last, "0123456789") == ""
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

func within(u *url.URL, prefixes []string) bool {
	for _, p := range prefixes {
		if p == "*" || begins(u, p) {
			return true
		}
	}
	return false
}

// begins compares scheme and host as wholes and the path by segments, so that neither https://a.example.evil.test nor /verifyer passes for a prefix. A prefix with a
// query is taken to the letter from the path on.
func begins(u *url.URL, prefix string) bool {
	p, err := url.Parse(prefix)
	if err != nil || !strings.EqualFold(p.Scheme, u.Scheme) || hostPort(p) != hostPort(u) {
		return false
	}
	if p.RawQuery != "" {
		return u.EscapedPath() == p.EscapedPath() && strings.HasPrefix(u.RawQuery, p.RawQuery)
	}
	return underPath(u.EscapedPath(), p.EscapedPath())
}

// underPath also refuses dot segments, which browsers fold before asking and servers after decoding.
func underPath(path, prefix string) bool {
	base := strings.TrimSuffix(prefix, "/")
	if base == "" {
		return true
	}
	for segment := range strings.SplitSeq(decoded.Replace(strings.ToLower(path)), "/") {
		if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
			return false
		}
	}
	return path == base || strings.HasPrefix(path, base+"/")
}

// decoded is how some servers read a path in lower case before they look for dot segments, behind whose names parameters may stand.
var decoded = strings.NewReplacer("%2e", ".", "%2f", "/", "%5c", "/")

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// CheckPrefixes refuses prefixes that could never match, so that a typing error in a setting is found when it is made.
func CheckPrefixes(prefixes []string) error {
	widest := LinkPolicy{AllowLoopback: true}
	for _, p := range prefixes {
		u, err := url.Parse(p)
		if p != "*" && (err != nil || !widest.wellFormed(p, u) || u.RawQuery != "" || u.Fragment != "") {
			return ErrURLNotAllowed.Saying("An allowed prefix must be * or an absolute https address without query (http to loopback only): " + p)
		}
	}
	return nil
}

// link is the address in the mail: the caller's address kept byte for byte, id and code appended to its query, a fragment last (accounts-api.md 13.5).
func (p LinkPolicy) link(target, accountID, code string) string {
	if target == "" {
		target = p.PublicURL + "/confirm"
	}
	return extended(target, "id="+accountID+"&confirmation_code="+code)
}

// extended appends to an address's query; a fragment stays last.
func extended(target, query string) string {
	base, fragment, hasFragment := strings.Cut(target, "#")
	base += joiner(base) + query
	if hasFragment {
		return base + "#" + fragment
	}
	return base
}

func joiner(base string) string {
	switch {
	case !strings.Contains(base, "?"):
		return "?"
	case strings.HasSuffix(base, "?") || strings.HasSuffix(base, "&"):
		return ""
	}
	return "&"
}
