package storetest

import (
	"fmt"
	"sync"

	"avow/internal/skill"
)

// together runs n calls at once and fails on an error of any.
func (w *skillWorld) together(n int, call func(i int) error) {
	w.Helper()
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = call(i) })
	}
	group.Wait()
	for _, err := range errs {
		w.must(err)
	}
}

// parallelSteps has each change add one skill to those that it saw: none may get lost, over two verifications of one person.
func (w *skillWorld) parallelSteps() {
	const n = 8
	opened := []skill.Opened{w.open(w.live), w.open(w.live)}
	w.together(n, func(i int) error {
		s := w.byID(w.live.Text, opened[i%2].Verification.ID)
		return w.ChangeVerification(w.ctx, s, func(state skill.State) (skill.Next, error) {
			return skill.Next{Skills: append(state.Skills, skill.Skill{ID: fmt.Sprint(i), Status: skill.Pending})}, nil
		})
	})
	for _, o := range opened {
		state := w.both(w.byID(w.live.Text, o.Verification.ID))
		if len(state.Skills) != n/2 {
			w.Errorf("got %d skills, want %d", len(state.Skills), n/2)
		}
	}
}

func (w *skillWorld) parallelInits() {
	const n = 8
	users := make([]string, n)
	w.together(n, func(i int) error {
		o, err := w.service.Init(w.ctx, w.live.Text, initInput())
		users[i] = o.Verification.User
		return err
	})
	for _, user := range users {
		if user != users[0] {
			w.Errorf("got user %s, want %s", user, users[0])
		}
	}
}

// parallelSends has each verification be sent only while its source has room: together they fill it, and no more. Few race, so that none loses too often in a row.
func (w *skillWorld) parallelSends() {
	const racing, room = 6, 3
	send := func(state skill.State) (skill.Next, error) {
		if len(state.Touchpoints) >= skill.MaxSkillsPerSource {
			return skill.Next{}, nil
		}
		v := *state.Verification
		v.InitiatedAt = start
		return skill.Next{Verification: &v}, nil
	}
	var all []skill.Subject
	for i := range skill.MaxSkillsPerSource - room + racing {
		all = append(all, w.byID(w.live.Text, w.ready(w.live, fmt.Sprint("skill ", i)).Verification.ID))
	}
	for _, s := range all[racing:] {
		w.must(w.ChangeVerification(w.ctx, s, send))
	}
	w.together(racing, func(i int) error { return w.ChangeVerification(w.ctx, all[i], send) })
	sent := 0
	for _, s := range all {
		if !w.both(s).Verification.InitiatedAt.IsZero() {
			sent++
		}
	}
	if sent != skill.MaxSkillsPerSource {
		w.Errorf("got %d sent, want %d", sent, skill.MaxSkillsPerSource)
	}
}
