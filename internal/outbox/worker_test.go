package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestOnce(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 400)
	later := errors.New("451 later")
	failed := func(state State, wait time.Duration, answer string) Result {
		r := Result{State: state, Outcome: Refused, Answer: answer, At: start}
		if state == Queued {
			r.Due = start.Add(wait)
		}
		return r
	}
	done := func(answer string) Result {
		return Result{State: Delivered, Outcome: Succeeded, Answer: answer, At: start}
	}
	tests := map[string]struct {
		before Delivery
		send   sender
		want   Result
	}{
		"success":                {Delivery{}, answers("250 ok queued as 4711", nil), done("250 ok queued as 4711")},
		"success at the last":    {Delivery{Attempt: 12}, answers("250 ok", nil), done("250 ok")},
		"temporary":              {Delivery{}, answers("", later), failed(Queued, time.Second, "451 later")},
		"temporary, once more":   {Delivery{Attempt: 6}, answers("", later), failed(Queued, 2*time.Hour, "451 later")},
		"temporary, last wait":   {Delivery{Attempt: 11}, answers("", later), failed(Queued, 24*time.Hour, "451 later")},
		"given up":               {Delivery{Attempt: 12}, answers("", later), failed(Failed, 0, "451 later")},
		"contract, last wait":    {Delivery{Attempt: 2, Schedule: Contract}, answers("", later), failed(Queued, 25*time.Second, "451 later")},
		"contract, given up":     {Delivery{Attempt: 3, Schedule: Contract}, answers("", later), failed(Failed, 0, "451 later")},
		"all lost before":        {Delivery{Attempt: 13, Uncounted: 13}, answers("", later), failed(Queued, time.Second, "451 later")},
		"a long answer is cut":   {Delivery{}, answers(strings.Repeat("x", 600), nil), done(strings.Repeat("x", 512))},
		"never in a character":   {Delivery{}, answers("x"+long, nil), done("x" + long[:510])},
		"bad bytes are left out": {Delivery{}, answers("250 \xffok\xc3", nil), done("250 ok")},
		"controls are spaces":    {Delivery{}, answers("250\x00ok\r\nthen", nil), done("250 ok  then")},
		"its words, not ours":    {Delivery{}, answers("<h1>Sorry</h1>", later), failed(Queued, time.Second, "<h1>Sorry</h1>")},
		"left alone":             {Delivery{}, answers("", Later(later, time.Hour)), failed(Queued, time.Hour, "451 later")},
		"left alone a moment":    {Delivery{Attempt: 6}, answers("", Later(later, time.Hour)), failed(Queued, 2*time.Hour, "451 later")},
		"left alone for a year":  {Delivery{}, answers("", Later(later, 365*24*time.Hour)), failed(Queued, 24*time.Hour, "451 later")},
		"left alone at the last": {Delivery{Attempt: 12}, answers("", Later(later, time.Hour)), failed(Failed, 0, "451 later")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueue("a")
			q.waiting[0].Attempt, q.waiting[0].Uncounted, q.waiting[0].Schedule = tt.before.Attempt, tt.before.Uncounted, tt.before.Schedule
			if n, err := worker(q, tt.send).Once(t.Context()); n != 1 || err != nil {
				t.Fatalf("got %d attempts, %v, want 1, no error", n, err)
			}
			if diff := cmp.Diff(tt.want, q.settled["a"]); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
			if got := q.settled["a"].Answer; !utf8.ValidString(got) {
				t.Errorf("got answer %q, want good UTF-8", got)
			}
		})
	}
}

