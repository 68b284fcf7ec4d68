//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"testing"
)

func TestHealthIsOnBothListeners(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	for _, base := range []string{p.ready.URL, p.ready.AdminURL} {
		want(t, base+"/healthz", must(t, get(base+"/healthz"), http.StatusOK).body, `{"alive":true}`)
	}
	want(t, "public readiness", must(t, get(p.ready.URL+"/readyz"), http.StatusOK).body, `{"ready":true}`)
	detail := must(t, get(p.ready.AdminURL+"/readyz"), http.StatusOK).body
	wantMembers(t, detail, "ready", "dependencies")
	type dependency struct {
		Ready bool
		Since string
	}
	got := mustDecode[struct{ Dependencies map[string]dependency }](t, detail)
	if database := got.Dependencies["database"]; !database.Ready || database.Since == "" {
		t.Errorf("dependencies: got %s, want the database ready since some time", detail)
	}
}

func TestMetricsAndProfilesAreOnTheAdminListenerOnly(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	must(t, createCall(p.ready.URL, p.ready.Demo.AccessToken, ""), http.StatusCreated)
	metrics := must(t, get(p.ready.AdminURL+"/metrics"), http.StatusOK).body
	const counted = `avow_http_requests_total{route="/external/api/v1/me/create_verification_request",status="201"} 1`
	if !strings.Contains(metrics, counted) {
		t.Errorf("metrics: got no line %s", counted)
	}
	must(t, get(p.ready.AdminURL+"/debug/pprof/"), http.StatusOK)
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/profile"} {
		must(t, get(p.ready.URL+path), http.StatusNotFound)
	}
	for _, path := range []string{"/dev/mails", "/confirm", "/external/api/v1/me"} {
		must(t, get(p.ready.AdminURL+path), http.StatusNotFound)
	}
}

func TestDevAnswersToItsOwnNamesOnly(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir(), "AVOW_PUBLIC_URL=https://avow.dev.example")
	_, port, _ := strings.Cut(strings.TrimPrefix(p.ready.URL, "http://"), ":")
	tests := map[string]int{
		"127.0.0.1:" + port:        http.StatusOK,
		"localhost:" + port:        http.StatusOK,
		"LOCALHOST":                http.StatusOK,
		"[::1]:" + port:            http.StatusOK,
		"avow.dev.example":         http.StatusOK,
		"evil.example":             http.StatusMisdirectedRequest,
		"evil.example:" + port:     http.StatusMisdirectedRequest,
		"localhost.evil.example":   http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example":   http.StatusMisdirectedRequest,
		"192.0.2.1:" + port:        http.StatusMisdirectedRequest,
		"x.avow.dev.example":       http.StatusMisdirectedRequest,
		"0.0.0.0:" + port:          http.StatusMisdirectedRequest,
		"avow.dev.example.evil.io": http.StatusMisdirectedRequest,
	}
	for host, status := range tests {
		for _, path := range []string{"/dev/mails", "/healthz", "/external/api/v1/me/pending_verification_request"} {
			wanted := status
			if status == http.StatusOK && strings.HasPrefix(path, "/external") {
				wanted = http.StatusUnauthorized // the name is fine, a token is missing
			}
			if got, err := send(client, get(p.ready.URL+path).with("Host", host)); err != nil || got.status != wanted {
				t.Errorf("%s for host %s: got %d, %v, want %d", path, host, got.status, err, wanted)
			}
		}
	}
}
