package ownapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"avow/internal/access"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/outbox"
	"avow/internal/skill"
	"avow/internal/web"
)

// TestEveryRefusalHasACode walks all that these calls can be refused for; bodies included.
func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	all := slices.Concat(outbox.LedgerRefusals, access.KeyRefusals, web.Refusals, limit.Refusals, []*fault.Error{outbox.ErrTestModeOnly, access.ErrBusy, errParameter, skill.ErrVerificationUnknown,
		access.ErrSignatureMissing, access.ErrSignatureWrong, outbox.ErrReportUnread, errReportType})
	for _, refusal := range all {
		if _, ok := codes[refusal.Reason]; !ok {
			t.Errorf("got no code for %q, want one", refusal.Reason)
		}
	}
	if got, want := len(codes), len(all); got != want {
		t.Errorf("got %d codes, want %d: one for each refusal", got, want)
	}
}

func TestRenderError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		body   string
	}{
		{errParameter.On("limit").Saying("m"), 400, `{"success":false,"error":{"code":"INVALID_PARAMETER","message":"m","field":"limit"}}`},
		{outbox.ErrRetrySending.Saying("m"), 409, `{"success":false,"error":{"code":"BEING_SENT","message":"m"}}`},
		{errors.New("disk full"), 500, `{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Something unexpected happened."}}`},
	} {
		recorder := httptest.NewRecorder()
		renderError(recorder, httptest.NewRequest(http.MethodGet, "/", nil), tt.err)
		if got := recorder.Body.String(); recorder.Code != tt.status || got != tt.body {
			t.Errorf("got %d %s, want %d %s", recorder.Code, got, tt.status, tt.body)
		}
	}
}
