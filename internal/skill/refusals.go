package skill

import "avow/internal/fault"

// Refusals of this package beside those of access. The wire maps every one of them.
var (
	ErrDataFormat          = fault.New(fault.Invalid, "data_format", "A member has another form than it must have.")
	ErrNoData              = fault.New(fault.Invalid, "data_missing", "At least one project, experience or certificate is needed.")
	ErrCallback            = fault.New(fault.Invalid, "callback_not_allowed", "The callback must be an absolute https address.").On("callbackWebhookUrl")
	ErrNoCarrier           = fault.New(fault.Invalid, "verification_not_named", "The request does not say which verification it is about.")
	ErrSessionMismatch     = fault.New(fault.Invalid, "session_mismatch", "The request names two different verifications.")
	ErrSessionUnknown      = fault.New(fault.NotFound, "session_unknown", "There is no such session, or it has expired.")
	ErrUserMismatch        = fault.New(fault.Invalid, "user_mismatch", "The verification belongs to another user.").On("recordUserId")
	ErrCompleted           = fault.New(fault.Conflict, "verification_completed", "The verification is completed and cannot be changed.")
	ErrMethodNotSet        = fault.New(fault.Invalid, "method_not_set", "The verification method must be chosen first.")
	ErrItemsUnknown        = fault.New(fault.Invalid, "items_unknown", "Some ids were not given when the session was made.")
	ErrSkillsDuplicate     = fault.New(fault.Conflict, "skills_duplicate", "Some skills are given twice or are already verified on the same source.")
	ErrSkillsOverLimit     = fault.New(fault.Conflict, "skills_over_limit", "A source can have at most 10 skills.")
	ErrAssessmentPassed    = fault.New(fault.Conflict, "assessment_passed", "Some skills have already passed an assessment on the same source.")
	ErrSkillsUnknown       = fault.New(fault.NotFound, "skills_unknown", "There are no skills for this verification.")
	ErrVerificationUnknown = fault.New(fault.NotFound, "verification_unknown", "There is no such verification.")

	ErrEmail                  = fault.New(fault.Invalid, "email_malformed", "The e-mail address cannot be used.").On("email")
	ErrWebsite                = fault.New(fault.Invalid, "website_malformed", "The website must be an absolute web address.").On("website")
	ErrMethodOther            = fault.New(fault.Invalid, "method_other", "The verification is not carried out by a reviewer.")
	ErrVerificationUnresolved = fault.New(fault.NotFound, "verification_unresolved", "There is no such verification, or it is not complete enough yet.")
	ErrReviewerTaken          = fault.New(fault.Conflict, "reviewer_taken", "The reviewer was asked about the same skill on the same source under another endorsement type.").On("email")
	ErrSelfReview             = fault.New(fault.Conflict, "self_review", "Nobody can review their own skills.").On("email")
	ErrNoReviewer             = fault.New(fault.NotFound, "reviewer_missing", "The verification has no reviewer.")
	ErrReviewerUnknown        = fault.New(fault.NotFound, "reviewer_unknown", "There is no reviewer for this verification.")
	ErrNothingAsked           = fault.New(fault.NotFound, "skills_none", "There are no skills to be verified.")
	ErrMailFailed             = fault.New(fault.Internal, "mail_failed", "The mail could not be sent. Nothing was changed.")
	ErrNotSent                = fault.New(fault.NotFound, "not_sent", "Nothing was sent to a reviewer.")
	ErrReviewUnknown          = fault.New(fault.Unauthenticated, "review_unknown", "The reviewer token is not valid.")
	ErrReviewExpired          = fault.New(fault.Expired, "review_expired", "The reviewer token has expired.")
	ErrPersonUnknown          = fault.New(fault.NotFound, "person_unknown", "There is no such person.")
	ErrEndpointURL            = fault.New(fault.Invalid, "registered_url", "The url must be an absolute https address of at most 2048 bytes.").On("url")
	ErrEndpointEvents         = fault.New(fault.Invalid, "registered_events", "The events must be among verification.passed, verification.failed, assessment.passed, assessment.failed and assessment.paused.").On("events")
	ErrEndpointKnown          = fault.New(fault.Conflict, "registered_before", "The url is registered for these events already.").On("url")
	ErrEndpointsFull          = fault.New(fault.Conflict, "registered_full", "There can be no more than 20 webhooks.")
	ErrEndpointUnknown        = fault.New(fault.NotFound, "registered_unknown", "There is no such webhook.")
	ErrSkillsForeign          = fault.New(fault.Invalid, "skills_foreign", "The answer must be about the skills of this verification, each once.").On("skillIds")

	ErrMethodHuman  = fault.New(fault.Invalid, "method_human", "The verification is not carried out by an assessment.")
	ErrNoSkills     = fault.New(fault.Invalid, "skills_not_stored", "There are no skills to be assessed.")
	ErrRetakePassed = fault.New(fault.Forbidden, "retake_passed", "Some skills have passed another assessment on the same source.")
	ErrGeneration   = fault.New(fault.Internal, "generation_failed", "No questions could be made. Nothing was changed.")
)

// Refusals lists what the calls can be refused for, for the test that walks the wire's table.
var Refusals = []*fault.Error{
	ErrDataFormat, ErrNoData, ErrCallback, ErrNoCarrier, ErrSessionMismatch, ErrSessionUnknown, ErrUserMismatch, ErrCompleted, ErrMethodNotSet, ErrItemsUnknown,
	ErrSkillsDuplicate, ErrSkillsOverLimit, ErrAssessmentPassed, ErrSkillsUnknown, ErrVerificationUnknown,
	ErrEmail, ErrWebsite, ErrMethodOther, ErrVerificationUnresolved, ErrReviewerTaken, ErrSelfReview, ErrNoReviewer, ErrReviewerUnknown, ErrNothingAsked, ErrMailFailed,
	ErrNotSent, ErrReviewUnknown, ErrReviewExpired, ErrSkillsForeign, ErrMethodHuman, ErrNoSkills, ErrRetakePassed, ErrGeneration,
	ErrPersonUnknown, ErrEndpointURL, ErrEndpointEvents, ErrEndpointKnown, ErrEndpointsFull, ErrEndpointUnknown,
}

// SkillRef is how a refusal names a skill: the detail of ErrSkillsDuplicate, ErrAssessmentPassed and ErrRetakePassed is a []SkillRef.
type SkillRef struct {
	ID   string
	Name string // empty: not known
}

// Overflow is the detail of ErrSkillsOverLimit.
type Overflow struct {
	Limit   int
	Current int // how many the source would have
}
