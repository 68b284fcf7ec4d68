package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func testMails(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a key sees the test-mode mails of its organisation": (*world).ownTestMails,
		"a key that is not good sees nothing":                (*world).noTestMails,
		"the newest come first, and not without end":         (*world).manyTestMails,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

// key makes an API key and returns its text.
func (w *world) key(of tenant, mode access.Mode) (text string, k access.Key) {
	w.Helper()
	made, err := w.admin.CreateKey(w.ctx, of.org.ID, "backend", mode)
	w.must(err)
	return made.Text, made.Key
}

func (w *world) capture(id string, of tenant, test bool, to string) outbox.Captured {
	w.Helper()
	m := outbox.Captured{ID: id, Org: of.org.ID, Test: test, To: to, From: "f@example.com", Subject: id, Text: "text", HTML: "<p>", CreatedAt: start}
	w.must(w.Keep(w.ctx, m))
	return m
}

func (w *world) wantTestMails(apiKey, to string, want ...outbox.Captured) {
	w.Helper()
	_, got, err := w.TestMails(w.ctx, w.keys.Lookup(access.ForAPIKey, apiKey), to)
	w.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("test-mode mails to %q: got +, want -:\n%s", to, diff)
	}
}

func (w *world) ownTestMails() {
	one, _ := w.key(w.one, access.Test)
	two, _ := w.key(w.two, access.Test)
	mine := w.capture("m1", w.one, true, "Anna@Example.com")
	w.capture("m2", w.one, false, "anna@example.com")
	theirs := w.capture("m3", w.two, true, "anna@example.com")
	w.wantTestMails(one, "", mine)
	w.wantTestMails(one, "anna@example.com", mine)
	w.wantTestMails(one, "bo@example.com")
	w.wantTestMails(one, "%")
	w.wantTestMails(two, "", theirs)
}

func (w *world) noTestMails() {
	w.capture("m1", w.one, true, "anna@example.com")
	live, _ := w.key(w.one, access.Live)
	gone, revoked := w.key(w.one, access.Test)
	w.must(w.RevokeKey(w.ctx, revoked.ID, start))
	for name, c := range map[string]struct {
		text string
		mode access.Mode // of the key that is told; empty: none
	}{"live": {live, access.Live}, "revoked": {gone, access.Test}, "unknown": {"nobody's", ""}, "none": {"", ""}} {
		key, mails, err := w.TestMails(w.ctx, w.keys.Lookup(access.ForAPIKey, c.text), "")
		w.must(err)
		if len(mails) != 0 || (key == nil) != (c.mode == "") || key != nil && key.Owner.Mode != c.mode {
			w.Errorf("%s: got key %+v and %d mails, want mode %q and none", name, key, len(mails), c.mode)
		}
	}
}

func (w *world) manyTestMails() {
	text, _ := w.key(w.one, access.Test)
	for i := range outbox.MaxTestMails + 1 {
		m := outbox.Captured{ID: fmt.Sprintf("m%04d", i), Org: w.one.org.ID, Test: true, To: "a@example.com", CreatedAt: start.Add(time.Duration(i/2) * time.Second)}
		w.must(w.Keep(w.ctx, m))
	}
	_, got, err := w.TestMails(w.ctx, w.keys.Lookup(access.ForAPIKey, text), "")
	w.must(err)
	if len(got) != outbox.MaxTestMails || got[0].ID != "m0500" || got[1].ID != "m0499" || got[2].ID != "m0498" || got[len(got)-1].ID != "m0001" {
		w.Errorf("got %d mails, want %d from m0500 down to m0001", len(got), outbox.MaxTestMails)
	}
}