// Codes are kept whatever the outcome. An error after which the other side may have the delivery makes the outcome unknown, not the next step.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection lost")
	for name, tt := range map[string]struct {
		err  error
		want Result
	}{
		"delivered":          {nil, Result{State: Delivered, Outcome: Succeeded}},
		"failed":             {lost, Result{State: Queued, Outcome: Refused, Due: start.Add(time.Second)}},
		"refused":            {Permanent(lost), Result{State: Failed, Outcome: Refused}},
		"unknown":            {Uncertain(lost), Result{State: Queued, Outcome: Unknown, Due: start.Add(time.Second)}},
		"unknown and later":  {Later(Uncertain(lost), time.Minute), Result{State: Queued, Outcome: Unknown, Due: start.Add(time.Minute)}},
		"unknown and no use": {Permanent(Uncertain(lost)), Result{State: Failed, Outcome: Unknown}},
	} {
		q := newQueue("a")
		w := worker(q, sender(func(context.Context, Delivery) (Answer, error) { return Answer{Code: 299, Text: "words"}, tt.err }))
		if _, err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		tt.want.Code, tt.want.Answer, tt.want.At = 299, "words", start
		if diff := cmp.Diff(tt.want, q.settled["a"]); diff != "" {
			t.Errorf("%s: got +, want -:\n%s", name, diff)
		}
	}
}

func TestPermanentErrorFailsAtOnce(t *testing.T) {
	t.Parallel()
	refusal := errors.New("550 no such user")
	for name, err := range map[string]error{"bare": Permanent(refusal), "wrapped": fmt.Errorf("relay: %w", Permanent(refusal))} {
		q := newQueue("a")
		if n, err := worker(q, answers("", err)).Once(t.Context()); n != 1 || err != nil {
			t.Fatalf("%s: got %d attempts, %v, want 1, no error", name, n, err)
		}
		if got := q.settled["a"]; got.State != Failed || !got.Due.IsZero() || !strings.Contains(got.Answer, "550 no such user") {
			t.Errorf("%s: got %+v, want failed for good with the answer", name, got)
		}
	}
}

// What this worker has no sender for is left to one that has: during an upgrade that may be a newer one.
func TestUnknownKindIsLeftAlone(t *testing.T) {
	t.Parallel()
	q := newQueue("a")
	q.waiting[0].Kind = "pigeon"
	if n, err := worker(q, answers("sent", nil)).Once(t.Context()); n != 0 || err != nil || len(q.settled) != 0 {
		t.Errorf("got %d attempts, %v and %v, want none", n, err, q.settled)
	}
}

func TestOnceWithNothingDue(t *testing.T) {
	t.Parallel()
	q := newQueue()
	q.add("later", start.Add(time.Nanosecond))
	if n, err := worker(q, answers("sent", nil)).Once(t.Context()); n != 0 || err != nil || len(q.settled) != 0 {
		t.Errorf("got %d attempts, %v and %v, want none", n, err, q.settled)
	}
}

// interfaces.md section 5: an attempt's lease is 30 s.
func TestClaimLastsALease(t *testing.T) {
	t.Parallel()
	q := newQueue("a")
	if _, err := worker(q, answers("", errBroken)).Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := start.Add(30 * time.Second); !q.until.Equal(want) {
		t.Errorf("got a claim until %v, want %v", q.until, want)
	}
}

func TestClaimError(t *testing.T) {
	t.Parallel()
	q := newQueue("a")
	q.broken = errBroken
	if n, err := worker(q, answers("sent", nil)).Once(t.Context()); n != 0 || !errors.Is(err, errBroken) {
		t.Errorf("got %d attempts, %v, want 0, %v", n, err, errBroken)
	}
}

// One result that cannot be recorded does not lose the others; the error names the delivery.
func TestSettleError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue("a", "b")
		q.settling = errBroken
		n, err := worker(q, answers("sent", nil)).Once(t.Context())
		if n != 2 || !errors.Is(err, errBroken) {
			t.Fatalf("got %d attempts, %v, want 2, %v", n, err, errBroken)
		}
		for _, id := range []string{"delivery a", "delivery b"} {
			if !strings.Contains(err.Error(), id) {
				t.Errorf("got %q, want %q named", err, id)
			}
		}
	})
}

