package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks whose X-Forwarded-For is believed.
type Proxies []netip.Prefix

// NetworkOf names the network that a request comes from, as limits count it: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has. Requests
// outside Observe, and those from no address, share one name.
func NetworkOf(r *http.Request) string { return InfoOf(r).network }

func (p Proxies) network(r *http.Request) string {
	client := p.client(r)
	switch {
	case !client.IsValid():
		return ""
	case client.Is4():
		return client.String()
	}
	whole, _ := client.Prefix(64) // cannot fail: the address has 128 bits and no zone
	return whole.String()
}

// client is the address of whoever asks: the last one that no trusted proxy stands for. What is to the left of it anybody can have written.
func (p Proxies) client(r *http.Request) netip.Addr {
	client := address(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		before := address(strings.TrimSpace(hop))
		if !p.trust(client) || !before.IsValid() {
			break
		}
		client = before
	}
	return client
}

func (p Proxies) trust(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(a) })
}

// address reads an address with or without a port; invalid: it is none. An IPv4 address that came over IPv6 is an IPv4 address.
func address(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}
