//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// shownDelivery is what the deliveries commands print.
type shownDelivery struct {
	ID, Org, Mode, Kind, Target, State, Answer string
	Attempts                                   []shownAttempt
	Count                                      int `json:"attempt_count"`
	Code                                       int
	CreatedAt                                  string `json:"created_at"`
	DueAt                                      string `json:"due_at"`
	FinishedAt                                 string `json:"finished_at"`
}

type shownAttempt struct {
	Number  int
	BeganAt string `json:"began_at"`
	TookMS  int64  `json:"took_ms"`
	Outcome string
	Code    int
	Answer  string
	Relay   string
}

// oneMail has somebody ask for a mail and returns its delivery.
func oneMail(t *testing.T, o operator, base string) shownDelivery {
	t.Helper()
	o.must(t, "org", "create", "--name", "Acme")
	c := mustMake[madeClient](t, o, "client", "create", "--org", "Acme", "--name", "web", "--scopes", meScopes)
	anna, err := o.person("Acme", c.ID, someEmail)
	if err != nil {
		t.Fatal(err)
	}
	must(t, createCall(base, anna.token, ""), http.StatusCreated)
	return mustDecode[shownDelivery](t, o.must(t, "deliveries", "list"))
}

// awaitState waits until a delivery stands as wanted.
func (o operator) awaitState(t *testing.T, id, state string) (d shownDelivery) {
	t.Helper()
	eventually(t, "state "+state, func() error {
		var err error
		if d, err = made[shownDelivery](o, "deliveries", "show", id); err == nil && d.State != state {
			err = fmt.Errorf("got %+v, want it %s", d, state)
		}
		return err
	})
	return d
}

func TestDeliveriesCommands(t *testing.T) {
	t.Parallel()
	r, o := startRelay(t, 1_000_000), newOperator(t)
	p := startServer(t, o.data, append(o.env, production("smtp://"+r.address)...), "serve")
	d := oneMail(t, o, p.ready.URL)
	d = o.awaitState(t, d.ID, "deferred")
	want(t, "what it is", []string{d.Mode, d.Kind, d.Target, d.FinishedAt}, []string{"live", "mail", someEmail, ""})
	wantForm(t, "created_at", d.CreatedAt, stampForm)
	wantForm(t, "due_at", d.DueAt, stampForm)
	if first := d.Attempts[0]; first.Number != 1 || first.Outcome != "failed" || !strings.Contains(d.Answer, "try again later") {
		t.Errorf("got %+v, want an attempt that was turned away with the relay's words", d)
	}
	want(t, "lists without it", o.must(t, "deliveries", "list", "--kind", "webhook")+o.must(t, "deliveries", "list", "--state", "failed"), "")

	r.mu.Lock()
	r.refuse = 0
	r.mu.Unlock()
	want(t, "deliveries retry with --json", o.must(t, "deliveries", "retry", d.ID), "")
	letter := r.letterTo(t, someEmail)
	d = o.awaitState(t, d.ID, "handed to relay")
	wantForm(t, "finished_at", d.FinishedAt, stampForm)
	if last := d.Attempts[len(d.Attempts)-1]; d.Code != 250 || last.Code != 250 || last.Outcome != "delivered" || d.Count != last.Number || len(d.Attempts) != last.Number || !strings.Contains(letter.id, d.ID) {
		t.Errorf("got %+v for the letter %s, want the last attempt delivered with the relay's code", d, letter.id)
	}
	shown := o.must(t, "deliveries", "show", d.ID)
	wantMembers(t, shown, "id", "org", "mode", "kind", "target", "state", "attempt_count", "code", "answer", "created_at", "finished_at", "attempts")
	listed := o.must(t, "deliveries", "list", "--org", "Acme", "--state", "handed-to-relay", "--kind", "mail", "--since", "1h", "--limit", "5")
	wantMembers(t, listed, "id", "org", "mode", "kind", "target", "state", "attempt_count", "code", "answer", "created_at", "finished_at")
	if code := (mail{Text: letter.text}).code(); strings.Contains(shown+listed, code) {
		t.Errorf("got the mail's code in %s, want nothing of what is in it", shown+listed)
	}
	for _, args := range [][]string{{"retry", d.ID}, {"retry", "dlv_none"}, {"show", "dlv_none"}} {
		if got := o.try(t, append([]string{"deliveries"}, args...)...); got.code != 1 || !oneSentence.MatchString(got.stderr) {
			t.Errorf("deliveries %v: got %+v, want exit code 1 and one sentence", args, got)
		}
	}
	for _, args := range [][]string{{"--state", "sent"}, {"--kind", "pigeon"}, {"--since", "yesterday"}, {"--limit", "0"}} {
		if got := o.try(t, append([]string{"deliveries", "list"}, args...)...); got.code != 2 {
			t.Errorf("deliveries list %v: got %+v, want exit code 2", args, got)
		}
	}
}

// TestStopGivesBackWhatIsBeingSent has a relay that says nothing. The attempt has the time of a gentle stop; then it is given back at once, its outcome unknown.
func TestStopGivesBackWhatIsBeingSent(t *testing.T) {
	t.Parallel()
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	o := newOperator(t)
	p := startServer(t, o.data, append(o.env, append(production("smtp://"+relay.Addr().String()), "AVOW_SHUTDOWN_TIMEOUT=500ms")...), "serve")
	d := oneMail(t, o, p.ready.URL)
	o.awaitState(t, d.ID, "sending")
	began := time.Now()
	p.stop(t)
	if took := time.Since(began); took > slack {
		t.Errorf("got the end after %v, want it within 500ms and a moment", took)
	}
	d = mustMake[shownDelivery](t, o, "deliveries", "show", d.ID)
	due, err := time.Parse(time.RFC3339, d.DueAt)
	if err != nil || due.After(time.Now()) || d.State != "unknown" || len(d.Attempts) != 1 || d.Attempts[0].Outcome != "unknown" {
		t.Errorf("got %+v, want it due at once after an attempt of unknown outcome", d)
	}
}
