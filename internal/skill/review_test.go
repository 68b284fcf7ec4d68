package skill

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

var robin = Reviewer{Name: "Robin", Email: "robin@northwind.example", Company: "Northwind"}

// ready is asked with a reviewer.
func readyToSend() State {
	s := asked()
	s.Reviewer = &robin
	return s
}

var (
	mailed = access.Hash{1}
	shown  = access.Hash{2}
)

func sendInput() SendInput {
	return SendInput{
		Carriers: Carriers{IDs: []string{"ver_live_1"}}, PublicURL: "https://avow.example", Token: "mailed", TokenHash: mailed, Link: "shown", LinkHash: shown,
		MailID: "dlv_mail", EventID: "evt_1", HookID: "dlv_hook", Now: start, ExpiresAt: start.Add(reviewTTL),
	}
}

func sent(t *testing.T) State {
	t.Helper()
	s := readyToSend()
	next, _, err := Send(s, sendInput())
	if err != nil {
		t.Fatal(err)
	}
	s.Verification, s.Review = next.Verification, next.Review
	return s
}

func TestSend(t *testing.T) {
	t.Parallel()
	s := readyToSend()
	next, told, err := Send(s, sendInput())
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if d := cmp.Diff(Review{
		Token: mailed, Link: shown, Status: ReviewPending, Evidence: s.digest(), Delivery: "dlv_mail", SentAt: start, ExpiresAt: start.Add(reviewTTL),
	}, *next.Review); d != "" {
		t.Errorf("review: got (+), want (-):\n%s", d)
	}
	if told.Link != "https://avow.example/review?recordVerificationId=ver_live_1&reviewerToken=shown" || told.Skills != 2 || !told.ExpiresAt.Equal(start.Add(reviewTTL)) {
		t.Errorf("got %+v, want the link that only shows, two skills, the end", told)
	}
	if d := cmp.Diff([]Counted{{"evt_1", Credits, start}}, next.Counted); d != "" {
		t.Errorf("counted: got (+), want (-):\n%s", d)
	}
	mail, hook := next.Deliveries[0], next.Deliveries[1]
	if mail.Target != robin.Email || mail.Test || !strings.Contains(string(mail.Payload), "reviewerToken=mailed") || hook.Kind != outbox.Webhook || hook.Target != s.Verification.Callback {
		t.Errorf("got %s to %s and %s to %s, want the mail and the webhook", mail.Payload, mail.Target, hook.Kind, hook.Target)
	}
	var h outbox.Hook
	if err := json.Unmarshal(hook.Payload, &h); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"mailed", "shown"} {
		if strings.Contains(string(h.Body), token) {
			t.Errorf("webhook: got %s in %s, want no token", token, h.Body)
		}
	}
	if !next.Verification.InitiatedAt.Equal(start) || next.Unsend != nil {
		t.Errorf("got initiated at %v, unsend %v, want now and nothing", next.Verification.InitiatedAt, next.Unsend)
	}
}

// TestTwoTokens sees where the token that endorses may go (18.13).
func TestTwoTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*State)
		one    bool
	}{
		"live":        {func(*State) {}, false},
		"test":        {func(s *State) { s.Verification.Owner.Mode = access.Test }, true},
		"live, asked": {func(s *State) { s.Settings[access.LegacyReviewLink] = "on" }, true},
	} {
		s := readyToSend()
		test.change(&s)
		next, told, err := Send(s, sendInput())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range next.Deliveries {
			if d.Test != (s.Verification.Owner.Mode == access.Test) || d.Org != "org_1" {
				t.Errorf("%s: got delivery %+v, want it marked as test mode's if it is, for no relay to get it", name, d)
			}
		}
		if one := strings.HasSuffix(told.Link, "=mailed") && next.Review.Link == next.Review.Token; one != test.one {
			t.Errorf("%s: got link %s, want one token for both: %v", name, told.Link, test.one)
		}
	}
}

