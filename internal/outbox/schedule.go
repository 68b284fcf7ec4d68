package outbox

import "time"

// Schedule names the times of a delivery's further attempts (interfaces.md section 5).
type Schedule string

// The schedules, as the organisation's setting webhook_retries names them. Any other name, and none, is Days.
const (
	Days     Schedule = "days"     // 13 attempts in more than three days
	Contract Schedule = "contract" // 1 and 3 more, as the reference has it (skills-api.md 7)
)

// waits before each attempt after the first.
var waits = []time.Duration{
	time.Second, 5 * time.Second, 25 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// contractRetries is how many of the waits the contract's schedule has.
const contractRetries = 3

// spread is how far jitter moves a wait, as a share of it.
const spread = 0.2

// Next returns the wait after the given attempt, counted from 1, failed, and false when it was the last. Jitter is from [0, 1).
func Next(s Schedule, attempt int, jitter float64) (time.Duration, bool) {
	all := waits
	if s == Contract {
		all = waits[:contractRetries]
	}
	if attempt < 1 || attempt > len(all) {
		return 0, false
	}
	return time.Duration(float64(all[attempt-1]) * (1 - spread + 2*spread*jitter)), true
}
