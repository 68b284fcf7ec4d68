//go:build soak

package soak

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// letter is a confirmation mail as it came over the wire: the number of its request and the code.
type letter struct {
	id, to, code string
	number       int
	at           time.Time
}

// relay is an SMTP server that keeps what it takes.
type relay struct {
	address string
	mu      sync.Mutex
	random  *rand.Rand
	taken   []letter
	to      map[string][]letter
	refused int
	errs    []error
}

// refuseOf is of how many mails the relay turns one away for now.
const refuseOf = 20

func startRelay(t *testing.T, seed uint64) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: listener.Addr().String(), random: rand.New(rand.NewPCG(seed, 1)), to: map[string][]letter{}}
	server := smtp.NewServer(r)
	server.Domain = "relay.example"
	server.ErrorLog = log.New(io.Discard, "", 0) // senders that are killed are no news
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with the close below
	}()
	t.Cleanup(func() {
		_ = server.Close() // what is still connected belongs to a test that is over
		<-ended
	})
	return r
}

// letters are those to an address so far.
func (r *relay) letters(to string) []letter {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.to[to])
}

// all are the letters so far in the order in which they came, how many were turned away, and what came that is no mail of ours.
func (r *relay) all() (taken []letter, refused int, errs []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken), r.refused, slices.Clone(r.errs)
}

// of is the letter of a request; false: it has not come.
func (r *relay) of(to string, number int) (letter, bool) {
	all := r.letters(to)
	i := slices.IndexFunc(all, func(l letter) bool { return l.number == number })
	if i < 0 {
		return letter{}, false
	}
	return all[i], true
}

// NewSession implements smtp.Backend.
func (r *relay) NewSession(*smtp.Conn) (smtp.Session, error) { return &dialogue{relay: r}, nil }

type dialogue struct {
	relay *relay
	to    string
}

// Mail implements smtp.Session.
func (d *dialogue) Mail(string, *smtp.MailOptions) error { d.to = ""; return nil }

// Rcpt implements smtp.Session.
func (d *dialogue) Rcpt(to string, _ *smtp.RcptOptions) error { d.to += to; return nil }

// Data implements smtp.Session. A mail counts from here on: a moment later its sender may be dead.
func (d *dialogue) Data(body io.Reader) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return err // half a mail of a sender that was killed
	}
	l, err := read(text)
	l.to, l.at = d.to, time.Now()
	d.relay.mu.Lock()
	defer d.relay.mu.Unlock()
	if d.relay.random.IntN(refuseOf) == 0 {
		d.relay.refused++
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	}
	if err != nil {
		d.relay.errs = append(d.relay.errs, err)
		return err
	}
	d.relay.taken, d.relay.to[l.to] = append(d.relay.taken, l), append(d.relay.to[l.to], l)
	return nil
}

// Reset implements smtp.Session.
func (d *dialogue) Reset() {}

// Logout implements smtp.Session.
func (d *dialogue) Logout() error { return nil }

var linkInMail = regexp.MustCompile(`(?m)^https://app\.example/\S+`)

// read takes the link out of the text, the first part of a mail.
func read(text []byte) (letter, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return letter{}, fmt.Errorf("read mail: %w", err)
	}
	_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return letter{}, fmt.Errorf("type of mail: %w", err)
	}
	part, err := multipart.NewReader(m.Body, parameters["boundary"]).NextRawPart()
	if err != nil {
		return letter{}, fmt.Errorf("first part of mail: %w", err)
	}
	plain, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		return letter{}, fmt.Errorf("text of mail: %w", err)
	}
	link, err := url.Parse(linkInMail.FindString(string(plain)))
	if err != nil {
		return letter{}, err
	}
	number, err := strconv.Atoi(path.Base(link.Path))
	return letter{id: m.Header.Get("Message-Id"), code: link.Query().Get("confirmation_code"), number: number}, err
}