func TestSendAgain(t *testing.T) {
	t.Parallel()
	s := sent(t)
	in := sendInput()
	in.Now, in.MailID, in.TokenHash = start.Add(time.Hour), "dlv_2", access.Hash{3}
	next, _, err := Send(s, in)
	if err != nil || next.Review.Token != (access.Hash{3}) || len(next.Counted) != 1 || len(next.Deliveries) != 2 {
		t.Errorf("got %+v, %v, want a fresh token, a credit, mail and webhook", next, err)
	}
	if d := cmp.Diff([]string{"dlv_mail"}, next.Unsend); d != "" {
		t.Errorf("unsend: got (+), want (-):\n%s", d)
	}
	if !next.Verification.InitiatedAt.Equal(start) {
		t.Errorf("got initiated at %v, want the first time", next.Verification.InitiatedAt)
	}
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*State)
		want   error
	}{
		"no key":                {func(s *State) { s.Key = nil }, access.ErrKeyUnknown},
		"expired":               {func(s *State) { s.Session.ExpiresAt = start }, ErrSessionUnknown},
		"completed":             {func(s *State) { s.Verification.CompletedAt = start }, ErrCompleted},
		"assessment":            {func(s *State) { s.Verification.Method, s.Reviewer = Assessment, nil }, ErrMethodOther},
		"nothing at all":        {func(s *State) { s.Reviewer, s.Skills, s.Items = nil, nil, nil }, ErrReviewerUnknown},
		"no skills, no items":   {func(s *State) { s.Skills, s.Items = nil, nil }, ErrNothingAsked},
		"no items":              {func(s *State) { s.Items = nil }, ErrVerificationUnresolved},
		"no method":             {func(s *State) { s.Verification.Method = "" }, ErrVerificationUnresolved},
		"the student's address": {func(s *State) { s.User.Email = "Robin+me@northwind.example" }, ErrSelfReview},
		"verified meanwhile":    {func(s *State) { s.Touchpoints = []Touchpoint{touch(shop, "go", "human", Verified, ByReviewer)} }, ErrSkillsDuplicate},
		"full meanwhile":        {func(s *State) { s.Touchpoints = pool(shop, 0, 9) }, ErrSkillsOverLimit},
		"taken meanwhile": {func(s *State) {
			s.Touchpoints = []Touchpoint{{Source: shop, Skill: "go", Endorsement: "peer", Sent: true, Reviewer: robin.Email}}
		}, ErrReviewerTaken},
	}
	for name, test := range tests {
		s := readyToSend()
		test.change(&s)
		next, _, err := Send(s, sendInput())
		if !errors.Is(err, test.want) || !next.Empty() {
			t.Errorf("%s: got %+v, %v, want nothing but %v", name, next, err, test.want)
		}
	}
}

