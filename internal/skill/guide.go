package skill

import (
	"cmp"
	"slices"
)

// BeginInput opens a verification by one call (section 10), with everything that chance and the clock add drawn beforehand.
type BeginInput struct {
	Init            InitInput // without callback: registered endpoints take its place. The lists are the source's
	Source          GuideSource
	Names           []string // of the skills, as the caller calls them
	Method          Method
	EndorsementType string         // empty: none was given
	Reviewer        *ReviewerInput // who is asked at once; nil: steps 11 and 15 follow

	Claims   []Claim // what the names mean
	RecordID string  // of the item
	Send     SendInput
}

// Begun is a verification that one call has opened.
type Begun struct {
	Overview
	Session Session
	Token   string     // the only copy of the session's
	Link    string     // the caller's link to the review; empty: nothing was sent
	Dropped []SkillRef // verified before, and so left out (13.5)
}

// Begin goes all the steps that the reference has calls of their own for, by their own decisions, in one change: init, method, skills, items and, with a reviewer, the
// reviewer and the sending. Skills that are verified on the source already are left out, and told; when none is left, the request is refused as the reference refuses it.
func Begin(s State, in BeginInput) (Next, Begun, error) {
	if err := s.authenticate(Need{}, in.Init.Now); err != nil {
		return Next{}, Begun{}, err
	}
	if err := in.Init.checkContact(); err != nil {
		return Next{}, Begun{}, err
	}
	c, begun := chain{state: s}, Begun{}
	for _, step := range in.steps(&begun) {
		c.then(step)
	}
	if c.err != nil {
		return Next{}, Begun{}, c.err
	}
	begun.Overview, begun.Session = c.state.Overview(), *c.state.Session
	return c.next, begun, nil
}

// steps are those of the reference. What the caller is told of them goes into begun.
func (in BeginInput) steps(begun *Begun) []func(State) (Next, error) {
	steps := []func(State) (Next, error){
		in.open,
		in.choose,
		func(s State) (Next, error) {
			left, settled, err := s.unsettled(in)
			if err != nil {
				return Next{}, err
			}
			begun.Dropped = settled
			return StoreSkills(s, SkillsInput{Carriers: s.itself(), Claims: left, Now: in.Init.Now})
		},
		in.attach,
	}
	if in.Reviewer == nil {
		return steps
	}
	return append(steps, in.ask, func(s State) (Next, error) {
		in.Send.Carriers = s.itself()
		next, sent, err := Send(s, in.Send)
		begun.Link = sent.Link
		return next, err
	})
}

func (in BeginInput) open(s State) (Next, error) {
	return s.opening(in.Init, Given(in.Source.Item.line()+"\n")), nil
}

func (in BeginInput) choose(s State) (Next, error) {
	return ChooseMethod(s, MethodInput{Carriers: s.itself(), Method: in.Method, EndorsementType: in.EndorsementType, Now: in.Init.Now})
}

func (in BeginInput) attach(s State) (Next, error) {
	return StoreItems(s, ItemsInput{Sources: []Source{in.Source.Item.Source}, RecordIDs: []string{in.RecordID}, Now: in.Init.Now})
}

func (in BeginInput) ask(s State) (Next, error) {
	r := *in.Reviewer
	r.Carriers, r.Now = s.itself(), in.Init.Now
	return StoreReviewer(s, r)
}

// chain carries out decisions one after the other, each on the state that the one before leaves, until one refuses.
type chain struct {
	state State
	next  Next
	err   error
}

func (c *chain) then(decide func(State) (Next, error)) {
	if c.err != nil {
		return
	}
	var next Next
	if next, c.err = decide(c.state); c.err == nil {
		c.state, c.next = c.state.with(next), c.next.and(next)
	}
}

// and is both changes: where both have something, the later one's counts.
func (n Next) and(later Next) Next {
	both := Next{
		User: cmp.Or(later.User, n.User), Verification: cmp.Or(later.Verification, n.Verification), Session: cmp.Or(later.Session, n.Session),
		Skills: later.Skills, Items: later.Items, Reviewer: cmp.Or(later.Reviewer, n.Reviewer), Review: cmp.Or(later.Review, n.Review),
		Assessment: cmp.Or(later.Assessment, n.Assessment), Deliveries: slices.Concat(n.Deliveries, later.Deliveries), Unsend: slices.Concat(n.Unsend, later.Unsend),
		Counted: slices.Concat(n.Counted, later.Counted), At: later.At,
	}
	if both.Skills == nil {
		both.Skills = n.Skills
	}
	if both.Items == nil {
		both.Items = n.Items
	}
	return both
}

// itself names the verification of the state.
func (s State) itself() Carriers { return Carriers{IDs: []string{s.Verification.ID}} }

// unsettled leaves out claims of what is verified on the source already: by the same endorsement type, or for another assessment by one (13.5). When nothing is left, the
// refusal is that of the whole.
func (s State) unsettled(in BeginInput) (left []Claim, settled []SkillRef, err error) {
	asked := s.pending(in.Claims, in.Init.Now)
	if refs := repeated(asked); len(refs) > 0 {
		return nil, nil, ErrSkillsDuplicate.With(refs)
	}
	b := s.bundle(*s.Verification, asked, []Item{in.Source.Item})
	settled = b.clashing(func(t Touchpoint) bool { return b.duplicates(t) || b.passed(t) })
	if len(settled) == len(asked) {
		return nil, nil, b.check()
	}
	left = slices.DeleteFunc(slices.Clone(in.Claims), func(c Claim) bool {
		return slices.ContainsFunc(settled, func(r SkillRef) bool { return r.ID == c.Skill })
	})
	return left, settled, nil
}
