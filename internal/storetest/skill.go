package storetest

import (
	cryptorand "crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/catalogue"
	"avow/internal/skill"
)

func skills(t *testing.T, open Open) {
	cases := map[string]func(*skillWorld){
		"init is saved whole":                         (*skillWorld).initSaved,
		"the steps are saved whole":                   (*skillWorld).stepsSaved,
		"a replace leaves nothing behind":             (*skillWorld).replaced,
		"nil leaves what is there":                    (*skillWorld).nilLeaves,
		"dates of any year are kept":                  (*skillWorld).datesKept,
		"lists are loaded for those who want them":    (*skillWorld).listsWanted,
		"what is unknown is nil":                      (*skillWorld).unknown,
		"a revoked key is loaded as revoked":          (*skillWorld).revokedKey,
		"a session's token stands in the key's place": (*skillWorld).pass,
		"a token names before an id":                  (*skillWorld).tokenBeforeID,
		"another owner finds nothing":                 (*skillWorld).foreign,
		"another owner's token is no way in":          (*skillWorld).foreignPass,
		"public calls take the owner from the row":    (*skillWorld).publicCalls,
		"a person is found by e-mail and by phone":    (*skillWorld).persons,
		"a person keeps what was filled in":           (*skillWorld).personFilled,
		"a refusal is saved with its state":           (*skillWorld).refusal,
		"touchpoints are of others, sent, own person": (*skillWorld).touchpoints,
		"parallel changes never decide on one state":  (*skillWorld).parallelSteps,
		"parallel inits make one person":              (*skillWorld).parallelInits,
		"parallel sends keep to ten skills a source":  (*skillWorld).parallelSends,
	}
	maps.Copy(cases, reviewCases)
	maps.Copy(cases, assessmentCases)
	maps.Copy(cases, guideCases)
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newSkillWorld(t, open)) })
	}
}

// skillWorld has keys of two organisations and both modes.
type skillWorld struct {
	*world
	service *skill.Service
	live    access.NewKey // of organisation one
	test    access.NewKey // of organisation one
	other   access.NewKey // of organisation two, live
}

func newSkillWorld(t *testing.T, open Open) *skillWorld {
	t.Helper()
	w := &skillWorld{world: newWorld(t, open)}
	w.service = skill.NewService(skill.Options{
		Verifications: w.Store, Keys: w.keys, Random: access.Random{Source: cryptorand.Reader}, Now: func() time.Time { return start },
		SessionTTL: time.Hour, ReviewTTL: time.Hour, Catalogue: catalogue.NewService(w.Store), Endpoints: w.Store,
	})
	w.live, w.test, w.other = w.key("one", access.Live), w.key("one", access.Test), w.key("two", access.Live)
	return w
}

func (w *skillWorld) key(org string, mode access.Mode) access.NewKey {
	w.Helper()
	k, err := w.admin.CreateKey(w.ctx, org, "key", mode)
	w.must(err)
	return k
}

const listOfProjects = `[{"projectId":"p1","name":"Shop","x":[1, {"y":null}]}, {"projectId":"p2","name":"Station","startDate":"1970","endDate":"1969-05-06T07:08:09.123Z"}]`

func initInput() skill.InitInput {
	return skill.InitInput{
		Student: "student 1", Callback: "https://client.example/hook", Name: "Jane", Email: "Jane@example.com", Phone: "+46 70", SkillIDs: []string{"a", "b"},
		Lists: skill.NewLists(json.RawMessage(listOfProjects), nil, nil),
	}
}

func (w *skillWorld) open(k access.NewKey) skill.Opened {
	w.Helper()
	o, err := w.service.Init(w.ctx, k.Text, initInput())
	w.must(err)
	return o
}

