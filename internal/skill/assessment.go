package skill

import (
	"errors"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/event"
	"avow/internal/fault"
	"avow/internal/outbox"
)

// HandInput asks for a paper, with everything that chance and the clock add drawn beforehand.
type HandInput struct {
	Carriers Carriers
	Made     *Made // questions that were made after an earlier look; nil: none yet
	EventID  string
	HookID   string // of the webhook's delivery
	Now      time.Time
}

// Order is what has to be made before a paper can be handed out. Making it takes long, so it is made outside of any change; it counts for the state that it was made for.
type Order struct {
	Evidence string
	Papers   int // that were handed out before
	Request  assess.Request
}

// Made is an order with its questions.
type Made struct {
	Order
	Questions []assess.Question
}

// Handed is a paper that the caller gets.
type Handed struct {
	Verification string
	Attempt      int // that it is for; the first is 1
	Paper        assess.Paper
	Resumed      bool // it was there already
}

// Generate hands out the paper of a verification (5.20). Where there is none it returns what has to be made first, and saves nothing. With the first paper go the event and a
// credit, together or not at all; of two that are made at once one counts, and both callers get it.
func Generate(s State, in HandInput) (Next, Handed, *Order, error) {
	if err := s.resolve(in.Carriers, in.Now); err != nil {
		return Next{}, Handed{}, nil, err
	}
	paper, err := s.Assessment.Generate(s.digest(), assess.RulesOf(s.Settings), in.Now)
	if paper != nil {
		return Next{}, s.handed(*paper, true), nil, nil
	}
	return s.handOut(in, s.assessable(err))
}

// Retake hands out another paper after a failed attempt (5.23). Who asks at the same moment as another caller gets the paper that the other was given.
func Retake(s State, in HandInput) (Next, Handed, *Order, error) {
	if err := s.resolve(in.Carriers, in.Now); err != nil {
		return Next{}, Handed{}, nil, err
	}
	if p := s.overtaking(in.Made); p != nil {
		return Next{}, s.handed(*p, true), nil, nil
	}
	err := s.assessable(s.Assessment.Retake(assess.RulesOf(s.Settings), in.Now))
	if passed := (*fault.Error)(nil); errors.Is(err, ErrAssessmentPassed) && errors.As(err, &passed) {
		err = ErrRetakePassed.With(passed.Detail)
	}
	return s.handOut(in, err)
}

// overtaking is the unanswered paper that somebody else was handed while ours was made; nil: there is none.
func (s State) overtaking(made *Made) *assess.Paper {
	p := s.Assessment.Current(s.digest())
	if p == nil || made == nil || len(s.Assessment.Drawn) == made.Papers || p.Number < s.Assessment.NextNumber() {
		return nil
	}
	return p
}

// assessable refuses what is not ready, or not allowed any more, in the order of the contract's tables (5.20, 5.23), behind what the assessment's own standing refuses. All rules
// are looked at once more (6.1). The wait before a retake is ours, so it comes last.
func (s State) assessable(standing error) error {
	if standing != nil && !errors.Is(standing, assess.ErrTooSoon) {
		return standing
	}
	if err := s.ready(); err != nil {
		return err
	}
	if err := s.bundle(*s.Verification, s.Skills, s.Items).check(); err != nil {
		return err
	}
	return standing
}

// ready refuses what is not complete enough to be assessed.
func (s State) ready() error {
	switch v := s.Verification; {
	case v.Method == "":
		return ErrVerificationUnresolved
	case v.Method != Assessment:
		return ErrMethodHuman
	case len(s.Items) == 0:
		return ErrNoData
	case len(s.Skills) == 0:
		return ErrNoSkills
	}
	return nil
}

// handOut hands out the questions that were made, if they were made for this very state.
func (s State) handOut(in HandInput, refusal error) (Next, Handed, *Order, error) {
	if refusal != nil {
		return Next{}, Handed{}, nil, refusal
	}
	v, err := s.open()
	if err != nil {
		return Next{}, Handed{}, nil, err
	}
	order := s.order()
	if in.Made == nil || in.Made.Evidence != order.Evidence || in.Made.Papers != order.Papers {
		return Next{}, Handed{}, &order, nil
	}
	a := s.Assessment.HandOut(in.Made.Questions, order.Evidence, in.Made.Request.Seed, assess.RulesOf(s.Settings), in.Now)
	next := Next{Verification: &v, Assessment: &a, At: in.Now}
	if v.InitiatedAt.IsZero() {
		v.InitiatedAt = in.Now
	}
	if order.Papers == 0 {
		next.Counted = []Counted{{ID: in.EventID, Counter: Credits, At: in.Now}}
		next.Deliveries = s.drawn(in)
	}
	return next, s.handed(*a.Paper, false), nil, nil
}

func (s State) handed(p assess.Paper, resumed bool) Handed {
	return Handed{Verification: s.Verification.ID, Attempt: p.Number, Paper: p, Resumed: resumed}
}

// order is what a generator is asked for: skills by name, and what the student has done, in the student's own words.
func (s State) order() Order {
	o := Order{Evidence: s.digest(), Papers: len(s.Assessment.Drawn)}
	rules := assess.RulesOf(s.Settings)
	o.Request = assess.Request{Count: rules.Questions, PassMark: rules.PassMark, Drawn: s.Assessment.Drawn}
	for _, k := range s.Skills {
		o.Request.Skills = append(o.Request.Skills, assess.Wanted{ID: k.ID, Name: k.Name})
	}
	for _, i := range s.Items {
		o.Request.Items = append(o.Request.Items, i.toldGenerator())
	}
	return o
}

// toldGenerator gives an item the members that generators know: a job has its company's name and a role.
func (i Item) toldGenerator() assess.Item {
	if i.Kind == Experience {
		return assess.Item{Kind: string(i.Kind), Name: i.Organisation, Role: i.Title, Description: i.Description}
	}
	return assess.Item{Kind: string(i.Kind), Name: i.Title, Description: i.Description}
}

// drawn tells that questions were drawn for the first time.
func (s State) drawn(in HandInput) []outbox.Delivery {
	body := event.Initiated{Head: s.head(event.VerificationInitiated, in.EventID, in.Now)}
	body.Status = string(ReviewPending)
	return s.webhook(in.HookID, body.Head, body, in.Now)
}

// QuestionsOf returns the paper that is out for a verification as it is now, answered or not (5.21).
func QuestionsOf(s State, c Carriers, now time.Time) (Handed, error) {
	if err := s.resolve(c, now); err != nil {
		return Handed{}, err
	}
	p := s.Assessment.Current(s.digest())
	if p == nil {
		return Handed{}, assess.ErrNotDrawn
	}
	return s.handed(*p, true), nil
}

// RightAnswersOf returns the paper that is out with its right answers, for test mode alone: to a live key it is as unknown as another organisation's (18.19).
func RightAnswersOf(s State) (Handed, error) {
	if err := s.authenticate(Need{}, time.Time{}); err != nil {
		return Handed{}, err
	}
	if s.Verification == nil || s.Verification.Owner.Mode != access.Test {
		return Handed{}, ErrVerificationUnknown
	}
	p := s.Assessment.Current(s.digest())
	if p == nil {
		return Handed{}, ErrVerificationUnknown
	}
	return s.handed(*p, true), nil
}
