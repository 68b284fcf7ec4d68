package pages

import (
	"slices"
	"strconv"
	"sync"
	"time"
)

// maxCalls is how many calls are remembered.
const maxCalls = 200

// call is one received webhook (interfaces.md section 4).
type call struct {
	ID         string            `json:"id"`
	ReceivedAt string            `json:"receivedAt"`
	Headers    map[string]string `json:"headers"` // names in lower case
	Body       string            `json:"body"`
	Signatures signatures        `json:"signatures"`

	at     time.Time
	status int // that it was answered with
}

// At is when the call came.
func (c call) At() time.Time { return c.at }

// receiver remembers the last calls. It keeps them in memory: they are for looking at.
type receiver struct {
	mu    sync.Mutex
	count int
	calls []call // newest first
}

// record keeps a call and gives it an id, which no later call gets again.
func (r *receiver) record(c call) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	c.ID, c.ReceivedAt = "call_"+strconv.Itoa(r.count), iso(c.at)
	r.calls = slices.Insert(r.calls, 0, c)
	r.calls = r.calls[:min(len(r.calls), maxCalls)]
	return c.ID
}

// list returns the calls, newest first; never nil.
func (r *receiver) list() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call{}, r.calls...)
}

func (r *receiver) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = nil
}
