package skill

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
)

func registered(n int) Registered {
	r := Registered{Key: &access.Key{ID: "key_1", Owner: access.Owner{Org: "org_1", Mode: access.Live}}}
	for i := range n {
		r.Endpoints = append(r.Endpoints, access.Endpoint{ID: fmt.Sprint("whe_", i), URL: fmt.Sprint("https://hooks.example/", i), Events: []string{"verification.passed", "assessment.passed"}})
	}
	return r
}

func TestRegister(t *testing.T) {
	t.Parallel()
	in := func(url string, events ...string) RegisterInput {
		return RegisterInput{Endpoint: access.Endpoint{ID: "whe_new", URL: url, Events: events, Secret: "s", CreatedAt: start}}
	}
	revoked := registered(0)
	revoked.Key.RevokedAt = start
	for name, test := range map[string]struct {
		state Registered
		in    RegisterInput
		want  error
	}{
		"good":                  {registered(MaxEndpoints - 1), in("https://new.example/", "verification.failed"), nil},
		"same url, other event": {registered(1), in("https://hooks.example/0", "verification.passed"), nil},
		"same url, more events": {registered(1), in("https://hooks.example/0", "verification.passed", "assessment.passed", "assessment.paused"), nil},
		"known":                 {registered(1), in("https://hooks.example/0", "assessment.passed", "verification.passed", "assessment.passed"), ErrEndpointKnown},
		"too many":              {registered(MaxEndpoints), in("https://new.example/", "verification.failed"), ErrEndpointsFull},
		"known wins":            {registered(MaxEndpoints), in("https://hooks.example/0", "verification.passed", "assessment.passed"), ErrEndpointKnown},
		"unknown event":         {registered(0), in("https://new.example/", "verification.passed", "verification.completed"), ErrEndpointEvents},
		"http in live mode":     {registered(0), in("http://new.example/", "verification.passed"), ErrEndpointURL},
		"long":                  {registered(0), in("https://new.example/"+strings.Repeat("a", maxEndpointURL), "verification.passed"), ErrEndpointURL},
		"no key":                {Registered{}, in("https://new.example/", "verification.passed"), access.ErrKeyUnknown},
		"revoked key":           {revoked, in("", ""), access.ErrKeyUnknown},
	} {
		next, err := Register(test.state, test.in)
		if !errors.Is(err, test.want) || (next.Add != nil) != (test.want == nil) {
			t.Errorf("%s: got %+v, %v, want %v", name, next.Add, err, test.want)
		}
		if next.Add != nil && (next.Add.Org != "org_1" || next.Add.Mode != access.Live || next.Add.Secret != "s") {
			t.Errorf("%s: got %+v, want it of the key's owner", name, next.Add)
		}
	}
}

func TestUnregister(t *testing.T) {
	t.Parallel()
	if next, err := Unregister(registered(2), "whe_1"); err != nil || next.Remove != "whe_1" {
		t.Errorf("got %+v, %v, want it removed", next, err)
	}
	for want, s := range map[error]Registered{ErrEndpointUnknown: registered(1), access.ErrKeyUnknown: {}} {
		if next, err := Unregister(s, "whe_1"); !errors.Is(err, want) || next != (Registration{}) {
			t.Errorf("got %+v, %v, want %v", next, err, want)
		}
	}
}