// ready opens a verification with the skills given, to be endorsed on the first project.
func (w *skillWorld) ready(k access.NewKey, ids ...string) skill.Opened {
	w.Helper()
	o := w.open(k)
	w.must(w.service.ChooseMethod(w.ctx, k.Text, skill.MethodInput{Carriers: named(o), Method: skill.Human}))
	w.store(k, o, ids...)
	_, err := w.service.StoreItems(w.ctx, k.Text, o.Token, []skill.Source{{Kind: skill.Project, ID: "p1"}})
	w.must(err)
	return o
}

func (w *skillWorld) store(k access.NewKey, o skill.Opened, ids ...string) {
	w.Helper()
	in := skill.SkillsInput{Carriers: named(o)}
	for _, id := range ids {
		in.Claims = append(in.Claims, skill.Claim{Skill: id, Name: "name of " + id, ProofURLs: []string{"https://proof.example/" + id}})
	}
	_, err := w.service.StoreSkills(w.ctx, k.Text, in)
	w.must(err)
}

func named(o skill.Opened) skill.Carriers { return skill.Carriers{IDs: []string{o.Verification.ID}} }

func (w *skillWorld) lookup(token string) access.Lookup {
	return w.keys.Lookup(access.ForSession, token)
}

// by is a call with something in the place of the API key.
func (w *skillWorld) by(shown string) skill.Subject {
	if access.LooksLikeKey(shown) {
		return skill.Subject{Keyed: true, Secret: w.keys.Lookup(access.ForAPIKey, shown)}
	}
	return skill.Subject{Keyed: true, ByPass: true, Secret: w.lookup(shown)}
}

func (w *skillWorld) byID(shown, verification string) skill.Subject {
	s := w.by(shown)
	s.Verification = verification
	return s
}

func (w *skillWorld) byToken(shown, token string) skill.Subject {
	s := w.by(shown)
	s.ByToken, s.Token = true, w.lookup(token)
	return s
}

func (w *skillWorld) view(s skill.Subject) skill.State {
	w.Helper()
	state, err := w.ViewVerification(w.ctx, s)
	w.must(err)
	return state
}

// both returns what View and Change load for a subject; touchpoints apart, it must be the same.
func (w *skillWorld) both(s skill.Subject) skill.State {
	w.Helper()
	viewed := w.view(s)
	changing := w.changing(s)
	if len(viewed.Touchpoints) > 0 {
		w.Errorf("view: got touchpoints %v, want none", viewed.Touchpoints)
	}
	viewed.Touchpoints = changing.Touchpoints
	w.equal("change against view", changing, viewed)
	return changing
}

func (w *skillWorld) changing(s skill.Subject) (state skill.State) {
	w.Helper()
	w.must(w.ChangeVerification(w.ctx, s, func(loaded skill.State) (skill.Next, error) {
		state = loaded
		return skill.Next{}, nil
	}))
	return state
}

func (w *skillWorld) change(s skill.Subject, decide func(skill.State) skill.Next) {
	w.Helper()
	w.must(w.ChangeVerification(w.ctx, s, func(state skill.State) (skill.Next, error) { return decide(state), nil }))
}

func (w *skillWorld) equal(what string, got, want any) {
	w.Helper()
	if d := cmp.Diff(want, got); d != "" {
		w.Errorf("%s: got +, want -:\n%s", what, d)
	}
}

func (w *skillWorld) initSaved() {
	o := w.open(w.live)
	state := w.both(w.byToken(w.live.Text, o.Token))
	w.equal("verification", state.Verification, &o.Verification)
	w.equal("session", state.Session, bare(o.Session))
	w.equal("user", state.User, &skill.User{
		ID: o.Verification.User, Owner: w.live.Owner, Name: "Jane", Email: "Jane@example.com", Phone: "+46 70", Mailboxes: []string{"jane@example.com"},
		CreatedAt: start, Version: state.User.Version,
	})
	wantKey := access.Key{ID: w.live.ID, Owner: w.live.Owner, Name: "key", Hash: w.live.Hash, CreatedAt: start}
	w.equal("key", state.Key, &wantKey)
	w.equal("same by id", w.both(w.byID(w.live.Text, o.Verification.ID)), state)
	if state.Skills != nil || state.Items != nil || state.Pass != nil || state.ByEmail != nil || state.ByPhone != nil {
		w.Errorf("got %+v, want nothing that was not asked for", state)
	}
}

