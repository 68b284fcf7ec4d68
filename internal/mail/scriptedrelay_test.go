package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// quitting is the step behind the last one: the goodbye.
const quitting step = "QUIT"

// play is what a scripted relay does at one step instead of answering as it should: it says a line, or one of the words below.
type play struct {
	at   step
	does string
}

const (
	hangs = "hangs"                  // never says another word
	drops = "drops"                  // closes the connection
	slow  = "answers byte by byte"   // at every step
	lies  = "agrees, but speaks not" // to STARTTLS: what follows is no TLS
)

// scripted is a relay for one connection that plays one part.
type scripted struct {
	play
	tls     *tls.Config   // offered by STARTTLS; nil: it is not offered
	reached chan struct{} // closed when the step is reached at which the relay hangs
	over    chan struct{} // closed when the test is
	address string

	conn   net.Conn
	lines  *bufio.Reader
	secure bool

	mu   sync.Mutex
	took []string // mails that were received whole
}

func startScripted(t *testing.T, s *scripted) *scripted {
	t.Helper()
	listener := listen(t)
	s.address, s.reached, s.over = listener.Addr().String(), make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10) // so that a long mail does not fit into it
		s.use(conn)
		defer func() { s.conn.Close() }()
		s.serve()
	})
	t.Cleanup(func() {
		close(s.over)
		listener.Close()
		done.Wait()
	})
	return s
}

func (s *scripted) use(conn net.Conn) { s.conn, s.lines = conn, bufio.NewReader(conn) }

// serve answers until the other side leaves or the play ends.
func (s *scripted) serve() {
	if !s.say(greeting, "220 relay.test ESMTP") {
		return
	}
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil || !s.hear(strings.ToUpper(line)) {
			return
		}
	}
}

func (s *scripted) hear(line string) (more bool) {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch word {
	case "EHLO", "HELO":
		return s.say(hello, s.offer())
	case "STARTTLS":
		return s.say(encrypting, "220 go on") && s.encrypt()
	case "AUTH":
		return s.say(loggingIn, "235 2.7.0 welcome")
	case "MAIL":
		return s.say(sender, "250 2.1.0 ok")
	case "RCPT":
		return s.say(recipient, "250 2.1.5 ok")
	case "DATA":
		return s.say(data, "354 go on") && (s.at == data || s.content() && s.say(ending, "250 2.0.0 queued as 4711"))
	case "QUIT":
		return s.say(quitting, "221 bye")
	}
	return s.say("", "250 ok")
}

func (s *scripted) offer() string {
	lines := "250-relay.test\r\n"
	if s.tls != nil && !s.secure {
		lines += "250-STARTTLS\r\n"
	}
	return lines + "250 AUTH PLAIN"
}

func (s *scripted) encrypt() (more bool) {
	if s.does == lies {
		_, err := io.WriteString(s.conn, strings.Repeat("this is not TLS\r\n", 10))
		return err == nil
	}
	secure := tls.Server(s.conn, s.tls)
	s.use(secure)
	s.secure = true
	return secure.Handshake() == nil
}

// content reads a mail; a relay that hangs or drops here has read a part of it.
func (s *scripted) content() (more bool) {
	if s.at == content {
		_, _ = io.ReadFull(s.lines, make([]byte, 8<<10))
		return s.act("")
	}
	var whole strings.Builder
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		whole.WriteString(line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, whole.String())
	return true
}

// say answers as a relay should, or plays its part.
func (s *scripted) say(at step, line string) (more bool) {
	if s.at == at && at != "" && s.does != lies {
		return s.act(line)
	}
	return s.write(line)
}

func (s *scripted) act(line string) (more bool) {
	switch s.does {
	case hangs:
		close(s.reached)
		if s.at == content {
			<-s.over // it does not even read
			return false
		}
		_, _ = io.Copy(io.Discard, s.conn)
		return false
	case drops:
		_ = s.tcp().SetLinger(0)
		return false
	case "":
		return s.write(line)
	}
	return s.write(s.does)
}

func (s *scripted) tcp() *net.TCPConn {
	if secure, ok := s.conn.(*tls.Conn); ok {
		return secure.NetConn().(*net.TCPConn)
	}
	return s.conn.(*net.TCPConn)
}

func (s *scripted) write(line string) (more bool) {
	if s.does != slow {
		_, err := io.WriteString(s.conn, line+"\r\n")
		return err == nil
	}
	for _, b := range []byte(line + "\r\n") {
		if _, err := s.conn.Write([]byte{b}); err != nil {
			return false
		}
	}
	return true
}

// until returns a context that ends when the relay hangs.
func (s *scripted) until(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		select {
		case <-s.reached:
			cancel()
		case <-ctx.Done():
		}
	}()
	t.Cleanup(cancel)
	return ctx
}

func (s *scripted) mails() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.took)
}