func TestObserve(t *testing.T) {
	t.Parallel()
	outcomes := map[string]error{"a": nil, "b": errBroken, "c": Permanent(errBroken)}
	q := newQueue("a", "b", "c")
	w := worker(q, sender(func(_ context.Context, d Delivery) (Answer, error) { return Answer{}, outcomes[d.ID] }))
	var mu sync.Mutex
	got := map[State]error{}
	w.Observe = func(d Delivery, r Result, err error) {
		mu.Lock()
		defer mu.Unlock()
		if want := map[string]State{"a": Delivered, "b": Queued, "c": Failed}[d.ID]; r.State != want || d.Kind != Mail {
			t.Errorf("%s: got %s of kind %s, want %s of kind %s", d.ID, r.State, d.Kind, want, Mail)
		}
		got[r.State] = err
	}
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[State]error{Delivered: nil, Queued: errBroken, Failed: ErrPermanent} {
		if err, told := got[state]; !told || !errors.Is(err, want) {
			t.Errorf("%s: got %v, told %t, want %v", state, err, told, want)
		}
	}
}

// A slow target does not hold up the others: all attempts of a claim run side by side.
func TestAttemptsRunSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 5
		q := newQueue()
		for i := range n {
			q.add(fmt.Sprint(i), start)
		}
		began := time.Now()
		slow := sender(func(context.Context, Delivery) (Answer, error) {
			<-time.After(3 * time.Second)
			return Answer{Text: "sent"}, nil
		})
		if got, err := worker(q, slow).Once(t.Context()); got != n || err != nil {
			t.Fatalf("got %d attempts, %v, want %d, no error", got, err, n)
		}
		if got, want := time.Since(began), 3*time.Second; got != want || len(q.settled) != n {
			t.Errorf("got %d settled after %v, want %d after %v", len(q.settled), got, n, want)
		}
	})
}

// Who stops the worker does not tear a mail in two: attempts under way finish, and their results are recorded.
func TestAttemptSurvivesTheCallersCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	q := newQueue("a")
	q.onSettle = func(ctx context.Context) {
		if ctx.Err() != nil {
			t.Errorf("got %v when the result is recorded, want a context that lives", ctx.Err())
		}
	}
	w := worker(q, sender(func(ctx context.Context, _ Delivery) (Answer, error) {
		cancel()
		return Answer{Text: "sent"}, ctx.Err()
	}))
	if n, err := w.Once(ctx); n != 1 || err != nil {
		t.Fatalf("got %d attempts, %v, want 1, no error", n, err)
	}
	if got := q.settled["a"].State; got != Delivered {
		t.Errorf("got %q, want %q", got, Delivered)
	}
}

// A payload that cannot be opened, because a master key is missing today, is neither sent nor lost.
func TestLockedDeliveryIsTriedAgain(t *testing.T) {
	t.Parallel()
	q := newQueue("a")
	q.waiting[0].Locked = errBroken
	w := worker(q, sender(func(context.Context, Delivery) (Answer, error) {
		t.Error("got a locked delivery sent, want it left alone")
		return Answer{}, nil
	}))
	if n, err := w.Once(t.Context()); n != 1 || err != nil {
		t.Fatalf("got %d attempts and error %v, want 1 and none", n, err)
	}
	if got := q.result("a"); got.State != Queued || !got.Due.After(start) {
		t.Errorf("got %+v, want it queued for later", got)
	}
}

// A sender with a bug spoils its own delivery only. How far it had come nobody knows.
func TestPanickingSender(t *testing.T) {
	t.Parallel()
	q := newQueue("a")
	w := worker(q, sender(func(context.Context, Delivery) (Answer, error) { panic("bug") }))
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := q.result("a"); got.State != Queued || got.Outcome != Unknown || !strings.Contains(got.Answer, "bug") {
		t.Errorf("got %+v, want it queued for later with the reason", got)
	}
}