// bare is a session without its lists.
func bare(s skill.Session) *skill.Session {
	s.Lists = skill.Lists{}
	return &s
}

func (w *skillWorld) listsWanted() {
	o := w.ready(w.live, "a")
	for what, s := range map[string]skill.Subject{
		"own by token":    w.byToken(w.live.Text, o.Token),
		"own by id":       w.byID(w.live.Text, o.Verification.ID),
		"public by token": {ByToken: true, Token: w.lookup(o.Token)},
		"public by id":    {Verification: o.Verification.ID},
	} {
		want := w.both(s)
		want.Session = &o.Session
		s.Lists = true
		w.equal(what, w.both(s), want)
	}
}

func (w *skillWorld) stepsSaved() {
	o := w.ready(w.live, "b", "a")
	s := w.byID(w.live.Text, o.Verification.ID)
	sent := start.Add(time.Minute)
	w.change(s, func(state skill.State) skill.Next {
		v := *state.Verification
		v.EndorsementType, v.InitiatedAt, v.CompletedAt = "peer", sent, sent.Add(time.Second)
		state.Skills[0].Status, state.Skills[0].VerifiedAt, state.Skills[0].VerifiedBy = skill.Verified, sent, skill.ByReviewer
		return skill.Next{Verification: &v, Skills: state.Skills}
	})
	state := w.both(s)
	want := o.Verification
	want.Method, want.EndorsementType, want.InitiatedAt, want.CompletedAt = skill.Human, "peer", sent, sent.Add(time.Second)
	w.equal("verification", state.Verification, &want)
	w.equal("skills", state.Skills, []skill.Skill{
		{ID: "b", Name: "name of b", ProofURLs: []string{"https://proof.example/b"}, Status: skill.Verified, VerifiedAt: sent, VerifiedBy: skill.ByReviewer, CreatedAt: start},
		{ID: "a", Name: "name of a", ProofURLs: []string{"https://proof.example/a"}, Status: skill.Pending, CreatedAt: start},
	})
	w.equal("items", state.Items, []skill.Item{
		{Source: skill.Source{Kind: skill.Project, ID: "p1"}, RecordID: state.Items[0].RecordID, Title: "Shop"},
	})
}

func (w *skillWorld) replaced() {
	o := w.ready(w.live, "a", "b", "c")
	w.store(w.live, o, "c")
	w.change(w.byID(w.live.Text, o.Verification.ID), func(skill.State) skill.Next { return skill.Next{Items: []skill.Item{}} })
	state := w.both(w.byID(w.live.Text, o.Verification.ID))
	if len(state.Skills) != 1 || state.Skills[0].ID != "c" || len(state.Items) != 0 {
		w.Errorf("got skills %+v and items %+v, want c and none", state.Skills, state.Items)
	}
}

func (w *skillWorld) nilLeaves() {
	o := w.ready(w.live, "a")
	s := w.byID(w.live.Text, o.Verification.ID)
	before := w.both(s)
	w.change(s, func(state skill.State) skill.Next { return skill.Next{User: state.User} })
	after := w.both(s)
	if after.User.Version == before.User.Version {
		w.Errorf("got version %d before and after a change, want another", after.User.Version)
	}
	before.User.Version = after.User.Version
	w.equal("state", after, before)
	w.change(s, func(skill.State) skill.Next { return skill.Next{} })
	w.equal("state after nothing", w.both(s), before)
}

