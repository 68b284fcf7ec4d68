package account

import (
	"errors"
	"strings"
	"testing"

	"avow/internal/fault"
)

const public = "https://avow.example"

var (
	serveAny  = LinkPolicy{PublicURL: public, Allowed: []string{"*"}}
	serveList = LinkPolicy{PublicURL: public, Allowed: []string{"https://domain.tld/app/", "https://other.example"}}
	devAny    = LinkPolicy{PublicURL: public, Allowed: []string{"*"}, AllowLoopback: true}
)

// The corpus: https only, http to loopback in dev, the prefixes of the list taken by whole hosts and path segments (interfaces.md,
// AVOW_ALLOWED_VERIFICATION_URLS; the contract cases create_verification_request_url_*).
var corpus = []struct {
	url            string
	any, list, dev bool
}{
	{"", true, true, true}, // the server's own page
	{"https://domain.tld", true, false, true},
	{"https://domain.tld/", true, false, true},
	{"https://domain.tld/app/", true, true, true},
	{"https://domain.tld/app/verify", true, true, true},
	{"https://domain.tld/app/verify?lang=sv", true, true, true},
	{"https://domain.tld/app/verify?", true, true, true},
	{"https://domain.tld/app/?next=/../", true, true, true},
	{"https://domain.tld/app/#/../admin", true, true, true},
	{"https://domain.tld/app/?a=%C3%A5&b=c+d%20e&a=&flag", true, true, true},
	{"https://domain.tld/app/?u=https://x.example/?y", true, true, true},
	{"https://domain.tld/app/?a[]=1&b='x'&c=(y)", true, true, true},
	{"https://domain.tld/app/%0d%0aBcc:%20x@evil.test", true, true, true},
	{"https://domain.tld:443/app/x", true, true, true},
	{"HTTPS://Domain.TLD/app/x", true, true, true},
	{"https://other.example", true, true, true},
	{"https://other.example/", true, true, true},
	{"https://other.example/any/where", true, true, true},
	{"https://other.example?x=1", true, true, true},
	{"https://other.example#x", true, true, true},
	{"https://xn--dmain-jua.tld/", true, false, true},
	{"https://localhost/", true, false, true},
	{"https://127.0.0.1/", true, false, true},
	{"https://[2001:db8::1]/x", true, false, true},
	{"https://3com.example/", true, false, true},
	{"https://az-AZ-09.example/", true, false, true},

	// Look-alikes of the list.
	{"https://domain.tld:8443/app/x", true, false, true},
	{"https://domain.tld/APP/x", true, false, true},
	{"https://domain.tld/apple", true, false, true},
	{"https://domain.tld/ap", true, false, true},
	{"https://domain.tld/app.evil/x", true, false, true},
	{"https://domain.tld/x/app/", true, false, true},
	{"https://domain.tld//app/x", true, false, true},
	{"https://domain.tld/app%2fx", true, false, true},
	{"https://domain.tld/app%2f../admin", true, false, true},
	{"https://domain.tld/app/../admin", true, false, true},
	{"https://domain.tld/app/x/../../admin", true, false, true},
	{"https://domain.tld/app/%2e%2e/admin", true, false, true},
	{"https://domain.tld/app/.%2E/admin", true, false, true},
	{"https://domain.tld/app/..", true, false, true},
	{"https://domain.tld?/app/", true, false, true},
	{"https://domain.tld#/app/", true, false, true},
	{"https://domain.tld.evil.test/app/", true, false, true},
	{"https://domain.tldx/app/", true, false, true},
	{"https://xdomain.tld/app/", true, false, true},
	{"https://sub.other.example/", true, false, true},
	{"https://other.example./", true, false, true},
	{"https://other.example.evil.test/", true, false, true},
	{"https://evil.test/https://other.example/", true, false, true},
	{"https://evil.test/?https://other.example/", true, false, true},
	{"https://evil.test#https://other.example/", true, false, true},

	// User info.
	{"https://anna@domain.tld/app/", false, false, false},
	{"https://anna:pw@domain.tld/app/", false, false, false},
	{"https://@domain.tld/app/", false, false, false},
	{"https://:@domain.tld/app/", false, false, false},
	{"https://other.example@evil.test/", false, false, false},
	{"https://other.example:443@evil.test/", false, false, false},
	{"https://other.example%2f@evil.test/", false, false, false},

	// Backslashes: browsers read them as slashes.
	{`https://other.example\@evil.test/`, false, false, false},
	{`https://evil.test\.other.example/`, false, false, false},
	{`https:\\other.example/`, false, false, false},
	{`https:/\other.example/`, false, false, false},
	{`https://domain.tld/app/\..\admin`, false, false, false},
	{`https://domain.tld\app\x`, false, false, false},

	// Control characters, blanks and what has to be quoted in a mail.
	{"https://domain.tld/app/a\nb", false, false, false},
	{"https://domain.tld/app/\r\nBcc: x@evil.test", false, false, false},
	{"https://domain.tld/app/\x00", false, false, false},
	{"https://domain.tld/app/\t", false, false, false},
	{"https://domain.tld/app/\x7f", false, false, false},
	{"https://domain.tld/app/verify\n", false, false, false},
	{"\x01https://domain.tld/app/", false, false, false},
	{" https://domain.tld/app/", false, false, false},
	{"https://domain.tld/app/ ", false, false, false},
	{"https://domain.tld/app/a b", false, false, false},
	{"https://domain.tld/app/?a=b\nc", false, false, false},
	{"https://domain.tld/app/#a\nb", false, false, false},
	{"ht\ntps://domain.tld/app/", false, false, false},
	{"https://dom\tain.tld/app/", false, false, false},
	{"https://domain.tld/app/\u0085", false, false, false},
	{"https://domain.tld/app/\u2028", false, false, false},
	{"https://domain.tld/app/\u202egnp.exe", false, false, false},
	{`https://domain.tld/app/"><script>`, false, false, false},
	{"https://domain.tld/app/<b>", false, false, false},
	{"https://domain.tld/app/\xff", false, false, false},

	// Names beyond ASCII: clients fold them in more than one way. The xn-- form is taken, above.
	{"https://dömain.tld/app/", false, false, false},
	{"https://other.ехаmple/", false, false, false},     // Cyrillic
	{"https://ｏther.example/", false, false, false},     // full width
	{"https://other。example/", false, false, false},     // ideographic full stop
	{"https://other.example／app/", false, false, false}, // full-width slash
	{"https://oth\u00ader.example/", false, false, false},
	{"https://domain.tld/app/å", false, false, false},
	{"https://domain.tld/app/?q=å", false, false, false},

	// Hosts that are none, or not everybody's.
	{"https://other%2eexample/", false, false, false},
	{"https://%6fther.example/", false, false, false},
	{"https://other.example%2f.evil.test/", false, false, false},
	{"https://other.example%00.evil.test/", false, false, false},
	{"https://other..example/", false, false, false},
	{"https://.other.example/", false, false, false},
	{"https://*.other.example/", false, false, false},
	{"https://other.example:/", false, false, false},
	{"https://other.example:x/", false, false, false},
	{"https://other.example:-1/", false, false, false},
	{"https://other.example:443:443/", false, false, false},
	{"https://other.example,evil.test/", false, false, false},
	{"https://[fe80::1%25eth0]/", false, false, false},
	{"https://[::1/", false, false, false},
	{"https://[other.example]/", false, false, false},
	{"https://2130706433/", false, false, false},
	{"https://127.1/", false, false, false},
	{"https://0x7f.1/", false, false, false},
	{"https://0x7f000001/", false, false, false},
	{"https://0177.0.0.1/", false, false, false},
	{"https://1.2.3.4.5/", false, false, false},

	// Not absolute.
	{"/app/", false, false, false},
	{"app", false, false, false},
	{"domain.tld/app/", false, false, false},
	{"//domain.tld/app/", false, false, false},
	{"https:///app/", false, false, false},
	{"https:domain.tld/app/", false, false, false},
	{"https:/domain.tld/app/", false, false, false},
	{"https://", false, false, false},
	{"https://?x", false, false, false},
	{"https", false, false, false},
	{"?x=1", false, false, false},
	{"#x", false, false, false},
	{":", false, false, false},

	// Other schemes.
	{"javascript:alert(1)", false, false, false},
	{"JavaScript://domain.tld/app/%0aalert(1)", false, false, false},
	{"data:text/html,hello", false, false, false},
	{"ftp://domain.tld/app/", false, false, false},
	{"wss://domain.tld/app/", false, false, false},
	{"file:///etc/passwd", false, false, false},
	{"mailto:anna@domain.tld", false, false, false},
	{"blob:https://domain.tld/app/", false, false, false},
	{"myapp://verify", false, false, false},
	{"httpss://domain.tld/app/", false, false, false},
	{"*", false, false, false},

	// Plain http: to loopback, in dev.
	{"http://domain.tld/app/", false, false, false},
	{"http://other.example/", false, false, false},
	{"http://127.0.0.1:3000/verify", false, false, true},
	{"http://127.8.9.10/", false, false, true},
	{"http://localhost:3000/verify", false, false, true},
	{"HTTP://LocalHost/", false, false, true},
	{"http://[::1]:3000/", false, false, true},
	{"http://127.0.0.1.evil.test/", false, false, false},
	{"http://localhost.evil.test/", false, false, false},
	{"http://localhost@evil.test/", false, false, false},
	{"http://evil.test/?localhost", false, false, false},
	{"http://10.0.0.1/", false, false, false},
	{"http://0.0.0.0/", false, false, false},
	{"http://[::]/", false, false, false},
	{"http://127.1/", false, false, false},
	{"http://2130706433/", false, false, false},
	{"http://0x7f000001/", false, false, false},
}

