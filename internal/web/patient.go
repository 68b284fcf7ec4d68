package web

import (
	"context"
	"net/http"
	"time"
)

// Patient gives a handler this long instead of the Observer's timeout. It ends with its caller like any other.
func Patient(h Handler, timeout time.Duration) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx := InfoOf(r).unbounded
		if ctx == nil {
			ctx = r.Context()
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return h(w, r.WithContext(ctx))
	}
}
