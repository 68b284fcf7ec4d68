package app_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// historySeed makes the calls of a run come again, though not the instants at which they meet; 0 draws a seed.
var historySeed = flag.Uint64("seed", 0, "seed of the random histories; 0 draws one")

var histories = flag.Int("histories", manyHistories, "random histories of each kind on each engine")

const (
	minClients, maxClients = 8, 16
	minCalls, maxCalls     = 30, 60
	// Fewer where many calls leave a state of their own: the search looks at every set of the calls that are under way at once.
	fewClients = 10
	// judgeTime bounds the search for an order that explains a history; it takes milliseconds.
	judgeTime = time.Minute
	// tellEvery is after how many histories a word on the progress is due.
	tellEvery = 100
)

// kind is a kind of histories: what is called, and the sequential model that has to explain every answer.
type kind struct {
	name    string
	model   porcupine.Model
	clients int // at most
	// begin makes what the n-th history is about.
	begin func(s *stage, n int) scene
	// class names a call with its answer; every one of wanted has to come about, or the histories would show nothing.
	class  func(input, output any) string
	wanted []string
}

var stateSeed = maphash.MakeSeed()

// hashState spares the search most comparisons of states.
func hashState(state any) uint64 { return maphash.Comparable(stateSeed, state) }

var historyKinds = []kind{accountKind, moveKind, resetKind, refreshKind, revokeKind, skillKind, selectionKind, reviewKind, assessmentKind}

// scene is what one history is about.
type scene interface {
	// draw picks a client's next call; several clients ask at once.
	draw(random *rand.Rand) deed
	// last are the calls that look at what is left in the end, one after the other.
	last() []deed
}

// deed is a call that is about to be made. An error is an answer that no order of the calls can explain.
type deed struct {
	input any
	call  func() (output any, err error)
}

// TestHistories has clients call at random and at once, and looks for an order of their calls, one after the other, that explains all they were answered: then the
// server behaved as if it had served one caller at a time.
func TestHistories(t *testing.T) {
	t.Parallel()
	seed := *historySeed
	if seed == 0 {
		seed = rand.Uint64() >> 16
	}
	t.Logf("-seed %d", seed)
	onEngines(t, func(t *testing.T, database string) {
		s := newStage(t, database)
		for _, k := range historyKinds {
			t.Run(k.name, func(t *testing.T) { t.Parallel(); k.judge(s.on(t), seed) })
		}
	})
}

func (k kind) judge(s *stage, seed uint64) {
	seen, begun, judged := map[string]int{}, time.Now(), time.Duration(0)
	n := 0
	for ; n < *histories || n < mostHistories**histories && k.missing(seen) != nil; n++ {
		history, err := k.record(s, n, seed+uint64(n))
		played := time.Now()
		if err == nil {
			err = k.explain(history)
		}
		judged += time.Since(played)
		if err != nil {
			s.Fatalf("history %d, -seed %d: %v", n, seed+uint64(n), err)
		}
		for _, o := range history {
			seen[k.class(o.Input, o.Output)]++
		}
		if (n+1)%tellEvery == 0 {
			fmt.Fprintf(progress, "%s: %d of %d histories in %s\n", s.Name(), n+1, *histories, time.Since(begun).Round(time.Second))
		}
	}
	if missing := k.missing(seen); missing != nil {
		s.Errorf("got no call %q in %d histories, want some; there were %v", missing, n, seen)
	}
	s.Logf("%d histories in %s, of which %s to judge: %v", n, time.Since(begun).Round(time.Millisecond), judged.Round(time.Millisecond), seen)
}

// mostHistories is how many times as many are recorded, at most, until every kind of call that is wanted has been among them: chance may keep a rare one away for long.
const mostHistories = 20

// missing are the wanted calls that have not been seen.
func (k kind) missing(seen map[string]int) (classes []string) {
	for _, class := range k.wanted {
		if seen[class] == 0 {
			classes = append(classes, class)
		}
	}
	return classes
}

// judging lets one search run at a time: they need much memory.
var judging sync.Mutex

// explain fails when no order explains the history.
func (k kind) explain(history []porcupine.Operation) error {
	judging.Lock()
	defer judging.Unlock()
	switch porcupine.CheckOperationsTimeout(k.model, history, judgeTime) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("got no verdict on %d calls within %s, want one", len(history), judgeTime)
	}
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var told strings.Builder
	for _, o := range history {
		fmt.Fprintf(&told, "%9d…%9d µs  client %2d  %+v → %+v\n", o.Call/1000, o.Return/1000, o.ClientId, o.Input, o.Output)
	}
	return fmt.Errorf("got answers that no order of the calls explains, want one:\n%s", told.String())
}

// recorder notes calls with the instants around them.
type recorder struct {
	begun time.Time
	mu    sync.Mutex
	calls []porcupine.Operation
	errs  []error
}

// record plays one history.
func (k kind) record(s *stage, n int, seed uint64) ([]porcupine.Operation, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	clients, left := minClients+random.IntN(k.clients-minClients+1), atomic.Int64{}
	left.Store(int64(minCalls + random.IntN(maxCalls-minCalls+1)))
	about := k.begin(s, n)
	r, begin := &recorder{begun: time.Now()}, make(chan struct{})
	var group sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(client)+1))
		group.Go(func() {
			<-begin
			for left.Add(-1) >= 0 {
				r.do(client, about.draw(random))
			}
		})
	}
	close(begin)
	group.Wait()
	for _, d := range about.last() {
		r.do(0, d)
	}
	return r.calls, errors.Join(r.errs...)
}

func (r *recorder) do(client int, d deed) {
	call := time.Since(r.begun)
	output, err := d.call()
	done := time.Since(r.begun)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%+v: %w", d.input, err))
		return
	}
	r.calls = append(r.calls, porcupine.Operation{ClientId: client, Input: d.input, Call: int64(call), Output: output, Return: int64(done)})
}

// stage is a server for many histories, with the clients' connections and the letters that it has sent.
type stage struct {
	*bench
	client  *http.Client
	letters *letters
	told    *told
}

const stageSetup = `org acme
key t org=acme mode=test
client web org=acme scopes="/external/me/r /external/me/w" offline
client sys org=acme scopes="/external/account/r /external/account/w"
token system client=sys ttl=1000h
key k org=acme mode=live
set acme questions 2
`

func newStage(t *testing.T, database string) *stage {
	t.Helper()
	// Fewer kept connections than clients would mean new ones all the time, until the system has no port left.
	transport := &http.Transport{MaxIdleConnsPerHost: len(historyKinds) * maxClients}
	s := &stage{bench: newBench(t, familyClocks["accounts"], database), client: &http.Client{Transport: transport}, letters: newLetters(), told: newTold()}
	s.config.Limits = false
	s.setup(stageSetup)
	t.Cleanup(transport.CloseIdleConnections)
	s.letters.carry(t, s.app.Worker, s.told)
	return s
}

// on is the stage for one kind of histories: what fails there fails that test, and the names that it gives are its own.
func (s *stage) on(t *testing.T) *stage {
	b := *s.bench
	b.T, b.vars = t, maps.Clone(s.vars)
	return &stage{bench: &b, client: s.client, letters: s.letters, told: s.told}
}

// ask makes a call; the body of its answer is read into what is given, if anything is.
func (s *stage) ask(method, path, body string, headers ...string) (outcome, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		return outcome{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return outcome{answer.StatusCode, string(text)}, err
}

// unexplained is an answer that a model has no place for.
func (o outcome) unexplained() error {
	return fmt.Errorf("got %d %s, want an answer of the contract", o.status, o.body)
}
