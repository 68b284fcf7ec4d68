package skillapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/skill"
	"avow/internal/web"
)

// shapeRefusals are those of this package.
var shapeRefusals = []*fault.Error{
	errNoStudentID, errNoCallback, errNoName, errNoContact, errSkillIDs, errNoVerificationID, errNoSkills, errNoSkillID, errNoMethod, errMethod,
	errNoSessionToken, errNoItems, errNoURL, errNoData, errNoEmail, errNoCompany, errNoWebsite, errNoReviewerToken, errNoSkillIDs, errAnswer, errNoAnswers, errNoUserID,
	errNoGuideUser, errNoSkillName, errNoGuideMethod, errGuideMethod, errNoHookURL, errNoEvents, errParameter,
	errSessionStorage, access.ErrBusy,
}

func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	all := slices.Concat(skill.Refusals, assess.Refusals, access.KeyRefusals, access.SignatureRefusals, web.Refusals, limit.Refusals, shapeRefusals)
	seen := map[fault.Reason]bool{}
	for _, refusal := range all {
		if _, ok := codes[refusal.Reason]; !ok {
			t.Errorf("got no code for %q, want one", refusal.Reason)
		}
		if seen[refusal.Reason] {
			t.Errorf("got reason %q twice, want it once", refusal.Reason)
		}
		seen[refusal.Reason] = true
	}
	if got, want := len(codes), len(all); got != want {
		t.Errorf("got %d codes, want %d: one for each refusal", got, want)
	}
}

func TestRenderError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err    error
		status int
		body   string
	}{
		{
			skill.ErrSkillsDuplicate.With([]skill.SkillRef{{ID: "a", Name: "A"}, {ID: "b"}}).Saying("m"), 409,
			`{"success":false,"error":{"code":"DUPLICATE_SKILLS_IN_BUNDLE","message":"m","duplicateSkills":[{"skillId":"a","name":"A"},{"skillId":"b","name":null}]}}`,
		},
		{
			skill.ErrSkillsOverLimit.With(skill.Overflow{Limit: 10, Current: 11}).Saying("m"), 409,
			`{"success":false,"error":{"code":"MAX_SKILLS_PER_SOURCE","message":"m","limit":10,"current":11}}`,
		},
		{
			skill.ErrItemsUnknown.With([]string{"x"}).Saying("m"), 400,
			`{"success":false,"error":{"code":"INVALID_ITEM_IDS","message":"m","invalidIds":["x"]}}`,
		},
		{
			limit.ErrTooMany, 429,
			`{"success":false,"error":{"code":"RATE_LIMITED","message":"Too many requests. Try again later."}}`,
		},
		{
			errors.New("disk full"), 500,
			`{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Something unexpected happened."}}`,
		},
		{
			plain(errors.New("disk full")), 500,
			`{"success":false,"message":"Something unexpected happened."}`,
		},
		{
			plain(skill.ErrSkillsOverLimit.With(skill.Overflow{Limit: 10, Current: 11}).Saying("m")), 409,
			`{"success":false,"message":"m"}`,
		},
	}
	for _, test := range tests {
		recorder := httptest.NewRecorder()
		renderError(recorder, httptest.NewRequest(http.MethodGet, "/", nil), test.err)
		if got := recorder.Body.String(); recorder.Code != test.status || got != test.body {
			t.Errorf("got %d %s, want %d %s", recorder.Code, got, test.status, test.body)
		}
	}
}

// plain is an error as it comes out of an endpoint without codes.
func plain(err error) error {
	_, err = plainly(func(call) (answer, error) { return answer{}, err })(call{})
	return err
}