func (w *skillWorld) datesKept() {
	o := w.ready(w.live, "a")
	_, err := w.service.StoreItems(w.ctx, w.live.Text, o.Token, []skill.Source{{Kind: skill.Project, ID: "p2"}, {Kind: skill.Project, ID: "p1"}})
	w.must(err)
	items := w.both(w.byToken(w.live.Text, o.Token)).Items
	if !items[0].Start.Equal(time.Unix(0, 0)) || !items[0].End.Equal(time.Date(1969, 5, 6, 7, 8, 9, 123e6, time.UTC)) {
		w.Errorf("got %v to %v, want the dates of init", items[0].Start, items[0].End)
	}
	if !items[1].Start.IsZero() || !items[1].End.IsZero() {
		w.Errorf("got %v to %v, want no dates", items[1].Start, items[1].End)
	}
}

func (w *skillWorld) unknown() {
	o := w.open(w.live)
	state := w.both(w.byToken("nobody's", o.Token))
	w.equal("by an unknown key", state, skill.State{})
	s := w.byID(w.live.Text, "ver_live_unknown")
	s.EmailKey, s.PhoneKey = "nobody@example.com", "+1"
	state = w.both(s)
	if state.Key == nil || state.Verification != nil || state.User != nil || state.Session != nil || state.ByEmail != nil || state.ByPhone != nil {
		w.Errorf("got %+v, want the key only", state)
	}
	if state := w.both(w.byToken(w.live.Text, "nobody's")); state.Verification != nil || state.Session != nil {
		w.Errorf("got %+v, want the key only", state)
	}
}

func (w *skillWorld) revokedKey() {
	o := w.open(w.live)
	w.must(w.RevokeKey(w.ctx, w.live.ID, start.Add(time.Second)))
	state := w.both(w.byID(w.live.Text, o.Verification.ID))
	if state.Key == nil || !state.Key.RevokedAt.Equal(start.Add(time.Second)) {
		w.Errorf("got key %+v, want it revoked", state.Key)
	}
}

func (w *skillWorld) pass() {
	o := w.ready(w.live, "a")
	_, err := w.admin.Set(w.ctx, "one", access.SessionTokenAsKey, "off")
	w.must(err)
	state := w.both(w.by(o.Token))
	w.equal("pass", state.Pass, bare(o.Session))
	w.equal("session", state.Session, bare(o.Session))
	if state.Key != nil || state.Settings.On(access.SessionTokenAsKey) || state.Verification.ID != o.Verification.ID || len(state.Skills) != 1 {
		w.Errorf("got %+v, want the session's verification and the organisation's settings", state)
	}
	if state := w.both(w.byID(w.live.Text, o.Verification.ID)); state.Pass != nil || state.Settings.On(access.SessionTokenAsKey) {
		w.Errorf("got %+v, want settings and no pass with a key", state)
	}
}

func (w *skillWorld) tokenBeforeID() {
	first, second := w.open(w.live), w.open(w.live)
	s := w.byToken(w.live.Text, first.Token)
	s.Verification = second.Verification.ID
	if got := w.both(s).Verification; got == nil || got.ID != first.Verification.ID {
		w.Errorf("got %+v, want that of the token", got)
	}
	byPass := w.byID(first.Token, second.Verification.ID)
	state := w.both(byPass)
	if state.Pass == nil || state.Pass.Verification != first.Verification.ID || state.Verification.ID != second.Verification.ID {
		w.Errorf("got %+v, want both, for the rules to compare", state)
	}
}

func (w *skillWorld) refusal() {
	o := w.ready(w.live, "a")
	s, refusal := w.byID(w.live.Text, o.Verification.ID), errors.New("refused")
	err := w.ChangeVerification(w.ctx, s, func(skill.State) (skill.Next, error) { return skill.Next{Skills: []skill.Skill{}}, refusal })
	if !errors.Is(err, refusal) || len(w.both(s).Skills) != 0 {
		w.Errorf("got %v and skills %v, want the refusal and what it saved", err, w.both(s).Skills)
	}
	err = w.ChangeVerification(w.ctx, s, func(skill.State) (skill.Next, error) { return skill.Next{}, refusal })
	if !errors.Is(err, refusal) {
		w.Errorf("got %v, want the refusal", err)
	}
}
