package mail

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"avow/internal/outbox"
)

// fleet are the relays in the order in which they are preferred.
type fleet struct {
	now   func() time.Time
	watch Watch

	mu      sync.Mutex
	members []*member
}

// member is a relay with its name and what is remembered of it.
type member struct {
	relay
	name    string
	circuit circuit
}

// Watch is told how relays are.
type Watch interface {
	// RelayUp tells that a relay is asked as ever, or passed over.
	RelayUp(relay string, up bool)
	// RelayAsked tells what came of asking a relay: delivered, failed or unknown.
	RelayAsked(relay, outcome string)
}

// ErrNoRelay says that every relay is passed over: none could be reached, or would let us in, when it was asked last.
var ErrNoRelay = errors.New("every mail relay is passed over")

func newFleet(relays []relay, now func() time.Time, watch Watch) *fleet {
	f := &fleet{now: now, watch: watch}
	hosts := map[string]int{}
	for _, r := range relays {
		hosts[r.host]++
	}
	for _, r := range relays {
		m := &member{relay: r, name: r.host}
		if hosts[r.host] > 1 {
			m.name = r.address()
		}
		f.members = append(f.members, m)
		f.tellUp(m)
	}
	return f
}

func (f *fleet) tellUp(m *member) {
	if f.watch != nil {
		f.watch.RelayUp(m.name, m.circuit.well())
	}
}

// choose begins to ask a relay: the favourite, if that is well; else the first that is worth it, and is not among those that were asked. Where no relay is worth it, the
// first question goes to the one whose pause ends soonest, for a mail never fails by what we remember alone; nil says that there is nobody left. Others is how many
// could be asked after it.
func (f *fleet) choose(favourite string, asked []*member) (m *member, others int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.ready(asked) {
		if others++; m == nil || one.name == favourite && one.circuit.well() {
			m = one
		}
	}
	if m == nil && len(asked) == 0 {
		m, others = f.soonest(), 1
	}
	if m == nil {
		return nil, 0
	}
	m.circuit = m.circuit.begun()
	return m, others - 1
}

func (f *fleet) ready(asked []*member) (ready []*member) {
	now := f.now()
	for _, m := range f.members {
		if !slices.Contains(asked, m) && m.circuit.ready(now) {
			ready = append(ready, m)
		}
	}
	return ready
}

func (f *fleet) soonest() *member {
	first := f.members[0]
	for _, m := range f.members {
		if m.circuit.until().Before(first.circuit.until()) {
			first = m
		}
	}
	return first
}

// learn remembers what came of asking a relay.
func (f *fleet) learn(m *member, began time.Time, v verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch v.relay {
	case isWell:
		m.circuit = circuit{}
	case isIll:
		m.circuit = m.circuit.failed(began, f.now())
	default:
		m.circuit = m.circuit.ended()
	}
	f.tellUp(m)
	if f.watch != nil {
		f.watch.RelayAsked(m.name, v.outcome())
	}
}

// outcome is how a verdict is counted.
func (v verdict) outcome() string {
	switch {
	case v.err == nil:
		return string(outbox.Succeeded)
	case errors.Is(v.err, outbox.ErrUncertain):
		return string(outbox.Unknown)
	}
	return string(outbox.Refused)
}

// anyWell returns ErrNoRelay when all relays are passed over.
func (f *fleet) anyWell() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		if m.circuit.well() {
			return nil
		}
	}
	return ErrNoRelay
}

const between = ", "

// names lists the relays that were asked, the one that had the last word last.
func names(asked []*member) string {
	var all []string
	for _, m := range asked {
		all = append(all, m.name)
	}
	return strings.Join(all, between)
}

// favourite is the relay that had the last word in an attempt.
func favourite(names string) string {
	all := strings.Split(names, between)
	return all[len(all)-1]
}
