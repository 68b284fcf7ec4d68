package skill

import (
	"net/netip"
	"net/url"
	"strings"

	"avow/internal/access"
)

// CallbackPolicy says which callback addresses init takes (14.31).
type CallbackPolicy struct {
	AllowHTTP bool           // dev: plain http in live mode, too
	Networks  []netip.Prefix // hosts by address that may have plain http in live mode
}

// allow refuses addresses that no webhook could or should be sent to.
func (p CallbackPolicy) allow(text string, mode access.Mode) error {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Contains(text, "#") {
		return ErrCallback
	}
	if u.Scheme == "https" || u.Scheme == "http" && p.plain(u.Hostname(), mode) {
		return nil
	}
	return ErrCallback
}

func (p CallbackPolicy) plain(host string, mode access.Mode) bool {
	if mode != access.Live || p.AllowHTTP {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, network := range p.Networks {
		if network.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
