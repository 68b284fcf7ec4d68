package assess

import "avow/internal/fault"

// Refusals of this package. The detail of ErrNoQuestions is the []Wanted without questions.
var (
	ErrNoQuestions = fault.New(fault.Internal, "questions_missing", "No questions could be made for these skills.")
	ErrLocked      = fault.New(fault.Forbidden, "assessment_locked", "The assessment is passed and locked.")
	ErrNotDrawn    = fault.New(fault.NotFound, "assessment_not_drawn", "There are no questions for this verification.")
	ErrIncomplete  = fault.New(fault.Invalid, "answers_incomplete", "Each question must be answered exactly once.").On("answers")
	ErrAnswer      = fault.New(fault.Invalid, "answer_invalid", "An answer must be the place of an option, from 0 to 3.").On("answers")
	ErrSubmitted   = fault.New(fault.Conflict, "attempt_submitted", "These questions are answered already; a retake brings new ones.")
	ErrNoAttempt   = fault.New(fault.Invalid, "attempt_missing", "There is no earlier attempt that could be retaken.")
	ErrTooSoon     = fault.New(fault.TooMany, "retake_too_soon", "The assessment cannot be retaken yet.")
)

// Refusals lists what the calls can be refused for, for the test that walks the wire's table.
var Refusals = []*fault.Error{ErrNoQuestions, ErrLocked, ErrNotDrawn, ErrIncomplete, ErrAnswer, ErrSubmitted, ErrNoAttempt, ErrTooSoon}
