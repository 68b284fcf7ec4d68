package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/account"
	"avow/internal/outbox"
)

func deliveries(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a claim leases, counts and orders":          (*world).claims,
		"parallel claims never share":                (*world).parallelClaims,
		"a settled delivery is not claimed again":    (*world).settled,
		"a late worker cannot overwrite":             (*world).lateWorker,
		"cancelled while waiting is not sent":        (*world).cancelled,
		"delivered while cancelled is told as it is": (*world).deliveredWhileCancelled,
		"leases are given back at a start":           (*world).released,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

const lease = 30 * time.Second

func (w *world) claim(now time.Time) []outbox.Delivery {
	w.Helper()
	claimed, err := w.Claim(w.ctx, now, now.Add(lease), 100)
	w.must(err)
	return claimed
}

// enqueue makes deliveries through a change of the account, as the product does.
func (w *world) enqueue(ids ...string) {
	w.Helper()
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		next := account.Next{Account: s.Account}
		for i, id := range ids {
			created := start.Add(time.Duration(i) * time.Millisecond)
			next.Mails = append(next.Mails, outbox.NewMail(id, w.one.org.ID, "holder@example.com", "t", map[string]string{}, created))
		}
		return next, nil
	}))
}

func (w *world) unsend(id string) {
	w.Helper()
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Unsend: []string{id}}, nil
	}))
}

func (w *world) settle(d outbox.Delivery, r outbox.Result) {
	w.Helper()
	r.At = start
	w.must(w.Settle(w.ctx, d, r))
}

func idsOf(all []outbox.Delivery) []string {
	var ids []string
	for _, d := range all {
		ids = append(ids, d.ID)
	}
	return ids
}

func (w *world) wantClaimed(now time.Time, want ...string) []outbox.Delivery {
	w.Helper()
	claimed := w.claim(now)
	if diff := cmp.Diff(want, idsOf(claimed)); diff != "" {
		w.Errorf("claimed: got +, want -:\n%s", diff)
	}
	return claimed
}

func (w *world) claims() {
	w.enqueue("a", "b", "c")
	now := start.Add(time.Second)
	due, err := w.NextDue(w.ctx)
	w.must(err)
	if !due.Equal(start) {
		w.Errorf("got next due %v, want %v", due, start)
	}
	claimed := w.wantClaimed(now, "a", "b", "c")
	if claimed[0].Attempt != 1 || claimed[0].Org != w.one.org.ID || claimed[0].Target != "holder@example.com" || claimed[0].Kind != outbox.Mail {
		w.Errorf("got %+v, want the first attempt of the mail", claimed[0])
	}
	w.wantClaimed(now.Add(lease - time.Millisecond))
	if again := w.wantClaimed(now.Add(lease), "a", "b", "c"); again[0].Attempt != 2 {
		w.Errorf("got attempt %d, want 2", again[0].Attempt)
	}
}

func (w *world) parallelClaims() {
	var ids []string
	for n := range 64 {
		ids = append(ids, fmt.Sprintf("d%02d", n))
	}
	w.enqueue(ids...)
	var seen sync.Map
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for {
				claimed, err := w.Claim(w.ctx, start.Add(time.Second), start.Add(lease), 3)
				if err != nil || len(claimed) == 0 {
					return
				}
				for _, d := range claimed {
					if _, twice := seen.LoadOrStore(d.ID, true); twice {
						w.Errorf("got %s claimed twice, want once", d.ID)
					}
				}
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		if _, ok := seen.Load(id); !ok {
			w.Errorf("got %s never claimed, want it claimed", id)
		}
	}
}

func (w *world) settled() {
	w.enqueue("a", "b", "c")
	claimed := w.claim(start.Add(time.Second))
	w.settle(claimed[0], outbox.Result{State: outbox.Delivered})
	w.settle(claimed[1], outbox.Result{State: outbox.Failed, Detail: "550"})
	w.settle(claimed[2], outbox.Result{State: outbox.Queued, Due: start.Add(time.Hour)})
	w.wantClaimed(start.Add(59 * time.Minute))
	w.wantClaimed(start.Add(time.Hour), "c")
}

func (w *world) lateWorker() {
	w.enqueue("a")
	late := w.claim(start)[0]
	current := w.claim(start.Add(lease))[0]
	w.settle(late, outbox.Result{State: outbox.Failed})
	w.settle(current, outbox.Result{State: outbox.Queued, Due: start.Add(time.Minute)})
	w.wantClaimed(start.Add(time.Minute), "a")
}

func (w *world) cancelled() {
	w.enqueue("a", "b")
	w.unsend("a")
	w.wantClaimed(start.Add(time.Second), "b")
}

func (w *world) deliveredWhileCancelled() {
	w.enqueue("a")
	d := w.claim(start)[0]
	w.unsend("a")
	w.settle(d, outbox.Result{State: outbox.Delivered})
	w.wantClaimed(start.Add(time.Hour))
}

func (w *world) released() {
	w.enqueue("a", "b")
	claimed := w.claim(start.Add(time.Millisecond))
	w.settle(claimed[1], outbox.Result{State: outbox.Queued, Due: start.Add(time.Hour)})
	w.must(w.ReleaseLeases(w.ctx, start.Add(time.Millisecond)))
	w.wantClaimed(start.Add(time.Millisecond), "a")
}

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
