//go:build soak

package soak

import (
	"fmt"
	"time"
)

// outage is a kill; till is when what was killed worked again. A process takes nothing with it but its own attempts, a database everybody's.
type outage struct {
	what       string
	from, till time.Time
	database   bool
	cache      bool // excuses nothing
}

// The declared window: between the relay's 250 and the commit that notes it a crash makes it unknown that the mail was sent, and it is sent again. That takes
// milliseconds; the bound is for a machine that is busy.
const (
	declared = 300 * time.Millisecond
	// recovering is how long after the restart of a database its clients may still meet connections of before.
	recovering = 2 * time.Second
)

// mailTwice counts the mails that came twice, and complains about those that no outage excuses, about those that came before the attempt's lease had run out, and about
// all that are not the very same mail.
func mailTwice(letters []letter, outages []outage, lease time.Duration) (twice int, errs []error) {
	type request struct {
		to     string
		number int
	}
	first, of := map[string]letter{}, map[request]string{}
	for _, l := range letters {
		r := request{l.to, l.number}
		if id, known := of[r]; known && id != l.id {
			errs = append(errs, fmt.Errorf("request %d of %s: got two mails, %s and %s, want one", l.number, l.to, id, l.id))
		}
		of[r] = l.id
		before, known := first[l.id]
		if !known {
			first[l.id] = l
			continue
		}
		twice++
		if before.to != l.to || before.number != l.number || before.code != l.code {
			errs = append(errs, fmt.Errorf("mail %s: got another content the second time, want the same", l.id))
		}
		if gap := l.at.Sub(before.at); gap < lease || !excused(before.at, outages) {
			errs = append(errs, fmt.Errorf("mail %s of request %d to %s: got it again after %s, want it once, or again after %s when something was killed as it came first",
				l.id, l.number, l.to, gap, lease))
		}
		first[l.id] = l // a third one has the second one's outage to answer for
	}
	return twice, errs
}

// excused reports whether a mail that was taken at an instant may not have been noted.
func excused(at time.Time, outages []outage) bool {
	for _, o := range outages {
		till := o.from.Add(declared / 3) // what was on its way when its sender was killed
		if o.database {
			till = o.till.Add(recovering)
		}
		if !o.cache && at.After(o.from.Add(-declared)) && at.Before(till) {
			return true
		}
	}
	return false
}
