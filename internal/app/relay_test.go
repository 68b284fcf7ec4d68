package app_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	netmail "net/mail"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"avow/internal/config"
)

// illRelay is a mail relay that takes connections and says nothing on any of them until it is healed.
type illRelay struct {
	net.Listener
	healed  chan struct{}
	hanging chan struct{} // one for each connection that waits for its first word
	taken   chan string   // whom a mail went to
}

func startIllRelay(t *testing.T, mails int) *illRelay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &illRelay{Listener: listener, healed: make(chan struct{}), hanging: make(chan struct{}, mails), taken: make(chan string, 2*mails)}
	server := smtp.NewServer(r)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(r) })
	t.Cleanup(func() {
		_ = server.Close()
		_ = listener.Close()
		serving.Wait()
	})
	return r
}

// Accept gives the server connections whose first word waits.
func (r *illRelay) Accept() (net.Conn, error) {
	conn, err := r.Listener.Accept()
	return &illConn{Conn: conn, relay: r}, err
}

type illConn struct {
	net.Conn
	relay *illRelay
	once  sync.Once
}

func (c *illConn) Write(p []byte) (int, error) {
	c.once.Do(func() {
		c.relay.hanging <- struct{}{}
		<-c.relay.healed
	})
	return c.Conn.Write(p)
}

// NewSession implements smtp.Backend.
func (r *illRelay) NewSession(*smtp.Conn) (smtp.Session, error) { return illSession{r}, nil }

type illSession struct{ relay *illRelay }

// Mail implements smtp.Session.
func (illSession) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (illSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data implements smtp.Session.
func (s illSession) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, m.Body)
	s.relay.taken <- m.Header.Get("To")
	return err
}

// Reset implements smtp.Session.
func (illSession) Reset() {}

// Logout implements smtp.Session.
func (illSession) Logout() error { return nil }

// Requests and the relay have nothing to do with each other: while every attempt at a mail hangs in a relay that says nothing, requests are answered as ever, and their
// mails go out when it speaks again. Nothing here depends on how long anything takes: the relay stays silent until all answers are there.
func TestRequestsDoNotWaitForTheRelay(t *testing.T) {
	t.Parallel()
	const before, during = 30, 200 // requests
	const hang = 8                 // attempts at least, while they are answered
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["accounts"], database)
		relay := startIllRelay(t, before+during)
		b.config.SMTPURLs = []config.Secret{config.Secret("smtp://" + relay.Addr().String())}
		b.config.MailFrom = netmail.Address{Address: "verify@example.org"}
		b.start()
		b.organisation(parse(words("acme")))
		b.client(parse(words(`web org=acme scopes="/external/me/r /external/me/w"`)))
		b.holders(before + during)

		wantCreated(t, b.createFor(0, before))
		ctx, stop := context.WithCancel(t.Context())
		var working sync.WaitGroup
		working.Go(func() { b.worker().Run(ctx, func(err error) { t.Errorf("worker: %v", err) }) })
		defer func() { stop(); working.Wait() }()
		for range hang { // more mails are due than are sent at once, so every attempt that there can be hangs
			<-relay.hanging
		}
		wantCreated(t, b.createFor(before, before+during))
		if got := len(relay.taken); got != 0 {
			t.Fatalf("mails taken by a relay that has not said a word: got %d, want none", got)
		}

		close(relay.healed)
		got := map[string]int{}
		for range before + during {
			got[<-relay.taken]++
		}
		for i := range before + during {
			if n := got["<"+holder(i)+">"]; n != 1 {
				t.Errorf("mails to %s: got %d, want 1", holder(i), n)
			}
		}
	})
}

func holder(i int) string { return fmt.Sprintf("holder-%d@example.com", i) }

// holders makes accounts, each with a token of its number.
func (b *bench) holders(n int) {
	b.Helper()
	for i := range n {
		b.account(parse(words(fmt.Sprintf("a%d org=acme email=%s", i, holder(i)))))
		b.token(parse(words(fmt.Sprintf("t%d client=web account=a%d", i, i))))
	}
}

// createFor asks for the verification of some holders, all at once.
func (b *bench) createFor(from, to int) []outcome {
	b.Helper()
	return b.together(to-from, func(i int) *http.Request {
		return b.post("/external/api/v1/me/create_verification_request", `{}`, "Authorization", "Bearer "+b.vars[fmt.Sprintf("t%d", from+i)])
	})
}

func wantCreated(t *testing.T, outcomes []outcome) {
	t.Helper()
	for i, o := range outcomes {
		if o.status != http.StatusCreated {
			t.Fatalf("request %d: got %d %s, want 201", i, o.status, o.body)
		}
	}
}