func TestLinkPolicy(t *testing.T) {
	t.Parallel()
	if got, want := len(corpus), 60; got < want {
		t.Errorf("got a corpus of %d, want at least %d", got, want)
	}
	for _, tt := range corpus {
		for _, p := range []struct {
			name   string
			policy LinkPolicy
			want   bool
		}{{"serve, any", serveAny, tt.any}, {"serve, list", serveList, tt.list}, {"dev, any", devAny, tt.dev}} {
			err := p.policy.allow(tt.url, nil)
			if got := err == nil; got != p.want {
				t.Errorf("%s: %q: got allowed %t, want %t", p.name, tt.url, got, p.want)
			}
			if err != nil && (!errors.Is(err, ErrURLNotAllowed) || fault.From(err).Field != "verification_url") {
				t.Errorf("%s: %q: got %v, want %v", p.name, tt.url, err, ErrURLNotAllowed)
			}
		}
	}
}

// A client's own list narrows the server's and never widens it; a prefix with a query is taken to the letter.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url, allowed, narrower string
		want                   bool
	}{
		{"https://a.example/verify", "https://a.example/ https://b.example/", "", true},
		{"https://a.example/verify", "https://a.example/ https://b.example/", "https://a.example/", true},
		{"https://b.example/verify", "https://a.example/ https://b.example/", "https://a.example/", false},
		{"https://a.example/x/verify", "https://a.example/", "https://a.example/x/ https://c.example/", true},
		{"https://a.example/verify", "https://a.example/", "https://a.example/x/ https://c.example/", false},
		{"https://c.example/verify", "https://a.example/", "https://a.example/x/ https://c.example/", false},
		{"https://c.example/verify", "https://a.example/", "*", false},
		{"https://c.example/verify", "*", "https://a.example/", false},
		{"https://c.example/verify", "*", "*", true},
		{"https://c.example/verify", "", "*", false},
		{"", "", "https://a.example/", true},
		{"", "https://a.example/", "https://a.example/", true},
		{"https://a.example/app", "https://a.example/app", "", true},
		{"https://a.example/app?x=1", "https://a.example/app", "", true},
		{"https://a.example/app/x", "https://a.example/app", "", true},
		{"https://a.example/apple", "https://a.example/app", "", false},
		{"https://a.example:8443/", "https://a.example:8443", "", true},
		{"https://a.example/", "https://a.example:8443", "", false},
		{"https://a.example/", "https://a.example:443/", "", true},
		{"https://A.EXAMPLE/", "HTTPS://a.Example/", "", true},
		{"https://a.example/%C3%A5/x", "https://a.example/%C3%A5/", "", true},
		{"https://a.example/v?token=1", "https://a.example/v?token=", "", true},
		{"https://a.example/v?other=1", "https://a.example/v?token=", "", false},
		{"https://a.example/v", "https://a.example/v?token=", "", false},
		{"https://a.example/v/x?token=1", "https://a.example/v?token=", "", false},
		{"https://a.example/", "a.example", "", false},
		{"https://a.example/", ":", "", false},
		{"https://a.example/", "http://a.example/", "", false},
	}
	for _, tt := range tests {
		policy := LinkPolicy{PublicURL: public, Allowed: strings.Fields(tt.allowed)}
		if got := policy.allow(tt.url, strings.Fields(tt.narrower)) == nil; got != tt.want {
			t.Errorf("%q by %q, narrowed to %q: got allowed %t, want %t", tt.url, tt.allowed, tt.narrower, got, tt.want)
		}
	}
}

