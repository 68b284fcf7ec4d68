package skill

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/outbox"
)

func TestSubmit(t *testing.T) {
	t.Parallel()
	drawn, _, _ := hand(t, toAssess(), Generate, handInput())
	for right, passed := range map[int]bool{2: true, 1: false} {
		next, scored, err := Submit(drawn, submitInput(drawn, right))
		if err != nil {
			t.Fatal(err)
		}
		want := []Skill{{ID: "go", Name: "Go", Status: Rejected, ProofURLs: []string{"https://p.example"}}, {ID: "rust", Status: Rejected}}
		var counted []Counted
		if passed {
			for i := range want {
				want[i].Status, want[i].VerifiedAt, want[i].VerifiedBy = Verified, start, ByAssessment
			}
			counted = []Counted{{"evt_2", VerifiedProfiles, start}}
		}
		if d := cmp.Diff(want, next.Skills) + cmp.Diff(counted, next.Counted) + cmp.Diff(next.Skills, scored.Skills); d != "" {
			t.Errorf("%d right: got (+), want (-):\n%s", right, d)
		}
		if scored.Locked != passed || scored.Attempt.Passed != passed || next.Verification.CompletedAt.IsZero() == passed || len(next.Assessment.Attempts) != 1 {
			t.Errorf("%d right: got %+v of %+v, want it over: %t", right, scored, next.Verification, passed)
		}
		if len(next.Deliveries) != 2 || next.Deliveries[0].Target != "jane@example.com" || next.Deliveries[1].Kind != outbox.Webhook {
			t.Errorf("%d right: got %+v, want the mail to the student and the webhook", right, next.Deliveries)
		}
		if len(costs(drawn, next)) != 0 {
			t.Errorf("%d right: got costs, want none: a refusal would tell how it ended", right)
		}
		for _, d := range next.Deliveries {
			for _, q := range drawn.Assessment.Paper.Questions {
				if text := delivered(t, d); strings.Contains(text, q.ID) || strings.Contains(text, q.Text) {
					t.Errorf("%d right: got a question in %s, want none", right, text)
				}
			}
		}
	}
}

func delivered(t *testing.T, d outbox.Delivery) string {
	t.Helper()
	var hook outbox.Hook
	if d.Kind == outbox.Mail {
		return string(d.Payload)
	}
	if err := json.Unmarshal(d.Payload, &hook); err != nil {
		t.Fatal(err)
	}
	return string(hook.Body)
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	drawn, _, _ := hand(t, toAssess(), Generate, handInput())
	failed, _, _ := submitted(t, drawn, 1)
	passed, _, _ := submitted(t, drawn, 2)
	for name, test := range map[string]struct {
		from   State
		change func(*State, *SubmitInput)
		want   error
	}{
		"no key":        {drawn, func(s *State, _ *SubmitInput) { s.Key = nil }, access.ErrKeyUnknown},
		"session over":  {drawn, func(s *State, _ *SubmitInput) { s.Session.ExpiresAt = start }, ErrSessionUnknown},
		"nothing drawn": {drawn, func(s *State, _ *SubmitInput) { s.Assessment = assess.Assessment{} }, assess.ErrNotDrawn},
		"twice":         {failed, func(*State, *SubmitInput) {}, assess.ErrSubmitted},
		"passed":        {passed, func(*State, *SubmitInput) {}, assess.ErrLocked},
		"completed":     {drawn, func(s *State, _ *SubmitInput) { s.Verification.CompletedAt = start }, ErrCompleted},
		"one missing":   {drawn, func(_ *State, in *SubmitInput) { in.Answers = in.Answers[:1] }, assess.ErrIncomplete},
	} {
		s, in := test.from.copied(), submitInput(drawn, 2)
		test.change(&s, &in)
		if next, _, err := Submit(s, in); !errors.Is(err, test.want) || !next.Empty() {
			t.Errorf("%s: got %+v, error %v, want nothing and %v", name, next, err, test.want)
		}
	}
}

// A skill that is verified stays so, and who has no address gets no mail.
func TestSubmitKeepsWhatIsVerified(t *testing.T) {
	t.Parallel()
	s := toAssess()
	s.Skills[0].Status, s.Skills[0].VerifiedBy, s.User.Email = Verified, ByReviewer, ""
	drawn, _, _ := hand(t, s, Generate, handInput())
	_, next, _ := submitted(t, drawn, 0)
	if next.Skills[0].Status != Verified || next.Skills[0].VerifiedBy != ByReviewer || next.Skills[1].Status != Rejected {
		t.Errorf("got %+v, want the first as it was", next.Skills)
	}
	if len(next.Deliveries) != 1 || next.Deliveries[0].Kind != outbox.Webhook {
		t.Errorf("got %+v, want the webhook alone", next.Deliveries)
	}
}
