//go:build e2e

package e2e

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// relay is an SMTP server that keeps what it takes.
type relay struct {
	address string
	mu      sync.Mutex
	refuse  int // how many mails are turned away for now before one is taken
	refused int
	got     []letter
}

// letter is a mail as it came over the wire.
type letter struct {
	from, to, subject, id, text, html string
	sender                            string // of the header
}

func startRelay(t *testing.T, refuse int) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: listener.Addr().String(), refuse: refuse}
	server := smtp.NewServer(r)
	server.Domain = "relay.example"
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

// letters are those that were taken so far, and how many were turned away.
func (r *relay) letters() (taken []letter, refused int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]letter(nil), r.got...), r.refused
}

// NewSession implements smtp.Backend.
func (r *relay) NewSession(*smtp.Conn) (smtp.Session, error) { return &dialogue{relay: r}, nil }

type dialogue struct {
	relay  *relay
	letter letter
}

// Mail implements smtp.Session.
func (d *dialogue) Mail(from string, _ *smtp.MailOptions) error {
	d.letter = letter{from: from}
	return nil
}

// Rcpt implements smtp.Session.
func (d *dialogue) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.letter.to += to
	return nil
}

// Data implements smtp.Session.
func (d *dialogue) Data(body io.Reader) error {
	err := d.letter.read(body)
	d.relay.mu.Lock()
	defer d.relay.mu.Unlock()
	if d.relay.refuse > 0 {
		d.relay.refuse, d.relay.refused = d.relay.refuse-1, d.relay.refused+1
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	}
	d.relay.got = append(d.relay.got, d.letter)
	return err
}

// Reset implements smtp.Session.
func (d *dialogue) Reset() {}

// Logout implements smtp.Session.
func (d *dialogue) Logout() error { return nil }

// read takes a mail of two parts to pieces.
func (l *letter) read(body io.Reader) error {
	m, err := netmail.ReadMessage(body)
	if err != nil {
		return err
	}
	l.id, l.sender = m.Header.Get("Message-Id"), m.Header.Get("From")
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	media, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "multipart/alternative" {
		return errors.Join(err, errors.New("got "+media+", want multipart/alternative"))
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.readPart(part); err != nil {
			return err
		}
	}
}

func (l *letter) readPart(part *multipart.Part) error {
	var content io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		content = quotedprintable.NewReader(part)
	}
	text, err := io.ReadAll(content)
	switch {
	case strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain"):
		l.text = strings.ReplaceAll(string(text), "\r\n", "\n")
	case strings.HasPrefix(part.Header.Get("Content-Type"), "text/html"):
		l.html = string(text)
	}
	return err
}
