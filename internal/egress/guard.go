package egress

import (
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// wireServer is where Azure answers its virtual machines: a public address by its form, an inside one by what it does.
var wireServer = netip.MustParsePrefix("168.63.129.16/32")

// guard makes a dialer's Control, which is told the address of each connection before it is made. It refuses whatever the registries of IANA keep apart from the
// public internet (private, loopback, link-local, shared, multicast, benchmark, documentation, and the IPv6 forms that carry an IPv4 address), unless it is allowed.
func guard(allow []netip.Prefix) func(network, address string, c syscall.RawConn) error {
	var four, six []netip.Prefix
	for _, network := range allow {
		if network.Addr().Is4() {
			four = append(four, network)
		} else {
			six = append(six, network)
		}
	}
	guardian := ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(wireServer), ssrf.WithAllowedV4Prefixes(four...), ssrf.WithAllowedV6Prefixes(six...))
	return func(network, address string, c syscall.RawConn) error {
		if guardian.Safe(network, address, c) != nil {
			return ErrRefused
		}
		return nil
	}
}
