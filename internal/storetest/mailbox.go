package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

func mailbox(t *testing.T, open Open) {
	t.Run("mails are kept once and come newest first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, open)
		first := outbox.Captured{ID: "m1", Org: w.one.org.ID, To: "a@example.com", From: "f@example.com", Subject: "s", Text: "text", HTML: "<p>", CreatedAt: start}
		second := first
		second.ID, second.To, second.Test, second.CreatedAt = "m2", "b@example.com", true, start.Add(time.Second)
		for _, m := range []outbox.Captured{first, first, second} {
			w.must(w.Keep(w.ctx, m))
		}
		w.wantMails("", second, first)
		w.wantMails("a@example.com", first)
		got, err := w.MailByID(w.ctx, "m2")
		w.must(err)
		if diff := cmp.Diff(second, got); diff != "" {
			w.Errorf("got +, want -:\n%s", diff)
		}
		w.must(w.ClearMails(w.ctx))
		w.wantMails("")
		if _, err := w.MailByID(w.ctx, "m2"); !errors.Is(err, outbox.ErrMailUnknown) {
			w.Errorf("got %v, want %v", err, outbox.ErrMailUnknown)
		}
	})
}

func (w *world) wantMails(to string, want ...outbox.Captured) {
	w.Helper()
	got, err := w.Mails(w.ctx, to, 10)
	w.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("mails to %q: got +, want -:\n%s", to, diff)
	}
}
