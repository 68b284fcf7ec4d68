package storetest

import (
	"time"

	"avow/internal/access"
	"avow/internal/skill"
)

// foreign sees that nothing of an owner is found with the key of another organisation or of the other mode, and that nothing of it can be changed.
func (w *skillWorld) foreign() {
	o := w.ready(w.live, "a")
	before := w.both(w.byID(w.live.Text, o.Verification.ID))
	for _, k := range []access.NewKey{w.test, w.other} {
		byToken, byID := w.byToken(k.Text, o.Token), w.byID(k.Text, o.Verification.ID)
		byID.EmailKey, byID.PhoneKey = "jane@example.com", "+4670"
		for _, s := range []skill.Subject{byToken, byID} {
			s.Lists = true
			state := w.both(s)
			key := state.Key
			state.Key, state.Settings, state.Brand, state.Language = nil, nil, "", ""
			w.equal("found by "+string(k.Owner.Mode)+" key", state, skill.State{})
			if key == nil || key.ID != k.ID {
				w.Errorf("got key %+v, want %s", key, k.ID)
			}
		}
		if _, err := w.service.StoreItems(w.ctx, k.Text, o.Token, []skill.Source{{Kind: skill.Project, ID: "p2"}}); err == nil {
			w.Error("got no error, want a refusal")
		}
	}
	w.equal("state", w.both(w.byID(w.live.Text, o.Verification.ID)), before)
}

// foreignPass sees that a session's token opens nothing of others.
func (w *skillWorld) foreignPass() {
	mine := w.open(w.live)
	for _, k := range []access.NewKey{w.test, w.other} {
		theirs := w.ready(k, "a")
		for _, s := range []skill.Subject{w.byID(mine.Token, theirs.Verification.ID), w.byToken(mine.Token, theirs.Token)} {
			if state := w.both(s); state.Pass == nil || state.Verification != nil || state.User != nil || state.Session != nil || state.Skills != nil || state.Items != nil {
				w.Errorf("got %+v, want the own session only", state)
			}
		}
	}
}

func (w *skillWorld) publicCalls() {
	for _, k := range []access.NewKey{w.live, w.test, w.other} {
		o := w.ready(k, "a")
		byID := w.both(skill.Subject{Verification: o.Verification.ID})
		w.equal("by token", w.both(skill.Subject{ByToken: true, Token: w.lookup(o.Token)}), byID)
		if byID.Key != nil || byID.Verification == nil || byID.Verification.Owner != k.Owner || byID.Session == nil || len(byID.Skills) != 1 || len(byID.Items) != 1 {
			w.Errorf("got %+v, want the row of %+v", byID, k.Owner)
		}
	}
	for _, s := range []skill.Subject{{Verification: "ver_live_unknown"}, {ByToken: true, Token: w.lookup("nobody's")}, {}} {
		w.equal("unknown", w.both(s), skill.State{})
	}
}

func (w *skillWorld) persons() {
	for _, k := range []access.NewKey{w.live, w.test, w.other} {
		user := w.open(k).Verification.User
		s := w.by(k.Text)
		s.EmailKey, s.PhoneKey = "jane@example.com", "+4670"
		state := w.both(s)
		if state.ByEmail == nil || state.ByPhone == nil || state.ByEmail.ID != user || state.ByPhone.ID != user || state.ByEmail.Owner != k.Owner {
			w.Errorf("got %+v and %+v, want %s of %+v", state.ByEmail, state.ByPhone, user, k.Owner)
		}
		if again := w.open(k).Verification.User; again != user {
			w.Errorf("got user %s, want %s", again, user)
		}
	}
}

func (w *skillWorld) personFilled() {
	in := initInput()
	in.Phone = ""
	first, err := w.service.Init(w.ctx, w.live.Text, in)
	w.must(err)
	w.open(w.live)
	in.Email, in.Phone = "", "+46-70"
	third, err := w.service.Init(w.ctx, w.live.Text, in)
	w.must(err)
	state := w.both(w.byToken(w.live.Text, third.Token))
	if state.User.ID != first.Verification.User || state.User.Phone != "+46 70" {
		w.Errorf("got %+v, want %s with the number of the second init", state.User, first.Verification.User)
	}
}

// send marks a verification as sent, its skills as verified.
func (w *skillWorld) send(o skill.Opened) {
	w.Helper()
	w.change(skill.Subject{Verification: o.Verification.ID}, func(state skill.State) skill.Next {
		v := *state.Verification
		v.InitiatedAt = start
		for i := range state.Skills {
			state.Skills[i].Status, state.Skills[i].VerifiedBy, state.Skills[i].VerifiedAt = skill.Verified, skill.ByReviewer, start
		}
		return skill.Next{Verification: &v, Skills: state.Skills}
	})
}

func (w *skillWorld) touchpoints() {
	mine := w.ready(w.live, "own")
	w.send(mine)
	sent := w.ready(w.live, "a", "b")
	w.send(sent)
	w.ready(w.live, "not sent")
	for _, k := range []access.NewKey{w.test, w.other} {
		w.send(w.ready(k, "of another owner"))
	}
	in := initInput()
	in.Email, in.Phone = "john@example.com", ""
	john, err := w.service.Init(w.ctx, w.live.Text, in)
	w.must(err)
	w.store(w.live, john, "of another person")
	w.send(john)
	touched := func(id string) skill.Touchpoint {
		return skill.Touchpoint{
			Source: skill.Source{Kind: skill.Project, ID: "p1"}, Skill: id, Endorsement: "human", Status: skill.Verified, VerifiedBy: skill.ByReviewer,
			Sent: true, Until: start.Add(time.Hour),
		}
	}
	want := []skill.Touchpoint{touched("a"), touched("b")}
	w.equal("touchpoints by id", w.both(w.byID(w.live.Text, mine.Verification.ID)).Touchpoints, want)
	w.equal("touchpoints by token", w.both(w.byToken(w.live.Text, mine.Token)).Touchpoints, want)
	w.equal("touchpoints by pass", w.both(w.by(mine.Token)).Touchpoints, want)
}
