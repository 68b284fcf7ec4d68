package webhook

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"avow/internal/outbox"
)

// judge turns an answer into the attempt's error; nil: delivered.
func (s *Sender) judge(answer *http.Response) error {
	code := answer.StatusCode
	refused := fmt.Errorf("answered %d", code)
	switch {
	case code/100 == 2:
		return nil
	case code/100 == 3:
		return fmt.Errorf("%w: redirects are not followed", refused)
	case code == http.StatusGone:
		return outbox.Permanent(outbox.ErrGone)
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		if wait := retryAfter(answer.Header.Get("Retry-After"), s.o.Now()); wait > 0 {
			return outbox.Later(refused, wait)
		}
	}
	return refused
}

// longestWait bounds how long a receiver may put us off.
const longestWait = 24 * time.Hour

// retryAfter reads the header of that name: seconds, or a date of HTTP. 0: it says nothing that can be used.
func retryAfter(text string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		wait = time.Duration(max(min(seconds, int64(longestWait/time.Second)), 0)) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		wait = date.Sub(now)
	}
	return max(min(wait, longestWait), 0)
}
