//go:build soak

package soak

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// The steps of a dialogue at which a relay may go wrong, and the ways.
var (
	relaySteps = []string{"greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "end"}
	relayWays  = []string{"4xx", "5xx", "hang", "drop", "421"}
)

// faultOf is of how many connections some go wrong.
const faulty, faultOf = 4, 10

// known is what a relay knows of the mail to one address.
type known struct {
	taken   int // how often it took it, whether it said so or not
	forGood int // how often it refused the recipient or the mail for good
}

// faultyRelay is a relay that goes wrong at random, and remembers what it has truly done.
type faultyRelay struct {
	address string
	healed  atomic.Bool
	over    chan struct{}

	mu     sync.Mutex
	random *rand.Rand
	mails  map[string]known // by recipient
	faults map[string]int   // by step and way
}

func startFaultyRelay(t *testing.T, seed uint64) *faultyRelay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &faultyRelay{
		address: listener.Addr().String(), over: make(chan struct{}), random: rand.New(rand.NewPCG(seed, 2)), mails: map[string]known{}, faults: map[string]int{},
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() {
		close(r.over)
		_ = listener.Close()
		serving.Wait()
	})
	return r
}

// fault draws what goes wrong on a connection; nothing does once the relay is healed.
func (r *faultyRelay) fault() (at, way string, takes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.healed.Load() || r.random.IntN(faultOf) >= faulty {
		return "", "", true
	}
	at, way = relaySteps[r.random.IntN(len(relaySteps))], relayWays[r.random.IntN(len(relayWays))]
	r.faults[at+" "+way]++
	return at, way, r.random.IntN(2) == 0
}

func (r *faultyRelay) note(to string, change func(*known)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.mails[to]
	change(&k)
	r.mails[to] = k
}

func (r *faultyRelay) of(to string) known {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mails[to]
}

// total is how many mails the relay has taken.
func (r *faultyRelay) total() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.mails {
		n += k.taken
	}
	return n
}

// connection is one dialogue of a faulty relay.
type connection struct {
	*faultyRelay
	net.Conn
	lines   *bufio.Reader
	at, way string
	takes   bool // whether it has taken the mail when it goes wrong behind the final dot
	to      string
}

func (r *faultyRelay) serve(conn net.Conn) {
	defer conn.Close()
	c := &connection{faultyRelay: r, Conn: conn, lines: bufio.NewReader(conn)}
	c.at, c.way, c.takes = r.fault()
	stop := make(chan struct{})
	defer close(stop)
	go func() { // nothing outlives the test
		select {
		case <-r.over:
			_ = conn.Close()
		case <-stop:
		}
	}()
	if !c.say("greeting", "220 relay.test ESMTP") {
		return
	}
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil || !c.answer(strings.TrimSpace(line)) {
			return
		}
	}
}

func (c *connection) answer(line string) (more bool) {
	word, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(word) {
	case "EHLO", "HELO":
		return c.say("EHLO", "250 relay.test")
	case "MAIL":
		return c.say("MAIL", "250 ok")
	case "RCPT":
		_, c.to, _ = strings.Cut(strings.TrimSuffix(rest, ">"), "<")
		return c.say("RCPT", "250 ok")
	case "DATA":
		if !c.say("DATA", "354 go on") || c.at == "DATA" {
			return c.at == "DATA" && c.way != "hang" && c.way != "drop"
		}
		return c.content() && c.end()
	case "QUIT":
		_, _ = io.WriteString(c, "221 bye\r\n")
		return false
	}
	_, err := io.WriteString(c, "250 ok\r\n")
	return err == nil
}

// content reads the mail up to the final dot, unless the relay goes wrong in between.
func (c *connection) content() (more bool) {
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			return true
		}
		if c.at == "content" {
			return c.wrong("")
		}
	}
}

// end takes the mail before it says so: who hears nothing cannot know.
func (c *connection) end() (more bool) {
	refuses := c.at == "end" && c.way != "hang" && c.way != "drop"
	if !refuses && c.takes {
		c.note(c.to, func(k *known) { k.taken++ })
	}
	return c.say("end", "250 2.0.0 queued")
}

func (c *connection) say(step, line string) (more bool) {
	if c.at == step {
		return c.wrong(step)
	}
	_, err := io.WriteString(c, line+"\r\n")
	return err == nil
}

// wrong goes wrong. A code in the middle of the content is none: the connection breaks.
func (c *connection) wrong(step string) (more bool) {
	code := map[string]string{"4xx": "451 4.3.0 later", "5xx": "554 5.7.1 never", "421": "421 4.3.2 shutting down"}[c.way]
	switch {
	case c.way == "hang":
		_, _ = io.Copy(io.Discard, c) // until the other side has enough
		return false
	case c.way == "drop" || step == "":
		return false
	}
	if c.way == "5xx" && (step == "RCPT" || step == "DATA" || step == "end") {
		c.note(c.to, func(k *known) { k.forGood++ })
	}
	_, err := io.WriteString(c, code+"\r\n")
	return err == nil
}
