package mail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"avow/internal/outbox"
)

// What becomes of a mail, and of the relay that failed, where there is another relay; in the words of docs/mail.md.
const (
	next      = "next relay"           // gets it in the same attempt; this one is passed over
	nextAlone = "next relay, not over" // likewise, but this one is not passed over
	same      = "same relay, later"    // nobody else is asked in this attempt
	final     = "final"                // nobody else is asked, ever
	sameOver  = "no other relay"       // is asked in this attempt; this one is passed over
)

var failover = []struct {
	at                               step
	temporary, refused, silent, gone string
}{
	{greeting, next, next, next, next},
	{hello, next, next, next, next},
	{encrypting, next, next, next, next},
	{loggingIn, next, next, next, next},
	{sender, next, next, next, next},
	{recipient, same, final, next, next},
	{data, nextAlone, final, next, next},
	{content, "", "", next, next},
	{ending, same, final, sameOver, sameOver},
}

func TestFailoverIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/mail.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range failover {
		cells := []string{string(row.at), row.temporary, row.refused, row.silent, row.gone}
		for i, cell := range cells {
			if cell == "" {
				cells[i] = "–"
			}
		}
		if line := "| " + strings.Join(cells, " | ") + " |"; !strings.Contains(string(text), "\n"+line+"\n") {
			t.Errorf("docs/mail.md: got no row %s, want one", line)
		}
	}
}

// pair is a sender with two relays, of which the first plays a part. A relay that hangs is out of its time at once.
type pair struct {
	*SMTP
	first  *scripted
	second *fakeRelay
}

func newPair(t *testing.T, p play) pair {
	t.Helper()
	certificate, trust := selfSigned(t)
	first := startScripted(t, &scripted{play: p, tls: certificate})
	second := startRelay(t, script{})
	s := newSMTP(t, "smtp://anna:PASSWORD@"+first.address+"?tls=required,smtp://"+second.address, SMTPOptions{TLS: trust})
	var set atomic.Int64
	s.alarm = func(_ time.Duration, ring func()) func() bool {
		if set.Add(1) > 2 { // those of the second relay
			return func() bool { return true }
		}
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			select {
			case <-first.reached:
				ring()
			case <-ctx.Done():
			}
		}()
		return func() bool { stop(); return true }
	}
	return pair{s, first, second}
}

func (p pair) mails() int {
	p.second.mu.Lock()
	defer p.second.mu.Unlock()
	return len(p.second.got)
}

func longDelivery(at step) outbox.Delivery {
	link := testLink
	if at == content {
		link += strings.Repeat("x", 2<<20)
	}
	return delivery("anna@example.com", confirmation(map[string]any{"link": link}))
}

func TestFailover(t *testing.T) {
	t.Parallel()
	for _, row := range failover {
		for does, want := range map[string]string{"451 4.3.2 not now": row.temporary, "554 5.7.1 never": row.refused, hangs: row.silent, drops: row.gone} {
			if want == "" {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", row.at, does), func(t *testing.T) {
				t.Parallel()
				p := newPair(t, play{row.at, does})
				answer, err := p.Send(t.Context(), longDelivery(row.at))
				carried := want == next || want == nextAlone
				if got := p.mails() == 1; got != carried || (err == nil) != carried {
					t.Errorf("mail at the second relay: got %t (%v), want %t", got, err, carried)
				}
				if got, final := errors.Is(err, outbox.ErrPermanent), want == final; got != final {
					t.Errorf("permanent: got %t (%v), want %t", got, err, final)
				}
				over := want == next || want == sameOver
				if got := !p.fleet.members[0].circuit.well(); got != over {
					t.Errorf("passed over: got %t, want %t", got, over)
				}
				asked := p.fleet.members[0].name
				if carried {
					asked += ", " + p.fleet.members[1].name
				}
				if answer.Relay != asked {
					t.Errorf("relays: got %q, want %q", answer.Relay, asked)
				}
			})
		}
	}
}

