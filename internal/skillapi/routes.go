package skillapi

import (
	"net/http"
	"time"

	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/skill"
	"avow/internal/web"
)

// base is where the contract begins (skills-api.md 1).
const base = "/api/v1"

// auth is what an endpoint asks of its caller.
type auth int

const (
	public  auth = iota // nothing: the id or token in the path is the secret
	key                 // an API key
	session             // an API key and a session, or a live session's token in the key's place
)

// row is one route of the contract.
type row struct {
	method, path string
	auth         auth
	endpoint     endpoint
	failure      *fault.Error // what a fault of our own is told as; nil: as any other
}

// dear are the policies of single paths, counted for each network beside what every call takes.
var dear = map[string]*limit.Policy{
	"/step1/storeskills/verify-url": limit.VerifyURL,
}

// draws is what each call of a row takes of budgets: of its API key's or, where none is needed, of its network's (docs/limits.md).
func (r row) draws(request *http.Request) (draws []limit.Draw) {
	network, shown := web.NetworkOf(request), apiKey(request)
	switch {
	case r.auth == public:
		draws = append(draws, limit.Network.Of(network))
	case shown != "":
		draws = append(draws, limit.APIKey.Of(shown))
	}
	if p, ok := dear[r.path]; ok {
		draws = append(draws, p.Of(network))
	}
	return draws
}

// New returns the skill contract's family. The times that answers tell are measured with now.
func New(s Service, p Prober, now func() time.Time) web.Family {
	a := api{service: s, prober: p, now: now}
	table := []row{
		{http.MethodPost, "/verify", key, a.verify, errSessionStorage},
		{http.MethodPost, "/step1/storeskills/store", session, a.storeSkills, nil},
		{http.MethodGet, "/step1/storeskills", public, noVerificationID, nil},
		{http.MethodGet, "/step1/storeskills/{id}", public, a.skills, nil},
		{http.MethodPost, "/step1/storeskills/verify-url", public, plainly(a.verifyURL), nil},
		{http.MethodPost, "/step2/verification-method", session, a.chooseMethod, nil},
		{http.MethodPost, "/step3/store-verification-items/store", key, a.storeItems, nil},
		{http.MethodGet, "/step3/store-verification-items/get", public, noVerificationID, nil},
		{http.MethodGet, "/step3/store-verification-items/session", public, noSessionToken, nil},
		{http.MethodGet, "/step3/store-verification-items/{first}/{second}", public, a.storedItems, nil},
	}
	family := web.Family{Prefixes: []string{base + "/"}, Render: renderError}
	for _, r := range table {
		family.Routes = append(family.Routes, web.Route{
			Method: r.method, Path: base + r.path, Handle: a.handler(r), Public: r.auth == public, Draws: r.draws,
		})
	}
	return family
}

// noVerificationID and noSessionToken answer the paths of reads without their last part (skills-api.md 18.4).
func noVerificationID(call) (answer, error) { return answer{}, errNoVerificationID }

func noSessionToken(call) (answer, error) { return answer{}, errNoSessionToken }

// storedItems tells the reads below step 3 apart. The mux cannot: later ones have their fixed part last, and so no pattern is the more specific.
func (a api) storedItems(c call) (answer, error) {
	switch c.PathValue("first") {
	case "get":
		return a.items(c, skill.CallerID(c.PathValue("second")))
	case "session":
		return a.sessionData(c, c.PathValue("second"))
	}
	return answer{}, web.ErrRouteUnknown
}
