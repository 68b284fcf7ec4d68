package egress

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// refusedHosts are hosts that stand for something inside, in every spelling that some part of some system understands. Names are resolved to this machine.
var refusedHosts = []string{
	// addresses
	"127.0.0.1", "127.1.2.3", "127.255.255.255", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "169.254.0.1",
	"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255",
	"198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
	"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
	"[::127.0.0.1]", "[::7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]",
	"[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[2001::80ff:fffe]", "[2001:10::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[100::1]", "[fc00::1]",
	"[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25lo]", "[::1%25lo]", "[fec0::1]", "[ff02::1]", "[ff05::2]",
	// spellings of 127.0.0.1
	"0x7f000001", "0x7F.0.0.1", "0x7f.1", "0177.0.0.0x1", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７.0.0.1", "①②⑦.⓪.⓪.①",
	// names
	"localhost", "localhost.", "LOCALHOST", "localhost。", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "a.localhost", "inside.example", "inside.example.", "127.0.0.1.nip.example", "xn--bcher-kva.example", "bücher。example",
	"example.com#@127.0.0.1", "example.com?@127.0.0.1", "example.com/@127.0.0.1",
}

// numbers are spellings of 127.0.0.1 that only some resolvers understand: Go's own knows no such name, the C library's does.
var numbers = []string{"127.1", "127.0.1", "127.0.0.1.", "127.0.0.1。", "127.0.0.01", "2130706433", "017700000001", "0177.0.0.1", "0", "00000000"}