// TestDigest sees that everything that a reviewer is shown is in the digest, and nothing else (18.17).
func TestDigest(t *testing.T) {
	t.Parallel()
	before := readyToSend().digest()
	tests := map[string]struct {
		change func(*State)
		other  bool
	}{
		"a skill more":          {func(s *State) { s.Skills = append(s.Skills, Skill{ID: "x"}) }, true},
		"a skill's name":        {func(s *State) { s.Skills[1].Name = "Rust" }, true},
		"a proof":               {func(s *State) { s.Skills[0].ProofURLs = []string{"https://q.example"} }, true},
		"an item":               {func(s *State) { s.Items = append(s.Items, Item{Source: station}) }, true},
		"an item's title":       {func(s *State) { s.Items[0].Title = "Store" }, true},
		"an item's company":     {func(s *State) { s.Items[0].Organisation = "X" }, true},
		"an item's text":        {func(s *State) { s.Items[0].Description = "X" }, true},
		"an item's start":       {func(s *State) { s.Items[0].Start = time.Unix(0, 0) }, true},
		"an item's end":         {func(s *State) { s.Items[0].End = start }, true},
		"an item's kind":        {func(s *State) { s.Items[0].Kind = Certificate }, true},
		"the method":            {func(s *State) { s.Verification.Method = Assessment }, true},
		"the type":              {func(s *State) { s.Verification.EndorsementType = "peer" }, true},
		"the reviewer":          {func(s *State) { s.Reviewer = &Reviewer{Name: "Kim", Email: robin.Email, Company: robin.Company} }, true},
		"the address":           {func(s *State) { s.Reviewer = &Reviewer{Name: robin.Name, Email: "k@x.example", Company: robin.Company} }, true},
		"the company":           {func(s *State) { s.Reviewer = &Reviewer{Name: robin.Name, Email: robin.Email, Company: "X"} }, true},
		"the website":           {func(s *State) { r := robin; r.Website = "https://x.example"; s.Reviewer = &r }, true},
		"another order":         {func(s *State) { s.Skills = []Skill{s.Skills[1], s.Skills[0]} }, false},
		"states":                {func(s *State) { s.Skills[0].Status, s.Skills[0].CreatedAt = Verified, start }, false},
		"record ids":            {func(s *State) { s.Items[0].RecordID = "x" }, false},
		"the student's address": {func(s *State) { s.User.Email = "x@example.com" }, false},
	}
	for name, test := range tests {
		s := readyToSend()
		test.change(&s)
		if other := s.digest() != before; other != test.other {
			t.Errorf("%s: got another digest: %v, want %v", name, other, test.other)
		}
	}
}

// TestVoiding goes through the changes that the steps can make of a verification that is out.
func TestVoiding(t *testing.T) {
	t.Parallel()
	s := sent(t)
	for name, test := range map[string]struct {
		next   Next
		voided bool
	}{
		"the same":         {Next{Skills: s.Skills, Items: s.Items, Verification: s.Verification, Reviewer: s.Reviewer}, false},
		"other skills":     {Next{Skills: s.Skills[1:]}, true},
		"other items":      {Next{Items: []Item{{Source: station}}}, true},
		"another reviewer": {Next{Reviewer: &Reviewer{Email: "k@x.example"}}, true},
		"another method":   {Next{Verification: &Verification{ID: s.Verification.ID, Name: s.Verification.Name, Method: Assessment}}, true},
	} {
		next := s.voiding(test.next, start)
		if voided := next.Review != nil; voided != test.voided {
			t.Errorf("%s: got voided %v, want %v", name, voided, test.voided)
		}
		if next.Review != nil && (next.Review.Token != access.Hash{} || next.Review.Link != access.Hash{} || next.Review.Status != ReviewExpired || next.Unsend[0] != "dlv_mail") {
			t.Errorf("%s: got %+v, want no token and no mail", name, next)
		}
	}
	for _, status := range []ReviewStatus{ReviewCompleted, ReviewExpired} {
		s.Review.Status = status
		if next := s.voiding(Next{Skills: s.Skills[1:]}, start); next.Review != nil {
			t.Errorf("%s: got it voided, want it left", status)
		}
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reviewer, student string
		after             time.Duration
		want              []Signal
	}{
		{"r@a.example", "s@b.example", time.Hour, nil},
		{"r@a.example", "s@a.example", time.Hour, []Signal{sameDomain}},
		{"r@gmail.com", "s@b.example", time.Minute, []Signal{freeMail}},
		{"r@gmail.com", "s@gmail.com", time.Hour, []Signal{freeMail}},
		{"r@a.example", "", 59 * time.Second, []Signal{quickAnswer}},
		{"r@a.example", "s@a.example", time.Second, []Signal{sameDomain, quickAnswer}},
	} {
		s := State{Reviewer: &Reviewer{Email: test.reviewer}, User: &User{Email: test.student}, Review: &Review{SentAt: start}}
		if d := cmp.Diff(test.want, s.signals(start.Add(test.after))); d != "" {
			t.Errorf("%s for %s: got (+), want (-):\n%s", test.reviewer, test.student, d)
		}
	}
}

