package pages

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed templates assets
var files embed.FS

const contentPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protect sets what every answer of the pages carries: they show codes, and must neither be kept, nor framed, nor named to other sites.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// templates are the pages by name, each joined with the frame that all share.
type templates map[string]*template.Template

func parseTemplates(a assets) templates {
	found, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic(err)
	}
	all := templates{}
	for _, file := range found {
		name := strings.TrimSuffix(path.Base(file), ".html")
		t := template.New("frame.html").Option("missingkey=error").Funcs(template.FuncMap{"instant": instant, "iso": iso, "asset": a.address})
		all[name] = template.Must(t.ParseFS(files, "templates/frame.html", file))
	}
	delete(all, "frame")
	return all
}

// page is one page to be shown.
type page struct {
	name   string
	status int
	data   any // what the page's own template reads as .Page
}

// frame is what the shared frame reads.
type frame struct {
	Version   string
	PublicURL string
	Dev       bool
	Page      any
}

// show fills the whole page before anything is sent, so that a template that fails leaves no half page behind.
func (p *Pages) show(w http.ResponseWriter, v page) error {
	var body bytes.Buffer
	data := frame{Version: p.o.Version, PublicURL: p.o.PublicURL, Dev: p.o.Dev != nil, Page: v.data}
	if err := p.templates[v.name].Execute(&body, data); err != nil {
		return err
	}
	write(w, v.status, "text/html; charset=utf-8", body.Bytes())
	return nil
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who has left cannot be told anything
}

// instant writes a time for people.
func instant(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// iso writes a time for programs.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