func TestLoopbackNeedsItsPrefixToo(t *testing.T) {
	t.Parallel()
	policy := LinkPolicy{Allowed: []string{"http://localhost:3000/app/", "http://127.0.0.1/", "https://a.example/"}, AllowLoopback: true}
	for url, want := range map[string]bool{
		"http://localhost:3000/app/x": true, "http://localhost:3000/x": false, "http://localhost/app/": false, "http://a.example/": false, "https://localhost:3000/app/x": false,
		"http://127.0.0.1:80/x": true, "http://127.0.0.1:443/x": false,
	} {
		if got := policy.allow(url, nil) == nil; got != want {
			t.Errorf("%q: got allowed %t, want %t", url, got, want)
		}
	}
}

// accounts-api.md 13.5, to the byte.
func TestLink(t *testing.T) {
	t.Parallel()
	const added = "id=5c6291d537c2ed78a11518b7&confirmation_code=89bd6d78-4ace-4a0c-a517-afbbbc97c659"
	tests := map[string]string{
		"":                                       "https://avow.example/confirm?" + added,
		"https://domain.tld":                     "https://domain.tld?" + added,
		"https://domain.tld/verify":              "https://domain.tld/verify?" + added,
		"https://domain.tld/verify?lang=sv":      "https://domain.tld/verify?lang=sv&" + added,
		"https://domain.tld/verify?":             "https://domain.tld/verify?" + added,
		"https://domain.tld/verify?a=1&":         "https://domain.tld/verify?a=1&" + added,
		"https://domain.tld/verify#top":          "https://domain.tld/verify?" + added + "#top",
		"https://domain.tld/verify?lang=sv#top":  "https://domain.tld/verify?lang=sv&" + added + "#top",
		"https://domain.tld/#/verify?step=2":     "https://domain.tld/?" + added + "#/verify?step=2",
		"https://domain.tld/#":                   "https://domain.tld/?" + added + "#",
		"https://domain.tld/#a#b":                "https://domain.tld/?" + added + "#a#b",
		"https://domain.tld?a=1?b":               "https://domain.tld?a=1?b&" + added,
		"https://domain.tld/v?id=7":              "https://domain.tld/v?id=7&" + added,
		"https://Domain.TLD:443/a/./b%2fc/%7Eu/": "https://Domain.TLD:443/a/./b%2fc/%7Eu/?" + added,
		"https://domain.tld/?z=a+b%20c&a=%C3%A5&a=&flag&u=https://x.example/?y": "https://domain.tld/?z=a+b%20c&a=%C3%A5&a=&flag&u=https://x.example/?y&" + added,
		"http://127.0.0.1:3000/verify":                                          "http://127.0.0.1:3000/verify?" + added,
	}
	for target, want := range tests {
		if got := serveAny.link(target, "5c6291d537c2ed78a11518b7", "89bd6d78-4ace-4a0c-a517-afbbbc97c659"); got != want {
			t.Errorf("%q: got %q, want %q", target, got, want)
		}
	}
}

