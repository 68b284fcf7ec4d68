package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var errBroken = errors.New("broken")

// queue is the simplest Queue there can be. It remembers how claims and attempts ended.
type queue struct {
	mu        sync.Mutex
	waiting   []Delivery
	settled   map[string]Result
	tries     map[string]int
	until     time.Time
	broken    error // of Claim and NextDue
	settling  error
	onSettle  func(context.Context)
	onNextDue func() // after the answer was made
}

func newQueue(ids ...string) *queue {
	q := &queue{settled: map[string]Result{}, tries: map[string]int{}}
	for _, id := range ids {
		q.add(id, start)
	}
	return q
}

func (q *queue) add(id string, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, Delivery{ID: id, Kind: Mail, Target: "anna@example.com", Due: due})
}

func (q *queue) Claim(_ context.Context, now, until time.Time, limit int) ([]Delivery, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.until = until
	var claimed []Delivery
	for i := range q.waiting {
		if d := &q.waiting[i]; !d.Due.After(now) && len(claimed) < limit && q.broken == nil {
			d.Attempt, d.Due = d.Attempt+1, until
			claimed = append(claimed, *d)
		}
	}
	return claimed, q.broken
}

func (q *queue) Settle(ctx context.Context, d Delivery, r Result) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.onSettle != nil {
		q.onSettle(ctx)
	}
	if q.settling != nil {
		return q.settling
	}
	q.settled[d.ID] = r
	q.tries[d.ID]++
	i := slices.IndexFunc(q.waiting, func(w Delivery) bool { return w.ID == d.ID && w.Attempt == d.Attempt })
	if i >= 0 && r.State == Queued {
		q.waiting[i].Due = r.Due
	} else if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return nil
}

func (q *queue) NextDue(context.Context) (time.Time, error) {
	if q.onNextDue != nil {
		defer q.onNextDue()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	var next time.Time
	for _, d := range q.waiting {
		if next.IsZero() || d.Due.Before(next) {
			next = d.Due
		}
	}
	return next, q.broken
}

func (q *queue) result(id string) Result {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settled[id]
}

// sender is a Sender made of a function.
type sender func(context.Context, Delivery) (Answer, error)

func (s sender) Send(ctx context.Context, d Delivery) (Answer, error) { return s(ctx, d) }

func answers(text string, err error) sender {
	return func(context.Context, Delivery) (Answer, error) { return Answer{Text: text}, err }
}

func worker(q *queue, s Sender) *Worker {
	return &Worker{Queue: q, Senders: map[Kind]Sender{Mail: s}, Now: func() time.Time { return start }, Jitter: func() float64 { return 0.5 }}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 400)
	tests := map[string]struct {
		before int // attempts made before
		kind   Kind
		send   sender
		want   Result
	}{
		"success":                {0, Mail, answers("250 ok queued as 4711", nil), Result{State: Delivered, Detail: "250 ok queued as 4711", At: start}},
		"success at the last":    {12, Mail, answers("250 ok", nil), Result{State: Delivered, Detail: "250 ok", At: start}},
		"temporary":              {0, Mail, answers("", errors.New("451 later")), Result{State: Queued, Due: start.Add(time.Second), Detail: "451 later", At: start}},
		"temporary, once more":   {6, Mail, answers("", errors.New("451 later")), Result{State: Queued, Due: start.Add(2 * time.Hour), Detail: "451 later", At: start}},
		"temporary, last wait":   {11, Mail, answers("", errors.New("451 later")), Result{State: Queued, Due: start.Add(24 * time.Hour), Detail: "451 later", At: start}},
		"given up":               {12, Mail, answers("", errors.New("451 later")), Result{State: Failed, Detail: "451 later", At: start}},
		"a long answer is cut":   {0, Mail, answers(strings.Repeat("x", 600), nil), Result{State: Delivered, Detail: strings.Repeat("x", 512), At: start}},
		"never in a character":   {0, Mail, answers("x"+long, nil), Result{State: Delivered, Detail: "x" + long[:510], At: start}},
		"bad bytes are left out": {0, Mail, answers("250 \xffok\xc3", nil), Result{State: Delivered, Detail: "250 ok", At: start}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueue("a")
			q.waiting[0].Attempt, q.waiting[0].Kind = tt.before, tt.kind
			if n, err := worker(q, tt.send).Once(t.Context()); n != 1 || err != nil {
				t.Fatalf("got %d attempts, %v, want 1, no error", n, err)
			}
			if diff := cmp.Diff(tt.want, q.settled["a"]); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
			if got := q.settled["a"].Detail; !utf8.ValidString(got) {
				t.Errorf("got detail %q, want good UTF-8", got)
			}
		})
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
		if got := q.settled["a"]; got.State != Failed || !got.Due.IsZero() || !strings.Contains(got.Detail, "550 no such user") {
			t.Errorf("%s: got %+v, want failed for good with the answer", name, got)
		}
	}
}

func TestUnknownKindFails(t *testing.T) {
	t.Parallel()
	q := newQueue("a")
	q.waiting[0].Kind = "pigeon"
	if n, err := worker(q, answers("sent", nil)).Once(t.Context()); n != 1 || err != nil {
		t.Fatalf("got %d attempts, %v, want 1, no error", n, err)
	}
	if got := q.settled["a"]; got.State != Failed || !strings.Contains(got.Detail, `"pigeon"`) {
		t.Errorf("got %+v, want failed, and the kind named", got)
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
}

func TestObserve(t *testing.T) {
	t.Parallel()
	outcomes := map[string]error{"a": nil, "b": errBroken, "c": Permanent(errBroken)}
	q := newQueue("a", "b", "c")
	w := worker(q, sender(func(_ context.Context, d Delivery) (Answer, error) { return Answer{}, outcomes[d.ID] }))
	var mu sync.Mutex
	got := map[State]error{}
	w.Observe = func(kind Kind, state State, err error) {
		mu.Lock()
		defer mu.Unlock()
		if kind != Mail {
			t.Errorf("got kind %q, want %q", kind, Mail)
		}
		got[state] = err
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

// An attempt ends well inside its lease, so that nobody else begins the next one meanwhile.
func TestAttemptHasADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue("a")
		w := worker(q, sender(func(ctx context.Context, _ Delivery) (Answer, error) {
			<-ctx.Done()
			return Answer{}, ctx.Err()
		}))
		began := time.Now()
		if _, err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took <= 0 || took >= Lease {
			t.Errorf("got an end after %v, want one before %v", took, Lease)
		}
		if got := q.settled["a"]; got.State != Queued || got.Detail != context.DeadlineExceeded.Error() {
			t.Errorf("got %+v, want another attempt after the deadline", got)
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

// A sender with a bug spoils its own delivery only.
func TestPanickingSenderIsAFailedAttempt(t *testing.T) {
	t.Parallel()
	q := newQueue("a")
	w := worker(q, sender(func(context.Context, Delivery) (Answer, error) { panic("bug") }))
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := q.result("a"); got.State != Queued || !strings.Contains(got.Detail, "bug") {
		t.Errorf("got %+v, want it queued for later with the reason", got)
	}
}
