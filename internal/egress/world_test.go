package egress

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// inside is what nobody may reach: a server on all addresses of this machine that counts whoever connects.
type inside struct {
	*httptest.Server
	connections atomic.Int64
}

func newInside(t *testing.T) *inside {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	i := &inside{}
	i.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.NotFoundHandler(), ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			i.connections.Add(1)
		}
	}}}
	i.Start()
	t.Cleanup(i.Close)
	return i
}

// port is where it listens, as text.
func (i *inside) port() string {
	_, port, _ := net.SplitHostPort(i.Listener.Addr().String())
	return port
}

func (i *inside) untouched(t *testing.T) {
	t.Helper()
	if n := i.connections.Load(); n != 0 {
		t.Errorf("got %d connections to the inside, want none", n)
	}
}

// errDialled is what a dial ends with that passed the guard: no test leaves this machine.
var errDialled = errors.New("dialled")

// spy is a guard that keeps what it let through. Addresses in public are let through and dialled for real, as if they were not of this machine.
type spy struct {
	mu      sync.Mutex
	public  []string
	dialled []string
}

func (s *spy) dialer(allow []netip.Prefix, resolve *net.Resolver) *net.Dialer {
	guarded := guard(allow)
	return &net.Dialer{Resolver: resolve, Control: func(network, address string, c syscall.RawConn) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, known := range s.public {
			if known == address {
				return nil
			}
		}
		if err := guarded(network, address, c); err != nil {
			return err
		}
		s.dialled = append(s.dialled, address)
		return errDialled
	}}
}

// names is a resolver without a network: every question is answered by what answer says of its turn, counted from 1.
func names(answer func(turn int64) []string) *net.Resolver {
	turn := &atomic.Int64{}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go serveName(far, func() []string { return answer((turn.Add(1) + 1) / 2) }) // a look-up is two questions: A and AAAA
		return near, nil
	}}
}

// always answers every question alike.
func always(addresses ...string) *net.Resolver {
	return names(func(int64) []string { return addresses })
}

// serveName answers one question of DNS over a stream.
func serveName(conn net.Conn, answer func() []string) {
	defer func() { _ = conn.Close() }()
	head := make([]byte, 2)
	if _, err := io.ReadFull(conn, head); err != nil {
		return
	}
	asked := make([]byte, binary.BigEndian.Uint16(head))
	if _, err := io.ReadFull(conn, asked); err != nil {
		return
	}
	end := 12
	for asked[end] != 0 {
		end += int(asked[end]) + 1
	}
	question := asked[12 : end+5]
	records, n := recordsOf(binary.BigEndian.Uint16(asked[end+1:]), answer())
	said := append([]byte{asked[0], asked[1], 0x81, 0x80, 0, 1, 0, n, 0, 0, 0, 0}, question...)
	said = append(said, records...)
	_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(said))), said...))
}

// recordsOf writes the addresses that are of the kind that was asked for: A is 1, AAAA is 28.
func recordsOf(kind uint16, addresses []string) (records []byte, n byte) {
	for _, text := range addresses {
		address := netip.MustParseAddr(text)
		if address.Is4() != (kind == 1) {
			continue
		}
		raw := address.AsSlice()
		records = append(records, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
		records, n = append(records, raw...), n+1
	}
	return records, n
}

// get sends a GET and returns the error, for an answer too.
func get(ctx context.Context, c *Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ErrURL
	}
	answer, err := c.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(errors.New("answered "+answer.Status), err, answer.Body.Close())
}
