package web

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"avow/internal/limit"
)

// Route is one row of a family's table. Path is a pattern of http.ServeMux without method.
type Route struct {
	Method string
	Path   string
	Handle Handler
	Public bool // needs no credential: pages of any origin may call it

	// Draws is what each call takes of budgets before it is handled; nil: nothing.
	Draws func(r *http.Request) []limit.Draw
}

// Family is a set of routes below one or more path prefixes whose answers, 404 and 405 included, share one shape.
type Family struct {
	Prefixes []string // each begins and ends with a slash
	Routes   []Route
	Render   Renderer
	Origins  []string // pages of these origins may call the routes that are not public
	Budgets  *limit.Budgets
}

// Site serves families beside other handlers on one mux.
type Site struct {
	*http.ServeMux
	Fallback Renderer // renders errors of paths that belong to no family

	families []Family
}

// NewSite makes an empty site. Fallback renders errors of paths that belong to no family.
func NewSite(fallback Renderer) *Site { return &Site{ServeMux: http.NewServeMux(), Fallback: fallback} }

// Mount registers a family. Every path is served with and without a trailing slash.
func (s *Site) Mount(f Family) {
	s.families = append(s.families, f)
	byPath := map[string]map[string]Route{}
	for _, r := range f.Routes {
		if byPath[r.Path] == nil {
			byPath[r.Path] = map[string]Route{}
		}
		byPath[r.Path][r.Method] = r
	}
	for p, methods := range byPath {
		s.Handle(p, f.methods(methods))
		s.Handle(p+"/{$}", f.methods(methods))
	}
	unknown := f.adapt(func(http.ResponseWriter, *http.Request) error { return ErrRouteUnknown })
	for _, p := range f.Prefixes {
		s.Handle(p, unknown)
		s.Handle(strings.TrimSuffix(p, "/"), unknown)
	}
}

// ServeHTTP answers paths with doubled slashes or dot segments as unknown instead of redirecting: a redirected POST would lose its body with many clients.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !clean(r.URL.Path) {
		if f, ok := s.meant(r.URL.Path); ok {
			f.Render(w, r, ErrRouteUnknown)
			return
		}
	}
	s.ServeMux.ServeHTTP(w, r)
}

// meant returns the family that a path belongs to as it stands or once it is cleaned: //external/ is no way round the rule either.
func (s *Site) meant(p string) (Family, bool) {
	if f, ok := s.family(p); ok {
		return f, true
	}
	return s.family(path.Clean(p) + "/")
}

func (s *Site) family(p string) (Family, bool) {
	for _, f := range s.families {
		if slices.ContainsFunc(f.Prefixes, func(prefix string) bool { return strings.HasPrefix(p, prefix) }) {
			return f, true
		}
	}
	return Family{}, false
}

// Fail answers a request whose handler panicked, in the shape of its family.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	render := s.Fallback
	if f, ok := s.family(r.URL.Path); ok {
		render = f.Render
	}
	render(w, r, err)
}

func clean(p string) bool {
	cleaned := path.Clean(p)
	return p == cleaned || p == cleaned+"/"
}

func (f Family) adapt(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			Note(r, err)
			f.Render(w, r, err)
		}
	})
}

func (f Family) methods(routes map[string]Route) http.Handler {
	allow := Allow(routes)
	return f.adapt(func(w http.ResponseWriter, r *http.Request) error {
		method := r.Method
		asked := r.Header.Get("Access-Control-Request-Method")
		if method == http.MethodOptions && asked != "" {
			method = asked
		}
		if method == http.MethodHead {
			method = http.MethodGet
		}
		route, known := routes[method]
		allowed := f.crossOrigin(w, r, route.Public)
		switch {
		case known && r.Method != http.MethodOptions:
			if err := f.take(r, route); err != nil {
				return err
			}
			return route.Handle(w, r)
		case known && allowed:
			preflight(w, allow)
			return nil
		}
		w.Header().Set("Allow", allow)
		return ErrMethod
	})
}

// Allow is the value of the Allow header for a set of handlers by method: GET brings HEAD.
func Allow[H any](handlers map[string]H) string {
	var methods []string
	for m := range handlers {
		methods = append(methods, m)
		if m == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
