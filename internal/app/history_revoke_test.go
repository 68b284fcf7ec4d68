package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"

	"github.com/anishathalye/porcupine"
)

// revokeKind is about one family of tokens that its client exchanges, uses, looks into and ends, all at once: what was ended or exchanged never works again, and who looks
// into a token is told what using it would tell.
var revokeKind = kind{
	name:    "revoke",
	clients: maxClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return revokeModel{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(revokeModel).step(input.(refreshCall), output.(refreshAnswer))
		},
	},
	begin: beginRevoke,
	class: func(input, output any) string {
		return fmt.Sprint(input.(refreshCall).verb, " good: ", output.(refreshAnswer).good)
	},
	wanted: []string{
		"exchange good: true", "exchange good: false", "use good: true", "use good: false", "look good: true", "look good: false",
		"look behind good: true", "look behind good: false", "end one good: true", "end all good: true",
	},
}

// revokeModel adds to a family which access tokens were ended, a bit each.
type revokeModel struct {
	refreshModel
	ended uint64
}

// step knows besides exchange and use: look (into an access token), look behind (into a refresh token), end one (an access token) and end all (a refresh token).
func (m revokeModel) step(c refreshCall, a refreshAnswer) (bool, revokeModel) {
	bit := uint64(1) << c.number
	switch c.verb {
	case "exchange":
		good, next := m.refreshModel.step(c, a)
		return good, revokeModel{next, m.ended}
	case "look behind":
		return a.good == (!m.revoked && m.exchanged&bit == 0), m
	case "end one":
		m.ended |= bit
		return a.good, m
	case "end all":
		m.revoked = true
		return a.good, m
	}
	return a.good == (!m.revoked && m.ended&bit == 0), m
}

// revokeScene is a sign-in whose tokens are ended, too; in a hurry the whole family soon, else in the end.
type revokeScene struct{ *refreshScene }

func beginRevoke(s *stage, n int) scene {
	return revokeScene{beginRefresh(s, revokeAccounts+n).(*refreshScene)}
}

// revokeAccounts keeps the addresses of this kind apart from those of the other.
const revokeAccounts = 1 << 20

func (r revokeScene) draw(random *rand.Rand) deed {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest := len(r.pairs) - 1
	number := max(random.IntN(newest+1), random.IntN(newest+1))
	switch what := random.IntN(100); {
	case what < 3 && r.hurry:
		return r.end("end all", number, r.pairs[number].Refresh)
	case what < 12:
		return r.end("end one", number, r.pairs[number].Access)
	case what < 35:
		return r.look("look behind", number, r.pairs[number].Refresh)
	case what < 60:
		return r.look("look", number, r.pairs[number].Access)
	case what < 75 && (r.hurry || r.taken <= newest):
		r.taken = newest + 1
		return r.exchange(newest)
	}
	return r.use("use", number)
}

// last looks at every token, ends the family by its first refresh token, used or not, and looks again.
func (r revokeScene) last() []deed {
	looks := func() (deeds []deed) {
		for n, p := range r.pairs {
			deeds = append(deeds, r.look("look", n, p.Access), r.use("use", n), r.look("look behind", n, p.Refresh))
		}
		return deeds
	}
	deeds := append(looks(), r.end("end all", 0, r.pairs[0].Refresh))
	return append(append(deeds, looks()...), r.exchange(len(r.pairs)-1))
}

func (r revokeScene) look(verb string, number int, token string) deed {
	return deed{refreshCall{verb, number}, func() (any, error) {
		got, err := r.shown("/oauth2/introspect", token)
		switch {
		case err != nil:
			return nil, err
		case got.status == http.StatusOK && (got.body == `{"active":false}` || len(got.body) > 100):
			return refreshAnswer{good: len(got.body) > 100}, nil
		}
		return nil, got.unexplained()
	}}
}

func (r revokeScene) end(verb string, number int, token string) deed {
	return deed{refreshCall{verb, number}, func() (any, error) {
		got, err := r.shown("/oauth2/revoke", token)
		if err == nil && (got.status != http.StatusOK || got.body != "{}") {
			err = got.unexplained()
		}
		return refreshAnswer{good: true}, err
	}}
}

func (r revokeScene) shown(path, token string) (outcome, error) {
	form := url.Values{"token": {token}, "client_id": {r.vars["web.id"]}, "client_secret": {r.vars["web.secret"]}}
	return r.ask(http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}