// A prefix that could never match is a typing error, told when it is made.
func TestCheckPrefixes(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]bool{
		"*": true, "https://a.example": true, "https://a.example/": true, "https://a.example:8443/x/": true, "https://xn--dmain-jua.tld/": true, "http://localhost:3000/": true,
		"http://127.0.0.1/": true, "": false, "a.example": false, "a.example/x": false, "//a.example/": false, "https:": false, "https:///x": false, "https://*.example/": false, "**": false,
		"https://a.example/?x=1": false, "https://a.example/#x": false, "https://anna@a.example/": false, "ftp://a.example/": false, "http://a.example/": false,
		"https://dömain.tld/": false, "https://a.example/a b": false, "https://a.example:x/": false, "https://a.example/\n": false,
	} {
		err := CheckPrefixes([]string{"https://good.example/", prefix})
		if got := err == nil; got != want {
			t.Errorf("%q: got %v, want taken %t", prefix, err, want)
		}
		if err != nil && (!errors.Is(err, ErrURLNotAllowed) || !strings.Contains(fault.From(err).Message, prefix)) {
			t.Errorf("%q: got %v, want %v that names it", prefix, err, ErrURLNotAllowed)
		}
	}
	if err := CheckPrefixes(nil); err != nil {
		t.Errorf("got %v for no prefixes, want no error", err)
	}
}
