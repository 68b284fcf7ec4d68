package app

import "avow/internal/outbox"

// observeEndpoint tells operators that an endpoint is not called any more: by its host, for the rest of a URL may hold a token.
func (a *App) observeEndpoint(d outbox.Delivery, r outbox.Result) {
	if !r.Endpoint.Off() {
		return
	}
	e := r.Endpoint.Next
	a.Metrics.EndpointDisabled(string(e.Reason))
	a.o.Log.Warn("endpoint disabled", "org", d.Org, "test", d.Test, "receiver", d.Lane, "reason", e.Reason, "failing_since", e.Since, "delivery", d.ID)
}
