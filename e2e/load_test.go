//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// maxCalls bounds what one worker does in one load; the end of the server comes long before.
const maxCalls = 3000

// load is what keeps a server busy until it is ended from outside.
type load struct {
	base   string
	ending atomic.Bool // from now on calls may find nobody
	gentle bool        // the end leaves no answer half written
	group  sync.WaitGroup
	mu     sync.Mutex
	errs   []error
}

// worker makes one call after the other.
type worker interface {
	// next makes a call of number n for this worker's life; numbers begin at 1.
	next(base string) call
	// answered is told of a good answer to the call that was made last.
	answered(body string) error
	// status is that of a good answer.
	status() int
}

// start lets a worker run until the server has gone.
func (l *load) start(w worker, keepAlive bool) {
	with := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: !keepAlive}}
	l.group.Go(func() {
		defer with.CloseIdleConnections()
		if err := l.run(w, with); err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.errs = append(l.errs, err)
		}
	})
}

func (l *load) run(w worker, with *http.Client) error {
	for range maxCalls {
		got, begun, err := traced(with, w.next(l.base))
		switch {
		case err != nil && l.ending.Load() && !(l.gentle && begun):
			return nil
		case err != nil:
			return fmt.Errorf("a call under load (answer begun: %v): %w", begun, err)
		case got.status != w.status():
			return fmt.Errorf("a call under load: got %d %s, want %d", got.status, got.body, w.status())
		}
		if err := w.answered(got.body); err != nil {
			return err
		}
	}
	return fmt.Errorf("got %d calls answered, want the server to have ended before", maxCalls)
}