// An endpoint hears what it wants to hear, under an id that is not that of the callback's event, signed by itself and, for the guide's header, by the key.
func TestEndpointsHear(t *testing.T) {
	t.Parallel()
	s := sent(t)
	s.Endpoints = []access.Endpoint{
		{ID: "whe_1", URL: "https://one.example/", Events: []string{"verification.passed"}},
		{ID: "whe_2", URL: "https://two.example/", Events: []string{"verification.failed", "assessment.passed"}},
		{ID: "whe_3", URL: "https://three.example/", Events: []string{"assessment.failed", "verification.passed"}},
	}
	in := EndorseInput{Token: access.Lookup{mailed, mailed, mailed}, Answers: map[string]Answer{s.Skills[0].ID: Confirmed}, EventID: "evt_1", HookID: "dlv_1", GuideID: "evt_g", Now: start.Add(time.Hour)}
	next, told, err := Endorse(s, in)
	if err != nil || !told.Told {
		t.Fatalf("got %+v, %v, want it told", told, err)
	}
	got := map[string]outbox.Hook{}
	ids := map[string]bool{}
	for _, d := range next.Deliveries {
		ids[d.ID] = true
		if d.Kind == outbox.Webhook {
			var h outbox.Hook
			if err := json.Unmarshal(d.Payload, &h); err != nil {
				t.Fatal(err)
			}
			got[h.URL] = h
		}
	}
	if len(got) != 3 || len(ids) != len(next.Deliveries) {
		t.Fatalf("got %v, want callback, one and three, each a delivery of its own", got)
	}
	for url, id := range map[string]string{"https://one.example/": "whe_1", "https://three.example/": "whe_3"} {
		h := got[url]
		if d := cmp.Diff(outbox.Signer{Key: s.Verification.Key, Endpoint: id}, h.Signer); d != "" || h.Event != "evt_g" {
			t.Errorf("%s: event %s, signer got (+), want (-):\n%s", url, h.Event, d)
		}
		want := strings.NewReplacer("verification.completed", "verification.passed", "evt_1", "evt_g").Replace(string(got[s.Verification.Callback].Body))
		if string(h.Body) != want {
			t.Errorf("%s: got %s, want %s", url, h.Body, want)
		}
	}
}

func TestGuideEvent(t *testing.T) {
	t.Parallel()
	for want, bodies := range map[event.Name][]event.Completed{
		event.VerificationPassed: {{Summary: event.Summary{SkillsVerified: 1}}},
		event.VerificationFailed: {{}, {DeclineReason: "unknown_person"}, {Head: event.Head{Status: "expired"}, Summary: event.Summary{SkillsVerified: 1}}},
		event.AssessmentPassed:   {{Assessment: &event.Assessment{Passed: true}, Summary: event.Summary{SkillsVerified: 1}}},
		event.AssessmentFailed:   {{Assessment: &event.Assessment{}}, {Assessment: &event.Assessment{}, Summary: event.Summary{SkillsVerified: 1}}},
	} {
		for _, body := range bodies {
			if got := guideEvent(body); got != want {
				t.Errorf("%+v: got %s, want %s", body, got, want)
			}
		}
	}
}

// A review is over once: noted and told when its time has come, and neither before nor again.
func TestExpire(t *testing.T) {
	t.Parallel()
	s := sent(t)
	s.Endpoints = []access.Endpoint{{ID: "whe_1", URL: "https://one.example/", Events: []string{"verification.failed"}}}
	at := s.Review.ExpiresAt
	for name, state := range map[string]State{"too early": s, "nothing sent": readyToSend(), "answered": answered(s), "voided": voided(s)} {
		now := at
		if name == "too early" {
			now = at.Add(-time.Microsecond)
		}
		if next, err := Expire(state, ExpireInput{GuideID: "evt_1", Now: now}); err != nil || !next.Empty() {
			t.Errorf("%s: got %+v, %v, want nothing", name, next, err)
		}
	}
	next, err := Expire(s, ExpireInput{GuideID: "evt_1", Now: at})
	if err != nil || next.Review.Status != ReviewExpired || len(next.Deliveries) != 1 || next.Deliveries[0].Target != "https://one.example/" {
		t.Fatalf("got %+v, %v, want it noted and told", next, err)
	}
	if again, err := Expire(s.with(next), ExpireInput{GuideID: "evt_2", Now: at}); err != nil || !again.Empty() {
		t.Errorf("got %+v, %v, want nothing the second time", again, err)
	}
	if _, _, err := Endorse(s.with(next), EndorseInput{Token: access.Lookup{mailed, mailed, mailed}, Answers: map[string]Answer{s.Skills[0].ID: Confirmed}, Now: at}); !errors.Is(err, ErrReviewExpired) {
		t.Errorf("got %v, want %v as before", err, ErrReviewExpired)
	}
}

func answered(s State) State {
	r := *s.Review
	r.Status = ReviewCompleted
	s.Review = &r
	return s
}

func voided(s State) State {
	r := *s.Review
	r.Status = ReviewExpired
	s.Review = &r
	return s
}
