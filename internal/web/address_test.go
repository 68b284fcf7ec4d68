package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// trusted are a proxy's own networks; public addresses of the tests' callers are in none of them.
var trusted = Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48"), netip.MustParsePrefix("192.0.2.7/32")}

func TestNetworkOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		proxies Proxies
		remote  string
		headers []string // of X-Forwarded-For
		want    string
	}{
		"nobody in between":                  {trusted, "198.51.100.1:4711", nil, "198.51.100.1"},
		"a header that nobody vouches for":   {trusted, "198.51.100.1:4711", []string{"203.0.113.9"}, "198.51.100.1"},
		"no proxy is trusted":                {nil, "10.0.0.1:4711", []string{"203.0.113.9"}, "10.0.0.1"},
		"a trusted proxy":                    {trusted, "10.0.0.1:4711", []string{"203.0.113.9"}, "203.0.113.9"},
		"a trusted proxy without the header": {trusted, "10.0.0.1:4711", nil, "10.0.0.1"},
		"two trusted proxies":                {trusted, "192.0.2.7:4711", []string{"203.0.113.9, 10.2.3.4"}, "203.0.113.9"},
		"spoofed in front":                   {trusted, "10.0.0.1:4711", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		"spoofed with a trusted address":     {trusted, "10.0.0.1:4711", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		"spoofed behind an untrusted hop":    {trusted, "10.0.0.1:4711", []string{"203.0.113.9, 198.51.100.1, 10.2.3.4"}, "198.51.100.1"},
		"spoofed in a header of its own":     {trusted, "10.0.0.1:4711", []string{"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},
		"spoofed with nonsense":              {trusted, "10.0.0.1:4711", []string{"nonsense, 198.51.100.1"}, "198.51.100.1"},
		"nonsense from the proxy":            {trusted, "10.0.0.1:4711", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		"nonsense behind a trusted hop":      {trusted, "10.0.0.1:4711", []string{"203.0.113.9, _hidden, 10.2.3.4"}, "10.2.3.4"},
		"nothing but trusted hops":           {trusted, "10.0.0.1:4711", []string{"10.4.4.4, 10.2.3.4"}, "10.4.4.4"},
		"an empty header":                    {trusted, "10.0.0.1:4711", []string{""}, "10.0.0.1"},
		"hops with ports":                    {trusted, "10.0.0.1:4711", []string{"203.0.113.9:1234, 10.2.3.4:80"}, "203.0.113.9"},
		"an IPv6 hop with a port":            {trusted, "10.0.0.1:4711", []string{"[2001:db8:1:2:3::4]:1234"}, "2001:db8:1:2::/64"},
		"IPv6 counts by its /64":             {trusted, "[2001:db8:1:2:aaaa::1]:4711", nil, "2001:db8:1:2::/64"},
		"IPv6 with a zone":                   {trusted, "[fe80::1%eth0]:4711", nil, "fe80::/64"},
		"a trusted IPv6 proxy":               {trusted, "[2001:db8:ffff::1]:4711", []string{"2001:db8:1:3::1"}, "2001:db8:1:3::/64"},
		"IPv4 over IPv6":                     {trusted, "[::ffff:198.51.100.1]:4711", nil, "198.51.100.1"},
		"a trusted proxy, IPv4 over IPv6":    {trusted, "[::ffff:10.0.0.1]:4711", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"blanks round the hops":              {trusted, "10.0.0.1:4711", []string{"  203.0.113.9 ,10.2.3.4  "}, "203.0.113.9"},
		"no address":                         {trusted, "@", []string{"203.0.113.9"}, ""},
		"octal is no address":                {trusted, "10.0.0.1:4711", []string{"0203.0.113.9"}, "10.0.0.1"},
	}
	for name, tt := range tests {
		s, got := NewSite(shape("site")), ""
		s.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { got = NetworkOf(r) })
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		r.Header["X-Forwarded-For"] = tt.headers
		r.Header.Set("Forwarded", "for=203.0.113.77")
		r.Header.Set("X-Real-Ip", "203.0.113.77")
		observeBehind(s, tt.proxies).ServeHTTP(httptest.NewRecorder(), r)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	if got := NetworkOf(httptest.NewRequest("GET", "/", nil)); got != "" {
		t.Errorf("got %q outside, want nothing", got)
	}
}
