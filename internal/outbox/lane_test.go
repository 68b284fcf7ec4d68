package outbox

import (
	"strings"
	"testing"
)

func TestLane(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"https://hooks.example.com/in?a=1":      "https://hooks.example.com:443",
		"https://HOOKS.example.com:443/other":   "https://hooks.example.com:443",
		"https://user:secret@hooks.example.com": "https://hooks.example.com:443",
		"https://hooks.example.com:/in":         "https://hooks.example.com:443",
		"http://hooks.example.com/in":           "http://hooks.example.com:80",
		"https://hooks.example.com:8443/in":     "https://hooks.example.com:8443",
		"http://[2001:DB8::1]/in":               "http://[2001:db8::1]:80",
		"http://[2001:db8::1]:8080/in":          "http://[2001:db8::1]:8080",
		"http://127.0.0.1:9/":                   "http://127.0.0.1:9",
		"":                                      "invalid:",
		"no url":                                "invalid:no url",
		"https://a b/":                          "invalid:https://a b/",
	} {
		if got := Lane(Webhook, target); got != want {
			t.Errorf("%q: got %q, want %q", target, got, want)
		}
		if got := Lane(Mail, target); got != "" {
			t.Errorf("mail to %q: got lane %q, want none", target, got)
		}
	}
}

// An index takes no text of any length: a target of thousands of characters still has a lane, and its own.
func TestLongLane(t *testing.T) {
	t.Parallel()
	long := "https://" + strings.Repeat("a", 5000)
	got, other := Lane(Webhook, long+".example/"), Lane(Webhook, long+".example.org/")
	if len(got) > maxLane || got == other || got != Lane(Webhook, long+".example/path") {
		t.Errorf("got lanes %q and %q, want two short ones", got, other)
	}
}