// TestTouchpointsOfASource goes to six proofs of one skill on one source: five endorsement types and an assessment; each once (6.4).
func TestTouchpointsOfASource(t *testing.T) {
	t.Parallel()
	react := []Skill{{ID: "react"}}
	var touched []Touchpoint
	check := func(v Verification) error { return holds(v, react, []Item{{Source: shop}}, touched...).check() }
	for _, endorsement := range EndorsementTypes {
		v := Verification{Method: Human, EndorsementType: endorsement}
		if err := check(v); err != nil {
			t.Errorf("%s: got %v, want it allowed", endorsement, err)
		}
		touched = append(touched, touch(shop, "react", endorsement, Verified, ByReviewer))
		if err := check(v); !errors.Is(err, ErrSkillsDuplicate) {
			t.Errorf("%s again: got %v, want %v", endorsement, err, ErrSkillsDuplicate)
		}
	}
	assessed := Verification{Method: Assessment}
	if err := check(assessed); err != nil {
		t.Errorf("assessment: got %v, want it allowed", err)
	}
	touched = append(touched, touch(shop, "react", "assessment", Verified, ByAssessment))
	if err := check(assessed); !errors.Is(err, ErrAssessmentPassed) || len(touched) != 6 {
		t.Errorf("assessment again: got %v after %d proofs, want %v after 6", err, len(touched), ErrAssessmentPassed)
	}
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change       func(*State)
		verification string
		token        access.Hash
		want         error
		answers      bool
	}{
		"mailed":       {func(*State) {}, "ver_live_1", mailed, nil, true},
		"shown":        {func(*State) {}, "ver_live_1", shown, nil, false},
		"other id":     {func(*State) {}, "ver_live_2", mailed, ErrReviewUnknown, false},
		"other token":  {func(*State) {}, "ver_live_1", access.Hash{9}, ErrReviewUnknown, false},
		"voided":       {func(s *State) { s.Review.Token, s.Review.Link = access.Hash{}, access.Hash{} }, "ver_live_1", mailed, ErrReviewUnknown, false},
		"nothing sent": {func(s *State) { *s = State{} }, "ver_live_1", mailed, ErrReviewUnknown, false},
		"expired":      {func(s *State) { s.Review.ExpiresAt = start }, "ver_live_1", mailed, ErrReviewExpired, false},
	} {
		s := sent(t)
		test.change(&s)
		page, err := PageOf(s, test.verification, by(test.token), start)
		if !errors.Is(err, test.want) || page.MayAnswer != test.answers {
			t.Errorf("%s: got %v, may answer %v, want %v, %v", name, err, page.MayAnswer, test.want, test.answers)
		}
	}
}

// TestSyncSend goes through the service: the mail is handed over first, and nothing is kept when that fails.
func TestSyncSend(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.settings[access.SyncSend] = "on"
	o := f.ready(t, "go")
	carriers := Carriers{IDs: []string{o.Verification.ID}}
	if _, err := f.StoreReviewer(t.Context(), apiKey, ReviewerInput{Carriers: carriers, Name: "R", Email: robin.Email, Company: "N"}); err != nil {
		t.Fatal(err)
	}
	f.mailer.err = errors.New("421 later")
	if _, err := f.Send(t.Context(), apiKey, carriers); !errors.Is(err, ErrMailFailed) || len(f.world.deliveries)+len(f.world.counted)+len(f.world.reviews) != 0 {
		t.Errorf("got %v and %v, want %v and nothing kept", err, f.world.deliveries, ErrMailFailed)
	}
	f.mailer.err = nil
	if _, err := f.Send(t.Context(), apiKey, carriers); err != nil {
		t.Fatalf("got %v, want no error", err)
	}
	if len(f.mailer.sent) != 1 || len(f.world.deliveries) != 1 || f.world.deliveries[0].Kind != outbox.Webhook || len(f.world.counted) != 1 {
		t.Errorf("got %d mails sent and %v queued, want the mail once and the webhook", len(f.mailer.sent), f.world.deliveries)
	}
}