// Whatever speaks of us or of the relay, and not of the mail, sends it elsewhere.
func TestFailoverByCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play
		carried bool
	}{
		"shuts down at RCPT":        {play{recipient, "421 4.3.2 shutting down"}, true},
		"wants encryption at RCPT":  {play{recipient, "530 5.7.0 must issue STARTTLS"}, true},
		"shuts down at the end":     {play{ending, "421 4.3.2 shutting down"}, false},
		"nonsense at the end":       {play{ending, "what?"}, false},
		"another yes than for DATA": {play{data, "250 ok"}, true},
		"a TLS handshake that lies": {play{encrypting, lies}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, c.play)
			_, err := p.Send(t.Context(), longDelivery(""))
			if got := p.mails() == 1; got != c.carried || p.fleet.members[0].circuit.well() {
				t.Errorf("got it carried on: %t (%v), first relay well: %t, want %t and ill", got, err, p.fleet.members[0].circuit.well(), c.carried)
			}
		})
	}
}

// newFleetOf makes relays at which nobody listens.
func newFleetOf(now func() time.Time, n int) *fleet {
	var relays []relay
	for i := range n {
		relays = append(relays, relay{host: fmt.Sprintf("r%d", i), port: 25})
	}
	return newFleet(relays, now, nil)
}

func TestFleetChooses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := newFleetOf(func() time.Time { return now }, 3)
	choose := func(favourite string, asked ...*member) string {
		t.Helper()
		m, _ := f.choose(favourite, asked)
		if m == nil {
			return ""
		}
		return m.name
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	ill := verdict{err: errors.New("x"), relay: isIll}
	want("all well", choose(""), "r0")
	want("favourite", choose("r2"), "r2")
	want("asked before", choose("", f.members[0]), "r1")
	f.learn(f.members[0], now, ill)
	want("first ill", choose(""), "r1")
	want("ill favourite", choose("r0"), "r1")
	now = now.Add(firstPause)
	want("half open", choose(""), "r0")
	want("only a single mail tries", choose(""), "r1")
	f.learn(f.members[0], now, verdict{relay: isUnknown})
	want("again, if that told nothing", choose(""), "r0")
	f.learn(f.members[0], now, ill)
	now = now.Add(firstPause)
	want("longer the second time", choose(""), "r1")
	now = now.Add(firstPause)
	want("half open again", choose(""), "r0")
	f.learn(f.members[0], now, verdict{relay: isWell})
	want("mended", choose(""), "r0")
	want("mended for all", choose(""), "r0")
	for _, m := range []int{1, 0, 2} {
		now = now.Add(time.Millisecond)
		f.learn(f.members[m], now, ill)
	}
	want("all ill: the soonest is asked", choose(""), "r1")
	want("and then nobody else", choose("", f.members[1]), "")
	if err := f.anyWell(); !errors.Is(err, ErrNoRelay) {
		t.Errorf("anyWell: got %v, want ErrNoRelay", err)
	}
}

func TestCircuitGrowsAndForgets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var c circuit
	var pauses []time.Duration
	for range 12 {
		c = c.begun().failed(now, now)
		pauses = append(pauses, c.until().Sub(now))
		now = c.until()
	}
	want := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second, 128 * time.Second, 256 * time.Second, longestPause, longestPause, longestPause, longestPause}
	if fmt.Sprint(pauses) != fmt.Sprint(want) {
		t.Errorf("pauses: got %v, want %v", pauses, want)
	}
	began := c.broken.Add(-time.Second)
	if got := c.failed(began, now); got != c {
		t.Errorf("a failure of a mail that began before: got %+v, want nothing new", got)
	}
}

// Every relay refuses for good: only then is it final. One that is passed over might have taken the mail.
func TestAllRelaysRefuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second string
		want   outcome
	}{
		"both for good": {"550 5.7.1 blocked", permanent},
		"one for now":   {"451 4.7.1 later", retried},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startScripted(t, &scripted{play: play{sender, "550 5.7.1 blocked"}})
			b := startScripted(t, &scripted{play: play{sender, c.second}})
			s := newSMTP(t, "smtp://"+a.address+",smtp://"+b.address, SMTPOptions{})
			_, err := s.Send(t.Context(), delivery("anna@example.com", confirmation(nil)))
			if got := outcomeOf(err); got != c.want || !strings.Contains(err.Error(), a.address) || !strings.Contains(err.Error(), b.address) {
				t.Errorf("got %s (%v), want %s and both relays named", got, err, c.want)
			}
		})
	}
}
