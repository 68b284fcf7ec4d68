package skillapi

import (
	"net/http"
	"slices"
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
	failure      *fault.Error  // what a fault of our own is told as; nil: as any other
	patience     time.Duration // how long a call may take; 0: as long as any other
}

// dear are the policies of single paths, counted for each network beside what every call takes.
var dear = map[string]*limit.Policy{
	"/step1/storeskills/verify-url": limit.VerifyURL,
}

// draws is what each call of a row takes of budgets: of its API key's or, where none is needed, of its network's (docs/limits.md).
func (r row) draws(request *http.Request) (draws []limit.Draw) {
	network, shown := web.NetworkOf(request), web.APIKey(request)
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

// Options is what the calls need of the rules.
type Options struct {
	Service   Service
	Catalogue Catalogue
	Prober    Prober
	Now       func() time.Time // measures the times that answers tell
}

// New returns the skill contract's family, the guide layer in it.
func New(o Options) web.Family {
	a := api{service: o.Service, catalogue: o.Catalogue, prober: o.Prober, now: o.Now}
	family := web.Family{Prefixes: []string{base + "/", guideBase + "/"}, Render: renderError}
	mount := func(base string, rows []row) {
		for _, r := range rows {
			family.Routes = append(family.Routes, web.Route{
				Method: r.method, Path: base + r.path, Handle: a.patient(r), Public: r.auth == public, Draws: r.draws,
			})
		}
	}
	mount(base, slices.Concat(a.steps(), a.reviews(), a.assessments(), a.guide()))
	mount(guideBase, a.guide())
	return family
}

// steps are the routes from init to step 3.
func (a api) steps() []row {
	return []row{
		{method: http.MethodPost, path: "/verify", auth: key, endpoint: a.verify, failure: errSessionStorage},
		{method: http.MethodPost, path: "/step1/storeskills/store", auth: session, endpoint: a.storeSkills},
		{method: http.MethodGet, path: "/step1/storeskills", endpoint: noVerificationID},
		{method: http.MethodGet, path: "/step1/storeskills/{id}", endpoint: a.skills},
		{method: http.MethodPost, path: "/step1/storeskills/verify-url", endpoint: plainly(a.verifyURL)},
		{method: http.MethodPost, path: "/step2/verification-method", auth: session, endpoint: a.chooseMethod},
		{method: http.MethodPost, path: "/step3/store-verification-items/store", auth: key, endpoint: a.storeItems},
		{method: http.MethodGet, path: "/step3/store-verification-items/get", endpoint: noVerificationID},
		{method: http.MethodGet, path: "/step3/store-verification-items/session", endpoint: noSessionToken},
		{method: http.MethodGet, path: "/step3/store-verification-items/email", endpoint: noSessionToken},
		{method: http.MethodGet, path: "/step3/store-verification-items/{first}/{second}", endpoint: a.storedItems},
	}
}

// reviews are the routes of the human path.
func (a api) reviews() []row {
	return []row{
		{method: http.MethodGet, path: "/step3/store-verification-items/session/email", endpoint: a.sessionNamedEmail},
		{method: http.MethodPost, path: "/step3/store-verification-items/session/email", endpoint: a.changeEmail},
		{method: http.MethodPost, path: "/storereviewerdetails/store", auth: key, endpoint: a.storeReviewer},
		{method: http.MethodGet, path: "/storereviewerdetails", endpoint: noVerificationID},
		{method: http.MethodGet, path: "/storereviewerdetails/{id}", endpoint: a.reviewer},
		{method: http.MethodGet, path: "/storereviewerdetails/company-name", endpoint: a.companyName},
		{method: http.MethodGet, path: "/storereviewerdetails/email-suggestions", endpoint: a.emailSuggestions},
		{method: http.MethodPost, path: "/humanverification/send-email", auth: session, endpoint: a.sendEmail},
		{method: http.MethodGet, path: "/humanverification/skills", endpoint: noVerificationID},
		{method: http.MethodGet, path: "/humanverification/skills/{id}", endpoint: a.skillsAsked},
		{method: http.MethodPost, path: "/humanverification/verify", endpoint: a.humanVerify},
		{method: http.MethodGet, path: "/humanverification/verify-page", endpoint: noVerificationID},
		{method: http.MethodGet, path: "/humanverification/verify-page/{id}", endpoint: a.verifyPage},
		{method: http.MethodGet, path: "/humanverification/status", endpoint: noVerificationID},
		{method: http.MethodGet, path: "/humanverification/status/{id}", endpoint: a.reviewStatus},
		{method: http.MethodGet, path: "/metadata/user", auth: key, endpoint: plainly(a.metadata)},
		{method: http.MethodGet, path: "/metadata/user/{id}", auth: key, endpoint: plainly(a.metadata)},
	}
}

// generationTime bounds the calls that wait for a generator: the contract's 90 seconds (skills-api.md 5.20), and a little for the rest.
const generationTime = 95 * time.Second

// assessments are the routes of the assessment path.
func (a api) assessments() []row {
	return []row{
		{method: http.MethodPost, path: "/assessment/generate", auth: session, endpoint: a.generate, patience: generationTime},
		{method: http.MethodGet, path: "/assessment", auth: session, endpoint: noVerificationID},
		{method: http.MethodGet, path: "/assessment/{id}", auth: session, endpoint: a.questions},
		{method: http.MethodPost, path: "/assessment/submit", auth: session, endpoint: a.submit},
		{method: http.MethodPost, path: "/assessment/retakeassessment", auth: session, endpoint: a.retake, patience: generationTime},
	}
}

// noVerificationID and noSessionToken answer the paths of reads without their last part (skills-api.md 18.4).
func noVerificationID(call) (answer, error) { return answer{}, errNoVerificationID }

func noSessionToken(call) (answer, error) { return answer{}, errNoSessionToken }

// storedItems tells the reads below step 3 apart. The mux cannot: later ones have their fixed part last, and so no pattern is the more specific.
func (a api) storedItems(c call) (answer, error) {
	first, second := c.PathValue("first"), c.PathValue("second")
	switch {
	case first == "get":
		return a.items(c, skill.CallerID(second))
	case first == "session":
		return a.sessionData(c, second)
	case second == "email":
		return a.sessionEmail(c, first)
	}
	return answer{}, web.ErrRouteUnknown
}

// sessionNamedEmail is storedItems for the one path that another method has to itself: a session whose token reads email, which none has.
func (a api) sessionNamedEmail(c call) (answer, error) { return a.sessionData(c, "email") }
