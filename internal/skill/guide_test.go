package skill

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func guideSource(t *testing.T, text string) GuideSource {
	t.Helper()
	source, err := ReadGuideSource(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// beginInput asks for skills on the shop.
func beginInput(t *testing.T, skills ...string) BeginInput {
	t.Helper()
	return BeginInput{
		Init: InitInput{
			Student: "student_1", Name: "Jane Doe", Email: "jane@example.com", UserID: "1", VerificationID: "1", Token: access.Hash{7}, Now: start, ExpiresAt: start.Add(sessionTTL),
		},
		Source: guideSource(t, `{"type":"project","id":"proj_1","title":"Shop"}`), Claims: claims(skills...), Method: Human, RecordID: "rec_1", Send: sendInput(),
	}
}

// caller is the state of a call by somebody whom nobody knows yet.
func caller(touched ...Touchpoint) State {
	return State{Key: &access.Key{ID: "key_1", Owner: access.Owner{Org: "org_1", Mode: access.Live}}, Brand: "Acme", Touchpoints: touched}
}

func TestBeginGoesAllSteps(t *testing.T) {
	t.Parallel()
	next, begun, err := Begin(caller(), beginInput(t, "go", "sql"))
	if err != nil {
		t.Fatal(err)
	}
	if next.User == nil || next.Session == nil || next.Verification == nil || len(next.Skills) != 2 || len(next.Items) != 1 || next.Reviewer != nil || next.Review != nil {
		t.Errorf("got %+v, want user, session, verification, skills and item", next)
	}
	if v := next.Verification; v.Method != Human || v.Callback != "" || !v.InitiatedAt.IsZero() || next.Items[0].RecordID != "rec_1" || len(next.Deliveries)+len(next.Counted) != 0 {
		t.Errorf("got %+v, want what no mail was sent for", next)
	}
	if begun.Link != "" || begun.Dropped != nil || begun.Standing(start) != StandingCreated || begun.Session.Verification != next.Verification.ID {
		t.Errorf("got %+v, want it created", begun)
	}
}

func TestBeginSends(t *testing.T) {
	t.Parallel()
	in := beginInput(t, "go")
	in.Reviewer = &ReviewerInput{Name: "Robin", Email: "Robin@northwind.example", Company: "Northwind"}
	next, begun, err := Begin(caller(), in)
	if err != nil {
		t.Fatal(err)
	}
	if next.Reviewer.Email != "robin@northwind.example" || next.Review.Status != ReviewPending || !next.Verification.InitiatedAt.Equal(start) || len(next.Counted) != 1 {
		t.Errorf("got %+v, want it sent and counted", next)
	}
	if len(next.Deliveries) != 1 || next.Deliveries[0].Kind != outbox.Mail || begun.Standing(start) != StandingPending || !strings.HasSuffix(begun.Link, "shown") {
		t.Errorf("got %+v and %q, want the reviewer's mail alone and the link that looks", next.Deliveries, begun.Link)
	}
	after := caller().with(next)
	if after.digest() != next.Review.Evidence {
		t.Errorf("got evidence %s, want that of what is kept", next.Review.Evidence)
	}
}

func TestBeginLeavesOutWhatIsVerified(t *testing.T) {
	t.Parallel()
	endorsed := []Touchpoint{touch(shop, "go", "human", Verified, ByReviewer), touch(shop, "sql", "assessment", Verified, ByAssessment), touch(station, "css", "human", Verified, ByReviewer)}
	known := func(next Next) (ids []string) {
		for _, k := range next.Skills {
			ids = append(ids, k.ID)
		}
		return ids
	}
	tests := map[string]struct {
		change  func(*BeginInput)
		skills  []string
		left    []string
		dropped []string
		want    error
	}{
		"some":                {nil, []string{"css", "go", "sql"}, []string{"css", "sql"}, []string{"go"}, nil},
		"none":                {nil, []string{"css", "sql"}, []string{"css", "sql"}, nil, nil},
		"all":                 {nil, []string{"go"}, nil, nil, ErrSkillsDuplicate},
		"twice":               {nil, []string{"css", "css"}, nil, nil, ErrSkillsDuplicate},
		"twice and verified":  {nil, []string{"css", "go", "go"}, nil, nil, ErrSkillsDuplicate},
		"another type":        {func(in *BeginInput) { in.EndorsementType = "peer" }, []string{"go"}, []string{"go"}, nil, nil},
		"by assessment":       {func(in *BeginInput) { in.Method = Assessment }, []string{"go", "sql"}, []string{"go"}, []string{"sql"}, nil},
		"all by assessment":   {func(in *BeginInput) { in.Method = Assessment }, []string{"sql"}, nil, nil, ErrAssessmentPassed},
		"too many":            {nil, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, nil, nil, ErrSkillsOverLimit},
		"not too many of new": {nil, []string{"1", "2", "3", "4", "5", "6", "7", "8", "go"}, []string{"1", "2", "3", "4", "5", "6", "7", "8"}, []string{"go"}, nil},
	}
	for name, test := range tests {
		in := beginInput(t, test.skills...)
		if test.change != nil {
			test.change(&in)
		}
		next, begun, err := Begin(caller(endorsed...), in)
		var dropped []string
		for _, r := range begun.Dropped {
			dropped = append(dropped, r.ID)
		}
		if !errors.Is(err, test.want) || !slices.Equal(known(next), test.left) || !slices.Equal(dropped, test.dropped) {
			t.Errorf("%s: got %v, dropped %v, %v, want %v, %v, %v", name, known(next), dropped, err, test.left, test.dropped, test.want)
		}
		if err != nil && !next.Empty() {
			t.Errorf("%s: got %+v saved, want nothing", name, next)
		}
	}
}

func TestBeginRefuses(t *testing.T) {
	t.Parallel()
	revoked := caller()
	revoked.Key.RevokedAt = start
	pass := State{Pass: &Session{ExpiresAt: start.Add(time.Hour)}}
	asked := touch(shop, "go", "peer", Pending, "")
	asked.Reviewer = robin.Email
	for name, test := range map[string]struct {
		state  State
		change func(*BeginInput)
		want   error
	}{
		"no key":                {State{}, nil, access.ErrKeyUnknown},
		"revoked key":           {revoked, nil, access.ErrKeyUnknown},
		"session's token":       {pass, nil, access.ErrKeyUnknown},
		"long address":          {caller(), func(in *BeginInput) { in.Init.Email = strings.Repeat("a", maxContact+1) }, ErrDataFormat},
		"oneself":               {caller(), func(in *BeginInput) { in.Reviewer.Email = "Jane+x@example.com" }, ErrSelfReview},
		"one for two relations": {caller(asked), nil, ErrReviewerTaken},
		"reviewer of a test":    {caller(), func(in *BeginInput) { in.Method = Assessment }, ErrMethodOther},
	} {
		in := beginInput(t, "go")
		in.Reviewer = &ReviewerInput{Name: "Robin", Email: robin.Email, Company: "Northwind"}
		if test.change != nil {
			test.change(&in)
		}
		if next, _, err := Begin(test.state, in); !errors.Is(err, test.want) || !next.Empty() {
			t.Errorf("%s: got %v and %+v, want %v and nothing saved", name, err, next, test.want)
		}
	}
}

func TestReadGuideSource(t *testing.T) {
	t.Parallel()
	full := `{"type":"TYPE","id":"s1","title":"T\u0009t","organization":"O","description":"D","startDate":"2022-06","endDate":"2023-01-31","current":true,"metadata": {"b": 1.50} ,"x":5}`
	at := func(year, month, day int) time.Time {
		return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	}
	lists := map[Kind]Lists{
		Project:     NewLists([]byte(`[{"projectId":"s1","name":"T\u0009t","description":"D","startDate":"2022-06","endDate":"2023-01-31"}]`), nil, nil),
		Experience:  NewLists(nil, []byte(`[{"workExperienceId":"s1","role":"T\u0009t","companyName":"O","description":"D","startDate":"2022-06","endDate":"2023-01-31"}]`), nil),
		Certificate: NewLists(nil, nil, []byte(`[{"credentialId":"s1","name":"T\u0009t","issuedOrganization":"O","issueDate":"2022-06"}]`)),
	}
	for kind, list := range lists {
		got := guideSource(t, strings.Replace(full, "TYPE", string(kind), 1))
		want := GuideSource{Lists: list, Item: Item{
			Source: Source{kind, "s1"}, Title: "T t", Organisation: "O", Description: "D", Start: at(2022, 6, 1), End: at(2023, 1, 31), Current: true, Metadata: `{"b": 1.50}`,
		}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: got (+), want (-):\n%s", kind, d)
		}
		if err := got.Lists.Check(); err != nil {
			t.Errorf("%s: got %v, want lists that init would take", kind, err)
		}
		kept, err := Given(got.Item.line() + "\n").find([]Source{got.Item.Source})
		if d := cmp.Diff(want.Item, kept[got.Item.Source]); err != nil || d != "" {
			t.Errorf("%s in the session: %v, got (+), want (-):\n%s", kind, err, d)
		}
	}
	for path, text := range map[string]string{
		"source": `[]`, "source.type": `{"type":"hobby","id":"a","title":"t"}`, "source.id": `{"type":"project","title":"t"}`, "source.title": `{"type":"project","id":"a","title":5}`,
		"source.endDate": `{"type":"project","id":"a","title":"t","endDate":"now"}`, "source.current": `{"type":"project","id":"a","title":"t","current":1}`,
		"source.metadata": `{"type":"project","id":"a","title":"t","metadata":"{}"}`,
	} {
		_, err := ReadGuideSource(json.RawMessage(text))
		if !errors.Is(err, ErrDataFormat) || !strings.Contains(err.Error(), "("+path+")") {
			t.Errorf("%s: got %v, want it refused by that name", text, err)
		}
	}
	if _, err := ReadGuideSource(nil); !errors.Is(err, ErrNoData) {
		t.Errorf("got %v, want %v", err, ErrNoData)
	}
}

func TestNamesBecomeClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got, err := f.claims(t.Context(), []string{"golang", "sql", " Basket\tweaving\x00 ", "basket  WEAVING"})
	want := []Claim{{Skill: "go", Name: "Go"}, {Skill: "sql", Name: "SQL"}, {Skill: "basket weaving", Name: "Basket weaving"}, {Skill: "basket weaving", Name: "basket WEAVING"}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v: got (+), want (-):\n%s", err, d)
	}
}

func TestGuideService(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	in := beginInput(t)
	in.Names = []string{"Go"}
	begun, err := f.Begin(t.Context(), apiKey, in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.SessionData(t.Context(), begun.Token); err != nil {
		t.Errorf("got %v, want the session behind the token", err)
	}
	o, err := f.Overview(t.Context(), apiKey, begun.Verification.ID)
	if d := cmp.Diff(begun.Overview, o); err != nil || d != "" {
		t.Errorf("%v: got (+), want (-):\n%s", err, d)
	}
	p, err := f.Person(t.Context(), apiKey, begun.Verification.User)
	if err != nil || p.User.ID != begun.Verification.User || len(p.Verifications) != 1 {
		t.Errorf("got %+v, %v, want the person", p, err)
	}
	for what, call := range map[string]func(key string) error{
		"overview": func(key string) error { _, err := f.Overview(t.Context(), key, "ver_live_x"); return err },
		"person":   func(key string) error { _, err := f.Person(t.Context(), key, "nobody"); return err },
		"removal":  func(key string) error { return f.Unregister(t.Context(), key, "whe_x") },
	} {
		for key, want := range map[string]error{"": access.ErrKeyUnknown, "avow_live_other": access.ErrKeyUnknown, begun.Token: access.ErrKeyUnknown, apiKey: nil} {
			if err := call(key); want != nil && !errors.Is(err, want) || err == nil || want == nil && errors.Is(err, access.ErrKeyUnknown) {
				t.Errorf("%s with key %q: got %v, want %v", what, key, err, want)
			}
		}
	}
}
