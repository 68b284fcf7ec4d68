// Package pages serves what people look at: the pages behind the links of mails, and in `avow dev` the captured mails and received webhooks.
//
// Every page works without scripts and loads nothing but style sheets of its own; the developer's pages have a script as well, which copies. A GET never changes anything.
package pages

import (
	"context"
	"net/http"
	"time"

	"avow/internal/limit"
	"avow/internal/outbox"
	"avow/internal/web"
)

// Verifier verifies an account by the id and code of a mailed link; account.Service is one.
type Verifier interface {
	// VerifyOnPage returns a fault for whatever it refuses.
	VerifyOnPage(ctx context.Context, id, code string) error
}

// Options is what Pages are made of.
type Options struct {
	Version     string
	PublicURL   string // base of our own addresses, without a trailing slash; shown in examples
	Verifier    Verifier
	Reviews     Reviewing
	Assessments Assessing
	Budgets     *limit.Budgets // nil: the limits are off
	Dev         *Dev           // nil: not in dev, and nothing below /dev/ exists
}

// Dev is what the pages below /dev/ need.
type Dev struct {
	Mails   outbox.Mailbox
	Secrets func(context.Context) ([]string, error) // of the keys that webhooks may be signed with; may be nil
	Now     func() time.Time
}

// Pages answers with HTML.
type Pages struct {
	o          Options
	templates  templates
	assets     assets
	protection *http.CrossOriginProtection
	received   receiver
}

// New makes the pages. It panics when an embedded template is broken, which is a fault of the build.
func New(o Options) *Pages {
	loaded := loadAssets()
	return &Pages{o: o, templates: parseTemplates(loaded), assets: loaded, protection: http.NewCrossOriginProtection()}
}

// Register adds all pages to mux, among them the answer for every path that nobody else serves.
func (p *Pages) Register(mux *http.ServeMux) {
	byPath := map[string]map[string]web.Route{}
	for _, r := range p.routes() {
		if byPath[r.Path] == nil {
			byPath[r.Path] = map[string]web.Route{}
		}
		byPath[r.Path][r.Method] = r
	}
	for path, routes := range byPath {
		mux.Handle(path, p.serve(routes))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { p.Fail(w, r, web.ErrRouteUnknown) })
}

func (p *Pages) routes() []web.Route {
	routes := []web.Route{
		{Method: http.MethodGet, Path: "/{$}", Handle: p.start},
		{Method: http.MethodGet, Path: "/confirm", Handle: p.askToConfirm},
		{Method: http.MethodPost, Path: "/confirm", Handle: p.confirm},
		{Method: http.MethodGet, Path: reviewPath, Handle: p.askForReview},
		{Method: http.MethodPost, Path: reviewPath, Handle: p.takeReview, Draws: ofNetwork},
		{Method: http.MethodGet, Path: assessPath, Handle: p.lookAtAssessment},
		{Method: http.MethodPost, Path: assessPath, Handle: web.Patient(p.takeAssessment, drawingTime), Draws: ofNetwork},
	}
	routes = append(routes, p.assets.routes()...)
	if p.o.Dev == nil {
		return routes
	}
	return append(routes, p.devRoutes()...)
}

func (p *Pages) devRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: mailsPath, Handle: p.listMails},
		{Method: http.MethodDelete, Path: mailsPath, Handle: p.deleteMails},
		{Method: http.MethodPost, Path: mailsPath + "/clear", Handle: p.clearMails},
		{Method: http.MethodGet, Path: mailsPath + "/{id}", Handle: p.showMail},
		{Method: http.MethodGet, Path: mailsPath + "/{id}/html", Handle: p.showMailHTML},
		{Method: http.MethodGet, Path: webhooksPath, Handle: p.listWebhooks},
		{Method: http.MethodPost, Path: webhooksPath, Handle: p.receiveWebhook},
		{Method: http.MethodDelete, Path: webhooksPath, Handle: p.deleteWebhooks},
		{Method: http.MethodPost, Path: webhooksPath + "/clear", Handle: p.clearWebhooks},
	}
}

// serve answers one path for each of its methods, and turns errors into pages.
func (p *Pages) serve(routes map[string]web.Route) http.HandlerFunc {
	allow := web.Allow(routes)
	return func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		route, ok := routes[readAs(r.Method)]
		if !ok {
			w.Header().Set("Allow", allow)
			p.Fail(w, r, web.ErrMethod)
			return
		}
		if err := p.sameOrigin(r); err != nil {
			p.Fail(w, r, err)
			return
		}
		if err := p.handle(w, r, route); err != nil {
			p.Fail(w, r, err)
		}
	}
}

func (p *Pages) handle(w http.ResponseWriter, r *http.Request, route web.Route) error {
	if route.Draws != nil {
		if _, err := p.o.Budgets.Take(r.Context(), route.Draws(r)...); err != nil {
			return err
		}
	}
	return route.Handle(w, r)
}

// ofNetwork is what an answer on a page costs: whoever gives it has a token and no key.
func ofNetwork(r *http.Request) []limit.Draw { return []limit.Draw{limit.Network.Of(web.NetworkOf(r))} }

// readAs makes HEAD the same as GET; the server leaves the body out.
func readAs(method string) string {
	if method == http.MethodHead {
		return http.MethodGet
	}
	return method
}

// sameOrigin refuses what the page of another site makes a browser send. Browsers that do not say where a request comes from, be it for their age or because the
// connection is plain HTTP, call the origin of our own forms "null", for our referrer policy asks them to. Those requests pass: nothing in a browser, no cookie and no
// password, gives a request any power here.
func (p *Pages) sameOrigin(r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return nil
	}
	if err := p.protection.Check(r); err != nil {
		return errCrossSite.Because(err)
	}
	return nil
}

// start names the product.
func (p *Pages) start(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, page{name: "start", status: http.StatusOK})
}
