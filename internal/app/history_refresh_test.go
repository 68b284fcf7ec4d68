package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"

	"github.com/anishathalye/porcupine"
)

// refreshKind is about one family of refresh tokens: each is exchanged once, and when one comes again nothing of the family works any more.
var refreshKind = kind{
	name:    "refresh",
	clients: maxClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return refreshModel{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(refreshModel).step(input.(refreshCall), output.(refreshAnswer))
		},
	},
	begin: beginRefresh,
	class: func(input, output any) string {
		return fmt.Sprint(input.(refreshCall).verb, " good: ", output.(refreshAnswer).good)
	},
	wanted: []string{"exchange good: true", "exchange good: false", "use good: true", "use good: false", "end good: false"},
}

// refreshCall is exchange of a refresh token or use of the access token that came with it, by their number; end is a use when all is over.
type refreshCall struct {
	verb   string
	number int
}

// refreshAnswer says whether the token was good, and the number of the pair that it was exchanged for.
type refreshAnswer struct {
	good  bool
	fresh int
}

// refreshModel holds which refresh tokens were exchanged, a bit each, and whether one of them came again. A pair's number is only known to who got it, so calls about
// tokens that are not there yet do not come about.
type refreshModel struct {
	exchanged uint64
	revoked   bool
}

func (m refreshModel) step(c refreshCall, a refreshAnswer) (bool, refreshModel) {
	used := uint64(1) << c.number
	switch {
	case m.revoked || c.verb != "exchange":
		return a.good == !m.revoked, m
	case m.exchanged&used != 0:
		return !a.good, refreshModel{m.exchanged, true}
	}
	return a.good, refreshModel{m.exchanged | used, false}
}

// pair is what a grant issues.
type pair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

type refreshScene struct {
	*stage
	reuse int // of a hundred exchanges, those with any token instead of the newest
	hurry bool
	mu    sync.Mutex
	pairs []pair
	taken int // pairs whose refresh token somebody has set out to exchange
}

const refreshPassword = "correct horse"

// beginRefresh signs in. In every other history all clients exchange whatever is newest, so that tokens come again at once; in the others each token is exchanged
// by one client, and the family lives until one is shown again on purpose.
func beginRefresh(s *stage, n int) scene {
	email := fmt.Sprintf("traveller-%d@example.com", n)
	s.setup(fmt.Sprintf("account traveller-%d org=acme email=%s password=%q\n", n, email, refreshPassword))
	r := &refreshScene{stage: s, hurry: n%2 == 0, reuse: 4 - n%4}
	got, err := r.grant(url.Values{"grant_type": {"password"}, "username": {s.vars["acme.id"] + "^" + email}, "password": {refreshPassword}})
	s.must(err)
	if got.status != http.StatusOK {
		s.Fatalf("sign in: got %d %s, want 200", got.status, got.body)
	}
	_, err = r.keep(got)
	s.must(err)
	return r
}

func (r *refreshScene) draw(random *rand.Rand) deed {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest := len(r.pairs) - 1
	switch {
	case random.IntN(100) < r.reuse:
		return r.exchange(random.IntN(newest + 1))
	case r.hurry && random.IntN(3) > 0, r.taken <= newest:
		r.taken = newest + 1
		return r.exchange(newest)
	}
	return r.use("use", random.IntN(newest+1))
}

// last shows the first refresh token, which was exchanged, and then everything that the family was ever given.
func (r *refreshScene) last() []deed {
	deeds := []deed{r.exchange(0), r.exchange(0)}
	for number := range r.pairs {
		deeds = append(deeds, r.use("end", number))
	}
	return append(deeds, r.exchange(len(r.pairs)-1))
}

func (r *refreshScene) exchange(number int) deed {
	shown := r.pairs[number].Refresh
	return deed{refreshCall{"exchange", number}, func() (any, error) {
		got, err := r.grant(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {shown}})
		if err != nil {
			return nil, err
		}
		var refusal struct{ Error string }
		if got.status == http.StatusBadRequest && json.Unmarshal([]byte(got.body), &refusal) == nil && refusal.Error == "invalid_grant" {
			return refreshAnswer{}, nil
		}
		return r.keep(got)
	}}
}

// keep numbers the pair of an answer.
func (r *refreshScene) keep(got outcome) (any, error) {
	var p pair
	if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.status != http.StatusOK || p.Access == "" || p.Refresh == "" {
		return nil, got.unexplained()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pairs = append(r.pairs, p)
	return refreshAnswer{true, len(r.pairs) - 1}, nil
}

func (r *refreshScene) use(verb string, number int) deed {
	shown := r.pairs[number].Access
	return deed{refreshCall{verb, number}, func() (any, error) {
		got, err := r.ask(http.MethodGet, "/external/api/v1/me/pending_verification_request", "", "Authorization", "Bearer "+shown)
		switch {
		case err != nil:
			return nil, err
		case got.status == http.StatusOK || got.status == http.StatusUnauthorized:
			return refreshAnswer{good: got.status == http.StatusOK}, nil
		}
		return nil, got.unexplained()
	}}
}

func (r *refreshScene) grant(form url.Values) (outcome, error) {
	form.Set("client_id", r.vars["web.id"])
	form.Set("client_secret", r.vars["web.secret"])
	return r.ask(http.MethodPost, "/api/authorization/access_token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}
