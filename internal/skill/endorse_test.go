package skill

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

// by is the presented token with a hash.
func by(h access.Hash) access.Lookup { return access.Lookup{h, h, h} }

func yes(ids ...string) map[string]Answer {
	answers := map[string]Answer{}
	for _, id := range ids {
		answers[id] = Confirmed
	}
	return answers
}

func endorseInput(answers map[string]Answer) EndorseInput {
	return EndorseInput{Token: by(mailed), Answers: answers, MailID: "dlv_a", EventID: "evt_2", HookID: "dlv_b", Now: start.Add(time.Hour)}
}

func TestEndorse(t *testing.T) {
	t.Parallel()
	s := sent(t)
	in := endorseInput(yes("go"))
	next, told, err := Endorse(s, in)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	want := []Skill{
		{ID: "go", Name: "Go", Status: Verified, ProofURLs: []string{"https://p.example"}, VerifiedAt: in.Now, VerifiedBy: ByReviewer, Answer: Confirmed},
		{ID: "rust", Status: Rejected},
	}
	if d := cmp.Diff(want, next.Skills); d != "" {
		t.Errorf("skills: got (+), want (-):\n%s", d)
	}
	if d := cmp.Diff(Summary{Verified: 1, Projects: 1}, told.Summary); d != "" || told.Verified != 1 {
		t.Errorf("summary: got (+), want (-):\n%s", d)
	}
	if next.Review.Status != ReviewCompleted || next.Review.Token != mailed || !next.Verification.CompletedAt.Equal(in.Now) {
		t.Errorf("got %+v and %+v, want both over, the token known", next.Review, next.Verification)
	}
	if d := cmp.Diff([]Counted{{"evt_2", VerifiedProfiles, in.Now}}, next.Counted); d != "" {
		t.Errorf("counted: got (+), want (-):\n%s", d)
	}
	if len(next.Deliveries) != 2 || next.Deliveries[0].Target != "jane@example.com" || next.Deliveries[1].Kind != outbox.Webhook {
		t.Errorf("got %+v, want the mail to the student and the webhook", next.Deliveries)
	}
}

func TestEndorseAnswers(t *testing.T) {
	t.Parallel()
	verified := Skill{ID: "sql", Status: Verified, VerifiedBy: ByAssessment, VerifiedAt: start}
	tests := map[string]struct {
		in      EndorseInput
		want    error
		become  []Status
		counted int
	}{
		"all":             {endorseInput(yes("go", "rust")), nil, []Status{Verified, Verified, Verified}, 1},
		"a foreign one":   {endorseInput(yes("go", "java")), ErrSkillsForeign, nil, 0},
		"the kept one":    {endorseInput(yes("sql")), nil, []Status{Rejected, Rejected, Verified}, 0},
		"declined":        {EndorseInput{Token: by(mailed), Decline: DeclineJudge, Now: start}, nil, []Status{Rejected, Rejected, Verified}, 0},
		"whole":           {EndorseInput{Token: by(mailed), Whole: true, Answers: map[string]Answer{"go": CannotJudge, "rust": Confirmed, "sql": NotConfirmed}, Now: start}, nil, []Status{Rejected, Verified, Verified}, 1},
		"not whole":       {EndorseInput{Token: by(mailed), Whole: true, Answers: yes("go"), Now: start}, ErrSkillsForeign, nil, 0},
		"one of no skill": {endorseInput(yes("")), ErrSkillsForeign, nil, 0},
	}
	for name, test := range tests {
		s := sent(t)
		s.Skills = append(s.Skills, verified)
		s.Review.Evidence = s.digest()
		next, _, err := Endorse(s, test.in)
		var become []Status
		for _, k := range next.Skills {
			become = append(become, k.Status)
		}
		if d := cmp.Diff(test.become, become); d != "" || !errors.Is(err, test.want) || len(next.Counted) != test.counted {
			t.Errorf("%s: got %v, %v, counted %v, want %v, %v, %d", name, become, err, next.Counted, test.become, test.want, test.counted)
		}
		if err == nil && !cmp.Equal(next.Skills[2], verified) {
			t.Errorf("%s: got %+v, want what was verified untouched", name, next.Skills[2])
		}
	}
}

func TestEndorseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*State)
		token  access.Hash
		after  time.Duration
		want   error
	}{
		"the caller's link":     {func(*State) {}, shown, 0, ErrReviewUnknown},
		"another token":         {func(*State) {}, access.Hash{9}, 0, ErrReviewUnknown},
		"no token":              {func(s *State) { s.Review.Token = access.Hash{} }, mailed, 0, ErrReviewUnknown},
		"nothing sent":          {func(s *State) { s.Review = nil }, mailed, 0, ErrReviewUnknown},
		"the last moment":       {func(*State) {}, mailed, reviewTTL - time.Microsecond, nil},
		"too late":              {func(*State) {}, mailed, reviewTTL, ErrReviewExpired},
		"answered":              {func(s *State) { s.Review.Status = ReviewCompleted }, mailed, 0, ErrCompleted},
		"answered, then late":   {func(s *State) { s.Review.Status = ReviewCompleted }, mailed, reviewTTL, ErrCompleted},
		"no reviewer":           {func(s *State) { s.Reviewer = nil }, mailed, 0, ErrReviewerUnknown},
		"the student's address": {func(s *State) { s.User.Mailboxes = []string{robin.Email} }, mailed, 0, ErrSelfReview},
		"other skills":          {func(s *State) { s.Skills = s.Skills[:1] }, mailed, 0, ErrReviewUnknown},
		"after the session":     {func(s *State) { s.Session = nil }, mailed, 0, nil},
	}
	for name, test := range tests {
		s := sent(t)
		test.change(&s)
		in := endorseInput(yes("go"))
		in.Token, in.Now = by(test.token), start.Add(test.after)
		next, _, err := Endorse(s, in)
		if !errors.Is(err, test.want) || err != nil && !next.Empty() {
			t.Errorf("%s: got %+v, %v, want %v", name, next, err, test.want)
		}
	}
}
