//go:build soak

package soak

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avow/internal/pgtest"
)

var relayMinutes = flag.Float64("relay-minutes", 10, "how long mails are sent through two relays that go wrong at random")

const (
	mailEvery   = 250 * time.Millisecond // of each lane
	mailLanes   = 2
	killsEvery  = 7 * time.Second // a worker
	relaysOver  = 4 * time.Minute // in which all is sent once the relays are healed: leases run out, and a dialogue that hangs has a minute
	manyAtOnce  = 4               // commands
	accountsAPI = "/external/account/r /external/account/w"
)

// TestRelays sends mails through two relays of which each goes wrong in every way at random, while workers are killed. In the end what avow says of a mail is what the
// relays have done with it: nothing is lost, and what a relay took twice has as many attempts of unknown outcome.
func TestRelays(t *testing.T) {
	t.Parallel()
	random := newRandom(t)
	s := newSystem(t, random.Uint64(), "AVOW_DATABASE_URL="+pgtest.Start(t, nil).URL(), "AVOW_DATABASE_POOL=4")
	relays := []*faultyRelay{startFaultyRelay(t, random.Uint64()), startFaultyRelay(t, random.Uint64())}
	s.env = append(s.env, "AVOW_SMTP_URL=smtp://"+relays[0].address+",smtp://"+relays[1].address)
	s.replicas = []*process{newProcess(t, "serve", s.env, "serve", "--no-worker")}
	s.run(t, "worker-1", "worker")
	s.run(t, "worker-2", "worker")
	r := &relaying{system: s, relays: relays}
	if err := errors.Join(r.load(random, time.Duration(*relayMinutes*float64(time.Minute))), r.settleAll()); err != nil {
		t.Fatal(err)
	}
	for _, err := range r.compare() {
		t.Error(err)
	}
	r.summary(t)
}

// relaying is a run.
type relaying struct {
	*system
	relays []*faultyRelay
	token  string
	number atomic.Int64

	mu    sync.Mutex
	acked []string // addresses to which a mail was promised

	kills, retried, again, unknown int
	states                         map[string]int
}

// load makes accounts at a steady rate and kills a worker now and then.
func (r *relaying) load(random *rand.Rand, d time.Duration) error {
	client, err := made[struct {
		ID string `json:"client_id"`
	}](r.env, "client", "create", "--org", r.org, "--name", "system", "--scopes", accountsAPI)
	if err != nil {
		return err
	}
	token, err := made[struct {
		Text string `json:"access_token"`
	}](r.env, "token", "issue", "--client", client.ID, "--scopes", accountsAPI, "--ttl", "24h")
	if err != nil {
		return err
	}
	r.token = token.Text
	l := newLoad(r.replicas)
	st := startSteady(l, mailEvery, slices.Repeat([]func() error{func() error { return r.register(l) }}, mailLanes))
	for till := time.Now().Add(d); time.Now().Before(till); {
		if err := st.pause(min(killsEvery, time.Until(till))); err != nil {
			return err
		}
		v := r.victims[random.IntN(len(r.victims))]
		v.kill()
		r.kills++
		if err := v.revive(); err != nil {
			return err
		}
	}
	_, err = st.stop()
	return err
}

func (r *relaying) register(l *load) error {
	to := fmt.Sprintf("holder-%d@example.com", r.number.Add(1))
	got, err := l.ask(post("/external/api/v2/accounts", `{"email":"`+to+`","password":"secret1","require_verification":true}`).bearer(r.token))
	if err == nil && got.status != http.StatusCreated {
		err = got.unwanted("register")
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acked = append(r.acked, to)
	return nil
}

// settleAll heals the relays, has what waits for long sent now, and waits until nothing waits any more.
func (r *relaying) settleAll() error {
	for _, relay := range r.relays {
		relay.healed.Store(true)
	}
	return poll(relaysOver, func() error {
		for _, state := range []string{"deferred", "unknown"} {
			waiting, err := r.deliveries("--state", state, "--limit", everyMail)
			if err != nil {
				return err
			}
			for _, d := range waiting {
				if _, err := command(r.env, "deliveries", "retry", d.ID); err == nil { // else it is being sent at this moment
					r.retried++
				}
			}
		}
		return r.allSent()
	})
}

// compare holds what avow says against what the relays know.
func (r *relaying) compare() (errs []error) {
	text, err := r.deliveries("--limit", everyMail)
	if err != nil {
		return []error{err}
	}
	r.states = map[string]int{}
	told := map[string]bool{}
	lanes := make(chan struct{}, manyAtOnce)
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, d := range text {
		told[d.Target] = true
		r.states[d.State]++
		group.Go(func() {
			lanes <- struct{}{}
			defer func() { <-lanes }()
			again, unknown, err := r.truth(d)
			mu.Lock()
			defer mu.Unlock()
			r.again, r.unknown = r.again+again, r.unknown+unknown
			if err != nil {
				errs = append(errs, err)
			}
		})
	}
	group.Wait()
	for _, to := range r.acked {
		if !told[to] {
			errs = append(errs, fmt.Errorf("%s: got no mail to an account that was acknowledged, want one", to))
		}
	}
	return errs
}

// truth compares one mail. Its attempts are looked at only where there is something to excuse.
func (r *relaying) truth(d deliveryLine) (again, unknown int, err error) {
	var k known
	for _, relay := range r.relays {
		one := relay.of(d.Target)
		k.taken, k.forGood = k.taken+one.taken, k.forGood+one.forGood
	}
	switch {
	case d.State == "handed to relay" && k.taken == 1:
		return 0, 0, nil
	case d.State == "handed to relay" && k.taken == 0:
		return 0, 0, fmt.Errorf("%s: got it handed over, but no relay has it", d.ID)
	case d.State != "handed to relay" && d.State != "failed":
		return 0, 0, fmt.Errorf("%s: got it %s, want it handed over or failed", d.ID, d.State)
	}
	shown, err := made[deliveryLine](r.env, "deliveries", "show", d.ID)
	if err != nil {
		return 0, 0, err
	}
	byAll := false
	for _, a := range shown.Attempts {
		if a.Outcome == "unknown" {
			unknown++
		}
		byAll = a.Outcome == "failed" && strings.Count(a.Relay, ",") == len(r.relays)-1
	}
	if again = k.taken; d.State == "handed to relay" {
		again--
	} else if k.forGood == 0 && !byAll {
		err = fmt.Errorf("%s: got it failed, but no relay has refused it for good", d.ID)
	}
	if again > unknown {
		err = errors.Join(err, fmt.Errorf("%s: got it %s, %d times taken with %d attempts of unknown outcome, want one for each time too many", d.ID, d.State, k.taken, unknown))
	}
	return again, unknown, err
}

func (r *relaying) summary(t *testing.T) {
	say(t, "%.1f minutes: %d mails promised, states %v; %d workers killed; %d mails retried by hand once the relays were healed", *relayMinutes, len(r.acked), r.states, r.kills, r.retried)
	for i, relay := range r.relays {
		relay.mu.Lock()
		seen := len(slices.Collect(maps.Keys(relay.faults)))
		relay.mu.Unlock()
		say(t, "relay %d took %d mails and went wrong in %d ways of %d", i+1, relay.total(), seen, len(relaySteps)*len(relayWays))
		if relay.total() == 0 {
			t.Errorf("relay %d: got no mail, want some", i+1)
		}
	}
	say(t, "%d mails taken once more than needed, %d attempts of unknown outcome noted for these", r.again, r.unknown)
}