// traced makes a call and tells whether an answer to it had begun, which says that the server had taken it.
func traced(with *http.Client, c call) (got answer, begun bool, err error) {
	var first atomic.Bool
	request, err := c.request()
	if err != nil {
		return answer{}, false, err
	}
	trace := &httptrace.ClientTrace{GotFirstResponseByte: func() { first.Store(true) }}
	got, err = do(with, request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	return got, first.Load(), err
}

// wait returns when all workers have ended.
func (l *load) wait(t *testing.T) {
	t.Helper()
	l.group.Wait()
	if err := errors.Join(l.errs...); err != nil {
		t.Fatal(err)
	}
}

// requester creates verification requests for one account, each with a link that tells its number.
type requester struct {
	person
	sent  int
	acked []string // ids in the order of their numbers, which begin at 1
}

func (r *requester) url(n int) string { return fmt.Sprintf("https://app.example/verify/%d", n) }

func (r *requester) next(base string) call {
	r.sent++
	return createCall(base, r.token, r.url(r.sent))
}

func (r *requester) status() int { return http.StatusCreated }

func (r *requester) answered(body string) error {
	got, err := decode[created](body)
	if err == nil && (got.ID == "" || got.Status != "pending") {
		err = fmt.Errorf("created: got %s, want an id and the status pending", body)
	}
	r.acked = append(r.acked, got.ID)
	return err
}

// survivor returns the number of the request that is pending after a restart: the last that was acknowledged, or the one whose answer was lost. 0: none is, and none
// has to be.
func (r *requester) survivor(base string) (int, error) {
	s, err := standingOf(base, r.token)
	if err != nil {
		return 0, err
	}
	at := slices.Index(r.acked, s.Item.ID)
	switch {
	case s.Item.Status == "no_pending_request" && len(r.acked) == 0:
		return 0, nil
	case s.Item.Status != "pending":
		return 0, fmt.Errorf("%s after %d acknowledged requests: got status %q, want pending", r.email, len(r.acked), s.Item.Status)
	case at >= 0 && at < len(r.acked)-1:
		return 0, fmt.Errorf("%s: got request %d of %d acknowledged ones pending, want the last or a newer one", r.email, at+1, len(r.acked))
	case at >= 0:
		return len(r.acked), nil
	case r.sent == len(r.acked):
		return 0, fmt.Errorf("%s: got request %s pending, want %s: nothing was on its way", r.email, s.Item.ID, r.acked[at])
	}
	return r.sent, nil
}

// selector submits one selection after the other for a session of its own.
type selector struct {
	apiKey, session, verification string
	sent, acked                   int
}

// selected is what a session's evidence consists of, by the caller's ids.
type selected struct{ Projects, Experience, Certificates []string }

var offered = selected{[]string{"proj_1", "proj_2", "proj_3"}, []string{"work_1", "work_2"}, []string{"cert_1", "cert_2"}}

// selection has no list in common with its neighbours as a whole, so that neither an old nor a mixed one passes for a new one.
func selection(n int) selected {
	bits := n%127 + 1
	pick := func(from []string) []string {
		picked := []string{}
		for _, id := range from {
			if bits&1 == 1 {
				picked = append(picked, id)
			}
			bits >>= 1
		}
		return picked
	}
	return selected{pick(offered.Projects), pick(offered.Experience), pick(offered.Certificates)}
}

func quoted(ids []string) string {
	if len(ids) == 0 {
		return "[]"
	}
	return `["` + strings.Join(ids, `","`) + `"]`
}

func (s *selector) next(base string) call {
	s.sent++
	ids := selection(s.sent)
	body := fmt.Sprintf(`{"sessionToken":%q,"projectIds":%s,"workExperienceIds":%s,"credentialIds":%s}`,
		s.session, quoted(ids.Projects), quoted(ids.Experience), quoted(ids.Certificates))
	return post(base+"/api/v1/step3/store-verification-items/store", body).key(s.apiKey)
}

func (s *selector) status() int { return http.StatusCreated }

func (s *selector) answered(string) error {
	s.acked = s.sent
	return nil
}

// check compares what is stored after a restart with the last selection that was acknowledged and the one whose answer was lost.
func (s *selector) check(base string) error {
	got, err := send(client, get(base+"/api/v1/step3/store-verification-items/get/"+s.verification))
	if err != nil || got.status != http.StatusOK {
		return fmt.Errorf("stored items: got %d %s, %v, want 200", got.status, got.body, err)
	}
	stored, err := storedSelection(got.body)
	if err != nil {
		return err
	}
	if s.acked == 0 && cmp.Equal(stored, selected{[]string{}, []string{}, []string{}}) {
		return nil
	}
	for _, n := range []int{s.acked, s.sent} {
		if n > 0 && cmp.Equal(stored, selection(n)) {
			s.sent, s.acked = n, n // the next load goes on from here
			return nil
		}
	}
	return fmt.Errorf("stored items: got %v, want %v (the last acknowledged, %d) or %v (the last sent, %d)", stored, selection(s.acked), s.acked, selection(s.sent), s.sent)
}

// storedSelection reads the answer of the endpoint that shows the stored items. Every item must have its detail, too: what is stored, is stored whole.
func storedSelection(body string) (selected, error) {
	type item struct{ ExternalProjectID, ExternalExpID, ExternalCertificateID, ProjectName, Role, CompanyName, CertificateName string }
	shown, err := decode[struct {
		Data struct{ Projects, Experience, Certificates []item }
	}](body)
	all := selected{[]string{}, []string{}, []string{}}
	for _, i := range shown.Data.Projects {
		all.Projects = append(all.Projects, i.ExternalProjectID)
		err = errors.Join(err, same(i.ProjectName, "Name of "+i.ExternalProjectID))
	}
	for _, i := range shown.Data.Experience {
		all.Experience = append(all.Experience, i.ExternalExpID)
		err = errors.Join(err, same(i.Role, "Name of "+i.ExternalExpID), same(i.CompanyName, "Company of "+i.ExternalExpID))
	}
	for _, i := range shown.Data.Certificates {
		all.Certificates = append(all.Certificates, i.ExternalCertificateID)
		err = errors.Join(err, same(i.CertificateName, "Name of "+i.ExternalCertificateID))
	}
	return all, err
}

func same(got, want string) error {
	if got != want {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	return nil
}
