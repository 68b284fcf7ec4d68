package skill

import (
	"context"

	"avow/internal/access"
	"avow/internal/assess"
)

// GenerateAssessment hands out the questions of a verification, or resumes those that are out. It may take as long as the generator does.
func (s *Service) GenerateAssessment(ctx context.Context, apiKey string, c Carriers) (Handed, error) {
	return s.handOut(ctx, apiKey, c, Generate)
}

// RetakeAssessment hands out other questions after a failed attempt. It may take as long as the generator does.
func (s *Service) RetakeAssessment(ctx context.Context, apiKey string, c Carriers) (Handed, error) {
	return s.handOut(ctx, apiKey, c, Retake)
}

// handOut has questions made between two looks at the state, for as long as somebody else changes it in between: no transaction waits for a generator.
func (s *Service) handOut(ctx context.Context, apiKey string, c Carriers, decide func(State, HandInput) (Next, Handed, *Order, error)) (handed Handed, err error) {
	in := HandInput{Carriers: c, EventID: s.o.Random.ID("evt_"), HookID: s.o.Random.ID("dlv_"), Now: s.o.Now()}
	for {
		var order *Order
		_, err = s.change(ctx, apiKey, s.carried(apiKey, c), func(state State) (next Next, refusal error) {
			next, handed, order, refusal = decide(state, in)
			return next, refusal
		})
		if err != nil || order == nil {
			return handed, err
		}
		if in.Made, err = s.make(ctx, *order); err != nil {
			return Handed{}, err
		}
		in.Now = s.o.Now()
	}
}

// make has the questions of an order made. Whatever goes wrong is the generator's failure; nothing was changed by then.
func (s *Service) make(ctx context.Context, order Order) (*Made, error) {
	order.Request.Seed = assess.Seed(s.o.Random.Bytes(len(assess.Seed{})))
	questions, err := s.o.Generator.Generate(ctx, order.Request)
	if err != nil || len(questions) == 0 {
		return nil, ErrGeneration.Because(err)
	}
	return &Made{Order: order, Questions: questions}, nil
}

// AssessmentQuestions returns the questions that are out.
func (s *Service) AssessmentQuestions(ctx context.Context, apiKey string, c Carriers) (Handed, error) {
	if apiKey == "" {
		return Handed{}, access.ErrKeyUnknown
	}
	state, err := s.o.Verifications.ViewVerification(ctx, s.carried(apiKey, c))
	if err != nil {
		return Handed{}, err
	}
	return QuestionsOf(state, c, s.o.Now())
}

// SubmitAssessment scores a student's answers.
func (s *Service) SubmitAssessment(ctx context.Context, apiKey string, c Carriers, answers []assess.Answer) (scored Scored, err error) {
	in := SubmitInput{
		Carriers: c, Answers: answers, MailID: s.o.Random.ID("dlv_"), EventID: s.o.Random.ID("evt_"), HookID: s.o.Random.ID("dlv_"),
		GuideID: s.o.Random.ID("evt_"), Now: s.o.Now(),
	}
	_, err = s.change(ctx, apiKey, s.carried(apiKey, c), func(state State) (next Next, refusal error) {
		next, scored, refusal = Submit(state, in)
		return next, refusal
	})
	return scored, err
}

// RightAnswers returns the questions that are out with their right answers, to keys of test mode.
func (s *Service) RightAnswers(ctx context.Context, apiKey, verification string) (Handed, error) {
	subject := Subject{Keyed: true, Secret: s.o.Keys.Lookup(access.ForAPIKey, apiKey), Verification: verification}
	state, err := s.o.Verifications.ViewVerification(ctx, subject)
	if err != nil {
		return Handed{}, err
	}
	return RightAnswersOf(state)
}
