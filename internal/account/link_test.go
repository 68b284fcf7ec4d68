package account

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
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

// corpusLine is what contract/verification_urls.txt says of one address.
var corpusLine = regexp.MustCompile(`^(yes|no) +(yes|no) +(yes|no) +(".*")$`)

// corpus reads the addresses, with what each policy is to say of them.
func corpus(t *testing.T) map[string][3]bool {
	t.Helper()
	text, err := os.ReadFile("../../contract/verification_urls.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][3]bool{"": {true, true, true}} // the server's own page
	for line := range strings.Lines(string(text)) {
		found := corpusLine.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil {
			continue
		}
		var address string
		if err := json.Unmarshal([]byte(found[4]), &address); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all[address] = [3]bool{found[1] == "yes", found[2] == "yes", found[3] == "yes"}
	}
	return all
}

func TestLinkPolicy(t *testing.T) {
	t.Parallel()
	all := corpus(t)
	all["https://domain.tld/app/\xff"] = [3]bool{} // no JSON string can say that
	for address, want := range all {
		for i, policy := range []LinkPolicy{serveAny, serveList, devAny} {
			err := policy.allow(address, nil)
			if got := err == nil; got != want[i] {
				t.Errorf("column %d: %q: got allowed %t, want %t", i+1, address, got, want[i])
			}
			if err != nil && (!errors.Is(err, ErrURLNotAllowed) || fault.From(err).Field != "verification_url") {
				t.Errorf("column %d: %q: got %v, want %v", i+1, address, err, ErrURLNotAllowed)
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
