//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

const (
	killRounds   = 20
	killAccounts = 4 // fresh ones in each round, each with a worker
	killSessions = 2 // the same ones in all rounds
	killEarliest = 30 * time.Millisecond
	killLatest   = 300 * time.Millisecond
)

// killing is one data directory whose server is killed again and again.
type killing struct {
	data      string
	people    []person
	selectors []*selector
	verified  []person // whose verification was acknowledged

	acked, lost, selections int // requests acknowledged; requests that were committed but not acknowledged; selections acknowledged
}

func TestKillUnderLoadLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	begun, random := time.Now(), newRandom(t)
	k := prepareKilling(t)
	prepared := time.Since(begun)
	for round := range killRounds {
		after := killEarliest + time.Duration(random.Int64N(int64(killLatest-killEarliest)))
		requesters := k.loadUntilKilled(t, k.people[round*killAccounts:][:killAccounts], after)
		k.checkAfterRestart(t, requesters)
		if t.Failed() {
			t.Fatalf("round %d, killed %s after the load began", round+1, after)
		}
	}
	t.Logf("%d kills: %d requests and %d selections acknowledged, none lost; %d requests committed whose answers were lost; %d accounts verified; %s to prepare, %s in all",
		killRounds, k.acked, k.selections, k.lost, len(k.verified), prepared.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
	if k.acked == 0 || k.selections == 0 {
		t.Errorf("got %d requests and %d selections acknowledged, want a load", k.acked, k.selections)
	}
}

// newRandom prints its seed, so that a run that failed can be tried again.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	return rand.New(rand.NewPCG(s, s))
}

// prepareKilling makes all accounts and sessions up front.
func prepareKilling(t *testing.T) *killing {
	t.Helper()
	k := &killing{data: t.TempDir(), people: make([]person, killRounds*killAccounts)}
	p := startDev(t, k.data)
	defer p.stop(t)
	for n := range killSessions {
		opened := openSession(t, p.ready.URL, p.ready.Demo.APIKey, student{fmt.Sprintf("student_%d", n), "Sam Doe", fmt.Sprintf("sam-%d@example.com", n)})
		k.selectors = append(k.selectors, &selector{apiKey: p.ready.Demo.APIKey, session: opened.Data.SessionToken, verification: opened.Data.RecordVerificationID})
	}
	var group sync.WaitGroup
	errs := make([]error, killAccounts)
	for lane := range killAccounts {
		group.Go(func() {
			for i := lane; i < len(k.people) && errs[lane] == nil; i += killAccounts {
				k.people[i], errs[lane] = operator{data: k.data}.person(p.ready.Demo.Org, p.ready.Demo.ClientID, fmt.Sprintf("holder-%d@example.com", i))
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return k
}

// loadUntilKilled starts a server, loads it with one worker for each account and session, and kills it.
func (k *killing) loadUntilKilled(t *testing.T, people []person, after time.Duration) []*requester {
	t.Helper()
	p := startDev(t, k.data)
	k.checkVerified(t, p.ready.URL)
	l := &load{base: p.ready.URL}
	var requesters []*requester
	for _, who := range people {
		r := &requester{person: who}
		requesters = append(requesters, r)
		l.start(r, true)
	}
	for _, s := range k.selectors {
		k.selections -= s.acked
		l.start(s, true)
	}
	<-time.NewTimer(after).C
	l.ending.Store(true)
	p.kill()
	l.wait(t)
	p.calm(t)
	for _, s := range k.selectors {
		k.selections += s.acked
	}
	return requesters
}

func (k *killing) checkAfterRestart(t *testing.T, requesters []*requester) {
	t.Helper()
	p := startDev(t, k.data)
	defer p.stop(t)
	k.checkVerified(t, p.ready.URL)
	for _, s := range k.selectors {
		if err := s.check(p.ready.URL); err != nil {
			t.Error(err)
		}
	}
	for _, r := range requesters {
		k.acked += len(r.acked)
		verified, err := r.verifySurvivor(p.ready.URL)
		if err != nil {
			t.Error(err)
		}
		if verified == r.sent && verified > len(r.acked) {
			k.lost++
		}
		if verified > 0 {
			k.verified = append(k.verified, r.person)
		}
	}
}

// checkVerified looks at every account whose verification was acknowledged before any of the kills.
func (k *killing) checkVerified(t *testing.T, base string) {
	t.Helper()
	for _, who := range k.verified {
		s, err := standingOf(base, who.token)
		if err != nil || !s.Item.Verified || s.Item.Status != "verified" {
			t.Errorf("%s after an acknowledged verification: got %+v, %v, want it verified", who.email, s.Item, err)
		}
	}
}

// maxOldCodes is how many superseded codes are tried before the live one; twenty wrong ones would kill it.
const maxOldCodes = 10

// verifySurvivor waits for the mail of the request that is pending after a restart and verifies with its code. No other code may work, before or after. It
// returns the request's number; 0: nothing is pending.
func (r *requester) verifySurvivor(base string) (int, error) {
	n, err := r.survivor(base)
	if n == 0 {
		return 0, err
	}
	mails, err := newestMail(base, r.email, r.url(n)+"?")
	if err != nil {
		return 0, err
	}
	live, old := mails[0].code(), mails[1:]
	for _, m := range old[:min(maxOldCodes, len(old))] {
		if err := r.refused(base, m.code(), "invalid_confirmation_code"); err != nil {
			return 0, fmt.Errorf("%s, a superseded code: %w", r.email, err)
		}
	}
	got, err := send(client, verifyCall(base, r.token, live))
	if want := fmt.Sprintf(`{"item":{"account_id":%q,"status":"verified","verified":true}}`, r.id); err != nil || got.status != http.StatusOK || got.body != want {
		return 0, fmt.Errorf("%s, the code of the newest mail: got %d %s, %v, want 200 %s", r.email, got.status, got.body, err, want)
	}
	for _, m := range mails {
		if err := r.refused(base, m.code(), "already_verified"); err != nil {
			return 0, fmt.Errorf("%s, a code after the verification: %w", r.email, err)
		}
	}
	return n, nil
}

func (r *requester) refused(base, code, reason string) error {
	got, err := send(client, verifyCall(base, r.token, code))
	if err != nil {
		return err
	}
	if said, err := decode[refusal](got.body); got.status != http.StatusConflict || said.Code != reason {
		return fmt.Errorf("got %d %s, %v, want 409 %s", got.status, got.body, err, reason)
	}
	return nil
}
