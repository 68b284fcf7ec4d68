package web

import (
	"net/http"

	"avow/internal/access"
)

// Signed is what a request without body shows beside its key: the path counts as it was sent, a query with it (skills-api.md 3.4).
func Signed(r *http.Request) access.Signed {
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	return access.Signed{Method: r.Method, Path: path, Timestamp: r.Header.Get("X-Timestamp"), Signature: r.Header.Get("X-Signature")}
}