// refusedURLs can never be called; PORT is that of the inside.
var refusedURLs = []string{
	"http://user@127.0.0.1:PORT/", "http://user:secret@inside.example:PORT/", "http://@127.0.0.1:PORT/", "http://:@127.0.0.1:PORT/", "http://example.com@127.0.0.1:PORT/",
	"http://example.com%20@127.0.0.1:PORT/", "http://example.com:80%40127.0.0.1:PORT/", `http://127.0.0.1:PORT\@example.com/`, `http:\\127.0.0.1:PORT\`, "http:127.0.0.1:PORT/",
	"http:/127.0.0.1:PORT/", "http:///127.0.0.1:PORT/", "http://:PORT/", "//127.0.0.1:PORT/", "127.0.0.1:PORT", "/", "", " http://127.0.0.1:PORT/", "http://127.0.0.1 :PORT/",
	"http://127.0.0.1\t:PORT/", "http://127.0.0.1:PORT\r\nX: y/", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:PORT:80/", "http://127.0.0.1:+PORT/",
	"http://%31%32%37.0.0.1:PORT/", "http://127%2e0.0.1:PORT/", "http://[::1/", "http://[127.0.0.1]:PORT/%", "ftp://127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/_GET", "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "unix:///run/docker.sock",
	"http+unix://%2Frun%2Fdocker.sock/", "javascript:alert(1)", "data:text/plain,x", "ws://127.0.0.1:PORT/", "httpx://127.0.0.1:PORT/",
	"http://127.0.0.1:PORT/" + strings.Repeat("a", maxURL),
}

// clients are both kinds, as they are made but for the resolver, which has every name stand for this machine, and for a spy that keeps dials on it.
func clients(s *spy) map[string]*Client {
	lookup := always("127.0.0.1", "::1", "::ffff:127.0.0.1")
	return map[string]*Client{
		"webhooks": newClient(s.dialer(nil, lookup), 0, webhookTime),
		"probe":    newProbe(s.dialer(nil, lookup)).client,
	}
}

func TestNothingInsideIsReached(t *testing.T) {
	t.Parallel()
	within, s := newInside(t), &spy{}
	for name, c := range clients(s) {
		for _, host := range refusedHosts {
			if err := get(t.Context(), c, "http://"+host+":"+within.port()+"/"); !errors.Is(err, ErrRefused) {
				t.Errorf("%s, %s: got %v, want %v", name, host, err, ErrRefused)
			}
		}
		for _, host := range numbers {
			if err := get(t.Context(), c, "http://"+host+":"+within.port()+"/"); !errors.Is(err, ErrRefused) && !unknown(err) {
				t.Errorf("%s, %s: got %v, want %v or no such host", name, host, err, ErrRefused)
			}
		}
		for _, url := range refusedURLs {
			if err := get(t.Context(), c, strings.ReplaceAll(url, "PORT", within.port())); !errors.Is(err, ErrURL) {
				t.Errorf("%s, %q: got %v, want %v", name, url, err, ErrURL)
			}
		}
	}
	if len(s.dialled) != 0 {
		t.Errorf("got dials to %q, want none", s.dialled)
	}
	within.untouched(t)
}

// unknown reports whether a resolver did not know the name.
func unknown(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// TestConstructorsGuard holds the two constructors to the guard: the probe knows no allowed network.
func TestConstructorsGuard(t *testing.T) {
	t.Parallel()
	within := newInside(t)
	if err := get(t.Context(), NewWebhooks(nil), "http://127.0.0.1:"+within.port()); !errors.Is(err, ErrRefused) {
		t.Errorf("webhooks: got %v, want %v", err, ErrRefused)
	}
	if status, err := NewProbe().Probe(t.Context(), "http://127.0.0.1:"+within.port()); !errors.Is(err, ErrRefused) {
		t.Errorf("probe: got %d, %v, want %v", status, err, ErrRefused)
	}
	within.untouched(t)
	if err := get(t.Context(), NewWebhooks([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}), "http://127.0.0.1:"+within.port()); err == nil || err.Error() != "answered 404 Not Found" {
		t.Errorf("allowed: got %v, want the answer", err)
	}
}

// TestGuardLetsThrough asks it about addresses that may be called, by themselves or because they are allowed.
func TestGuardLetsThrough(t *testing.T) {
	t.Parallel()
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("168.63.129.16/32")}
	for address, want := range map[string]struct{ open, allowed error }{
		"8.8.8.8:443":                {nil, nil},
		"93.184.215.14:25":           {nil, nil},
		"[2606:4700::1111]:443":      {nil, nil},
		"10.1.2.3:80":                {ErrRefused, nil},
		"[fd12::1]:80":               {ErrRefused, nil},
		"168.63.129.16:80":           {ErrRefused, nil},
		"11.0.0.1:80":                {nil, nil},
		"192.168.0.1:80":             {ErrRefused, ErrRefused},
		"127.0.0.1:80":               {ErrRefused, ErrRefused},
		"169.254.169.254:80":         {ErrRefused, ErrRefused},
		"[::ffff:10.0.0.1]:80":       {ErrRefused, ErrRefused},
		"[fe80::1%eth0]:80":          {ErrRefused, ErrRefused},
		"[2606:4700::1111%eth0]:443": {ErrRefused, ErrRefused},
	} {
		network := "tcp4"
		if strings.HasPrefix(address, "[") {
			network = "tcp6"
		}
		if err := guard(nil)(network, address, nil); !errors.Is(err, want.open) {
			t.Errorf("%s: got %v, want %v", address, err, want.open)
		}
		if err := guard(networks)(network, address, nil); !errors.Is(err, want.allowed) {
			t.Errorf("%s with %v: got %v, want %v", address, networks, err, want.allowed)
		}
	}
	if err := guard(nil)("udp4", "8.8.8.8:53", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("udp: got %v, want %v", err, ErrRefused)
	}
}

const publicAddress = "93.184.215.14"

// TestRebinding has a name that is public when it is first looked up, and this machine ever after.
func TestRebinding(t *testing.T) {
	t.Parallel()
	within, s := newInside(t), &spy{}
	turncoat := names(func(turn int64) []string {
		if turn == 1 {
			return []string{publicAddress}
		}
		return []string{"127.0.0.1"}
	})
	c := newClient(s.dialer(nil, turncoat), 0, webhookTime)
	for i, want := range []error{errDialled, ErrRefused, ErrRefused} {
		if err := get(t.Context(), c, "http://rebind.example:"+within.port()+"/"); !errors.Is(err, want) {
			t.Errorf("call %d: got %v, want %v", i+1, err, want)
		}
	}
	if want := []string{net.JoinHostPort(publicAddress, within.port())}; !slices.Equal(s.dialled, want) {
		t.Errorf("got dials to %q, want %q", s.dialled, want)
	}
	within.untouched(t)
}

// TestNameWithBoth has a name that stands for a public address and for this machine at once: the second is tried when the first does not answer.
func TestNameWithBoth(t *testing.T) {
	t.Parallel()
	for _, addresses := range [][]string{{publicAddress, "127.0.0.1"}, {"127.0.0.1", publicAddress}, {"::1", publicAddress}, {publicAddress, "::1", "::ffff:127.0.0.1"}} {
		within, s := newInside(t), &spy{}
		d := s.dialer(nil, always(addresses...))
		d.FallbackDelay = time.Nanosecond // the other family is tried at once
		if err := get(t.Context(), newClient(d, 0, webhookTime), "http://both.example:"+within.port()+"/"); !errors.Is(err, errDialled) && !errors.Is(err, ErrRefused) {
			t.Errorf("%q: got %v, want %v or %v", addresses, err, errDialled, ErrRefused)
		}
		if want := []string{net.JoinHostPort(publicAddress, within.port())}; !slices.Equal(s.dialled, want) {
			t.Errorf("%q: got dials to %q, want %q", addresses, s.dialled, want)
		}
		within.untouched(t)
	}
}
