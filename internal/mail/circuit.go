package mail

import "time"

// circuit is what is remembered of a relay: whether it is worth asking. A relay that is ill is passed over for a while, then a single mail tries it, and when that fails,
// too, it is passed over for longer. The zero circuit is that of a relay that is well.
type circuit struct {
	failures int       // in a row
	broken   time.Time // the last of them
	trying   bool      // a single mail is on its way to find out
}

const (
	firstPause   = 2 * time.Second
	longestPause = 5 * time.Minute
)

func (c circuit) well() bool { return c.failures == 0 }

// until is when the pause is over.
func (c circuit) until() time.Time {
	pause := longestPause
	if doubled := c.failures - 1; doubled < 8 {
		pause = min(firstPause<<max(doubled, 0), longestPause)
	}
	return c.broken.Add(pause)
}

// ready reports whether a mail may be given to the relay.
func (c circuit) ready(now time.Time) bool {
	return c.well() || !c.trying && !now.Before(c.until())
}

// begun is the circuit while a mail is on its way.
func (c circuit) begun() circuit {
	c.trying = !c.well()
	return c
}

// failed is the circuit after a failure of the relay's. Mails that were on their way together fail together: those that began before the last failure was known tell
// nothing new.
func (c circuit) failed(began, now time.Time) circuit {
	if !c.well() && began.Before(c.broken) {
		return c
	}
	return circuit{failures: c.failures + 1, broken: now}
}

// ended is the circuit after a mail of which nothing follows for the relay.
func (c circuit) ended() circuit {
	c.trying = false
	return c
}
