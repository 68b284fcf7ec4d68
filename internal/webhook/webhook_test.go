package webhook

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"avow/internal/egress"
	"avow/internal/outbox"
)

// verdictOf names how an error is treated.
func verdictOf(err error) string {
	var later *outbox.LaterError
	switch {
	case err == nil:
		return "delivered"
	case errors.As(err, &later):
		return "later " + later.Wait.String()
	case errors.Is(err, outbox.ErrPermanent):
		return "permanent"
	case errors.Is(err, outbox.ErrUncertain):
		return "uncertain"
	}
	return "again"
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status  int
		headers []string
		want    string
	}{
		{200, nil, "delivered"},
		{201, nil, "delivered"},
		{202, nil, "delivered"},
		{204, nil, "delivered"},
		{299, nil, "delivered"},
		{200, []string{"Retry-After", "60"}, "delivered"},
		{301, []string{"Location", "/next"}, "again"},
		{307, []string{"Location", "/next"}, "again"},
		{308, []string{"Location", "http://169.254.169.254/"}, "again"},
		{304, nil, "again"},
		{400, nil, "again"},
		{401, nil, "again"},
		{404, nil, "again"},
		{410, nil, "permanent"},
		{410, []string{"Retry-After", "60"}, "permanent"},
		{429, nil, "again"},
		{429, []string{"Retry-After", "60"}, "later 1m0s"},
		{503, []string{"Retry-After", "Wed, 09 Apr 2025 11:05:00 GMT"}, "later 59m59.877s"},
		{503, []string{"Retry-After", "864000"}, "later 24h0m0s"},
		{503, []string{"Retry-After", "soon"}, "again"},
		{500, []string{"Retry-After", "60"}, "again"},
		{502, nil, "again"},
		{599, nil, "again"},
	} {
		r, w := newReceiver(t, answering(test.status, test.headers...)), newWorld()
		answer, err := w.send(t.Context(), deliveryTo(r.URL))
		if got := verdictOf(err); got != test.want || answer.Code != test.status || len(r.calls) != 1 {
			t.Errorf("%d %q: got %s (%v), code %d, %d calls, want %s, the code, one call", test.status, test.headers, got, err, answer.Code, len(r.calls), test.want)
		}
		if gone := errors.Is(err, outbox.ErrGone); gone != (test.status == http.StatusGone) || !answer.Asked {
			t.Errorf("%d: got %v, asked %t, want it told to be gone after 410 only, and asked", test.status, err, answer.Asked)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "-1": 0, "1.5": 0, "86400": 24 * time.Hour, "86401": 24 * time.Hour, "9223372036854775807": 24 * time.Hour, "-9223372036854775808": 0,
		"99999999999999999999": 0, "Wed, 09 Apr 2025 10:05:10 GMT": 9877 * time.Millisecond, "Wednesday, 09-Apr-25 10:06:00 GMT": 59877 * time.Millisecond,
		"Wed, 09 Apr 2025 10:00:00 GMT": 0, "Fri, 09 Apr 2100 10:00:00 GMT": 24 * time.Hour, "2025-04-09T10:06:00Z": 0,
	} {
		if got := retryAfter(text, start); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestWhatIsNotSent has deliveries that cannot go out, for good or today.
func TestWhatIsNotSent(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	r := newReceiver(t, answering(200))
	port := r.URL[strings.LastIndex(r.URL, ":"):]
	none, locked := newWorld(), newWorld()
	none.secrets, locked.broken = nil, broken
	noHook := deliveryTo(r.URL)
	noHook.Payload = []byte(`{"to":"a@example.com"}`)
	noJSON := deliveryTo(r.URL)
	noJSON.Payload = []byte(`{`)
	for name, test := range map[string]struct {
		world *world
		d     outbox.Delivery
		err   error
		want  string
	}{
		"no such signer":          {none, deliveryTo(r.URL), ErrSigner, "permanent"},
		"the secret is locked":    {locked, deliveryTo(r.URL), broken, "again"},
		"a mail":                  {newWorld(), noHook, ErrPayload, "permanent"},
		"no JSON":                 {newWorld(), noJSON, ErrPayload, "permanent"},
		"no address":              {newWorld(), deliveryTo(""), egress.ErrURL, "permanent"},
		"another scheme":          {newWorld(), deliveryTo("ftp://127.0.0.1" + port), egress.ErrURL, "permanent"},
		"user information":        {newWorld(), deliveryTo("http://user:secret@127.0.0.1" + port), egress.ErrURL, "permanent"},
		"no URL":                  {newWorld(), deliveryTo("http://[::1" + port), egress.ErrURL, "permanent"},
		"an address that may not": {newWorld(), deliveryTo("http://0.0.0.0" + port), egress.ErrRefused, "again"},
		"metadata":                {newWorld(), deliveryTo("http://169.254.169.254/"), egress.ErrRefused, "again"},
	} {
		answer, err := test.world.send(t.Context(), test.d)
		if want := (outbox.Answer{Asked: test.err == egress.ErrRefused}); !errors.Is(err, test.err) || verdictOf(err) != test.want || answer != want {
			t.Errorf("%s: got %v (%s), %+v, want %v (%s), %+v", name, err, verdictOf(err), answer, test.err, test.want, want)
		}
	}
	if len(r.calls) != 0 {
		t.Errorf("got %d calls, want none", len(r.calls))
	}
}

// TestUncertain tells a receiver that hung up after the whole request from one that was never reached.
func TestUncertain(t *testing.T) {
	t.Parallel()
	r, w := newReceiver(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), newWorld()
	if _, err := w.send(t.Context(), deliveryTo(r.URL)); verdictOf(err) != "uncertain" {
		t.Errorf("got %v (%s), want it uncertain", err, verdictOf(err))
	}
	r.Close()
	if _, err := w.send(t.Context(), deliveryTo(r.URL)); verdictOf(err) != "again" {
		t.Errorf("nobody there: got %v (%s), want just another attempt", err, verdictOf(err))
	}
}

// TestWordsOfTheAnswer are kept up to 512 bytes, without what a database does not take.
func TestWordsOfTheAnswer(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"":                                   "",
		"taken":                              "taken",
		"a\x00b\r\nc\x1b[31m":                "a b  c [31m",
		"\xff\xfeå":                          "å",
		strings.Repeat("a", 600):             strings.Repeat("a", 512),
		strings.Repeat("a", 511) + "å":       strings.Repeat("a", 511),
		strings.Repeat("\x00", 4096) + "end": strings.Repeat(" ", 512),
	} {
		for _, status := range []int{200, 500} {
			r, w := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(said))
			}), newWorld()
			answer, _ := w.send(t.Context(), deliveryTo(r.URL))
			if answer.Text != want || answer.Code != status {
				t.Errorf("%.20q: got %d %q, want %d %q", said, answer.Code, answer.Text, status, want)
			}
		}
	}
}

// TestErrorsTellNoSecret neither of the URL nor of the key.
func TestErrorsTellNoSecret(t *testing.T) {
	t.Parallel()
	for _, status := range []int{302, 410, 429, 500} {
		r, w := newReceiver(t, answering(status, "Location", "/next")), newWorld()
		if _, err := w.send(t.Context(), deliveryTo(r.URL+"/?token=hidden")); err == nil || strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), current) {
			t.Errorf("%d: got %v, want an error without secrets", status, err)
		}
	}
}
