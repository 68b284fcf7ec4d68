//go:build soak

package soak

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
)

// person is an account with a token of its own.
type person struct{ id, email, token string }

// holder holds an account and asks for one verification after the other, each with a link that tells its number; sometimes the code of a mail is shown.
type holder struct {
	person
	relay  *relay
	random *rand.Rand
	once   bool // makes one request, whose mail has to come whatever happens

	sent     int            // number of the last request; numbers begin at 1
	ids      map[int]string // of those that were acknowledged or are known to have been made
	live     int            // number of the last of them; 0: none
	lost     int            // number of the request whose answer was lost; 0: none
	wrong    int            // tries against the live code that were wrong, at most
	shown    bool           // the live code was shown and no answer came
	verified bool

	acked, survived int // requests and verifications acknowledged; those done whose answers were lost
}

const (
	meAPI = "/external/api/v1/me/"
	// mostWrong is well below the budget of a code, so that none dies of our own tries.
	mostWrong = 12
)

func (h *holder) link(number int) string { return fmt.Sprintf("https://app.example/verify/%d", number) }

// act makes one call. errLost: the next one has to wait until all is well.
func (h *holder) act(l *load, mayVerify bool) error {
	at := h.random.IntN(100)
	switch {
	case h.verified, h.once && h.sent > 0:
		return errLost // all is said
	case at < 12 && h.live > 1 && h.wrong < mostWrong:
		return h.tryOld(l.ask)
	case at < 40 && mayVerify:
		return h.tryLive(l)
	case at >= 80 && h.sent > 0:
		return h.compare(l.ask)
	}
	return h.create(l)
}

func (h *holder) create(l *load) error {
	h.sent++
	got, err := l.ask(post(meAPI+"create_verification_request", fmt.Sprintf(`{"verification_url":%q}`, h.link(h.sent))).bearer(h.token))
	if err != nil {
		h.lost = h.sent
		return err
	}
	var made struct{ ID, Status string }
	if err := got.read(&made); err != nil || got.status != http.StatusCreated || made.ID == "" || made.Status != "pending" {
		return errors.Join(err, got.unwanted(h.email+" asks for a request"))
	}
	h.now(h.sent, made.ID)
	h.acked++
	return nil
}

// now notes the request that is live.
func (h *holder) now(number int, id string) { h.ids[number], h.live, h.wrong = id, number, 0 }

// tryOld shows the code of a superseded request, if one has been mailed.
func (h *holder) tryOld(ask asker) error {
	for _, l := range h.relay.letters(h.email) {
		if l.number < h.live {
			h.wrong++
			return h.refused(ask, l.code, "invalid_confirmation_code")
		}
	}
	return nil
}

func (h *holder) refused(ask asker, code, reason string) error {
	got, err := ask(h.verification(code))
	if err != nil {
		return err
	}
	var refusal struct{ Code string }
	if err := got.read(&refusal); err != nil || got.status != http.StatusConflict || refusal.Code != reason {
		return errors.Join(err, got.unwanted(fmt.Sprintf("%s shows a code that is worth nothing, want 409 %s", h.email, reason)))
	}
	return nil
}

func (h *holder) verification(code string) call {
	return post(meAPI+"verify_account", fmt.Sprintf(`{"confirmation_code":%q}`, code)).bearer(h.token)
}

// tryLive shows the live code, if its mail has come, twice at once and to different replicas: it works once.
func (h *holder) tryLive(l *load) error {
	mail, came := h.relay.of(h.email, h.live)
	if !came {
		return nil
	}
	var answers [2]answer
	var errs [2]error
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i], errs[i] = l.ask(h.verification(mail.code)) })
	}
	group.Wait()
	worked, late, lost := 0, 0, 0
	for i, got := range answers {
		var said struct{ Code string }
		switch {
		case errors.Is(errs[i], errLost):
			lost++
		case errs[i] != nil:
			return errs[i]
		case got.status == http.StatusOK:
			worked++
		case got.status == http.StatusConflict && got.read(&said) == nil && said.Code == "already_verified":
			late++
		default:
			return got.unwanted(h.email + " shows the live code")
		}
	}
	return h.judge(worked, late, lost)
}

func (h *holder) judge(worked, late, lost int) error {
	switch {
	case worked > 1:
		return fmt.Errorf("%s: got the code of request %d to work twice, want once", h.email, h.live)
	case worked == 0 && late > 0 && lost == 0:
		return fmt.Errorf("%s: got already_verified twice for request %d, want the code to work once", h.email, h.live)
	case worked == 1:
		h.acked++
	case late == 1:
		h.survived++
	}
	if h.verified = worked+late > 0; h.verified {
		return nil
	}
	h.shown = true
	return errLost
}

// check compares what is known with what is there when all is well.
func (h *holder) check(replica *process) error {
	return h.compare(func(c call) (answer, error) { return calm(replica, c) })
}

// compare learns what became of the call whose answer was lost, if there was one.
func (h *holder) compare(ask asker) error {
	got, err := ask(get(meAPI + "pending_verification_request").bearer(h.token))
	if err != nil {
		return err
	}
	var standing struct{ Item struct{ ID, Status string } }
	if err := got.read(&standing); err != nil || got.status != http.StatusOK {
		return errors.Join(err, got.unwanted(h.email+" looks"))
	}
	lost, shown := h.lost, h.shown
	h.lost, h.shown = 0, false
	switch id, status := standing.Item.ID, standing.Item.Status; {
	case h.verified || status == "verified" && shown:
		if !h.verified {
			h.verified, h.survived = true, h.survived+1
		}
		if status == "verified" {
			return nil
		}
	case status == "no_pending_request" && h.live == 0, status == "pending" && h.live != 0 && id == h.ids[h.live]:
		return h.unmade(lost)
	case status == "pending" && lost != 0 && !h.known(id):
		h.now(lost, id)
		h.survived++
		return nil
	}
	return fmt.Errorf("%s: got %s, want what was acknowledged last: request %d %s, verified %t; the answer to request %d (0: none) was lost, to a verification %t",
		h.email, got.body, h.live, h.ids[h.live], h.verified, lost, shown)
}

func (h *holder) known(id string) bool {
	for _, k := range h.ids {
		if k == id {
			return true
		}
	}
	return false
}

// unmade complains when a request that was not made has been mailed.
func (h *holder) unmade(number int) error {
	if _, came := h.relay.of(h.email, number); number != 0 && came {
		return fmt.Errorf("%s: got the mail of request %d, which was never committed, want none", h.email, number)
	}
	return nil
}

// finish waits for the mail of the live request and verifies with it; no code works after that.
func (h *holder) finish(replica *process) error {
	ask := func(c call) (answer, error) { return calm(replica, c) }
	if !h.verified && h.live != 0 {
		var mail letter
		if err := poll(settleTime, func() (err error) {
			var came bool
			if mail, came = h.relay.of(h.email, h.live); !came {
				err = fmt.Errorf("%s: got no mail of the live request %d in %s, want it", h.email, h.live, settleTime)
			}
			return err
		}); err != nil {
			return err
		}
		if got, err := ask(h.verification(mail.code)); err != nil || got.status != http.StatusOK {
			return errors.Join(err, got.unwanted(h.email+" shows the live code in the end, want 200"))
		}
		h.verified = true
	}
	if !h.verified {
		return nil
	}
	known := h.relay.letters(h.email)
	for _, l := range known[max(0, len(known)-mostWrong):] {
		if err := h.refused(ask, l.code, "already_verified"); err != nil {
			return err
		}
	}
	return nil
}
