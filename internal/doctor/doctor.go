// Package doctor looks at everything that a server depends on, changes nothing, and says what to do about what is not well.
package doctor

import (
	"context"
	"crypto/tls"
	"sync"
	"time"

	"avow/internal/access"
	"avow/internal/config"
	"avow/internal/store"
)

// Level says how bad it is.
type Level string

// The levels. Only Fail makes a server unable to do its work, or to keep what it promised.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Fail Level = "fail"
)

// Finding is what one look at something has found. It never holds a secret.
type Finding struct {
	Level  Level  `json:"level"`
	Check  string `json:"check"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"` // empty where nothing is to be done
}

// Options is what an examination is made of.
type Options struct {
	Config   config.Config
	Problems []config.Problem // of the settings; what they are about is not looked at
	KeyFile  error            // why there is no master key outside the settings; nil: there is one, or none is needed
	Now      func() time.Time
	Trust    *tls.Config   // other than the system's, for tests; may be nil
	Time     time.Duration // that each check may take; 0: 10 s
}

const usualTime = 10 * time.Second

// visit is one examination. Checks that have run out of time may still be at it, so what they share is guarded.
type visit struct {
	Options
	mu    sync.Mutex
	store *store.Store // nil: the database cannot be used
	keys  *access.Keyring
	skews []skew
}

// skew is how far another clock is before ours.
type skew struct {
	whose string
	by    time.Duration
}

// check is one thing that is looked at.
type check struct {
	name string
	look func(context.Context, *visit) []Finding
}

// checks are all of them; later ones use what earlier ones have opened.
var checks = []check{
	{"settings", settings}, {"files", files}, {"database", database}, {"schema", schema}, {"keys", keys}, {"data", demo}, {"redis", redis}, {"mail", relays},
	{"public url", publicURL}, {"tls", certificate}, {"clock", clocks}, {"queue", queue},
}

// Examine runs every check, whatever the others found, tells each finding as soon as there is one, and reports whether nothing failed.
func Examine(ctx context.Context, o Options, tell func(Finding)) (well bool) {
	v := &visit{Options: o}
	if v.Time == 0 {
		v.Time = usualTime
	}
	defer v.close()
	well = true
	for _, c := range checks {
		for _, f := range v.run(ctx, c) {
			f.Check = c.name
			well = well && f.Level != Fail
			tell(f)
		}
	}
	return well
}

// run gives a check its time.
func (v *visit) run(ctx context.Context, c check) []Finding {
	ctx, cancel := context.WithTimeout(ctx, v.Time)
	defer cancel()
	found := make(chan []Finding, 1)
	go func() { found <- c.look(ctx, v) }()
	select {
	case all := <-found:
		return all
	case <-ctx.Done():
	}
	select { // the check was told, too, and most have a better word for it
	case all := <-found:
		return all
	case <-time.After(time.Second):
		return fail("no answer within "+v.Time.String(), "Look whether something holds it up: the network, a lock, an overloaded machine.")
	}
}

func (v *visit) close() {
	if s := v.open(); s != nil {
		_ = s.Close()
	}
}

// open is the database, nil where it cannot be used.
func (v *visit) open() *store.Store {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.store
}

func (v *visit) note(whose string, by time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.skews = append(v.skews, skew{whose, by})
}

// spoiled reports whether a setting cannot be used; the check of the settings has said so.
func (v *visit) spoiled(names ...string) bool {
	for _, p := range v.Problems {
		for _, name := range names {
			if p.Setting == name || p.Setting == name+"_FILE" {
				return true
			}
		}
	}
	return false
}

func fine(found string) []Finding { return []Finding{{Level: OK, Found: found}} }

func warn(found, remedy string) []Finding {
	return []Finding{{Level: Warn, Found: found, Remedy: remedy}}
}

func fail(found, remedy string) []Finding {
	return []Finding{{Level: Fail, Found: found, Remedy: remedy}}
}

// unseen says that something could not be looked at, for a reason that is told elsewhere.
func unseen(why string) []Finding { return warn("not looked at: "+why, "Mend that first.") }
