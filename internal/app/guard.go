package app

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// guardHost refuses, in dev, requests for a host that is neither a loopback name nor the public URL's: a page of the web must not read captured mail by pointing a
// name of its own at this machine.
func (a *App) guardHost(next http.Handler) http.Handler {
	if !a.dev() {
		return next
	}
	own := ""
	if u, err := url.Parse(a.o.PublicURL); err == nil {
		own = u.Hostname()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r.Host); !loopbackName(host) && !strings.EqualFold(host, own) {
			http.Error(w, "This is a development server; it answers to loopback names and its public URL only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func hostOf(hostPort string) string {
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		return host
	}
	return strings.Trim(hostPort, "[]")
}

func loopbackName(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}
