package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"avow/internal/account"
	"avow/internal/event"
	"avow/internal/outbox"
)

// receivedCall is what the developers' receiver tells of a call (interfaces.md section 4).
type receivedCall struct {
	Headers    map[string]string
	Body       string
	Signatures struct{ SVP, Standard *bool }
}

// newCallbackBench is a bench with an organisation that has a key and an account.
func newCallbackBench(t *testing.T, setup string) *bench {
	t.Helper()
	b := newBench(t, familyClocks["skills"], "sqlite:"+filepath.Join(t.TempDir(), "avow.db"))
	b.hooks = nil
	b.setup(setup + "org acme\nkey k org=acme mode=test\naccount anna org=acme email=anna@example.com\n")
	return b
}

// callBack enqueues a webhook and has the worker make one attempt at everything that is due.
func (b *bench) callBack(id, url string, body []byte) (attempts int) {
	b.Helper()
	ctx := context.Background()
	hook := outbox.Hook{URL: url, Event: "evt_" + id, Signer: outbox.Signer{Key: b.vars["k.id"]}, Body: body}
	d := outbox.NewWebhook("dlv_"+id, b.vars["acme.id"], true, hook, b.clock.Now())
	b.must(b.app.Store.Change(ctx, account.KeyOfID(b.vars["anna.id"]), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: []account.Mail{d}}, nil
	}))
	attempts, err := b.worker().Once(ctx)
	b.must(err)
	return attempts
}

// calls asks the developers' receiver, newest first.
func (b *bench) calls() (all []receivedCall) {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+"/dev/webhooks", nil)
	b.must(err)
	r.Header.Set("Accept", "application/json")
	b.send(r)
	b.must(json.Unmarshal(b.body, &all))
	return all
}

// TestWebhookArrives sends a result with everything in it that encoders write in different ways, and checks it as a receiver does.
func TestWebhookArrives(t *testing.T) {
	t.Parallel()
	b := newCallbackBench(t, "")
	var lone string
	b.must(json.Unmarshal([]byte(`"\ud83d"`), &lone)) // half a pair, as a caller may send it
	body, err := event.Marshal(event.Completed{
		Head:     event.Head{Event: event.VerificationCompleted, ID: "evt_1", Timestamp: event.Instant(b.clock.Now()), Mode: "test", Status: "completed"},
		Reviewer: &event.Reviewer{Name: "<Zoë> & \"Søn\"\u2028\u2029 👩‍🎓" + lone},
	})
	b.must(err)
	if n := b.callBack("1", b.base+"/dev/webhooks", body); n != 1 {
		t.Fatalf("got %d attempts, want one", n)
	}
	calls := b.calls()
	if len(calls) != 1 {
		t.Fatalf("got %d calls, want one", len(calls))
	}
	const want = `{"event":"verification.completed","webhookEventId":"evt_1","timestamp":"2025-04-09T10:00:00.000Z","mode":"test","keyId":"","recordVerificationId":"",` +
		`"recordUserId":"","externalStudentId":"","verificationMethod":"","endorsementType":null,"status":"completed","skills":[],` +
		`"sources":{"projects":[],"experience":[],"certificates":[]},"reviewer":{"name":"<Zoë> & \"Søn\"` + "\u2028\u2029 👩‍🎓\ufffd" + `","email":"","company":"","website":null},` +
		`"assessment":null,"summary":{"totalSkillsVerified":0,"totalProjects":0,"totalExperience":0,"totalCertificates":0}}`
	if calls[0].Body != want {
		t.Errorf("got  %s\nwant %s, as JSON.stringify writes it", calls[0].Body, want)
	}
	if s := calls[0].Signatures; s.SVP == nil || !*s.SVP || s.Standard == nil || !*s.Standard {
		t.Errorf("got the signatures %s, want both valid", b.body)
	}
	if h := calls[0].Headers; h["webhook-id"] != "evt_1" || h["webhook-timestamp"] != fmt.Sprint(b.clock.Now().Unix()) || h["content-type"] != "application/json" {
		t.Errorf("got the headers %v, want id, time and type", h)
	}
	b.checkLog()
}

// TestWebhookIsTriedAgain with the same id and body, signed anew.
func TestWebhookIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newCallbackBench(t, "")
	b.callBack("1", b.base+"/dev/webhooks?status=500", []byte(`{"a":1}`))
	b.clock.advance(time.Minute)
	if n, err := b.worker().Once(context.Background()); n != 1 || err != nil {
		t.Fatalf("got %d attempts, %v, want one", n, err)
	}
	calls := b.calls()
	if len(calls) != 2 {
		t.Fatalf("got %d calls, want two", len(calls))
	}
	again, first := calls[0], calls[1]
	if again.Body != first.Body || again.Headers["webhook-id"] != first.Headers["webhook-id"] || again.Headers["webhook-timestamp"] == first.Headers["webhook-timestamp"] {
		t.Errorf("got %+v after %+v, want the same but for the time", again, first)
	}
	if s := again.Signatures; s.Standard == nil || !*s.Standard {
		t.Errorf("got %+v, want it signed anew", again)
	}
}

// TestGoneCallback is not called again, until somebody lifts that.
func TestGoneCallback(t *testing.T) {
	t.Parallel()
	b := newCallbackBench(t, "")
	gone := b.base + "/dev/webhooks?status=410"
	for _, step := range []struct {
		id, url string
		calls   int
	}{{"1", gone, 1}, {"2", gone, 1}, {"3", b.base + "/dev/webhooks", 2}} {
		b.callBack(step.id, step.url, []byte(`{}`))
		if got := len(b.calls()); got != step.calls {
			t.Errorf("after %s: got %d calls, want %d", step.id, got, step.calls)
		}
	}
	b.must(b.app.Deliveries.Enable(context.Background(), outbox.Reader{Operator: true}, outbox.Watched{Org: b.vars["acme.id"], Test: true, URL: gone}))
	b.callBack("4", gone, []byte(`{}`))
	if got := len(b.calls()); got != 3 {
		t.Errorf("lifted: got %d calls, want 3", got)
	}
}

// TestServeKeepsWebhooksOutside has no AVOW_EGRESS_ALLOW.
func TestServeKeepsWebhooksOutside(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("got a call, want none") }))
	t.Cleanup(inside.Close)
	b := newCallbackBench(t, "serve\n")
	if n := b.callBack("1", inside.URL, []byte(`{}`)); n != 1 {
		t.Errorf("got %d attempts, want one", n)
	}
	due, err := b.app.Store.NextDue(context.Background(), outbox.Webhook)
	b.must(err)
	if due.IsZero() {
		t.Error("got it given up, want another attempt: names may come to stand for other addresses")
	}
}
